#!/usr/bin/env python3
"""Lines that belong together are one record: of containers, files and standard input, through rotation, crashes and a
change of the rule; and `sluice parse` shows the same."""
import json, os, pathlib, signal, subprocess, time

import flow

JAVA = [b"2026-11-20 09:22:01,123 ERROR [main] shop.Pay - order %d failed", b"java.io.IOException: reset",
        b"\tat shop.net.Client.read(Client.java:118)", b"\tat shop.Pay.run(Pay.java:12)",
        b"Caused by: java.net.SocketException: reset", b"\tat shop.net.Raw.read(Raw.java:7)", b"\t... 2 more"]
PYTHON = [b"2026-11-20 09:22:01,123 - shop - ERROR - job %d failed", b"Traceback (most recent call last):",
          b'  File "/srv/shop/job.py", line 12, in run', b"    charge(order)", b"ValueError: no such order", b"",
          b"During handling of the above exception, another exception occurred:", b"",
          b"Traceback (most recent call last):", b'  File "/srv/shop/job.py", line 20, in run', b"    undo(order)",
          b"RuntimeError: nothing to undo"]
GO = [b"panic: no order %d", b"", b"goroutine 1 [running]:", b"main.pay(0xc000012345)",
      b"\t/srv/shop/main.go:12 +0x1d", b"main.main()", b"\t/srv/shop/main.go:5 +0x20"]


def numbered(trace, n):
    return [trace[0] % n, *trace[1:]]


class Docker:
    """A container of json-file."""

    def __init__(self, place, name, labels=None):
        self.id = f"{abs(hash(name)):064x}"[:64]
        self.folder = place.folder / "containers" / self.id
        self.folder.mkdir(parents=True)
        (self.folder / "config.v2.json").write_text(json.dumps({"ID": self.id, "Name": f"/{name}-1", "Config": {
            "Labels": {"com.docker.compose.service": name, **(labels or {})}}}))
        (self.folder / "hostconfig.json").write_text('{"LogConfig":{"Type":"json-file"}}')
        self.path = self.folder / f"{self.id}-json.log"
        self.path.touch()

    def write(self, *lines):
        """lines: (stdout or stderr, text)"""
        with open(self.path, "a") as f:
            for lane, text in lines:
                ns = time.time_ns()
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + f".{ns % 10**9:09d}Z"
                f.write(json.dumps({"log": text.decode() + "\n", "stream": lane, "time": stamp}) + "\n")

    def rotate(self):
        self.path.rename(f"{self.path}.1")
        self.path.touch()


def shipper_of(place, collector, *globs, **settings):
    return flow.Shipper(place, collector, *globs, settings={"shipper.sources.docker.paths": f"[{place.folder}/containers]",
                                                      **settings})


def found(collector, *operands):
    """Records in their order; parts are put together."""
    lines = []
    for record in flow.records_of(*operands, "--collector", collector.url):
        if record.part in ("middle", "last"):
            lines[-1] += record.line
        else:
            lines.append(record.line)
    return lines


def check_records(collector, expected, *operands):
    records = found(collector, *operands)
    flow.check(records == expected, f"{operands}: {len(records)} records, not {len(expected)}: "
               f"{[r for r in records if r not in expected][:3]}, missing {[e for e in expected if e not in records][:3]}")


def joined(trace):
    return b"\n".join(trace)


@flow.case("traces on stdout and stderr at once, over a rotation and two kills: one record each")
def both_lanes(place):
    c = Docker(place, "api")
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    out, err = [], []
    for n in range(12):
        java, python = numbered(JAVA, n), numbered(PYTHON, n)
        for i in range(max(len(java), len(python))):
            c.write(*[("stdout", line) for line in java[i:i + 1]], *[("stderr", line) for line in python[i:i + 1]])
            if n == 3 and i == 3:
                time.sleep(0.3)
                c.rotate()
            if n in (6, 9) and i == 4:
                time.sleep(0.3)
                shipper.kill()
                shipper.start()
        out.append(joined(java))
        err.append(joined(python))
    collector.wait_count(len(out) + len(err))
    shipper.wait_idle()
    check_records(collector, out, "api", "stream=stdout")
    check_records(collector, err, "api", "stream=stderr")
    whole = flow.run("grep", "-c", "SocketException", "--collector", collector.url)
    flow.check(whole.out == b"12\n", f"any line finds the record: {whole.out}")
    level = flow.run("grep", "-c", "", "level=error", "--collector", collector.url)
    flow.check(level.out == b"24\n", f"the first line gives the level: {level.out}")


@flow.case("rules by pattern, by label, by stream, and none")
def rules(place):
    log, raw = place.folder / "first.log", place.folder / "raw.log"
    labelled, plain = Docker(place, "labelled", {"sluice.multiline": "^#"}), Docker(place, "plain")
    collector = place.collector().start()
    config = pathlib.Path(place.folder / "rules.yml")
    config.write_text(f"""shipper:
  state: {place.folder}/state
  socket: {place.folder}/ship.sock
  flush: 100ms
  spool: {{keep_free: off}}
  sources:
    docker: {{paths: [{place.folder}/containers]}}
    files: [{{path: {log}, multiline: {{first: '^\\d+:'}}}}, {{path: {raw}, multiline: none}}]
  streams: [{{match: service=plain, multiline: none}}]
outputs: {{collector: {{url: "{collector.url}"}}}}
""")
    shipper = flow.Program(place, "shipper", ["ship", "-c", config])
    shipper.url = f"unix://{place.folder}/ship.sock"
    flow.append(log, [b"1: a", b"  b", b"c", b"2: d"])
    flow.append(raw, numbered(GO, 1))
    labelled.write(*[("stdout", line) for line in (b"# one", b"two", b"# three")])
    plain.write(*[("stdout", line) for line in numbered(JAVA, 1)])
    shipper.start()
    collector.wait_count(2 + len(GO) + 2 + len(JAVA))
    check_records(collector, [b"1: a\n  b\nc", b"2: d"], f"file={log}")
    check_records(collector, numbered(GO, 1), f"file={raw}")
    check_records(collector, [b"# one\ntwo", b"# three"], "labelled")
    check_records(collector, numbered(JAVA, 1), "plain")


@flow.case("a reload changes the rule of a stream that is open")
def reloaded(place):
    log = place.folder / "a.log"
    collector = place.collector().start()
    config = place.folder / "reload.yml"
    text = f"""shipper:
  state: {place.folder}/state
  socket: {place.folder}/ship.sock
  flush: 100ms
  spool: {{keep_free: off}}
  multiline: RULE
  sources: {{docker: off, files: [{{path: {log}}}]}}
outputs: {{collector: {{url: "{collector.url}"}}}}
"""
    config.write_text(text.replace("RULE", "none"))
    shipper = flow.Program(place, "shipper", ["ship", "-c", config])
    shipper.url = f"unix://{place.folder}/ship.sock"
    flow.append(log, numbered(JAVA, 1))
    shipper.start()
    collector.wait_count(len(JAVA))
    config.write_text(text.replace("RULE", "auto"))
    shipper.signal(signal.SIGHUP)
    shipper.wait_log("read again")
    flow.append(log, numbered(JAVA, 2))
    collector.wait_count(len(JAVA) + 1)
    time.sleep(1.5)
    check_records(collector, numbered(JAVA, 1) + [joined(numbered(JAVA, 2))])


@flow.case("a file: a panic is one record, also when the shipper is told to end amid it")
def stopped(place):
    log = place.folder / "a.log"
    collector = place.collector().start()
    shipper = place.shipper(collector, log)
    flow.append(log, numbered(GO, 1) + [b"started"] + numbered(GO, 2))
    shipper.start()
    collector.wait_count(2)
    flow.check(shipper.stop() == 0, "the shipper ends well")
    check_records(collector, [joined(numbered(GO, 1)), b"started", joined(numbered(GO, 2))])


@flow.case("a record longer than a line may be goes in parts, cut between its lines")
def long_record(place):
    log = place.folder / "a.log"
    collector = place.collector().start()
    shipper = place.shipper(collector, log)
    frames = [b"\tat shop.Deep.call(Deep.java:%d) %s" % (i, b"x" * 200) for i in range(7000)]
    flow.append(log, numbered(JAVA, 1)[:2] + frames + [b"2026-11-20 09:22:02,000 INFO [main] shop.Pay - next"])
    shipper.start()
    flow.wait_until(lambda: collector.count() >= 3, "all of it is there", pause=0.2)
    records = list(flow.records_of("--collector", collector.url))
    flow.check([r.part for r in records] == ["first", "last", None], f"{[r.part for r in records]}")
    flow.check(records[0].line.endswith(b"\n") and max(len(r.line) for r in records) <= 1 << 20, "cut between lines")
    flow.check(records[0].line + records[1].line == joined(numbered(JAVA, 1)[:2] + frames), "and whole")


@flow.case("standard input: joined as in files; a record waits a second for more, and goes at the end")
def standard_input(place):
    collector = place.collector().start()
    read, write = os.pipe()
    shipper = subprocess.Popen([flow.SLUICE, "ship", "--state", str(place.folder / "state"), "--collector", collector.url,
                                "--tee", "-"], stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=flow.environment())
    os.close(read)
    first, second, third = numbered(JAVA, 1), numbered(PYTHON, 2), numbered(JAVA, 3)
    os.write(write, joined(first) + b"\n" + joined(second[:5]) + b"\n")
    collector.wait_count(2)  # nothing comes behind the second
    check_records(collector, [joined(first), joined(second[:5])])
    os.write(write, joined(third))
    os.close(write)
    out, log = shipper.communicate(timeout=flow.WAIT)
    flow.check(shipper.returncode == 0 and not flow.BAD_WORDS.search(log.decode()), f"{shipper.returncode}: {log}")
    check_records(collector, [joined(first), joined(second[:5]), joined(third)])
    flow.check(out == joined(first) + b"\n" + joined(second[:5]) + b"\n" + joined(third), "--tee copies every byte")


@flow.case("standard input is a stream with labels, and has the rule of those")
def input_rule(place):
    collector = place.collector().start()
    config = place.folder / "input.yml"
    config.write_text(f"""shipper:
  state: {place.folder}/state
  streams:
    - {{match: service=stdin, multiline: none}}
    - {{match: service=job, multiline: {{first: '^#'}}, timezone: "+02:00"}}
outputs: {{collector: {{url: "{collector.url}"}}}}
""")
    for service, lines in (([], numbered(JAVA, 1)), (["--service", "job"], [b"# 2026-11-20 09:22:01 one", b"two", b"# three"])):
        done = flow.run("ship", "-c", config, *service, "-", stdin=joined(lines) + b"\n")
        flow.check(done.status == 0, f"{done}")
    check_records(collector, numbered(JAVA, 1), "stdin")
    check_records(collector, [b"# 2026-11-20 09:22:01 one\ntwo", b"# three"], "job")
    shown = flow.run("grep", "one", "job", "--output", "json", "--collector", collector.url).out.decode()
    flow.check("2026-11-20T07:22:01" in shown, f"its zone is two hours east: {shown}")
    config.write_text(config.read_text().replace("+02:00", "Mars/Base"))
    done = flow.run("ship", "-c", config, "-", stdin=b"x\n")
    flow.check(done.status == 2 and "timezone" in done.err, f"{done}")


@flow.case("standard input: a record of more than 1 MiB, and a line of more")
def long_input(place):
    collector = place.collector().start()
    frames = [b"\tat shop.Deep.call(Deep.java:%d) %s" % (i, b"x" * 200) for i in range(7000)]
    lines = [joined(numbered(JAVA, 1)[:2] + frames), b"y" * 2_500_000, b"the end"]
    done = flow.run("ship", "--state", place.folder / "state", "--collector", collector.url, "-", stdin=b"\n".join(lines))
    flow.check(done.status == 0, f"{done}")
    check_records(collector, lines)


@flow.case("sluice parse joins and tells formats, levels, times and fields")
def parsed(place):
    lines = numbered(JAVA, 1) + [b'{"level":30,"time":1795166521123,"req":{"id":"r-1"},"msg":"ready"}', b"words"]
    done = flow.run("parse", "--output", "json", "--timezone", "UTC", stdin=b"\n".join(lines) + b"\n")
    first, second, third = (json.loads(line) for line in done.out.splitlines())
    flow.check((first["line"], first["lines"], first["format"], first["level"]) == (1, len(JAVA), "log4j", "error"), first)
    flow.check(first["time"] == "2026-11-20T09:22:01.123000000Z" and first["record"].endswith("2 more"), first)
    flow.check({"path": "req.id", "type": "string", "value": "r-1"} in second["fields"], second)
    flow.check((third["line"], third["format"], third["time"]) == (len(JAVA) + 2, "", None), third)
    path = place.folder / "container.log"
    path.write_text('{"log":"a ","stream":"stdout","time":"2026-11-20T09:22:01Z"}\n'
                    '{"log":"WARN: b\\n","stream":"stderr","time":"2026-11-20T09:22:02Z"}\n'
                    '{"log":"b\\n","stream":"stdout","time":"2026-11-20T09:22:03Z"}\n')
    done = flow.run("parse", path, "--output", "json")
    shown = [(r["stream"], r["record"], r["lines"], r["level"], r["time"]) for r in map(json.loads, done.out.splitlines())]
    flow.check(sorted(shown) == [("stderr", "WARN: b", 1, "warn", "2026-11-20T09:22:02.000000000Z"),
                                 ("stdout", "a b", 2, "unknown", "2026-11-20T09:22:01.000000000Z")], shown)
    summary = json.loads(flow.run("parse", "--summary", "--output", "json", stdin=b"a=1 b=2\nINFO: x\nwords\n").out)
    flow.check(summary["records"] == 3 and summary["with_level"] == 1 and
               sorted(f["format"] for f in summary["formats"]) == ["", "logfmt", "plain"], summary)
    for arguments, words in ((["--format", "ngins"], "did you mean 'nginx'"), (["--multiline", "("], "--multiline"),
                             (["--timezone", "Mars"], "--timezone"), ([place.folder], "directory"), (["a", "b"], "one file")):
        done = flow.run("parse", *arguments, stdin=b"")
        flow.check(done.status == 2 and words in done.err, f"{arguments}: {done}")
    hostile = b"A" * 3_000_000 + b"\n" + b'{"a":' * 10_000 + b"\n" + bytes(range(256)) + b"\nwords\n"
    done = flow.run("parse", "--output", "json", stdin=hostile)
    records = [json.loads(line) for line in done.out.splitlines()]
    flow.check(done.status == 0 and records[0]["cut"] and len(records[0]["record"]) == 1 << 20, f"{done.err}")
    flow.check(records[1]["format"] == "json" and records[1]["cut"] and records[-1]["record"] == "words", records[-1])
    packed = flow.run("parse", stdin=b"\x1f\x8b\x08")
    flow.check(packed.status == 2 and "zcat" in packed.err, packed)


flow.main()
