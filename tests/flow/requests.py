#!/usr/bin/env python3
"""One request in several services, which write its id in forms of their own: what `sluice trace` and id= make of it."""
import hashlib, json, re

import flow

HEX, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
UUID = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
ENVOY = UUID[:14] + "9" + UUID[15:]
OTHER = "11111111-2222-4333-8444-555555555555"
T = "2026-11-20T09:22:0"

EDGE = [f'10.0.0.1 - - [20/Nov/2026:09:22:00 +0000] "GET /pay HTTP/1.1" 502 5 "-" "curl" {HEX}',
        '10.0.0.2 - - [20/Nov/2026:09:22:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" ' + OTHER.replace("-", "")]
NODE = [json.dumps({"level": 30, "time": f"{T}1.000Z", "requestId": UUID, "msg": "charge"}),
        json.dumps({"level": 30, "time": f"{T}1.001Z", "requestId": OTHER, "msg": "list"}),
        json.dumps({"level": 50, "time": f"{T}1.002Z", "x-request-id": ENVOY, "msg": "declined"})]
JAVA = [f"{T}2.000Z INFO [exec-thread-1] traceparent: 00-{HEX}-{SPAN}-01",
        f"{T}2.010Z ERROR [exec-thread-1] no funds\njava.lang.IllegalStateException: no funds\n\tat shop.Pay.charge(Pay.java:7)",
        f"{T}2.020Z INFO [exec-thread-2] idle",
        f"{T}2.030Z INFO [exec-thread-1] traceparent: 00-{OTHER.replace('-', '')}-{SPAN}-01",
        f"{T}2.040Z INFO [exec-thread-1] of the other"]
BOTH = [f"{T}3.000Z INFO request_id=r-20261120 trace_id={HEX} both", f"{T}3.000Z INFO request_id=r-20261120 only one"]
SERVICES = {"edge": EDGE, "node": NODE, "java": JAVA, "both": BOTH}


def filled(place):
    collector = place.collector().start()
    for name, lines in SERVICES.items():
        folder = place.folder / "services" / name
        folder.mkdir(parents=True)
        flow.append(folder / "app.log", [line.encode() for line in lines])
    shipper = place.shipper(collector, place.folder / "services/*/app.log").start()
    collector.wait_count(sum(map(len, SERVICES.values())))
    return collector, shipper


def trace(collector, *arguments, status=0):
    done = flow.run("trace", *arguments, "--output", "json", "--collector", collector.url)
    flow.check(done.status == status, f"trace {arguments}: exit {done.status}, {done.err}")
    return [json.loads(text) for text in done.out.splitlines()]


@flow.case("one request is one trace, in whatever form each service writes it")
def forms(place):
    collector, _ = filled(place)
    expected = [EDGE[0], NODE[0], NODE[2], JAVA[0], JAVA[1], BOTH[0]]
    for form in (HEX, UUID, UUID.upper(), ENVOY, f"1-{HEX[:8]}-{HEX[8:]}", f"00-{HEX}-{SPAN}-01", str(int(HEX[16:], 16)), UUID[:9]):
        found = trace(collector, form)
        flow.check([r["line"] for r in found] == expected, f"{form}: {[r['line'] for r in found]}")
        flow.check([r["id_kind"] for r in found] == ["exact"] * 4 + ["inherited", "exact"], f"{form}: kinds")
        if form != UUID[:9]:
            flow.check(flow.run("grep", "-c", "", f"id={form}", "--collector", collector.url).out == b"6\n", f"id={form}")
    text = flow.run("trace", HEX, "--collector", collector.url).out.decode().splitlines()
    flow.check(text[1].startswith("+0.000000 edge ") and text[5].startswith("+2.010000 java (inherited) "), text)


@flow.case("a request goes on over a rotation and a crash of the shipper")
def restarted(place):
    collector = place.collector().start()
    folders = {name: place.folder / "services" / name for name in ("edge", "node", "java")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    shipper = place.shipper(collector, place.folder / "services/*/app.log*").start()
    log = folders["java"] / "app.log"
    java = [f"{T}2.{ms}Z {text}" for ms, text in (
        (100, f"INFO [exec-thread-1] traceparent: 00-{HEX}-{SPAN}-01"), (110, "WARN [exec-thread-1] retry"),
        (200, f"INFO [exec-thread-1] traceparent: 00-{HEX}-{SPAN}-01"),
        (210, "ERROR [exec-thread-1] no funds\njava.lang.IllegalStateException: no funds\n\tat shop.Pay.charge(Pay.java:7)"),
        (220, "INFO [exec-thread-1] given up"), (230, f"INFO [exec-thread-1] traceparent: 00-{OTHER.replace('-', '')}-{SPAN}-01"))]
    flow.append(folders["edge"] / "app.log", [EDGE[0].encode()])
    flow.append(log, [line.encode() for line in java[:2]])
    collector.wait_count(3)
    shipper.kill()
    flow.append(log, [line.encode() for line in java[2:4]])
    log.rename(f"{log}.1")
    flow.append(log, [line.encode() for line in java[4:]])
    flow.append(folders["node"] / "app.log", [NODE[0].encode()])
    shipper.start()
    collector.wait_count(8)
    found = [(r["line"], r["id_kind"]) for r in trace(collector, UUID)]
    expected = [(EDGE[0], "exact"), (NODE[0], "exact"), *zip(java[:5], ("exact", "inherited", "exact", "inherited", "inherited"))]
    flow.check(found == expected, found)


@flow.case("a line with two ids is in the traces of both")
def two_ids(place):
    collector, _ = filled(place)
    flow.check([r["line"] for r in trace(collector, "r-20261120")] == BOTH, "by the request id")


class Container:
    """Of pino-http: what it writes, and when it was started."""

    def __init__(self, place, name):
        self.id = hashlib.sha256(name.encode()).hexdigest()
        self.name, self.folder, self.written = name, place.folder / "containers" / self.id, 0
        self.folder.mkdir(parents=True)
        (self.folder / "hostconfig.json").write_text('{"LogConfig":{"Type":"json-file"}}')

    def start(self, hour):
        new = self.folder / "config.new"
        new.write_text(json.dumps({"ID": self.id, "Name": f"/{self.name}", "LogPath": f"/x/{self.id}-json.log",
                                   "State": {"StartedAt": f"2026-11-20T{hour}:00:00Z"},
                                   "Config": {"Image": "api:1", "Labels": {"com.docker.compose.service": "api"}}}))
        new.rename(self.folder / "config.v2.json")

    def write(self, text, lane="stdout", number=17):
        self.written += 1
        log = json.dumps({"level": 30, "pid": 1, "reqId": number, "msg": text}) + "\n"
        flow.append(self.folder / f"{self.id}-json.log", [json.dumps(
            {"log": log, "stream": lane, "time": f"{T}4.{self.written:03d}Z"}).encode()])


def ids_of(collector, number):
    found = flow.run("grep", "", f"id={number}", "--output", "json", "--collector", collector.url)
    return {json.loads(line)["requestId"] for line in found.out.splitlines()}


def probe(collector, container):
    """How many starts are known: Docker tells of one in a file of its own, so what comes at once may be taken for the
    process before."""
    container.write("probe", number=16)
    return len(ids_of(collector, 16))


@flow.case("numbers that processes count up are told apart by container and start, also over a crash of the shipper")
def counters(place):
    collector = place.collector().start()
    first, second = Container(place, "api-1"), Container(place, "api-2")
    first.start("07")
    second.start("07")
    shipper = flow.Shipper(place, collector, settings={"shipper.sources.docker.paths": f"[{place.folder}/containers]"}).start()
    first.write("one")
    first.write("one failed", "stderr")
    second.write("two")
    collector.wait_count(3)
    shipper.kill()
    first.write("one again")
    shipper.start()
    collector.wait_count(4)
    flow.wait_until(lambda: probe(collector, first) == 1, "a probe of the first start")
    first.start("08")
    flow.wait_until(lambda: probe(collector, first) == 2, "one of the second")
    first.write("started anew")
    flow.wait_until(lambda: len(ids_of(collector, 17)) == 3, "what came behind it")
    refused = flow.run("trace", "17", "--collector", collector.url)
    ids = sorted(set(re.findall("17@[0-9a-f]{8}", refused.err)))
    flow.check(refused.status == 2 and len(ids) == 3 and "several processes" in refused.err and "(api-2)" in refused.err, refused)
    found = sorted(sorted({json.loads(r["line"])["msg"] for r in trace(collector, one)}) for one in ids)
    flow.check(found == [["one", "one again", "one failed"], ["started anew"], ["two"]], found)
    flow.check(flow.run("grep", "-c", "", "id=17", "--collector", collector.url).out == b"5\n", "all of the number")
    flow.check([json.loads(r["line"])["msg"] for r in trace(collector, "17", "container=api-2")] == ["two"], "of one container")


@flow.case("sluice parse shows which ids it finds, of which kind, and what they are the same as")
def parsed(place):
    lines = [NODE[2], f"{T}0Z INFO thread=w-1 request_id=abc123 x", f"{T}0Z INFO thread=w-1 y", '{"reqId":17}', "nothing"]
    text = "\n".join(lines).encode()
    shown = [json.loads(line) for line in flow.run("parse", "--output", "json", stdin=text).out.splitlines()]
    found = [(r.get("requestId"), r.get("id_kind"), r.get("canonical_id")) for r in shown]
    flow.check(found == [(ENVOY, "exact", ENVOY.replace("-", "")), ("abc123", "exact", "abc123"),
                         ("abc123", "inherited", "abc123"), ("17", "exact", "17"), (None, None, None)], found)
    words = flow.run("parse", stdin=text).out.decode()
    flow.check(f"request id {ENVOY} (exact, the same as {ENVOY.replace('-', '')})" in words and
               "request id abc123 (inherited)" in words and "request id 17 (exact, a number of its process)" in words, words)
    own = flow.run("parse", "--output", "json", "--id-key", "uid", "--id-key", "job.nr", stdin=b'{"uid":"C4xq1"}\n{"job":{"nr":"j1"}}').out
    flow.check([json.loads(line)["requestId"] for line in own.splitlines()] == ["C4xq1", "j1"], own)
    summary = json.loads(flow.run("parse", "--summary", "--output", "json", stdin=text).out)
    flow.check(summary["with_id"] == 4, summary)


@flow.case("what is no id, or more than one, is said")
def mistakes(place):
    collector, _ = filled(place)
    for status, arguments, words in (
            (1, ("4bf92f3577b34da6a3ce929d0e0e4737",), "no record has '4bf92f3577b34da6a3ce929d0e0e4737'\n"),
            (1, ("4bf92",), "the front of an id has 6 bytes"), (1, (".*",), "no record has"), (1, ("[0-9a-f]+",), "no record has"),
            (1, ("--within", "1h", HEX), "in that time"),
            (2, (), "which id?"), (2, ("",), "1 to 128 bytes"), (2, ("./x",), "is a path"), (2, ("x" * 200,), "1 to 128 bytes"),
            (2, ("4bf9 2f35",), "no blanks"), (2, ("--within", "soon", HEX), "--within"), (2, (HEX, "service=nope"), "no stream has"),
            (2, [str(i) for i in range(17)], "more than 16 ids")):
        done = flow.run("trace", *arguments, "--collector", collector.url)
        flow.check(done.status == status and words in done.err and not done.out, f"{arguments}: {done}")
    for copied in (f" {HEX} ", f"id={HEX}"):
        flow.check(len(trace(collector, copied)) == 6, copied)
    both = flow.run("trace", HEX, OTHER, "--collector", collector.url).out.decode().splitlines()
    flow.check(both[0].endswith(f"{HEX} {OTHER}"), both[0])


@flow.case("names of the configuration, and ids that are made, come with a reload")
def settings(place):
    collector, shipper = filled(place)
    config = place.configuration("shipper", {"shipper.spool.keep_free": "off", "shipper.flush": "100ms",
                                             "shipper.socket": shipper.socket, "shipper.request_id.keys": ["order"],
                                             "shipper.request_id.generate": "true"})
    flow.check(flow.run("reload", "-c", config).status == 0, "reload")
    flow.append(place.folder / "services/node/app.log", [b"order=o-17x started", b"nothing"])
    collector.wait_count(sum(map(len, SERVICES.values())) + 2)
    found = {r["line"]: r for r in map(json.loads, flow.run("grep", "", "node", "--output", "json", "--collector",
                                                            collector.url).out.splitlines())}
    flow.check(found["order=o-17x started"]["requestId"] == "o-17x", found["order=o-17x started"])
    flow.check(found["nothing"]["id_kind"] == "generated" and found["nothing"]["requestId"][14] == "7", found["nothing"])
    flow.check([r["line"] for r in trace(collector, found["nothing"]["requestId"])] == ["nothing"], "trace of a made one")
    flow.check(trace(collector, "ffffffff-ffff-7fff-8000-000000000000", status=1) == [], "of the last time that a UUID has")


flow.main()
