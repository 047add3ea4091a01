#!/usr/bin/env python3
"""`sluice store export` and `import`: all that is kept comes out, and old files come in, once, at their own times."""
import datetime
import gzip
import json
import signal
import subprocess
import time

import flow

LINES = 20_000


def text(i):
    return f"2026-11-20T09:{i // 600 % 60:02}:{i // 10 % 60:02}.{i % 10}Z {'WARN' if i % 7 == 0 else 'INFO'} order {i}"


def export(*words, status=0):
    done = flow.run("store", "export", *words)
    flow.check(done.status == status, f"{words}: {done.status} {done.err}")
    return done


@flow.case("store export: raw lines and JSON of a running store and of a collector, in order; filters are those of grep")
def exporting(place):
    collector = place.collector().start()
    path = place.logs / "a.log"
    lines = [text(i).encode() for i in range(LINES)]
    flow.append(path, lines[:LINES // 2])
    shipper = place.shipper(collector).start()
    collector.wait_count(LINES // 2)
    flow.check(flow.run("store", "merge", "--wait", "--collector", collector.url).status == 0, "merged")
    flow.append(path, lines[LINES // 2:])
    collector.wait_count(LINES)
    for where in (("--store", collector.data), ("--collector", collector.url)):
        flow.check(export("--output", "raw", *where).out.splitlines() == lines, f"raw {where}")
        found = [json.loads(line) for line in export(*where).out.splitlines()]
        flow.check([f["line"].encode() for f in found] == lines, f"json {where}")
        flow.check(found[7]["level"] == "warn" and found[7]["labels"]["file"] == str(path), found[7])
        flow.check(found[7]["time"] == "2026-11-20T09:00:00.700000000Z", found[7])
        some = export("--output", "raw", "-e", "order 7", "-e", "ORDER 8", "-i", "level=warn", "--utc", "--since",
                      "2026-11-20 09:10", "--until", "2026-11-20 09:15", *where).out.splitlines()
        expected = [line for i, line in enumerate(lines) if i % 7 == 0 and 6000 <= i % 36000 < 9000
                    and str(i)[0] in "78"]
        flow.check(expected and some == expected, (len(expected), some[:3]))
        flow.check(export("-e", "nowhere", *where).out == b"", "nothing fits, and that is no error")
    refused = export("-E", "-e", "(", "--store", collector.data, status=2)
    flow.check("(" in refused.err, refused.err)
    refused = export("--store", place.folder / "nowhere", status=3)
    flow.check("nowhere" in refused.err, refused.err)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("store export: a part that is damaged is named, the rest is written, and the exit status is 3")
def incomplete(place):
    collector = place.collector().start()
    lines = [text(i).encode() for i in range(LINES)]
    flow.append(place.logs / "a.log", lines)
    shipper = place.shipper(collector).start()
    collector.wait_count(LINES)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    journal = sorted((collector.data / "journal").iterdir())[-1]
    flow.flip_bytes(journal, journal.stat().st_size // 2)
    done = export("--output", "raw", "--store", collector.data, status=3)
    found = done.out.splitlines()
    flow.check("incomplete: journal 00000" in done.err, done.err)
    flow.check(0 < len(found) < LINES and found == [line for line in lines if line in set(found)], len(found))
    full = flow.run("store", "export", "--collector", "unix:///nowhere.sock")
    flow.check(full.status == 3 and "nowhere.sock" in full.err, full)


DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)


def line_of(i, days_ago, level="INFO"):
    when = NOW - days_ago * DAY + datetime.timedelta(milliseconds=i)
    return f"{when.strftime('%Y-%m-%d %H:%M:%S')}.{i % 1000:03} {level} old order {i}"


def import_files(*words, status=0):
    done = flow.run("store", "import", "--timezone", "UTC", "--output", "json", *words)
    flow.check(done.status == status, f"{words}: {done.status} {done.err}")
    return json.loads(done.out) if status == 0 else done.err


def raw(*where):
    return export("--output", "raw", *where).out


def records(*where):
    """Without the reference, which tells an import from what it was exported from."""
    found = [json.loads(line) for line in export(*where).out.splitlines()]
    return [{name: value for name, value in f.items() if name != "ref"} for f in found]


@flow.case("store import: rotated files come into the store of a running collector, in their days, once, beside what is shipped")
def importing(place):
    collector = place.collector().start()
    old = place.folder / "old"
    old.mkdir()
    first = "".join(line_of(i, 3) + "\n" for i in range(5000))
    second = "".join(line_of(i, 2) + "\n  at a(B.java)\n" for i in range(5000))
    third = "".join(line_of(i, 2) + "\n" for i in range(5000, 6000))
    (old / "app.log.2.gz").write_bytes(gzip.compress(first.encode()))
    (old / "app.log.1").write_text(second)
    (old / "app.log").write_text(third)
    here = ("--store", collector.data, "--collector", collector.url)
    path = place.logs / "a.log"
    flow.append(path, [text(i).encode() for i in range(100)])
    shipper = place.shipper(collector).start()
    collector.wait_count(100)
    files = [old / "app.log", old / "app.log.1", old / "app.log.2.gz"]
    done = import_files(*files, "--service", "shop", "env=prod", *here)
    flow.check((done["files"], done["known"], done["records"]) == (3, 0, 11000), done)
    expected = (first + second + third).encode()
    for _ in range(2):
        flow.check(raw("--collector", collector.url, "service=shop", "env=prod", f"file={old / 'app.log'}") == expected,
                   "all lines in order")
        flow.check(collector.count() == 11100, "beside the others")
        days = sorted({p.parent.parent.name for p in (collector.data / "days").glob("*/*/*-??????")})
        flow.check(days == [(NOW - n * DAY).strftime("%Y-%m-%d") for n in (3, 2)], days)
        again = import_files(*files, "--service", "shop", "env=prod", *here)
        flow.check((again["known"], again["records"]) == (3, 0), again)
        streams = flow.run("streams", "--collector", collector.url).out.decode()
        flow.check("shop" in streams and str(old / "app.log") in streams, streams)
        flow.check(collector.stop() == 0, "it ends well")
        flow.check(import_files(old / "app.log", "--service", "shop", "env=prod", *here)["known"] == 1, "without it, too")
        collector.start()
        collector.wait_count(11100)
    flow.append(path, [text(i).encode() for i in range(100, 200)])
    collector.wait_count(11200)
    moved = (old / "app.log").rename(place.folder / "elsewhere.log")
    flow.check(import_files(moved, "--service", "shop", "env=prod", *here)["known"] == 1, "known by its content")
    flow.check(import_files(moved, "--service", "shop", "env=test", *here)["records"] == 1000, "other labels, another origin")
    verdict = flow.run("store", "verify", "--store", collector.data)
    flow.check(verdict.status == 0, verdict)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("store archive: days that only imports have brought become archives; they are searched and known as before")
def archiving(place):
    collector = place.collector(settings={"collector.retention.archive_after": "off"}).start()
    here = ("--store", collector.data, "--collector", collector.url)
    expected = 0
    for name in "api", "web":
        path = place.folder / f"{name}.log"
        path.write_text("".join(line_of(i, 5 + i // 1000) + "\n" for i in range(2000)))
        expected += import_files(path, "--service", name, *here)["records"]
    kinds = lambda: sorted(p.name.split("-")[0] for p in (collector.data / "days").glob("*/*/*"))
    flow.check(kinds() == ["segment"] * 4, kinds())
    before = raw("--collector", collector.url)
    done = flow.run("store", "archive", "--wait", "--collector", collector.url)
    flow.check(done.status == 0, done)
    flow.wait_until(lambda: kinds() == ["archive"] * 2, "an archive of each day, of both imports")
    flow.check(collector.count() == expected and raw("--collector", collector.url) == before, "the same lines")
    flow.check(import_files(path, "--service", "web", *here)["known"] == 1, "known")
    flow.check(collector.stop() == 0, "it ends well")
    collector.start()
    flow.check(collector.count() == expected, "after a restart")
    flow.check(flow.run("store", "verify", "--store", collector.data).status == 0 and collector.stop() == 0, "whole")


@flow.case("store import: what export has written comes back as it was; long lines and envelopes lose nothing")
def round_trip(place):
    lines = [line_of(1, 1), "x" * 2_500_000, line_of(2, 1, "ERROR"), "java.io.IOException: \N{SNOWMAN}", "\tat a.B(C.java:1)",
             line_of(3, 1), "", "\x1b[31mred\x1b[0m"]
    (place.folder / "app").mkdir()
    plain = place.folder / "app" / "app.log"
    plain.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe\n")
    docker = place.folder / "app" / "docker.log"
    times = [(NOW - DAY + datetime.timedelta(seconds=i)).strftime("%Y-%m-%dT%H:%M:%S.%f789Z") for i in range(4)]
    docker.write_text("".join(json.dumps({"log": f"piece {i}" + ("\n" if i else ""), "stream": "stderr" if i == 2 else "stdout",
                                          "time": when}) + "\n" for i, when in enumerate(times)))
    one, two, three = (place.folder / name for name in ("one", "two", "three"))
    flow.check(import_files(plain, docker, "--store", one)["files"] == 2, "a new store")
    flow.check(raw("--store", one, "file=" + str(plain)) == plain.read_bytes(), "byte for byte")
    flow.check(raw("--store", one, "stream=stdout") == b"piece 0piece 1\npiece 3\n", raw("--store", one, "stream=stdout"))
    export_file = place.folder / "all.json"
    export_file.write_bytes(export("--store", one).out)
    import_files(export_file, "env=copy", "--store", two)
    expected = records("--store", one)
    for record in expected:
        record["labels"]["env"] = "copy"
    flow.check([{**r, "labels": dict(sorted(r["labels"].items()))} for r in expected]
               == [{**r, "labels": dict(sorted(r["labels"].items()))} for r in records("--store", two)], "as they were")
    again = place.folder / "again.json.gz"
    again.write_bytes(gzip.compress(export("--store", two).out))
    import_files(again, "--store", three)
    flow.check(records("--store", three) == records("--store", two), "and once more")
    flow.check(import_files(again, "--store", three)["known"] == 1, "once")


@flow.case("store import: what cannot be right is refused, says why, and leaves nothing behind")
def refusals(place):
    collector = place.collector().start()
    here = ("--store", collector.data, "--collector", collector.url)
    good = place.folder / "good.log"
    good.write_text(line_of(1, 1) + "\n")
    bad = place.folder / "bad.json"
    bad.write_bytes(b'{"time":"2026-11-20T09:22:01Z","time_ns":"1795166521000000000","line":"x"}\n{"time":\n')
    cut = place.folder / "cut.log.gz"
    cut.write_bytes(gzip.compress(good.read_bytes())[:-4])
    ancient = place.folder / "ancient.log"
    ancient.write_text("".join(line_of(i, 100) + "\n" for i in range(3)) + line_of(1, 2) + "\n")
    for words, why in (((), "say which files"), ((good, place.folder / "missing.log"), "missing.log"),
                       ((good, bad), "bad.json: line 2: "), ((good, cut), "its end is missing"),
                       ((good, place.folder), "is a folder"), ((good, "/dev/null"), "is no file"), ((good, "--multiline", "("), "("),
                       ((good, "--timezone", "Nowhere/There"), "--timezone"),
                       ((good, "a=" + "x" * 2000), "label 'a'"),
                       ((ancient,), "3 of 4 records are older than collector.retention.keep (30d)")):
        err = import_files(*words, *here, status=2)
        flow.check(why in err, (why, err))
    flow.check(collector.count() == 0, "nothing came in")
    flow.check(sorted(p.name for p in (collector.data / "import").iterdir()) == ["BUSY", "LOCK"], "nothing is left")
    done = import_files(ancient, "--skip-old", *here)
    flow.check((done["records"], done["left_out"]) == (1, 3), done)
    err = import_files(good, "--store", collector.data, "--collector", "unix:///nowhere.sock", status=2)
    flow.check("nowhere.sock" in err and "repeat it" in err, err)
    answer = collector.call("POST", "/api/v1/store/import?id=" + "0" * 32)
    flow.check(answer.status == 404, answer)
    flow.check(collector.call("POST", "/api/v1/store/import?id=1").status == 400, "an id")
    flow.check(collector.count() == 1, collector.count())
    flow.check(collector.stop() == 0, "it ends well")


@flow.case("store import: one that is killed leaves nothing; two at once do not mix")
def killed(place):
    collector = place.collector().start()
    big = place.folder / "big.log"
    big.write_text("".join(line_of(i, 1 + i % 20) + f" {i:0200}\n" for i in range(100_000)))
    command = [flow.SLUICE, "store", "import", str(big), "--store", str(collector.data), "--collector", collector.url]
    for wait in (0.2, 0.5, 0.9):
        with subprocess.Popen(command, env=flow.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            time.sleep(wait)
            other = flow.run(*command[1:])
            flow.check(other.status == 2 and "another import" in other.err or other.status == 0, other)
            running.send_signal(signal.SIGKILL)
        flow.check(collector.count() in (0, 100_000), collector.count())
    import_files(*command[3:])
    collector.wait_count(100_000)
    flow.check(collector.stop() == 0, "it ends well")


if __name__ == "__main__":
    flow.main()
