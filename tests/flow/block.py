#!/usr/bin/env python3
"""Large blocks have columns from the shipper's spool to the search, and `sluice block dump` shows what stands in them."""
import json

import flow

LINES = 12_000


def text(i):
    return (f'{{"level":"info","time":17951665{i:05d},"user":"u{i % 300}","id":"{i * 2654435761 % 2**32:08x}",'
            f'"msg":"job {i} \\u001b[31mdone\\u001b[0m in {i * 7 % 1000} ms"}}')


def dump(path, *options):
    return flow.run("block", "dump", *options, path)


def ship(place):
    """A collector that has LINES lines, most of them in large blocks, and its shipper."""
    collector = place.collector().start()
    path = place.logs / "a.log"
    flow.append(path, [text(i).encode() for i in range(LINES)])
    shipper = place.shipper(collector).start()
    collector.wait_count(LINES)
    return collector, shipper, path


@flow.case("blocks of a busy file have columns, and searches find the same lines in them")
def columns(place):
    collector, shipper, path = ship(place)
    flow.verify({path: [text(i).encode() for i in range(LINES)]}, "--collector", collector.url)
    found = flow.run("grep", "job 4711 ", "--collector", collector.url, "-h").out.decode()
    flow.check(found.count("\n") == 1 and '"msg":"job 4711 ' in found, found)
    count = flow.run("grep", "-c", "-E", "user.:.u7.", "--collector", collector.url).out
    flow.check(int(count) == LINES // 300 * 11, count)  # u7 and u70 to u79
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    blocks = [json.loads(line) for line in dump(collector.journals()[0], "--output", "json").out.splitlines()]
    flow.check(sum(b["records"] for b in blocks) == LINES, "the blocks have all lines")
    large = [b for b in blocks if b["encoding"] == "columns"]
    flow.check(sum(b["records"] for b in large) > LINES * 0.7, [b["encoding"] for b in blocks])
    for b in large:
        flow.check(sum(s["segments"] for s in b["shapes"]) + b["alone"] == b["segments"], b)
        flow.check({"time", "integer", "hex", "text"} & {c["kind"] for c in b["columns"]}, b["columns"])
        flow.check(b["streams"][0]["service"], b["streams"])
    flow.check([b["sequence"] for b in blocks] == sorted(b["sequence"] for b in blocks), "in their order")


@flow.case("block dump: for people, headers alone, of a spool and of one block; what is none is refused")
def shown(place):
    collector, shipper, _ = ship(place)
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    out = dump(collector.journals()[0]).out.decode()
    flow.check("shapes" in out and '\\"user\\":\\"u␣' in out and "streams   " in out, out[:2000])
    flow.check("\x1b" not in out, "control bytes are escaped")
    headers = dump(collector.journals()[0], "--headers").out.decode()
    flow.check(", columns\n" in headers and "shapes" not in headers, headers[:500])
    spool = sorted((shipper.state / "spool").iterdir())[-1]
    flow.check("block " in dump(spool, "--headers").out.decode(), "a spool has blocks")
    one = place.folder / "one"
    journal = collector.journals()[0].read_bytes()
    at = journal.index(b"SLBK")
    one.write_bytes(journal[at:at + int.from_bytes(journal[at + 8:at + 12], "little")])
    flow.check(dump(one).status == 0, "a file that is one block")
    flow.flip_bytes(one, 400)
    broken = dump(one)
    flow.check(broken.status == 2 and "checksum" in broken.err, broken)
    plain = place.folder / "plain"
    plain.write_text("no block")
    refused = dump(plain)
    flow.check(refused.status == 2 and "neither a block nor a journal" in refused.err, refused)
    flow.check(flow.run("block", "show", plain).status == 2, "only dump is known")


flow.main()
