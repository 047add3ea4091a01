#!/usr/bin/env python3
"""What is in files comes back byte for byte, and files are told apart."""
import os, random

import flow

MIB = 1 << 20


def odd_files():
    """{name: content}"""
    chance = random.Random(5)
    noise = chance.randbytes(300_000)
    return {
        "empty-lines": b"\n\n\nx\n\n",
        "100-kB": b"a" * 100_000 + b"\nshort\n" + b"b" * 100_000 + b"\n",
        "5-MB": b"before\n" + bytes(chance.choices(b"0123456789abcdef", k=5_000_000)) + b"\nafter\n",
        "exactly-1-MiB": b"c" * MIB + b"\n" + b"d" * (MIB + 1) + b"\n" + b"e" * (2 * MIB) + b"\n",
        "not-UTF-8": b"\xff\xfe\x80 \xc3\x28 \xed\xa0\x80\n\xf0\x9f\x92\xa9 \xe2\x82\n",
        "NULs": b"a\0b\0\0\n\0\n\0\0\0\n",
        "CRLF": b"one\r\ntwo\r\n\r\nbare\rCR\r\n",
        "control": bytes(range(10)) + bytes(range(11, 256)) + b"\n\x1b[31mred\x1b[0m\n",
        "no-final-newline": b"first\nlast without an end",
        "only-one-line-without-end": b"x",
        "UTF-16": "\ufeffline one\nline two\n".encode("utf-16-le"),
        "noise": noise,
    }


def raw_of(file, *source):
    found = flow.run("grep", "", f"file={file}", "--output", "raw", *source)
    flow.check(found.status == 0, f"grep of {file}: exit {found.status} {found.err}")
    return found.out


def check_bytes(expected, *source):
    for file, content in expected.items():
        given = raw_of(file, *source)
        wanted = content if content.endswith(b"\n") else content + b"\n"
        if given != wanted:
            at = len(os.path.commonprefix([given, wanted]))
            raise flow.Failure(f"{file}: {len(given)} bytes instead of {len(wanted)}, different from byte {at} on: "
                               f"{given[at:at + 40]!r} instead of {wanted[at:at + 40]!r}")


@flow.case("lines of every kind are given back byte for byte, online and offline")
def byte_for_byte(place):
    expected = {place.logs / f"{name}.log": content for name, content in odd_files().items()}
    for path, content in expected.items():
        path.write_bytes(content)
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    last = place.logs / "no-final-newline.log"
    flow.wait_until(lambda: raw_of_or_nothing(last, collector).endswith(b"an end\n"), "an unfinished line comes")
    flow.check(shipper.stop() == 0, "the shipper ends well")
    check_bytes(expected, "--collector", collector.url)
    collector.stop()
    check_bytes(expected, "--store", collector.data)


def raw_of_or_nothing(file, collector):
    return flow.run("grep", "", f"file={file}", "--output", "raw", "--collector", collector.url).out


@flow.case("long lines that grow while they are read, over restarts")
def growing_lines(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    path = place.logs / "slow.log"
    lines = [bytes([97 + i]) * (700_000 * (i + 1)) for i in range(4)]
    with open(path, "ab", buffering=0) as f:
        for i, line in enumerate(lines):
            f.write(line[:len(line) // 2])
            shipper.kill()
            shipper.start()
            f.write(line[len(line) // 2:] + b"\n")
    flow.wait_until(lambda: raw_of_or_nothing(path, collector).count(b"\n") >= len(lines), "all lines")
    check_bytes({path: b"".join(line + b"\n" for line in lines)}, "--collector", collector.url)


@flow.case("5,000 files of ten short lines")
def many_files(place):
    expected = {place.logs / f"{n}.log": flow.numbered(str(n), 0, 10, 20) for n in range(5000)}
    for path, lines in expected.items():
        flow.append(path, lines)
    collector = place.collector().start()
    place.shipper(collector).start()
    collector.wait_count(50_000)
    flow.verify(expected, "--collector", collector.url)


@flow.case("files that begin with the same KiB, and files that are the same")
def same_beginning(place):
    banner = [b"=" * 79] * 20
    expected = {place.logs / f"app{c}.log": banner + flow.numbered(c, 0, 50) for c in "abcdef"}
    expected |= {place.logs / f"twin{c}.log": banner for c in "xy"}
    for path, lines in expected.items():
        flow.append(path, lines)
    collector = place.collector().start()
    place.shipper(collector).start()
    total = sum(map(len, expected.values()))
    collector.wait_count(total)
    found = flow.lines_found("--collector", collector.url)
    for path, lines in expected.items():
        flow.check(found[str(path)] == lines, f"{path}: {len(found[str(path)])} lines, not the {len(lines)} of the file")
    flow.check(collector.count() == total, "nothing is doubled")


def write_until_repeated(folder, writes):
    """Makes and deletes files until an inode comes again; {path: lines}. writes(path, lines) waits."""
    seen, expected = set(), {}
    for n in range(200):
        path = folder / f"short-{n}.log"
        lines = flow.numbered(path.name, 0, 3)
        flow.append(path, lines)
        expected[path] = lines
        writes(sum(map(len, expected.values())))
        inode = path.stat().st_ino
        path.unlink()
        if inode in seen and n > 5:
            return expected
        seen.add(inode)
    raise flow.Skip("no inode was used again in 200 files")


@flow.case("an inode that is used again is another file")
def inode_again(place):
    collector = place.collector().start()
    place.shipper(collector).start()
    expected = write_until_repeated(place.logs, collector.wait_count)
    flow.verify(expected, "--collector", collector.url)


@flow.case("an inode that is used again while the shipper is down")
def inode_again_while_down(place):
    collector = place.collector().start()
    shipper = place.shipper(collector)
    expected = {}

    def ship(total):
        shipper.start()
        collector.wait_count(total)
        shipper.kill()
    for n in range(6):
        path = place.logs / "same-name.log"
        lines = flow.numbered("same", 10 * n, 5 + n % 3)
        flow.append(path, lines)
        expected.setdefault(path, []).extend(lines)
        ship(len(expected[path]))
        path.unlink()
    flow.verify(expected, "--collector", collector.url)


@flow.case("labels of the command line, the service, and the host are on each line")
def labels(place):
    flow.append(place.logs / "a.log", [b"hello"])
    collector = place.collector().start()
    place.shipper(collector, options=["--label", "env=test", "--label", "team=red", "--service", "shop"]).start()
    collector.wait_count(1)
    [record] = flow.records_of("--collector", collector.url)
    for name, value in {"env": "test", "team": "red", "service": "shop", "file": str(place.logs / "a.log")}.items():
        flow.check(record.labels.get(name) == value, f"label {name} is {record.labels.get(name)!r}")
    flow.check(collector.count("shop", "env=test") == 1 and collector.count("env=other") == 0, "operands choose")


flow.main()
