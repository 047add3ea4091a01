#!/usr/bin/env python3
"""States that were lost, cloned or set back, and bytes that were damaged while nobody looked."""
import os, random, shutil, subprocess, time

import flow


def shipped(place, lines, files="a", **options):
    """A collector and a shipper that have taken these lines."""
    collector = place.collector().start()
    shipper = place.shipper(collector, **options).start()
    flow.append(place.logs / f"{files}.log", lines)
    collector.wait_count(len(lines))
    shipper.wait_idle()
    return collector, shipper


@flow.case("lost state: the shipper asks what the collector has and goes on there")
def lost_state(place):
    expected = {place.logs / f"{c}.log": flow.numbered(c, 0, 2000) for c in "abcd"}
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    for path, lines in expected.items():
        flow.append(path, lines[:1000])
    collector.wait_count(4000)
    flow.check(shipper.stop() == 0, "the shipper ends well")
    shutil.rmtree(shipper.state)
    a, b, *_ = expected
    flow.append(a, expected[a][1000:])
    os.rename(b, f"{b}.1")
    flow.append(b, expected[b][1000:])
    expected |= {path: lines[:1000] for path, lines in list(expected.items())[2:]}
    shipper.start()
    collector.wait_count(6000)
    shipper.stop()
    flow.verify(expected, "--collector", collector.url)


@flow.case("lost state: a file that was packed meanwhile is read again rather than lost")
def lost_state_packed(place):
    path, lines = place.logs / "a.log", flow.numbered("a", 0, 2000)
    collector, shipper = shipped(place, lines[:1000])
    shipper.stop()
    subprocess.run(["gzip", path], check=True)
    shutil.rmtree(shipper.state)
    flow.append(path, lines[1000:])
    shipper.start()
    collector.wait_count(2000)
    shipper.stop()
    # The archive is another file, and nothing says whose content it has.
    found = flow.lines_found("--collector", collector.url)[str(path)]
    flow.check(set(found) == set(lines), "all lines are there, and no other")


@flow.case("lost state of a shipper whose collector cannot be reached: nothing is read before it answers")
def lost_state_alone(place):
    lines = flow.numbered("a", 0, 2000)
    collector, shipper = shipped(place, lines)
    shipper.stop()
    collector.stop()
    shutil.rmtree(shipper.state)
    shipper.launch()
    flow.wait_until(lambda: answers(shipper), "the status socket answers")
    flow.check(not shipper.is_ready(), "it is not ready")
    collector.start()
    flow.wait_until(shipper.is_ready, "the shipper is ready")
    more = flow.numbered("a", 2000, 100)
    flow.append(place.logs / "a.log", more)
    collector.wait_count(len(lines + more))
    flow.verify({place.logs / "a.log": lines + more}, "--collector", collector.url)


def answers(program):
    try:
        return program.call("GET", "/health").status == 200
    except OSError:
        return False


@flow.case("state set back to an earlier one: nothing lost, nothing that the collector has is doubled")
def older_state(place):
    path, lines = place.logs / "a.log", flow.numbered("a", 0, 6000)
    collector, shipper = shipped(place, lines[:2000])
    shipper.stop()
    shutil.copytree(shipper.state, place.folder / "saved")
    shipper.start()
    for n in range(2000, 4000, 500):
        flow.append(path, lines[n:n + 500])
        collector.wait_count(n + 500)
    shipper.stop()
    shutil.rmtree(shipper.state)
    shutil.copytree(place.folder / "saved", shipper.state)
    flow.append(path, lines[4000:])
    shipper.start()
    collector.wait_count(len(lines))
    shipper.stop()
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("cloned state: the second shipper becomes a new origin, and both lose nothing")
def cloned_state(place):
    ours, theirs = place.folder / "ours", place.folder / "theirs"
    ours.mkdir(), theirs.mkdir()
    expected = {ours / "a.log": flow.numbered("ours", 0, 3000), theirs / "a.log": flow.numbered("theirs", 0, 3000)}
    flow.append(ours / "a.log", expected[ours / "a.log"][:1000])
    collector = place.collector().start()
    first = place.shipper(collector, ours / "*.log").start()
    collector.wait_count(1000)
    flow.check(first.stop() == 0, "the shipper ends well")
    second = place.shipper(collector, theirs / "*.log", name="second")
    shutil.copytree(first.state, second.state)
    first.start()
    second.start()
    for n in range(0, 3000, 500):
        for path, lines in expected.items():
            flow.append(path, lines[max(n, 1000):n + 500] if path.parent == ours else lines[n:n + 500])
        time.sleep(0.3)
    collector.wait_count(6000)
    flow.check("another shipper sends under our origin" in first.log() + second.log(), "one of them noticed")
    origins = {r.ref.split(":")[0] for r in flow.records_of("--collector", collector.url)}
    flow.check(len(origins) == 2, f"{len(origins)} origins")
    flow.verify(expected, "--collector", collector.url)


@flow.case("cloned machine: same state, same paths, other content")
def cloned_machine(place):
    path, lines = place.logs / "a.log", flow.numbered("a", 0, 1000)
    collector, first = shipped(place, lines)
    first.stop()
    second = place.shipper(collector, name="second", options=["--label", "machine=clone"])
    shutil.copytree(first.state, second.state)
    first.start()
    more = flow.numbered("a", 1000, 500)
    flow.append(path, more)
    collector.wait_count(1500)
    first.stop()
    content = path.read_bytes()
    other = lines + flow.numbered("clone", 0, 700)
    path.unlink()
    flow.append(path, other)  # as its own disk has it: the common past, then its own lines
    second.start()
    collector.wait_count(2200)
    second.stop()
    found = flow.lines_found("--collector", collector.url)[str(path)]
    flow.check(content.splitlines() == lines + more, "the test itself")
    lost = set(lines + more + other) - set(found)
    flow.check(not lost, f"{len(lost)} lines are lost")


def middle(path):
    return path.stat().st_size // 2


def count(collector, pattern):
    """Also over a damaged store, where grep exits with 3."""
    return int(flow.run("grep", "-c", pattern, "--collector", collector.url).out or 0)


@flow.case("a damaged frame of the spool loses its block, says so, and keeps the rest")
def damaged_spool(place):
    noise = random.Random(4)
    lines = [f"{i:06d} {noise.randbytes(100).hex()}".encode() for i in range(6000)]
    collector, shipper = shipped(place, lines[:10])
    collector.stop()
    for n in range(10, 6000, 599):
        flow.append(place.logs / "a.log", lines[n:n + 599])
        time.sleep(0.3)
    flow.wait_until(lambda: shipper.metric("sluice_read_bytes_total") >= sum(map(len, lines)), "all is read")
    time.sleep(0.5)
    shipper.kill()
    newest = max((shipper.state / "spool").iterdir())
    flow.flip_bytes(newest, middle(newest))
    collector.start()
    shipper.start()
    shipper.wait_log("damaged")
    flow.wait_until(lambda: collector.count() > 4000, "the rest arrives")
    flow.append(place.logs / "a.log", [b"the end"])
    flow.wait_until(lambda: count(collector, "the end") == 1, "new lines come")
    found = flow.lines_found("--collector", collector.url)[str(place.logs / "a.log")]
    missing = [i for i, line in enumerate(lines) if line not in set(found)]
    flow.check(0 < len(missing) <= 1200 and missing == list(range(missing[0], missing[-1] + 1)),
               f"one block is missing, not {flow.ranges(missing)}")
    flow.check(len(found) == len(set(found)) == len(lines) - len(missing) + 1, "nothing is doubled")
    flow.check(found == [line for line in lines + [b"the end"] if line in set(found)], "the order is kept")
    flow.check(shipper.metric("sluice_corrupt_parts") >= 1, "the metric counts it")


def store_with_damage(place):
    """A collector with several blocks, stopped, and bytes flipped in the middle of its journal."""
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    noise = random.Random(4)
    lines = [f"{i:06d} {noise.randbytes(100).hex()}".encode() for i in range(5000)]
    for n in range(0, 5000, 500):
        flow.append(place.logs / "a.log", lines[n:n + 500])
        collector.wait_count(n + 500)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    [journal] = collector.journals()
    flow.flip_bytes(journal, middle(journal))
    return collector, shipper, lines, journal


@flow.case("a damaged frame of a journal: it starts, names it, keeps the rest; grep exits with 3 and names it")
def damaged_journal(place):
    collector, shipper, lines, journal = store_with_damage(place)
    offline = flow.run("grep", "-c", "", "--store", collector.data)
    flow.check(offline.status == 3 and journal.name in offline.err, f"offline: {offline}")
    collector.start()
    collector.wait_log("damaged parts were skipped")
    found = flow.run("grep", "-c", "", "--collector", collector.url)
    flow.check(found.status == 3 and journal.name in found.err, f"online: {found}")
    given = flow.lines_found("--collector", collector.url, status=3)[str(place.logs / "a.log")]
    missing = [i for i, line in enumerate(lines) if line not in set(given)]
    flow.check(0 < len(missing) <= 1000 and len(given) + len(missing) == len(lines),
               f"one block is missing, not {flow.ranges(missing)}")
    flow.check(collector.metric("sluice_corrupt_parts") >= 1, "the metric counts it")
    more = flow.numbered("more", 0, 200)
    flow.append(place.logs / "a.log", more)
    shipper.start()
    flow.wait_until(lambda: count(collector, "more") == 200, "new lines come")
    quiet = flow.run("grep", "-q", "more", "--collector", collector.url)
    flow.check(quiet.status == 0, f"grep -q with a match: exit {quiet.status}")
    none = flow.run("grep", "no such line", "--collector", collector.url)
    flow.check(none.status == 3, f"no match over a damaged store: exit {none.status}")


@flow.case("a journal that ends amid a frame is cut there; what was acknowledged before stays")
def torn_journal(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = flow.numbered("a", 0, 1000)
    flow.append(place.logs / "a.log", lines)
    collector.wait_count(1000)
    shipper.stop()
    collector.kill()
    [journal] = collector.journals()
    with open(journal, "ab") as f:
        f.write(journal.read_bytes()[77:400])
    collector.start()
    collector.wait_log("cut off")
    flow.verify({place.logs / "a.log": lines}, "--collector", collector.url)


@flow.case("an emptied or foreign journal, and rubbish in the folders, do not keep it from starting")
def strange_files(place):
    lines = flow.numbered("a", 0, 1000)
    collector, shipper = shipped(place, lines)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    (collector.data / "journal" / "000002").write_bytes(b"")
    (collector.data / "journal" / "000003").write_bytes(random.Random(1).randbytes(100_000))
    (collector.data / "journal" / "000004.tmp").write_bytes(b"x")
    (collector.data / "journal" / "hello").mkdir()
    (shipper.state / "spool" / "hello").write_bytes(b"x")
    (shipper.state / "spool" / "999999").write_bytes(random.Random(1).randbytes(1000))
    collector.start()
    shipper.start()
    more = flow.numbered("a", 1000, 100)
    flow.append(place.logs / "a.log", more)
    flow.wait_until(lambda: count(collector, "") == 1100, "new lines come")
    flow.verify({place.logs / "a.log": lines + more}, "--collector", collector.url, status=3)


@flow.case("one folder, one owner: a second collector and a second shipper refuse to start and name it")
def second_owner(place):
    collector, shipper = shipped(place, [b"x"])
    other = place.collector(name="other", data=collector.data).launch()
    flow.check(other.wait() == 2 and str(collector.data) in other.log(), f"the collector: {other.log()}")
    again = place.shipper(collector, name="again", state=shipper.state).launch()
    flow.check(again.wait() == 2 and str(shipper.state) in again.log(), f"the shipper: {again.log()}")
    flow.check(collector.is_ready() and shipper.is_ready(), "the owners go on")


flow.main()
