#!/usr/bin/env python3
"""Searches while they run: clients that leave, that do not read, that ask too much; exit statuses."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

import flow

LINES = 200_000


def filled(place, **settings):
    """A collector that has LINES lines of one service."""
    flow.append(place.logs / "app.log", flow.numbered("app", 0, LINES, 120))
    collector = place.collector(settings=settings or None).start()
    shipper = place.shipper(collector).start()
    collector.wait_count(LINES)
    shipper.stop()
    return collector


def grep(collector, *arguments, **more):
    command = [flow.SLUICE, "grep", *arguments, "--collector", collector.url]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=flow.environment(),
                            **more)


def ask(collector, form):
    """A request for everything, of which nothing is read."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(collector.socket))
    s.sendall(f"GET /api/v1/query?{form} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return s


@flow.case("a closed pipe ends a search at once and silently")
def closed_pipe(place):
    collector = filled(place)
    read, write = os.pipe()
    search = grep(collector, "", stdout=write)
    os.close(write)
    os.read(read, 100)
    os.close(read)
    flow.check(search.wait(20) == -signal.SIGPIPE, f"it ended with {search.returncode}")
    flow.check(search.stderr.read() == b"", "it said something")


@flow.case("Ctrl-C ends a search")
def interrupted(place):
    collector = filled(place)
    read, write = os.pipe()
    search = grep(collector, "", stdout=write)
    os.close(write)
    os.read(read, 100)
    search.send_signal(signal.SIGINT)
    flow.check(search.wait(20) == -signal.SIGINT, f"it ended with {search.returncode}")
    os.close(read)


@flow.case("clients that do not read hold back nobody but themselves, and leave room when they go")
def stalled(place):
    collector = filled(place, **{"collector.limits.queries": 3})
    clients = [ask(collector, "output=raw") for _ in range(3)]
    flow.wait_until(lambda: collector.call("GET", "/api/v1/query?e=nowhere").status == 429, "the limit is reached")
    flow.append(place.logs / "more.log", flow.numbered("more", 0, 10))
    shipper = place.shipper(collector, name="second").start()
    shipper.wait_idle()  # ingest goes on
    for client in clients:
        client.close()
    flow.wait_until(lambda: collector.call("GET", "/api/v1/query?e=nowhere").status == 200, "their searches ended")
    collector.wait_count(LINES + 10, "service=logs")  # the last one may wait for what could belong to it


@flow.case("a client that never reads is ended after its time, and its place is free again")
def stuck(place):
    collector = filled(place, **{"collector.limits.queries": 1, "collector.limits.query_time": "1s"})
    client = ask(collector, "output=raw")
    answer = flow.wait_until(lambda: refused(collector), "the only place is taken", 5)
    flow.check(answer.headers["Retry-After"] == "1" and b"collector.limits.queries" in answer.body, f"{answer}")
    found = flow.run("grep", "app", "--collector", collector.url)
    flow.check(found.status == 2 and "answered 429: 1 searches are running" in found.err, f"{found}")
    flow.wait_until(lambda: not refused(collector), "its search is ended", 30)
    flow.check(collector.metric("sluice_query_refused_total") >= 2, "refusals are counted")
    flow.check(int(flow.run("grep", "-c", "app", "--collector", collector.url).out) == LINES, "a search finds all")
    client.close()


def refused(collector):
    """The answer, if there is no place for a search."""
    answer = collector.call("GET", "/api/v1/query?e=nowhere&last=1")
    return answer if answer.status == 429 else None


# A dump, counts, context, numbers by names, the newest, and an expression that never ends by itself.
SIEGE = ("output=raw", "e=app&want=count&output=raw", "e=no-such-needle&i=1&output=raw", "e=000077&before=20&after=20&output=text",
         "want=tallies&by=id&by=level&every=1000000000", "last=5000&output=json",
         "kind=P&e=%28%5Ba-f0-9%5D%2B%29%2B%28%5Ba-f0-9%5D%2B%29%2B%28%5Ba-f0-9%5D%2B%29%2Bz&output=raw")


@flow.case("64 searches at once, dumps and hostile ones among them, while lines come in: memory has its bound, ingest does not notice")
def siege(place):
    queries, memory = 4, 8
    collector = filled(place, **{"collector.limits.queries": queries, "collector.limits.query_memory": f"{memory}MiB",
                                 "collector.limits.query_time": "10s"})
    path, shipper = place.logs / "more.log", place.shipper(collector, name="second").start()
    stuck_client, answers, more = ask(collector, "output=raw"), [], 60_000
    threads = [threading.Thread(target=insist, args=(collector, SIEGE[i % len(SIEGE)], answers)) for i in range(64)]
    for thread in threads:
        thread.start()
    for first in range(0, more, 5000):
        flow.append(path, flow.numbered("more", first, 5000, 120))
        time.sleep(0.05)
    shipper.wait_idle()
    flow.check(any(thread.is_alive() for thread in threads), "lines arrived before the searches had ended")
    for thread in threads:
        thread.join()
    stuck_client.close()
    flow.check(len(answers) == 64 and all(status in (200, 400) for status, _ in answers), f"{answers}")
    flow.check(all("costly" in text for status, text in answers if status == 400), f"{answers}")
    flow.check("refused" not in shipper.log() and "trying again" not in shipper.log(), f"the shipper noticed: {shipper.log()[-500:]}")
    flow.check(collector.metric("sluice_output_rejected_total") == 0 and shipper.stop() == 0, "nothing was refused")
    flow.check(collector.count() == LINES + more, "all lines are there")
    if not flow.is_sanitized():
        peak, bound = collector.peak_memory() >> 20, 96 + queries * (memory + 8)  # each has 8 MiB of answer under way at most
        flow.check(peak <= bound, f"the collector took {peak} MiB of {bound}")
        print(f"# peak {peak} of {bound} MiB")


def insist(collector, form, answers):
    """Asks until there is a place; the status and, if it is no answer, the text."""
    answer = None
    while answer is None or answer.status == 429:
        if answer:
            time.sleep(0.2)
        answer = collector.call("GET", f"/api/v1/query?{form}", seconds=300)
    answers.append((answer.status, "" if answer.status == 200 else answer.body.decode(errors="replace")[:200]))


@flow.case("exit statuses: found, not found, wrong, unreachable")
def statuses(place):
    collector = filled(place)
    for expected, arguments in ((0, ["app"]), (1, ["nowhere"]), (2, ["app", "nosuch"]), (2, ["app", "host=nosuch"]),
                                (2, ["-E", "("]), (2, []), (2, ["app", "--since", "5M"]), (0, ["-q", "app"]),
                                (1, ["-q", "nowhere"]), (1, ["-c", "nowhere"]), (0, ["-c", "app"])):
        found = flow.run("grep", *arguments, "--collector", collector.url)
        flow.check(found.status == expected, f"{arguments}: {found.status}, not {expected}: {found.err}")
    collector.stop()
    found = flow.run("grep", "app", "--collector", collector.url)
    flow.check(found.status == 2 and "collector.sock" in found.err, f"{found}")


@flow.case("fields of lines are filters, in grep, tail and HTTP; a name that is nearly a label is asked back")
def fields(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = [f'{{"status":{200 + i % 400},"took":"{i}ms","req":{{"path":"/p{i % 3}"}}}}'.encode() for i in range(900)]
    flow.append(place.logs / "a.log", lines)
    collector.wait_count(len(lines))
    for wanted, operands in ((lambda i: i % 400 >= 300, ["status=500.."]), (lambda i: i >= 500, ["took=500ms..", "logs"]),
                             (lambda i: i % 3 == 2 and i < 10, ["req.path=/p2", "took=..9ms"]),
                             (lambda i: i % 3 != 2, [".req.path!=/p2", "absent!=x"])):
        expected = [line for i, line in enumerate(lines) if wanted(i)]
        for command in (["grep", ""], ["tail", "-n", "1000"]):
            found = flow.run(*command, *operands, "-h" if command[0] == "grep" else "--output=raw", "--collector", collector.url)
            flow.check(found.out.splitlines() == expected, f"{command} {operands}: {found.out[:200]}")
        found = flow.run("grep", "-c", "", *operands, "--collector", collector.url)
        flow.check(int(found.out) == len(expected), f"{operands}: {found}")
    found = flow.run("grep", "-c", "p1", "status=..204", "--collector", collector.url)
    flow.check(int(found.out) == sum(1 for i in range(900) if i % 400 < 5 and i % 3 == 1), f"with a pattern: {found}")
    answer = collector.call("GET", "/api/v1/query?status=204&want=count&output=raw")
    flow.check(answer.body == b"3\n", f"{answer}")
    found = flow.run("grep", "", "servce=logs", "--collector", collector.url)
    flow.check(found.status == 2 and "did you mean 'service'" in found.err, f"{found}")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("count: by labels and fields, by spans, ratio and quantiles, from a collector and a store")
def counts(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = [f'{{"level":"{["info", "error"][i % 5 == 0]}","status":{[200, 404, 500][i % 3]},"took":{i}}}'.encode()
             for i in range(600)]
    flow.append(place.logs / "a.log", lines)
    flow.append(place.logs / "b.log", [b"plain"] * 50)
    collector.wait_count(650)
    for where in (["--collector", collector.url], ["--store", collector.data]):
        def count(*words):
            done = flow.run("count", *words, *where)
            flow.check(done.status == 0, f"{words}: {done}")
            return done.out.decode()
        flow.check(count() == "650\n", "all")
        rows = [line.split() for line in count("--by", "status,level", "status~.").splitlines()]
        flow.check(rows[0] == ["STATUS", "LEVEL", "COUNT"] and sorted(rows[1:]) == sorted(
            [str(s), level, n] for s in (200, 404, 500) for level, n in (("info", "160"), ("error", "40"))), rows)
        rows = [json.loads(line) for line in count("--by", "file", "--avg", "took", "--ratio", "level=error+", "--output", "json").splitlines()]
        flow.check(rows[0]["count"] == 600 and rows[0]["part"] == 120 and rows[0]["avg"] == 299.5 and
                   abs(rows[0]["p95"] - 569) < 6 and rows[0]["max"] == 599 and rows[1]["numbers"] == 0, rows)
        rows = [json.loads(line) for line in count("--every", "1h", "--output", "json").splitlines()]
        flow.check(sum(row["count"] for row in rows) == 650 and rows[0]["time"].endswith(":00:00Z"), rows)
        flow.check("(other)" in count("--by", "took", "--top", "3"), "the small ones together")
    found = flow.run("count", "--until", "@1", "--stats", "--store", collector.data)
    flow.check("0 matches; of 0 blocks of that time 0 were read, " in found.err, f"{found}")
    found = flow.run("count", "-e", "nowhere", "--collector", collector.url)
    flow.check(found.status == 1 and found.out == b"0\n", f"{found}")
    for wrong in (["--by", "a,b,c,d,e"], ["--avg", "a", "--max", "b"], ["--every", "5"], ["--ratio", "level=loud"]):
        found = flow.run("count", *wrong, "--collector", collector.url)
        flow.check(found.status == 2 and found.err, f"{wrong}: {found}")
    answer = collector.call("GET", "/api/v1/query?want=tallies&by=status&output=text&filter=level%3Derror")
    flow.check(sorted(answer.body.decode().splitlines()) == ["200\t40", "404\t40", "500\t40"], f"{answer}")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


def shapes(*words):
    done = flow.run("patterns", "--output", "json", *words)
    flow.check(done.status in (0, 1), f"{words}: {done}")
    return [json.loads(line) for line in done.out.splitlines()]


KINDS = (lambda i: f"job {i} of worker-{i % 7} done in {i * 1.5} ms",
         lambda i: f'{{"level":{30 + 10 * (i % 2)},"pid":{i},"user":"{"abcdefg"[i % 7] * 3}","msg":"login of {i}"}}',
         lambda i: f'192.0.2.{i % 250} - - [20/Nov/2026:09:22:01 +0000] "GET /{i} HTTP/1.1" {200 + i % 9} {i} "-" "agent {i}"',
         lambda i: f'level=warn msg="slow \\"{i}\\"" took={i}ms',
         lambda i: f"failed {i}\njava.io.IOException: no {i}\n\tat a.b.C(C.java:{i})")


@flow.case("patterns: the same shapes from journals and segments; shape= finds the lines of each")
def patterns(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = [KINDS[i % len(KINDS)](i).encode() for i in range(3000)]
    flow.append(place.logs / "a.log", lines)
    collector.wait_count(len(lines))
    where = ["--collector", collector.url]
    found = shapes(*where)
    texts = {row["text"]: row["count"] for row in found}
    flow.check(texts == {"job <n> of worker-<n> done in <n> ms": 600, "login of <n> {level=30 pid user msg}": 300,
                         "login of <n> {level=40 pid user msg}": 300,
                         '<ip> - - [<time>] "GET <path> HTTP/<n>" <n> <n> "<str>" "<str>"': 600,
                         'level=warn msg="slow \"<str>\"" took=<_>': 600, "failed <n> | java.io.IOException: no <n>": 600}, texts)
    for row in found:
        lines_of = flow.run("grep", "-h", "", f"shape={row['shape']}", *where).out
        flow.check(flow.run("grep", "-c", "", f"shape={row['shape'][:4]}", *where).out.decode().strip() == str(row["count"]) and
                   row["example"].encode() in lines_of and row["first"] <= row["last"], row)
    flow.check(flow.run("store", "merge", "--wait", *where).status == 0, "merged")
    flow.check(shapes(*where) == found and shapes("--store", collector.data) == found, "the same from a segment")
    counted = flow.run("count", "--by", "service,shape", "--output", "json", "shape~^.* login", *where).out.splitlines()
    flow.check(sorted(json.loads(row)["count"] for row in counted) == [300, 300], counted)
    found = flow.run("patterns", "level=error", *where)
    flow.check(found.status == 1 and found.out == b"", f"none: {found}")
    found = flow.run("grep", "", "shape=xyz", *where)
    flow.check(found.status == 2 and "4 to 16" in found.err, f"{found}")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("patterns --new, --gone and --vs: what was not there before, what is there no more, what has changed")
def patterns_against_before(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    def at(hours, text):
        return time.strftime(f"%Y-%m-%dT%H:%M:%SZ {text}", time.gmtime(time.time() - hours * 3600)).encode()
    flow.append(place.logs / "a.log", [at(26, "ancient 1")] + [at(2.5, f"job {i}") for i in range(4)] + [at(2.5, "bye 1")] +
                [at(0.2, f"job {i}") for i in range(6)] + [at(0.2, "hello 1"), at(0.1, "ancient 2")])
    collector.wait_count(14)
    where = ["--since", "1h", "--collector", collector.url]
    for words, expected in ((["--new"], [("<time> hello <n>", 1, 0)]),
                            (["--new", "--vs", "3h"], [("<time> ancient <n>", 1, 0), ("<time> hello <n>", 1, 0)]),
                            (["--gone"], [("<time> bye <n>", 0, 1)]),
                            (["--vs", "2h"], [("<time> ancient <n>", 1, 0), ("<time> bye <n>", 0, 1), ("<time> hello <n>", 1, 0),
                                              ("<time> job <n>", 6, 4)])):
        found = sorted((row["text"], row["count"], row["before"]) for row in shapes(*words, *where))
        flow.check(found == expected, f"{words}: {found}")
    text = flow.run("patterns", "--vs", "2h", *where).out.decode()
    flow.check(text.splitlines()[1].split()[:3] == ["6", "4", "+50"] and " new " in text and " gone " in text, text)
    flow.check(flow.run("patterns", "--new", "--until", "30m", *where).status == 1, "nothing is new then")
    for wrong, says in ((["--new"], "needs --since"), (["--since", "1h", "--new", "--gone"], "one after the other"),
                        (["--since", "1h", "--vs", "30m"], "shorter"), (["--since", "1h", "--vs", "x"], "vs")):
        found = flow.run("patterns", *wrong, "--collector", collector.url)
        flow.check(found.status == 2 and says in found.err, f"{wrong}: {found}")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")


@flow.case("--explain: a collector and a store say the same, and search nothing")
def explained(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 3000))
    collector.wait_count(3000)
    flow.check(shipper.stop() == 0, "the shipper ends well")
    for words in (["grep", "a 00000", "service=logs", "-i", "--since", "2020-01-01"], ["count", "--by", "level", "status=500.."]):
        both = [flow.run(*words, "--explain", *where)
                for where in (["--collector", collector.url], ["--store", collector.data])]
        flow.check(both[0].out == both[1].out and both[0].status == both[1].status == 0, f"{both}")
        flow.check(b"of lines" in both[0].out and b"\nread " in both[0].out and not both[0].err, f"{both}")
        found = json.loads(flow.run(*words, "--explain", "--output", "json", "--collector", collector.url).out)
        flow.check(found["read"]["blocks"] == found["store"]["blocks"] > 0 and found["streams"] == 1, found)
    for words in (["grep", "-E", "(", "--explain"], ["grep", "x", "nosuch", "--explain"], ["grep", "x", "--explain", "--follow"]):
        found = flow.run(*words, "--collector", collector.url)
        flow.check(found.status == 2 and found.err, f"{words}: {found}")
    answer = collector.call("GET", "/api/v1/query?e=x&explain=1")
    flow.check(answer.headers["Content-Type"] == "application/json" and json.loads(answer.body)["patterns"] == ["x"], f"{answer}")
    answer = collector.call("GET", "/api/v1/tail?explain=1")
    flow.check(answer.status == 400, f"{answer}")


@flow.case("fields: of which type, in how many records, with which values, of the newest and of those that are named")
def field_names(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    lines = [f'{{"level":"info","took":{i},"tags":["a","b"],"text":"{"x" * 300}"}}'.encode() for i in range(90)]
    flow.append(place.logs / "a.log", lines + [b'{"level":"warn","took":"slow"}'] * 10)
    flow.append(place.logs / "b.log", [b"only words"])
    collector.wait_count(101)
    def listed(*words):
        done = flow.run("fields", *words, "--output", "json", "--collector", collector.url)
        flow.check(done.status == 0, f"{words}: {done}")
        return {row["field"]: row for row in map(json.loads, done.out.splitlines())}
    found = listed("file~/a[.]log")
    flow.check(found["level"] == {"field": "level", "type": "string", "records": 100, "of": 100,
                                  "values": {"info": 90, "warn": 10}, "more_values": False}, found["level"])
    flow.check(found["took"]["type"] == "number" and found["took"]["more_values"], found["took"])
    flow.check(found["tags[*]"]["records"] == 90 and found["tags[*]"]["values"] == {"a": 90, "b": 90}, found["tags[*]"])
    flow.check(found["text"]["values"] == {} and found["text"]["more_values"], found["text"])
    flow.check(listed("file~/a[.]log", "-n", "10")["level"]["values"] == {"warn": 10}, "the newest")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    found = flow.run("fields", "level=warn", "--store", collector.data)
    rows = [line.split() for line in found.out.decode().splitlines()]
    flow.check(rows[0] == ["FIELD", "TYPE", "SHARE", "VALUES"] and rows[1] == "level string 100.0 % warn (100 %)".split(), rows)
    found = flow.run("fields", "file~nowhere", "--store", collector.data)
    flow.check(found.status == 1 and found.out == b"", f"{found}")


@flow.case("a search that takes too long ends incomplete and says so")
def too_long(place):
    collector = filled(place, **{"collector.limits.query_time": "1s"})
    client = ask(collector, "output=json")
    time.sleep(2.5)
    answer = b""
    while b'"end":true' not in answer[-400:]:
        piece = client.recv(1 << 16)
        flow.check(piece, "the answer ended without its last element")
        answer = answer[-1000:] + piece
    flow.check(b'"complete":false' in answer and b"time limit" in answer, answer[-300:].decode())


@flow.case("an answer without a record is an answer, in every form")
def empty(place):
    collector = place.collector().start()
    for output in ("json", "text", "raw", "binary"):
        for want in ("records", "count", "streams", "others"):
            answer = collector.call("GET", f"/api/v1/query?e=nowhere&output={output}&want={want}")
            flow.check(answer.status == 200, f"{output} {want}: {answer}")
    flow.check(collector.call("GET", "/api/v1/query?e=nowhere&output=raw&want=count").body == b"0\n", "a count is a number")


@flow.case("standard input of 40 MB, and one that ends amid a line")
def large_input(place):
    collector = place.collector().start()
    lines = flow.numbered("in", 0, LINES, 190)
    done = flow.run("ship", "--state", place.folder / "state", "--collector", collector.url, "--service", "pipe", "-",
                    stdin=b"\n".join(lines))
    flow.check(done.status == 0, f"{done.status}: {done.err}")
    found = flow.run("grep", "", "pipe", "-h", "--collector", collector.url)
    flow.check(found.out == b"\n".join(lines) + b"\n", "what was written is what is found")


@flow.case("SIGTERM ends a shipper of standard input; what was not read is said by its status")
def stopped_input(place):
    collector = place.collector().start()
    read, write = os.pipe()
    os.write(write, b"one\ntwo\nand a piece")
    shipper = subprocess.Popen([flow.SLUICE, "ship", "--state", str(place.folder / "state"), "--collector", collector.url,
                                "-"], stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=flow.environment())
    collector.wait_count(2)
    shipper.send_signal(signal.SIGTERM)
    flow.check(shipper.wait(20) == 1, f"it ended with {shipper.returncode}")
    flow.check(not flow.BAD_WORDS.search(shipper.stderr.read().decode(errors="replace")), "its log is clean")
    os.close(read)
    os.close(write)


@flow.case("hostile patterns and forms are refused with a reason")
def hostile(place):
    collector = filled(place)
    for form in ("kind=E&e=%28", "kind=P&e=%28%3F", "servic=1", "since=yesterday", "last=1&newest=1", "before=99999999",
                 "filter=status%3D5..x", "kind=X", "e=" + "x" * 70000):
        answer = collector.call("GET", f"/api/v1/query?{form}")
        flow.check(400 <= answer.status < 500 and answer.body, f"{form[:40]}: {answer.status}")
    slow = flow.run("grep", "-P", "(a+)+(a+)+(a+)+$z", "--collector", collector.url)
    flow.check(slow.status in (1, 2, 3), f"{slow}")


flow.main()
