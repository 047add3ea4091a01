#!/usr/bin/env python3
"""`sluice tail` and `sluice streams`: following while things are written, killed, stalled and removed."""
import json
import random
import re
import signal
import subprocess
import threading
import time

import flow


class Tail:
    """A running `sluice tail -f` (or another command); .lines grows as it prints, .times say when."""

    def __init__(self, collector, *arguments, command=("tail", "-f", "-h"), url=None):
        self.process = subprocess.Popen([flow.SLUICE, *command, *map(str, arguments), "--collector", url or collector.url],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=flow.environment())
        self.lines, self.times, self.notes = [], [], []
        self.may_read = threading.Event()
        self.may_read.set()
        for stream, take in ((self.process.stdout, self.take_line), (self.process.stderr, self.take_note)):
            threading.Thread(target=self.read, args=(stream, take), daemon=True).start()

    def read(self, stream, take):
        for line in stream:
            self.may_read.wait()
            take(line.rstrip(b"\n"))

    def take_line(self, line):
        self.lines.append(line)
        self.times.append(time.monotonic())

    def take_note(self, line):
        self.notes.append(line.decode(errors="replace"))

    def wait(self, n, seconds=flow.WAIT):
        flow.wait_until(lambda: len(self.lines) >= n or self.process.poll() is not None, f"{n} lines", seconds)
        flow.check(len(self.lines) >= n, f"it ended with {self.process.poll()} after {len(self.lines)} lines: {self.notes}")

    def wait_note(self, words):
        flow.wait_until(lambda: any(words in note for note in self.notes), f"{words!r} among {self.notes}")

    def end(self):
        """By Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(flow.WAIT)
        time.sleep(0.1)
        flow.check(not any(flow.BAD_WORDS.search(note) for note in self.notes), "\n".join(self.notes))
        flow.check(status == -signal.SIGINT, f"it ended with {status}: {self.notes}")


def check_lines(tail, expected):
    """expected: {stream: lines}; lines begin with the name of their stream."""
    for name, lines in expected.items():
        found = [line for line in tail.lines if line.startswith(name.encode() + b" ")]
        problems = flow.differences(lines, found)
        flow.check(not problems, f"{name}: " + "\n".join(problems))
    total = sum(map(len, expected.values()))
    flow.check(len(tail.lines) == total, f"{len(tail.lines)} lines, not {total}")


@flow.case("the newest, all, none; then what comes, also of new files, in a second or two")
def follows(place):
    collector = place.collector().start()
    place.shipper(collector, settings={"shipper.flush": "1s"}).start()
    path = place.logs / "a.log"
    lines = flow.numbered("a", 0, 200)
    flow.append(path, lines[:100])
    collector.wait_count(100)
    tails = {n: Tail(collector, "-n", n) for n in ("0", "7", "all")}
    usual = Tail(collector)
    tails["7"].wait(7), tails["all"].wait(100), usual.wait(10)
    new = flow.numbered("b", 0, 5)
    flow.append(path, lines[100:])
    flow.append(place.logs / "b.log", new)
    for n, before in (("0", 0), ("7", 7), ("all", 100)):
        tails[n].wait(before + 105)
        check_lines(tails[n], {"a": lines[100 - before:], "b": new})
        tails[n].end()
    usual.wait(115)
    usual.end()
    once = flow.run("tail", "-h", "-n", 3, "--collector", collector.url)
    flow.check(once.status == 0 and len(once.out.splitlines()) == 3, f"{once}")
    flow.check(flow.run("tail", "--collector", collector.url).out.count(b"\n") == 10, "ten without -n")
    flow.check(flow.run("tail", "-n0", "--collector", collector.url) == (0, b"", ""), "none with -n 0")
    collector.stop()
    stored = flow.run("tail", "-h", "-n", "all", "--store", collector.data)
    flow.check(stored.status == 0 and len(stored.out.splitlines()) == 205, f"{stored.status} {stored.err}")


@flow.case("what is written can be seen soon")
def latency(place):
    collector = place.collector().start()
    place.shipper(collector, settings={"shipper.flush": "1s"}).start()
    tail = Tail(collector)
    path, written = place.logs / "a.log", []
    flow.append(path, [b"first"])
    tail.wait(1)
    for i in range(60):
        written.append(time.monotonic())
        flow.append(path, [b"line %d" % i])
        time.sleep(0.03 + 0.11 * (i % 5))
    tail.wait(61)
    delays = sorted(seen - at for seen, at in zip(tail.times[1:], written))
    print(f"# written to seen: median {delays[30]:.2f} s, most {delays[-1]:.2f} s")
    flow.check(delays[-1] < 5, f"{delays[-1]} s")
    tail.end()


@flow.case("the collector is killed again and again under load: every line once, in order, and it is said")
def killed(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    names = ("a", "b", "c")
    rounds, some = (40, 600) if flow.SOAK else (6, 400)
    lines = {name: flow.numbered(name, 0, rounds * some) for name in names}
    tail = Tail(collector, "-n", "all")
    other = Tail(collector, "-n", "all", "-F", "-i", "-e", "A 0", command=("tail", "-f", "-h"))
    flow.append(place.logs / "a.log", lines["a"][:some])
    tail.wait(some // 2)
    for n in range(rounds):
        for name in names:
            flow.append(place.logs / f"{name}.log", lines[name][max(n, name == "a") * some:(n + 1) * some])
        time.sleep(0.05 * (n % 4))
        collector.kill()
        time.sleep(0.3)
        collector.start()
    tail.wait(3 * rounds * some)
    check_lines(tail, lines)
    other.wait(rounds * some)
    check_lines(other, {"a": lines["a"]})
    tail.wait_note("nothing was lost ---")
    flow.check(all(re.fullmatch(r"--- gap of \d+ s \((the collector was away|the connection broke)\); nothing was lost ---",
                                note) for note in tail.notes), f"{tail.notes}")
    tail.end(), other.end()


@flow.case("a long look back is cut in the middle and goes on")
def cut_look_back(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = {name: flow.numbered(name, 0, 60_000, 120) for name in ("a", "b")}
    for name in lines:
        flow.append(place.logs / f"{name}.log", lines[name])
    collector.wait_count(120_000)
    shipper.stop()
    tail = Tail(collector, "-n", "all")
    for n in (5_000, 40_000, 90_000):
        tail.wait(n)
        tail.may_read.clear()
        collector.kill()
        collector.start()
        tail.may_read.set()
    tail.wait(120_000)
    check_lines(tail, lines)
    tail.end()


@flow.case("the collector stops cleanly: tails end at once, and go on when it is back")
def restarted(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    tail, quiet = Tail(collector), Tail(collector, "-q")
    flow.append(place.logs / "a.log", [b"a 1"])
    tail.wait(1), quiet.wait(1)
    began = time.monotonic()
    flow.check(collector.stop() == 0, "it ended well")
    flow.check(time.monotonic() - began < 4, f"it took {time.monotonic() - began} s")
    flow.append(place.logs / "a.log", [b"a 2"])
    time.sleep(1)
    collector.start()
    tail.wait(2), quiet.wait(2)
    tail.wait_note("(the collector was away); nothing was lost ---")
    flow.check(not quiet.notes, f"{quiet.notes}")
    tail.end(), quiet.end()


@flow.case("clients that do not read hold back nobody, and lose nothing")
def stalled(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    lines = flow.numbered("a", 0, 60_000, 200)
    slow = [Tail(collector, "-n", "all") for _ in range(6)]  # more than there are threads
    flow.append(place.logs / "a.log", lines[:100])
    for tail in slow:
        tail.wait(1)
        tail.may_read.clear()
    fast = Tail(collector, "-n", "all")
    flow.append(place.logs / "a.log", lines[100:])
    fast.wait(60_000)
    late = Tail(collector, "-n", "3")
    late.wait(3)
    flow.append(place.logs / "a.log", [b"a the last"])
    fast.wait(60_001), late.wait(4)
    for tail in slow:
        tail.may_read.set()
    for tail in slow:
        tail.wait(60_001)
        check_lines(tail, {"a": lines + [b"a the last"]})
    for tail in (*slow, fast, late):
        tail.end()


@flow.case("collector.limits.tails: one more is refused, and says why")
def too_many(place):
    collector = place.collector(settings={"collector.limits.tails": 2}).start()
    place.shipper(collector).start()
    flow.append(place.logs / "a.log", [b"a 1"])
    collector.wait_count(1)
    first, second = Tail(collector), Tail(collector)
    first.wait(1), second.wait(1)
    refused = flow.run("tail", "-f", "--collector", collector.url)
    flow.check(refused.status == 2 and "429" in refused.err and "collector.limits.tails" in refused.err, f"{refused}")
    flow.check(collector.metric("sluice_tails") <= 2, "the metric counts them")
    first.end()
    flow.wait_until(lambda: collector.metric("sluice_tails") == 1, "its place is free")
    second.end()


@flow.case("what is wrong is said at once: unknown names, letters of other programs, refusals")
def wrong(place):
    collector = place.collector(listen=f"127.0.0.1:{flow.free_port()}").start()
    place.shipper(collector, options=["--service", "billing"]).start()
    flow.append(place.logs / "a.log", [b"one"])
    collector.wait_count(1)
    for words, arguments in (("did you mean 'billing'?", ["-f", "biling"]), ("no stream has host=x", ["host=x"]),
                             ("use -n NUM", ["--tail", "5"]), ("times are always shown", ["-t"]),
                             ("neither a number nor all", ["-n", "many"]), ("-e PATTERN", ["-v"]),
                             ("until", ["-f", "--until", "1h"]), ("--store", ["-f", "--store", "x"]),
                             ("(", ["-f", "-E", "-e", "("])):
        found = flow.run("tail", *arguments, "--collector", collector.url)
        flow.check(found.status == 2 and words in found.err, f"{arguments}: {found}")
    tcp = f"http://127.0.0.1:{collector.port}"
    flow.check(flow.run("tail", "-f", "--collector", tcp).status == 2, "no token")
    for form in ("last=x", "cursor=x", "cursor=1.0-0", "behind=1", "max=3", "newest=1", "want=count", "before=1"):
        answer = collector.call("GET", f"/api/v1/tail?{form}")
        flow.check(answer.status == 400 and answer.body, f"{form}: {answer}")
    flow.check(collector.call("HEAD", "/api/v1/tail").status == 200, "HEAD ends")
    gone = flow.run("tail", "-f", "--collector", f"unix://{place.folder}/nobody.sock")
    flow.check(gone.status == 2, f"a first connection that fails is an error: {gone}")


@flow.case("a filter of a name that is gone or new: only the first request is strict")
def names(place):
    collector = place.collector().start()
    flow.append(place.logs / "a.log", [b"one"])
    place.shipper(collector, options=["--service", "api"]).start()
    collector.wait_count(1)
    tail = Tail(collector, "service~^(api|web)$")
    tail.wait(1)
    collector.kill()
    for journal in collector.journals():
        journal.unlink()
    collector.start()
    tail.wait_note("incomplete: the collector has another store than before")
    second = place.folder / "second"
    second.mkdir()
    flow.append(second / "b.log", [b"two"])
    place.shipper(collector, second / "*.log", name="other", options=["--service", "web"]).start()
    tail.wait(2)
    tail.end()


@flow.case("retention removes what a tail has not seen: it is said, and it goes on")
def removed(place):
    collector = place.collector(settings={"collector.retention.max_size": "4MiB"}).start()
    shipper = place.shipper(collector).start()
    flow.append(place.logs / "a.log", [b"a first"])
    tail = Tail(collector)
    tail.wait(1)
    tail.process.send_signal(signal.SIGSTOP)
    collector.stop()
    collector.start()
    numbers = random.Random(1)
    for n in range(14):
        flow.append(place.logs / "a.log", [b"a " + numbers.randbytes(500).hex().encode() for _ in range(2000)])
        collector.wait_count(1)
    flow.wait_until(lambda: "000001" not in [p.name for p in collector.journals()], "the first journal is gone")
    shipper.wait_idle()
    tail.process.send_signal(signal.SIGCONT)
    tail.wait_note("journals were removed meanwhile")
    flow.append(place.logs / "a.log", [b"a last"])
    flow.wait_until(lambda: tail.lines[-1] == b"a last", "it goes on")
    tail.end()


@flow.case("grep --follow: all matches, then those that come; with -q the first one ends it")
def grep_follow(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 50))
    collector.wait_count(50)
    grep = Tail(collector, "--follow", "-h", "7", command=("grep",))
    expected = [line for line in flow.numbered("a", 0, 100) if b"7" in line]
    grep.wait(sum(b"7" in line for line in flow.numbered("a", 0, 50)))
    waiter = Tail(collector, "--follow", "-q", "never seen before", command=("grep",))
    flow.append(place.logs / "a.log", flow.numbered("a", 50, 50))
    grep.wait(len(expected))
    flow.check(grep.lines == expected, "these lines")
    grep.end()
    flow.append(place.logs / "a.log", [b"never seen before"])
    flow.check(waiter.process.wait(flow.WAIT) == 0, f"{waiter.notes}")
    for wrong in (["-c"], ["-A1"], ["-m1"], ["--newest"], ["--until", "1h"]):
        found = flow.run("grep", "--follow", *wrong, "x", "--collector", collector.url)
        flow.check(found.status == 2 and "cannot be together" in found.err, f"{wrong}: {found}")


@flow.case("a reader that leaves ends the tail, also if nothing comes")
def reader_leaves(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    flow.append(place.logs / "a.log", [b"one"])
    collector.wait_count(1)
    tail = subprocess.Popen([flow.SLUICE, "tail", "-f", "--collector", collector.url], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=flow.environment())
    tail.stdout.readline()
    tail.stdout.close()
    flow.check(tail.wait(30) == -signal.SIGPIPE, f"{tail.returncode}")
    flow.check(tail.stderr.read() == b"", "it said nothing")
    flow.wait_until(lambda: collector.metric("sluice_tails") == 0, "the collector knows")


@flow.case("JSON lines over HTTP, by label; a cursor goes on where it was given")
def over_http(place):
    collector = place.collector().start()
    place.shipper(collector, options=["--service", "api"]).start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 20))
    collector.wait_count(20)

    def ask(form, n):
        """The first n records, and the next cursor."""
        connection = flow.UnixConnection(str(collector.socket), flow.WAIT)
        connection.request("GET", f"/api/v1/tail?{form}")
        response = connection.getresponse()
        flow.check(response.status == 200, f"{response.status} {form}")
        records = []
        for line in response:
            found = json.loads(line)
            if "cursor" not in found:
                records.append(found)
            elif len(records) >= n:
                connection.close()
                return records, found["cursor"]

    records, cursor = ask("service=api&last=3", 3)
    flow.check([r["line"].encode() for r in records] == flow.numbered("a", 17, 3), f"{records}")
    flow.append(place.logs / "a.log", flow.numbered("a", 20, 4))
    collector.wait_count(24)
    records, after = ask("cursor=" + cursor, 4)
    flow.check([r["line"].encode() for r in records] == flow.numbered("a", 20, 4), f"{records}")
    flow.check(ask("cursor=" + after, 0) == ([], after), "nothing new: the same cursor")
    records, last = ask("service~ap&filter=api&level!=error&last=all", 24)
    flow.check(len(records) == 24 and last == after, "other signs")


@flow.case("sluice streams: a table, JSON, filters")
def streams(place):
    collector = place.collector().start()
    flow.append(place.logs / "a.log", [b"one"])
    flow.append(place.logs / "b.log", [b"two"])
    empty = flow.run("streams", "--collector", collector.url)
    flow.check((empty.status, empty.out) == (1, b""), f"{empty}")
    shipper = place.shipper(collector, settings={"labels": {"env": "prod", "number": 3}}).start()
    collector.wait_count(2)
    shipper.stop()
    text = flow.run("streams", "--collector", collector.url)
    rows = [line.split() for line in text.out.decode().splitlines()]
    flow.check(text.status == 0 and rows[0] == ["SERVICE", "ENV", "FILE", "NUMBER", "HOST"], f"{text}")
    flow.check([row[:2] + row[2:4] for row in rows[1:]] ==
               [["logs/3", "prod", str(place.logs / f"{x}.log"), "3"] for x in "ab"], f"{rows}")
    flow.check(len({line.index("HOST") if "HOST" in line else line.rindex(" ") + 1
                    for line in text.out.decode().splitlines()}) == 1, "columns are aligned")
    one = flow.run("streams", f"file={place.logs / 'b.log'}", "--output", "json", "--collector", collector.url)
    flow.check(json.loads(one.out)["labels"]["env"] == "prod" and one.out.count(b"\n") == 1, f"{one}")
    flow.check(flow.run("streams", "nosuch", "--collector", collector.url).status == 2, "unknown")
    collector.stop()
    stored = flow.run("streams", "--store", collector.data)
    flow.check(stored.out == text.out, f"{stored}")


flow.main()
