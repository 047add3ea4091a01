#!/usr/bin/env python3
"""Outputs to Loki, Elasticsearch, other collectors and standard output, of shippers and of collectors: nothing that
the other side takes is lost, repeats are the same to it, rejects hold nobody up, and a dead one delays no other.
The other sides are scripted (endpoints.py)."""
import collections, json, random, shutil, signal, time

import endpoints, flow

SECONDS = 60 if flow.SOAK else 6


def loki_settings(loki, name="loki", **more):
    return {f"outputs.{name}": {"kind": "loki", "url": f'"{loki.url}"', **more}}


def elastic_settings(elastic, name="elastic", **more):
    return {f"outputs.{name}": {"kind": "elastic", "url": f'"{elastic.url}"', **more}}


def compare(expected, found, what):
    problems = flow.differences(expected, found)
    flow.check(not problems, f"{what}: " + "; ".join(problems))


def wait_lines(server, n, seconds=flow.WAIT):
    store = lambda: len(server.entries if isinstance(server, endpoints.Loki) else server.documents)
    flow.wait_until(lambda: store() >= n, f"{n} lines at {type(server).__name__}, not {store()}", seconds, 0.1)


def write_and_kill(place, program, loki, elastic, other, plan, pause):
    """Lines for SECONDS, while the servers answer by plans and the program is killed behind each pause; then all of
    them are at Loki, at Elasticsearch and at the other collector, each once."""
    path, lines, end = place.logs / "api.log", [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        more = flow.numbered("api", len(lines), 400)
        lines += more
        flow.append(path, more)
        loki.plan, elastic.plan = plan(), plan()
        pause()
        program.kill()
        program.start()
    loki.plan.clear()
    elastic.plan.clear()
    wait_lines(loki, len(lines))
    wait_lines(elastic, len(lines))
    other.wait_count(len(lines))
    compare(lines, loki.lines(), "Loki")
    compare(lines, elastic.lines(), "Elasticsearch")
    flow.verify({path: lines}, "--collector", other.url)


def status_of(program):
    return json.loads(program.call("GET", "/api/v1/status?output=json").body)


def output_row(program, name):
    return next(row for row in status_of(program)["outputs"] if row["name"] == name)


@flow.case("every line reaches Loki, Elasticsearch, a second collector and standard output once")
def all_kinds(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    collector, second = place.collector().start(), place.collector(name="second").start()
    shipper = place.shipper(collector, settings={
        **loki_settings(loki), **elastic_settings(elastic),
        "outputs.other": {"kind": "collector", "url": f'"{second.url}"'}, "outputs.stdout": {"format": "raw"}})
    path, lines = place.logs / "api.log", flow.numbered("api", 0, 3000)
    flow.append(path, lines)
    shipper.start()
    wait_lines(loki, len(lines))
    wait_lines(elastic, len(lines))
    collector.wait_count(len(lines))
    second.wait_count(len(lines))
    flow.wait_until(lambda: lines[-1].decode() in shipper.log(), "the last line on standard output")
    compare(lines, loki.lines(), "Loki")
    compare(lines, elastic.lines(), "Elasticsearch")
    flow.verify({path: lines}, "--collector", second.url)
    printed = [line.encode() for line in shipper.log().splitlines() if line.startswith("api 0")]
    compare(lines, printed, "standard output")
    flow.check(loki.repeated == elastic.conflicts == 0, "nothing was sent twice")


@flow.case("labels, metadata, level and request id as Loki and Elasticsearch have them")
def what_they_see(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    shipper = place.shipper(None, settings={**loki_settings(loki, tenant="shop"), **elastic_settings(elastic),
                                            "labels": {"env": "prod", "host": "web-1"}})
    request = "4bf92f3577b34da6a3ce929d0e0e4736"
    flow.append(place.logs / "pay.log", [b'{"level":"error","time":"2026-11-20T09:22:01.123456Z","requestId":"%s",'
                                         b'"msg":"card declined"}' % request.encode()])
    shipper.start()
    wait_lines(loki, 1)
    wait_lines(elastic, 1)
    (labels, ns, _), metadata = next(iter(loki.entries.items()))
    document = next(iter(elastic.documents.values()))
    flow.check('host="web-1"' in labels and 'env="prod"' in labels and 'service_name=' in labels, labels)
    flow.check(metadata["level"] == "error" and metadata["requestId"] == request, str(metadata))
    flow.check(ns == 1763630521123456000 + 365 * 86400 * 10**9, f"the time of the line, not {ns}")
    flow.check(loki.tenants == {"shop": 1}, str(loki.tenants))
    flow.check(document["@timestamp"].startswith("2026-11-20T09:22:01.123456"), document["@timestamp"])
    flow.check(document["log"]["level"] == "error" and document["host"]["name"] == "web-1"
               and document["http"]["request"]["id"] == request, str(document))


@flow.case(f"a dead output delays no other, for {SECONDS} s, and has all of it afterwards")
def dead_one(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    loki.plan = ["down"]
    collector = place.collector().start()
    shipper = place.shipper(collector, settings={**loki_settings(loki), **elastic_settings(elastic)}).start()
    path, lines, end = place.logs / "api.log", [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        more = flow.numbered("api", len(lines), 300)
        lines += more
        flow.append(path, more)
        wait_lines(elastic, len(lines))
        collector.wait_count(len(lines))
    flow.check(not loki.entries, "nothing reached Loki")
    row = output_row(shipper, "loki")
    flow.check(not row["is_up"] and row["lag_blocks"] > 0 and row["last_error"], str(row))
    loki.plan.clear()
    wait_lines(loki, len(lines))
    compare(lines, loki.lines(), "Loki")
    flow.wait_until(lambda: output_row(shipper, "loki")["lag_blocks"] == 0, "no lag")


@flow.case(f"kill -9 again and again while replies are cut, lost and late, for {SECONDS} s: nothing is lost or doubled")
def killed(place):
    chance = random.Random(11)
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    second = place.collector(name="second").start()
    shipper = place.shipper(None, settings={
        **loki_settings(loki), **elastic_settings(elastic),
        "outputs.other": {"kind": "collector", "url": f'"{second.url}"'}}).start()
    write_and_kill(place, shipper, loki, elastic, second,
                   lambda: chance.choices([None, "cut", "lost", "half", 503, 429], k=6),
                   lambda: time.sleep(chance.uniform(0.05, 0.6)))
    flow.check(loki.repeated and elastic.conflicts, "what was taken before a lost reply came again, as the same")


@flow.case("equal lines at one time are as many at Loki, also when a reply is lost")
def equal_lines(place):
    loki = endpoints.Loki()
    loki.plan = ["lost", "half"]
    shipper = place.shipper(None, settings=loki_settings(loki))
    flow.append(place.logs / "api.log", [b"2026-11-20T09:22:01Z tick"] * 500)
    shipper.start()
    wait_lines(loki, 500)
    time.sleep(0.5)
    flow.check(len(loki.entries) == 500, f"500 entries, not {len(loki.entries)}")


@flow.case("429 and 503 with Retry-After are waited for, 413 is split, 401 until the secret is there")
def answers(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    secret = place.folder / "password"
    secret.write_text("wrong")
    loki.authorization = endpoints.basic("ann", "right")
    elastic.plan, elastic.headers = [429, 503], {429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}
    elastic.body_max = 40_000
    shipper = place.shipper(None, settings={
        **loki_settings(loki, user="ann", password_file=secret), **elastic_settings(elastic)})
    noise = random.Random(5)
    lines = [f"api {i:09d} x{noise.randbytes(200).hex()}".encode() for i in range(1000)]
    flow.append(place.logs / "api.log", lines)
    shipper.start()
    wait_lines(elastic, len(lines))
    compare(lines, elastic.lines(), "Elasticsearch")
    times = [at for *_, at, _ in elastic.requests]
    flow.check(times[1] - times[0] >= 0.95 and times[2] - times[1] >= 0.95, f"Retry-After: {times[:3]}")
    shipper.wait_log("outputs.loki: the answer was 401")
    flow.check(not loki.entries, "nothing without the password")
    secret.write_text("right\n")
    wait_lines(loki, len(lines))
    compare(lines, loki.lines(), "Loki")
    flow.check("right" not in shipper.log() and "wrong" not in shipper.log(), "no secret in the log")


@flow.case("what is refused is counted by reason, kept if asked for, and holds nobody up")
def rejects(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    loki.oldest_ns = 1_700_000_000 * 10**9
    elastic.refuse = lambda d: ((400, "document_parsing_exception", "[1:2] failed to parse field [x] of type [long]")
                                if "old" in d["message"] and "fields" not in d else None)
    shipper = place.shipper(None, settings={**loki_settings(loki, on_reject="keep"),
                                            **elastic_settings(elastic, on_reject="keep")})
    lines = [b"2026-11-20T09:22:01Z fresh %d" % i for i in range(200)]
    old = [b"2020-01-01T00:00:00Z old %d" % i for i in range(7)]
    flow.append(place.logs / "api.log", lines[:100] + old + lines[100:])
    shipper.start()
    wait_lines(loki, 200)
    wait_lines(elastic, 200)
    for name, server in (("loki", loki), ("elastic", elastic)):
        flow.wait_until(lambda: output_row(shipper, name)["lag_blocks"] == 0, f"{name} is done")
        compare(lines, server.lines(), name)
        row = output_row(shipper, name)
        flow.check(sum(row["rejected"].values()) == 7, f"7 rejects of {name}: {row}")
        kept = shipper.state / "rejects" / f"{name}.ndjson"
        compare(old, [json.loads(line)["line"].encode() for line in kept.read_text().splitlines()], f"kept of {name}")
        found = flow.run("grep", "-c", "old", kept)
        flow.check(found.out.strip() == b"7", f"sluice grep finds what was kept: {found}")
    flow.check(shipper.metric("sluice_output_rejected_total") == 14, "the metric counts them")


@flow.case("a single line that Loki refuses is found, and the lines behind it go many at a time again")
def one_reject(place):
    loki = endpoints.Loki()
    loki.oldest_ns = 1_700_000_000 * 10**9
    shipper = place.shipper(None, settings=loki_settings(loki, on_reject="keep"))
    lines = [b"2026-11-20T09:22:01Z fresh %d" % i for i in range(3000)]
    flow.append(place.logs / "api.log", lines[:5] + [b"2020-01-01T00:00:00Z old"] + lines[5:])
    shipper.start()
    wait_lines(loki, len(lines))
    compare(lines, loki.lines(), "Loki")
    flow.wait_until(lambda: output_row(shipper, "loki")["lag_blocks"] == 0, "it is done")
    flow.check((shipper.state / "rejects" / "loki.ndjson").read_text().count("\n") == 1, "it is kept, alone")
    flow.check(len(loki.requests) < 60, f"few requests, not {len(loki.requests)}")


@flow.case("documents of a body that Elasticsearch has no room for come again after a pause, the others do not")
def no_room(place):
    elastic, taken = endpoints.Elastic(), {}

    def refuse(document):
        request = len(elastic.requests)
        taken[request] = taken.get(request, 0) + 1
        return (429, "es_rejected_execution_exception", "queue capacity") if taken[request] > 100 else None

    elastic.refuse = refuse
    shipper = place.shipper(None, settings=elastic_settings(elastic))
    lines = flow.numbered("api", 0, 250)
    flow.append(place.logs / "api.log", lines)
    shipper.start()
    wait_lines(elastic, len(lines))
    compare(lines, elastic.lines(), "Elasticsearch")
    times = [at for *_, at, _ in elastic.requests]
    pauses = sum(b - a > 0.9 for a, b in zip(times, times[1:]))
    flow.check(pauses >= 2 and len(times) <= pauses + 2, f"pauses: {times}")  # in one block, or two
    flow.check(elastic.conflicts == 0, "what was taken does not come again")


@flow.case("lines whose fields a mapping refuses arrive without them, whether one of a body or all")
def refused_fields(place):
    elastic = endpoints.Elastic()
    elastic.refuse = lambda d: ((400, "document_parsing_exception", "[1:2] object mapping for [fields.user]")
                                if isinstance(d.get("fields", {}).get("user"), str) else None)
    shipper = place.shipper(None, settings=elastic_settings(elastic)).start()
    for i, bad in enumerate((range(0, 50, 7), range(50))):
        lines = [json.dumps({"n": n + 100 * i, "user": "ann" if n in bad else {"id": n}}).encode() for n in range(50)]
        flow.append(place.logs / f"api{i}.log", lines)
        wait_lines(elastic, 50 * (i + 1))
        flow.check({d["message"].encode() for d in elastic.documents.values()} >= set(lines), "all lines are there")
    without = [d for d in elastic.documents.values() if "fields" not in d]
    flow.check(len(without) == 58, f"{len(without)} documents have no fields")
    flow.check(not output_row(shipper, "elastic")["rejected"], "none was rejected")


@flow.case("Loki that takes no structured metadata gets labels only")
def old_schema(place):
    loki = endpoints.Loki()
    loki.takes_metadata = False
    shipper = place.shipper(None, settings=loki_settings(loki))
    lines = flow.numbered("api", 0, 300)
    flow.append(place.logs / "api.log", lines)
    shipper.start()
    wait_lines(loki, len(lines))
    compare(lines, loki.lines(), "Loki")
    flow.check(not any(loki.entries.values()), "no metadata")
    flow.check(sum(output_row(shipper, "loki")["rejected"].values()) == 0, "and nothing counts as refused")


@flow.case("JSON to Loki is the same as protobuf; match chooses")
def json_and_match(place):
    one, two, errors = endpoints.Loki(), endpoints.Loki(), endpoints.Elastic()
    second = place.collector(name="second").start()
    shipper = place.shipper(None, settings={
        **loki_settings(one), **loki_settings(two, "loki-json", encoding="json"),
        **elastic_settings(errors, match='"level=error+"'),
        "outputs.other": {"kind": "collector", "url": f'"{second.url}"', "match": '"level=error+"'}})
    lines = [f"2026-11-20T09:22:01Z {'ERROR' if i % 3 == 0 else 'INFO'} \u00e4\"\\ line {i}".encode() for i in range(600)]
    flow.append(place.logs / "api.log", lines)
    shipper.start()
    wait_lines(one, len(lines))
    wait_lines(two, len(lines))
    wait_lines(errors, 200)
    second.wait_count(200)
    flow.check(one.entries == two.entries, "both encodings say the same")
    flow.check(one.encodings["protobuf"] and two.encodings["json"], "and they are two")
    compare(lines[::3], errors.lines(), "Elasticsearch")
    flow.verify({place.logs / "api.log": lines[::3]}, "--collector", second.url)
    flow.check(flow.run("grep", "-c", "", "service=sluice", "--collector", second.url).status != 0
               or second.count("service=sluice") == 0, "no gap records of what was not meant for it")


def other_settings(collector, name="other", **more):
    return {f"outputs.{name}": {"kind": "collector", "url": f'"{collector.url}"', **more}}


def check_rejects(program, name):
    row = output_row(program, name)
    flow.check(not row["rejected"], f"none was refused: {row}")


def levelled(name, n):
    return [(b"ERROR " if i % 3 == 0 else b"INFO ") + line for i, line in enumerate(flow.numbered(name, 0, n))]


@flow.case(f"a copy of a state and no collector but further ones, kill -9, replies that are lost, for {SECONDS} s: each line once")
def cloned(place):
    chance = random.Random(13)
    ours, theirs = place.folder / "ours", place.folder / "theirs"
    ours.mkdir(), theirs.mkdir()
    lines = {ours / "a.log": levelled("ours", 30_000), theirs / "a.log": levelled("theirs", 30_000)}
    whole, errors = place.collector(name="whole").start(), place.collector(name="errors").start()
    proxy = endpoints.Cutter(place.folder / "proxy.sock", whole.socket)
    settings = {**other_settings(proxy), **other_settings(errors, "errors", match='"level=error+"')}
    first = place.shipper(None, ours / "*.log", settings=settings).start()
    flow.append(ours / "a.log", lines[ours / "a.log"][:300])
    whole.wait_count(300)
    errors.wait_count(100)
    flow.check(first.stop() == 0, "the shipper ends well")
    second = place.shipper(None, theirs / "*.log", name="second", settings=settings)
    shutil.copytree(first.state, second.state)
    first.start()
    second.start()
    at, end = {ours / "a.log": 300, theirs / "a.log": 0}, time.monotonic() + SECONDS
    while time.monotonic() < end:
        for path in at:
            flow.append(path, lines[path][at[path]:at[path] + 60])
            at[path] += 60
        time.sleep(chance.uniform(0.05, 0.4))
        if chance.random() < 0.5:
            killed = chance.choice([first, second])
            killed.kill()
            killed.start()
    proxy.is_gentle = True
    written = {path: lines[path][:n] for path, n in at.items()}
    whole.wait_count(sum(at.values()))
    errors.wait_count(sum(at.values()) // 3)
    for shipper in (first, second):
        flow.wait_until(lambda: all(row["lag_blocks"] == 0 for row in status_of(shipper)["outputs"]), "no lag")
        check_rejects(shipper, "other")
        check_rejects(shipper, "errors")
    flow.verify(written, "--collector", whole.url)
    flow.verify({path: found[::3] for path, found in written.items()}, "--collector", errors.url)
    noticed = first.log() + second.log()
    for name in ("other", "errors"):
        flow.check(f"outputs.{name}: another shipper sends under our origin" in noticed, f"{name}: one of them noticed")
    origins = {record.ref.split(":")[0] for record in flow.records_of("--collector", whole.url)}
    flow.check(len(origins) == 2, f"{len(origins)} origins")


@flow.case("outputs to one collector whose matches overlap: each sends all of its lines, also one that comes later")
def overlap(place):
    other = place.collector(name="other").start()
    errors = other_settings(other, "errors", match='"level=error+"')
    later = {**errors, **other_settings(other, "all"), **other_settings(other, "known", match='"level=info+"')}
    settings = {"shipper.flush": "20ms"}
    shipper = place.shipper(None, settings={**settings, **errors}).start()
    path, lines = place.logs / "a.log", levelled("a", 91)
    for i in range(0, 91, 10):  # the last block is the same to all of them
        flow.append(path, lines[i:i + 10])
        other.wait_count(len(lines[:i + 10:3]))
    place.configuration("shipper", {"shipper.spool.keep_free": "off", "shipper.socket": shipper.socket, **settings, **later})
    shipper.signal(signal.SIGHUP)
    shipper.wait_log("read again")
    flow.wait_until(lambda: all(row["lag_blocks"] == 0 for row in status_of(shipper)["outputs"]), "no lag")
    found = collections.Counter(flow.lines_found("--collector", other.url)[str(path)])
    flow.check(found == collections.Counter(lines + lines + lines[::3]), f"{len(lines)} lines, {found.total()} found")
    for name in ("errors", "all", "known"):
        check_rejects(shipper, name)
    flow.check("another shipper" not in shipper.log(), "and nobody else was seen")


@flow.case("outputs of a collector to one other whose matches do not overlap: none takes the other's place")
def beside_each_other(place):
    upstream = place.collector(name="upstream").start()
    outputs = {"errors": '"level=error+"', "rest": '"level=info"'}
    collector = place.collector(settings={f"collector.{key}": value for name, match in outputs.items()
                                          for key, value in other_settings(upstream, name, match=match).items()}).start()
    path, lines = place.logs / "a.log", levelled("a", 900)
    flow.append(path, lines)
    place.shipper(collector).start()
    upstream.wait_count(len(lines))
    flow.check(sorted(flow.lines_found("--collector", upstream.url)[str(path)]) == sorted(lines), "each line once")
    for name in outputs:
        check_rejects(collector, name)


@flow.case("a position set back behind all that another collector remembers: it is told, and nothing is doubled")
def position_set_back(place):
    whole, errors = place.collector(name="whole").start(), place.collector(name="errors").start()
    shipper = place.shipper(None, settings={
        **other_settings(whole), **other_settings(errors, "errors", match='"level=error+"'), "shipper.flush": "20ms"})
    path, lines = place.logs / "a.log", levelled("a", 1200)
    shipper.start()
    flow.append(path, lines[:10])
    whole.wait_count(10)
    positions = {file: file.read_bytes() for file in (shipper.state / "outputs").iterdir()}
    for i in range(10, 1000, 10):
        flow.append(path, lines[i:i + 10])
        time.sleep(0.05)
    whole.wait_count(1000)
    errors.wait_count(334)
    flow.check(shipper.stop() == 0, "the shipper ends well")
    for file, position in positions.items():
        flow.check(int(file.read_bytes()[512:532]) > int(position[512:532]) + 70, "it was many blocks")
        file.write_bytes(position)
    flow.append(path, lines[1000:])
    shipper.start()
    whole.wait_count(1200)
    errors.wait_count(400)
    flow.verify({path: lines}, "--collector", whole.url)
    flow.verify({path: lines[::3]}, "--collector", errors.url)
    check_rejects(shipper, "other")
    check_rejects(shipper, "errors")
    flow.check("another shipper" not in shipper.log(), "and nobody else was seen")


@flow.case("a state set back to an earlier one and no collector but a further one: no line is lost")
def set_back(place):
    other = place.collector(name="other").start()
    shipper = place.shipper(None, settings=other_settings(other)).start()
    path, lines = place.logs / "a.log", flow.numbered("a", 0, 3000)
    flow.append(path, lines[:1000])
    other.wait_count(1000)
    shipper.stop()
    shutil.copytree(shipper.state, place.folder / "saved")
    shipper.start()
    flow.append(path, lines[1000:2000])
    other.wait_count(2000)
    shipper.stop()
    shutil.rmtree(shipper.state)
    shutil.copytree(place.folder / "saved", shipper.state)
    path.unlink()
    flow.append(path, lines[:1000] + lines[2000:])  # as a machine that was set back as a whole has it
    shipper.start()
    other.wait_count(3000)
    flow.wait_until(lambda: output_row(shipper, "other")["lag_blocks"] == 0, "no lag")
    found = flow.lines_found("--collector", other.url)[str(path)]
    flow.check(set(lines) <= set(found), f"{len(set(lines) - set(found))} lines are lost")
    check_rejects(shipper, "other")


def closed(status, body, *headers):
    """An answer of HTTP/1.0, which ends with the connection."""
    return "\r\n".join([f"HTTP/1.0 {status}", *headers, "", body]).encode()


# To a status without a body, which is all that Loki says, these would be an answer.
NO_JSON = [
    closed("200 OK", '{"errors":false,"items":[{"crea'),
    closed("200 OK", '{"errors":"no","items":{"create":[]},"acked":"none"}'),
]
NO_ANSWERS = [
    closed("302 Found", "", "Location: http://127.0.0.1:1/"),
    closed("200 OK", "<html><title>Sign in</title></html>", "Content-Type: text/html"),
    closed("503 Busy", "x", "Retry-After: 99999999999999999999"),
    closed("503 Busy", "x", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", "Retry-After: -1"),
    closed("503 Busy", "x" * (17 << 20)),
    closed("503 Busy", "x", *(f"X-{i}: {'y' * 1000}" for i in range(500))),
    closed("500 Error", "\x1b[31m\0\x7f\u00ff"),
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nhello",
    b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nbusy\r\n0\r\nRetry-After: 3600\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{\"errors\":false}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{\"a\"",
    b"\0\xff\r\n\r\n",
]


@flow.case("answers that are none, of any kind: each is waited out, and no line is lost")
def strange_answers(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    other = endpoints.Collector()
    shipper = place.shipper(None, settings={
        **loki_settings(loki), **elastic_settings(elastic), **other_settings(other)}).start()
    path, lines = place.logs / "api.log", []
    for answer in NO_JSON + NO_ANSWERS:
        loki.plan = [answer] if answer in NO_ANSWERS else []
        elastic.plan, other.plan = [answer], [answer]
        more = flow.numbered("api", len(lines), 5)
        lines += more
        flow.append(path, more)
        wait_lines(loki, len(lines))
        wait_lines(elastic, len(lines))
        flow.wait_until(lambda: sum(other.blocks.values()) >= len(lines), "the other collector has them")
    compare(lines, loki.lines(), "Loki")
    compare(lines, elastic.lines(), "Elasticsearch")
    flow.check(sum(other.blocks.values()) == len(lines), "the other collector has no more")
    for name in ("loki", "elastic", "other"):
        check_rejects(shipper, name)


@flow.case("a collector that calls everything a conflict is given up on, block by block")
def contrary(place):
    other = endpoints.Collector()
    other.is_contrary = True
    shipper = place.shipper(None, settings=other_settings(other, on_reject="keep")).start()
    lines = flow.numbered("api", 0, 60)
    for i, last in enumerate((0, 1, 1 << 62)):
        other.last = last
        flow.append(place.logs / "api.log", lines[20 * i:20 * i + 20])
        flow.wait_until(lambda: output_row(shipper, "other")["rejected"].get("conflict", 0) >= 20 * i + 20, "it is passed over")
    row = output_row(shipper, "other")
    flow.check(row["rejected"] == {"conflict": 60} and row["records"] == 0, str(row))
    flow.check(len(other.asked) == 3 and len(other.requests) <= 12, f"{other.asked}, {len(other.requests)} requests")
    kept = [json.loads(line)["line"].encode() for line in (shipper.state / "rejects" / "other.ndjson").read_text().splitlines()]
    compare(lines, kept, "kept")


@flow.case("a reload adds, changes and removes outputs; one that comes back begins anew")
def reload(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    collector = place.collector().start()
    settings = {"shipper.flush": "50ms"}
    shipper = place.shipper(collector, settings=settings).start()
    path = place.logs / "api.log"
    first = flow.numbered("api", 0, 100)
    flow.append(path, first)
    collector.wait_count(100)

    def change(more):
        place.configuration("shipper", {"shipper.spool.keep_free": "off", "shipper.socket": shipper.socket,
                                        **settings, **more})
        before = shipper.log().count("read again")
        shipper.signal(signal.SIGHUP)
        shipper.wait_log("read again", times=before + 1)

    change({**loki_settings(loki), **elastic_settings(elastic)})
    second = flow.numbered("api", 100, 100)
    flow.append(path, second)
    flow.wait_until(lambda: set(second) <= set(loki.lines()) and set(second) <= set(elastic.lines()), "both have them")
    change(loki_settings(loki, tenant="other"))
    third = flow.numbered("api", 200, 100)
    flow.append(path, third)
    flow.wait_until(lambda: set(third) <= set(loki.lines()), "Loki goes on")
    flow.check(loki.tenants["other"] > 0, "as the other tenant")
    flow.check(not set(third) & set(elastic.lines()), "Elasticsearch is gone")
    flow.check([row["name"] for row in status_of(shipper)["outputs"]] == ["loki"], "as status says")
    flow.check(loki.repeated == 0, "a changed output goes on where it was")
    flow.wait_until(lambda: output_row(shipper, "loki")["lag_blocks"] == 0, "no lag")
    counted = shipper.metric('sluice_output_records_total{output="loki"}')
    flow.check(counted == output_row(shipper, "loki")["records"] == len(loki.entries),
               f"its counts go on, also those that nobody had asked for: {counted} of {len(loki.entries)}")


@flow.case("a full spool: wait stops the reading, skip gives up blocks of the one that lags, and counts them")
def full_spool(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    loki.plan = ["down"]
    settings = {"shipper.spool.size": "1MiB", **elastic_settings(elastic)}
    shipper = place.shipper(None, settings={**settings, **loki_settings(loki, when_full="skip")})
    noise = random.Random(7)
    lines = [f"api {i:09d} x{noise.randbytes(300).hex()}".encode() for i in range(15_000)]
    flow.append(place.logs / "api.log", lines)
    shipper.start()
    wait_lines(elastic, len(lines))
    compare(lines, elastic.lines(), "Elasticsearch")
    skipped = output_row(shipper, "loki")["skipped_blocks"]
    counted = shipper.metric("sluice_output_skipped_blocks_total")
    flow.check(counted == skipped > 0, f"blocks were skipped: {skipped}, {counted}")
    place.configuration("shipper", {**settings, **loki_settings(loki, when_full="skip", tenant="other"),
                                    "shipper.spool.keep_free": "off", "shipper.socket": shipper.socket})
    shipper.signal(signal.SIGHUP)
    shipper.wait_log("read again")
    flow.check(shipper.metric("sluice_output_skipped_blocks_total") == skipped, "an output that changes skips no more")
    loki.plan.clear()
    flow.wait_until(lambda: output_row(shipper, "loki")["lag_blocks"] == 0, "the rest is there")
    found = loki.lines()
    flow.check(found and found == lines[-len(found):][:len(found)] or set(found) <= set(lines), "the newest ones")
    flow.check(len(set(found)) == len(found) < len(lines), "each once")


@flow.case("a collector hands on what it stores, over kill -9 and merges")
def collector_outputs(place):
    chance = random.Random(3)
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    upstream = place.collector(name="upstream").start()
    collector = place.collector(settings={
        "collector.outputs.loki": {"url": f'"{loki.url}"'}, "collector.outputs.elastic": {"url": f'"{elastic.url}"'},
        "collector.outputs.up": {"kind": "collector", "url": f'"{upstream.url}"'}}).start()
    shipper = place.shipper(collector).start()

    def merge_or_not():
        if chance.random() < 0.5:
            flow.run("store", "merge", "--collector", collector.url)
        time.sleep(chance.uniform(0.1, 0.6))

    write_and_kill(place, collector, loki, elastic, upstream,
                   lambda: chance.choices([None, "cut", "lost", 503], k=3), merge_or_not)
    flow.wait_until(lambda: all(row["lag_blocks"] == 0 for row in status_of(collector)["outputs"]), "no lag")


@flow.case("what a dead output of a collector waits for is bounded: it jumps, counted, and the store has all of it")
def bounded(place):
    loki = endpoints.Loki()
    loki.plan = ["down"]
    collector = place.collector(settings={"collector.outputs.loki": {"url": f'"{loki.url}"'},
                                          "collector.limits.forward": "1MiB"}).start()
    shipper = place.shipper(collector).start()
    path, lines, noise = place.logs / "api.log", [], random.Random(5)
    for _ in range(3):
        more = [f"api {len(lines) + i:09d} x{noise.randbytes(300).hex()}".encode() for i in range(2000)]
        lines += more
        flow.append(path, more)
        collector.wait_count(len(lines))
        flow.check(flow.run("store", "merge", "--wait", "--collector", collector.url).status == 0, "merged")
    flow.wait_until(lambda: output_row(collector, "loki")["skipped_blocks"] > 0, "blocks were skipped", 30)
    kept = sum(file.stat().st_size for file in (collector.data / "forward").iterdir())
    flow.check(kept <= 1 << 20, f"{kept} bytes are kept")
    loki.plan.clear()
    flow.wait_until(lambda: output_row(collector, "loki")["lag_blocks"] == 0, "the rest is there", 60)
    found = loki.lines()
    flow.check(set(found) <= set(lines) and len(set(found)) == len(found) < len(lines), "each once, not all")
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("a shipper that ends by SIGTERM has sent everything to everybody")
def ends_well(place):
    loki, elastic = endpoints.Loki(), endpoints.Elastic()
    loki.plan = elastic.plan = ["slow"]
    shipper = place.shipper(None, settings={**loki_settings(loki), **elastic_settings(elastic)}).start()
    lines = flow.numbered("api", 0, 2000)
    flow.append(place.logs / "api.log", lines)
    flow.check(shipper.stop() == 0, "it ends well")
    compare(lines, loki.lines(), "Loki")
    compare(lines, elastic.lines(), "Elasticsearch")


flow.main()
