#!/usr/bin/env python3
"""Journals become segments while a collector works, and `sluice store` looks after their files."""
import json
import pathlib
import random
import shutil

import flow

LINES = 60_000  # of bytes without a pattern, so that a journal becomes large enough


def text(i):
    return f"job {i} {random.Random(i).getrandbits(800):0200x}"


def segments(collector):
    return sorted((collector.data / "days").glob("*/*/segment-??????"))


def run_expecting(status, *words):
    done = flow.run(*words)
    flow.check(done.status == status, f"{words}: {done}")
    return done


def store(collector, *words):
    return run_expecting(0, "store", *words, "--store", collector.data)


def merged(place):
    """A collector with LINES lines, which have become a segment, and its shipper."""
    collector = place.collector().start()
    path = place.logs / "a.log"
    flow.append(path, [text(i).encode() for i in range(LINES)])
    shipper = place.shipper(collector).start()
    collector.wait_count(LINES)
    flow.wait_until(lambda: segments(collector) and len(collector.journals()) == 1,
                    "a segment, and the journal that is written", 90)
    return collector, shipper, path


@flow.case("journals are merged in the background; searches give the same, also after a restart and with new lines")
def merging(place):
    collector, shipper, path = merged(place)
    flow.verify({path: [text(i).encode() for i in range(LINES)]}, "--collector", collector.url)
    out = flow.run("grep", "-h", "job 4711 ", "-B2", "-A1", "--collector", collector.url).out.decode().splitlines()
    flow.check(out == [text(i) for i in range(4709, 4713)], out)
    flow.append(path, [text(i).encode() for i in range(LINES, LINES + 100)])
    collector.wait_count(LINES + 100)
    flow.check(collector.stop() == 0, "it ends well")
    collector.start()
    collector.wait_count(LINES + 100)
    out = flow.run("grep", "-h", f"job {LINES - 1} ", "-A2", "--collector", collector.url).out.decode().splitlines()
    flow.check(out == [text(i) for i in range(LINES - 1, LINES + 2)], "context goes on from a segment into a journal")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("store merge: everything becomes segments at once, and is found there")
def at_once(place):
    collector = place.collector().start()
    path = place.logs / "a.log"
    shipper = place.shipper(collector).start()
    expected = []
    for n in range(6):
        expected += [text(i).encode() for i in range(n * 50, n * 50 + 50)]
        flow.append(path, expected[-50:])
        collector.wait_count(len(expected))
        run_expecting(0, "store", "merge", "--wait", "--collector", collector.url)
        flow.check(segments(collector), "a segment")
        flow.verify({path: expected}, "--collector", collector.url)
    flow.check(len(segments(collector)) < 6, "small ones are merged once more")
    run_expecting(0, "store", "merge", "--wait", "--collector", collector.url)
    flow.verify({path: expected}, "--store", collector.data)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


RULES = '[{match: "level=debug service!=other", keep: 3d}, {match: level=error+, keep: off}]'


def leveled(i):
    return f"level={['debug', 'info', 'error', 'info'][i % 4]} msg=\"step {i} of job\""


@flow.case("retention.rules: lines of a rule are in files of their own, searches and context see all of them; plan and check know the rules")
def rules(place):
    collector = place.collector(settings={"collector.retention.rules": RULES}).start()
    path = place.logs / "a.log"
    shipper = place.shipper(collector).start()
    lines = [leveled(i).encode() for i in range(2000)]
    flow.append(path, lines)
    collector.wait_count(len(lines))
    run_expecting(0, "store", "merge", "--wait", "--collector", collector.url)
    classes = {file.parent.name: file.stat().st_size for file in segments(collector)}
    flow.check(sorted(classes) == ["3d", "default", "forever"], classes)
    flow.verify({path: lines}, "--collector", collector.url)
    flow.check(collector.count("level=debug") == 500, "lines of a class")
    out = flow.run("grep", "-h", "step 1000 ", "-B2", "-A1", "--collector", collector.url).out.splitlines()
    flow.check(out == lines[998:1002], out)
    config = collector.arguments[collector.arguments.index("-c") + 1]
    planned = [json.loads(line) for line in store(collector, "plan", "-c", config, "--output", "json").out.splitlines()]
    whys = {pathlib.Path(row["file"]).parent.name: (row["why"], row["goes"] == "never") for row in planned}
    flow.check(whys["3d"] == ("keep of a rule", False) and whys["forever"] == ("keep of a rule", True) and
               whys["default"] == ("keep", False), whys)
    run_expecting(0, "store", "archive", "--wait", "--collector", collector.url)
    flow.check(len(segments(collector)) == 3, "a day that is not over is left alone")
    text = store(collector, "verify").out.decode()
    flow.check("2000 records" in text and ": 0 damaged" in text, text)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    wrong = place.configuration("wrong", {"collector.retention.rules": "[{match: level=loud, keep: 3d}]"})
    said = run_expecting(2, "check", wrong).err
    flow.check("collector.retention.rules: match: 'loud' is no level" in said and "wrong.yml:" in said, said)


@flow.case("store verify, du, backup and restore of a running store; damage is named and the rest is found")
def files(place):
    collector, shipper, path = merged(place)
    sizes = [json.loads(line) for line in store(collector, "du", "--output", "json").out.splitlines()]
    flow.check(len(sizes) == 2, "no growth without a whole day before")
    flow.check(sizes[-1]["day"] == "total" and sizes[-1]["records"] == LINES, sizes)
    flow.check("MB of lines" in store(collector, "du").out.decode(), "for people")
    services = [json.loads(line) for line in store(collector, "du", "--by", "service", "--output", "json").out.splitlines()]
    flow.check([(s["service"], s["records"], s["share"]) for s in services] == [(path.parent.name, LINES, 1)], services)
    flow.check(abs(services[0]["line_bytes"] - sizes[-1]["line_bytes"]) < 1, services)
    table = store(collector, "du", "--by", "service", "--days", "3").out.decode().splitlines()
    flow.check(table[1].split()[:2] == [path.parent.name, str(LINES)] and table[2].startswith("total"), table)
    plan = [json.loads(line) for line in store(collector, "plan", "--output", "json").out.splitlines()]
    flow.check([p["why"] for p in plan] == ["keep"], plan)
    flow.check(plan[0]["records"] == LINES and plan[0]["goes"].endswith("Z"), plan)
    backup, again = place.folder / "backup", place.folder / "again"
    first = json.loads(store(collector, "backup", backup, "--output", "json").out)
    flow.check(first["linked"] >= 1 and first["kept"] == 0, first)
    flow.append(path, [text(i).encode() for i in range(LINES, LINES + 10)])
    collector.wait_count(LINES + 10)
    second = json.loads(store(collector, "backup", backup, "--output", "json").out)
    flow.check(second["kept"] >= 1 and second["linked"] == 0, second)
    flow.verify({path: [text(i).encode() for i in range(LINES + 10)]}, "--store", backup)
    verdict = json.loads(flow.run("store", "verify", "--store", backup, "--output", "json").out)
    flow.check(verdict["records"] == LINES + 10 and verdict["damaged"] == 0, verdict)
    run_expecting(0, "store", "restore", backup, "--store", again)
    flow.verify({path: [text(i).encode() for i in range(LINES + 10)]}, "--store", again)
    refused = run_expecting(2, "store", "restore", backup, "--store", again)
    flow.check("is not empty" in refused.err, refused.err)
    refused = run_expecting(2, "store", "backup", place.logs, "--store", again)
    flow.check("no MANIFEST" in refused.err, refused.err)
    segment = next((again / "days").glob("*/*/segment-??????"))
    with open(segment, "r+b") as f:
        f.seek(100_000)
        byte = f.read(1)
        f.seek(100_000)
        f.write(bytes([byte[0] ^ 1]))
    damaged = run_expecting(3, "store", "verify", "--store", again)
    flow.check("segment 00000" in damaged.err and "checksum" in damaged.err, damaged.err)
    found = run_expecting(3, "grep", "-c", "job", "--store", again)
    flow.check(0 < int(found.out) < LINES, found.out)
    flow.check("segment 00000" in found.err, "a search says which part is missing")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    shutil.rmtree(again)


if __name__ == "__main__":
    flow.main()
