#!/usr/bin/env python3
"""`sluice store export`: everything comes out, as lines and as JSON, and what is missing is said."""
import json

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


if __name__ == "__main__":
    flow.main()
