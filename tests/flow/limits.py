#!/usr/bin/env python3
"""Full disks, retention, hostile requests, and mistakes in the configuration."""
import contextlib, ctypes, ctypes.util, random, socket, struct, subprocess, threading, time

import flow

MIB = 1 << 20


# ---- disks ----

def noisy(first, n, length=1000):
    """Lines that compression does not make small."""
    return [f"{i:08d} {random.Random(i).randbytes(length // 2).hex()}".encode() for i in range(first, first + n)]


def fill(folder):
    """Until nothing more fits; the file, to be deleted."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 4096)
        except OSError:
            return path


@flow.case("the shipper's disk is full: nothing lost, and it goes on by itself")
def full_disk_of_shipper(place):
    disk = flow.mount_small_disk(place.folder / "disk", "8m")
    collector = place.collector().start()
    shipper = place.shipper(collector, state=disk / "state").start()
    path, lines = place.logs / "a.log", noisy(0, 3000)
    flow.append(path, lines[:500])
    collector.wait_count(500)
    filler = fill(disk)
    flow.append(path, lines[500:1500])
    shipper.wait_log("trying again")
    flow.check(not shipper.is_ready(), "it says that it is not ready")
    filler.unlink()
    collector.wait_count(1500)
    fill(disk)
    shipper.kill()
    flow.append(path, lines[1500:])
    (disk / "filler").unlink()
    shipper.start()
    collector.wait_count(3000)
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("the collector's disk is full: it refuses, answers searches meanwhile, and goes on by itself")
def full_disk_of_collector(place):
    disk = flow.mount_small_disk(place.folder / "disk", "8m")
    collector = place.collector(data=disk / "data").start()
    shipper = place.shipper(collector).start()
    path, lines = place.logs / "a.log", noisy(0, 3000)
    flow.append(path, lines[:1000])
    collector.wait_count(1000)
    filler = fill(disk)
    flow.append(path, lines[1000:])
    collector.wait_log("refused for now")
    shipper.wait_log("503")
    before = collector.count()
    flow.check(1000 <= before < 3000, f"{before} records while the disk is full")
    found = flow.run("grep", "-h", "00000007 ", "--collector", collector.url)
    flow.check(found.out == lines[7] + b"\n", "a search is answered")
    filler.unlink()
    collector.wait_count(3000)
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("both are killed on full disks")
def full_disks_and_kills(place):
    disk = flow.mount_small_disk(place.folder / "disk", "8m")
    collector = place.collector(data=disk / "data").start()
    shipper = place.shipper(collector, state=disk / "state").start()
    path, lines = place.logs / "a.log", noisy(0, 1800)
    flow.append(path, lines[:300])
    collector.wait_count(300)
    for n in range(300, 1800, 500):
        filler = fill(disk)
        flow.append(path, lines[n:n + 500])
        time.sleep(1)
        shipper.kill()
        collector.kill()
        collector.launch()
        shipper.launch()
        time.sleep(1)
        shipper.expects_end = collector.expects_end = True
        filler.unlink()
        for program in (collector, shipper):
            if not program.is_running():
                program.launch()
        collector.wait_count(n + 500)
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("retention by size: old journals go while it runs, the newest lines stay")
def retention_by_size(place):
    collector = place.collector(settings={"collector.retention.max_size": "4MiB"}).start()
    place.shipper(collector).start()
    n = 12_000
    for first in range(0, n, 1000):
        flow.append(place.logs / "a.log", noisy(first, 1000))
        flow.wait_until(lambda: newest(collector) == first + 999, f"line {first + 999} arrives")
    flow.wait_until(lambda: size_of(collector) <= 4 * MIB + MIB, f"the store shrinks, now {size_of(collector)}", 30)
    found = flow.lines_found("--collector", collector.url)[str(place.logs / "a.log")]
    flow.check(found == noisy(n - len(found), len(found)) and 1000 < len(found) < n, f"the newest {len(found)} are there")
    flow.check(collector.metric("sluice_store_bytes") <= 5 * MIB, "the metric says so")


def newest(collector):
    found = flow.run("grep", "", "-h", "--last", "1", "--collector", collector.url).out
    return int(found.split()[0]) if found else -1


def size_of(collector):
    return sum(path.stat().st_size for path in collector.journals())


@flow.case("retention by age, and what was removed does not come back after a restart")
def retention_by_age(place):
    collector = place.collector(settings={"collector.retention.keep": "4s", "collector.retention.max_size": "8MiB"})
    collector.start()
    shipper = place.shipper(collector).start()
    old = noisy(0, 2500)
    flow.append(place.logs / "a.log", old)
    flow.wait_until(lambda: newest(collector) == 2499, "the old lines arrive")
    flow.wait_until(lambda: collector.count() < 2500, "they go", 40)
    left = collector.count()
    shipper.kill()
    collector.stop()
    collector.start()
    shipper.start()
    flow.append(place.logs / "a.log", noisy(2500, 10))
    flow.wait_until(lambda: newest(collector) == 2509, "new lines arrive")
    flow.check(collector.count() <= left + 10, "nothing was sent again")


# ---- hostile requests ----

class Recorder:
    """Answers hello and blocks as a collector that stores nothing, and keeps the blocks."""

    def __init__(self, path):
        self.bodies, self.url = [], f"unix://{path}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(4)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as source:
            while head := read_head(source):
                lengths = [line.split(b":")[1] for line in head if line.lower().startswith(b"content-length:")]
                body = source.read(int(lengths[0]))
                answer = b'{"acked":999999}'
                if b"/hello" in head[0]:
                    answer = b'{"origin":{"last":0,"hash":"' + b"0" * 32 + b'"},"sources":[]}'
                else:
                    self.bodies.append(body)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


def read_head(source):
    lines = []
    while (line := source.readline()) not in (b"\r\n", b""):
        lines.append(line)
    return lines


def real_block(place):
    recorder = Recorder(place.folder / "recorder.sock")
    # Behind JSON that is whole nothing can belong to the record: the block has all lines.
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 199) + [b'{"a":199}'])
    shipper = place.shipper(recorder, name="recorded").start()
    flow.wait_until(lambda: recorder.bodies, "a block comes")
    shipper.stop()
    return recorder.bodies[0]


def xxh3():
    """XXH3-64 of the machine's library, for blocks that lie with right checksums."""
    name = ctypes.util.find_library("xxhash")
    if not name:
        return None
    function = ctypes.CDLL(name).XXH3_64bits
    function.restype = ctypes.c_uint64
    return lambda data: function(bytes(data), ctypes.c_size_t(len(data)))


def sealed(block):
    """With its checks made right again (formats/block/block.h)."""
    digest = xxh3()
    block = bytearray(block)
    if digest:
        block[108:112] = struct.pack("<I", digest(block[:108]) & 0xFFFFFFFF)
        block[112:120] = struct.pack("<Q", digest(block[:112] + block[120:]))
    return bytes(block)


def patched(block, offset, data):
    return sealed(block[:offset] + data + block[offset + len(data):])


BLOCK_SIZES = ((8, 4, "length"), (12, 4, "records"), (40, 8, "line bytes"), (88, 4, "directory"),
               (92, 4, "unpacked directory"), (96, 4, "columns"), (100, 4, "unpacked columns"), (104, 4, "lines"))


def bad_blocks(block):
    """(what, body)"""
    chance = random.Random(7)
    yield "an empty body", b""
    yield "one byte", b"S"
    for n in (64, 5000, 2 * MIB):
        yield f"{n} random bytes", chance.randbytes(n)
    for n in (4, 100, 119, 121, len(block) - 1):
        yield f"a block cut at {n}", block[:n]
    for _ in range(40):
        at = chance.randrange(len(block))
        yield f"byte {at} flipped", block[:at] + bytes([block[at] ^ chance.randrange(1, 256)]) + block[at + 1:]
    yield "a block and rubbish", block + b"rubbish"
    for offset, size, name in BLOCK_SIZES:
        for value in (0, 1, 2**31 - 1, 2**32 - 1):
            yield f"{name} {value}", patched(block, offset, value.to_bytes(4, "little") + b"\xff" * (size - 4))
    for _ in range(60):
        at = chance.randrange(120, len(block))
        yield f"byte {at} changed and sealed", patched(block, at, chance.randbytes(1 + at % 4)[:len(block) - at])
    yield "version 9", patched(block, 4, b"\x09")
    yield "encoding 9", patched(block, 5, b"\x09")


@flow.case("bad blocks are answered with 4xx, and nothing of them is stored")
def bad_blocks_are_refused(place):
    block = real_block(place)
    collector = place.collector().start()
    for what, body in bad_blocks(block):
        answer = collector.call("POST", "/api/v1/blocks", body)
        unchanged = body[:len(block)] == block
        flow.check(answer.status == 400 or unchanged, f"{what}: {answer.status} {answer.body[:100]}")
        flow.check(answer.headers["Sluice-Block-Version"] == "1", f"{what}: no version in the answer")
    flow.check(collector.count() <= 200, f"{collector.count()} records")
    answer = collector.call("POST", "/api/v1/blocks", block)
    flow.check(answer.status == 200 and collector.count() == 200, f"the good block: {answer}")
    again = collector.call("POST", "/api/v1/blocks", block)
    flow.check(again.status == 200 and collector.count() == 200, "and once more")
    check_peak(collector)


def check_peak(collector):
    if not flow.is_sanitized():
        peak = collector.peak_memory()
        flow.check(peak < 96 * MIB, f"the collector took {peak / MIB:.0f} MiB")


def raw_request(collector, data, chunks=(), seconds=20):
    """Sends bytes as they are, then pieces until it is hung up; the first line of the answer."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        s.connect(str(collector.socket))
        try:
            s.sendall(data)
            for chunk in chunks:
                s.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            return s.recv(65536).split(b"\r\n")[0].decode()
        except (ConnectionResetError, TimeoutError) as error:
            return type(error).__name__


POST = b"POST /api/v1/blocks HTTP/1.1\r\nHost: x\r\n"


@flow.case("bodies that are too large, endless or broken are refused within the memory; it goes on working")
def oversized(place):
    collector = place.collector().start()
    endless = (b"100000\r\n" + b"x" * MIB + b"\r\n" for _ in range(200))
    expected = [
        ("Content-Length of 1 TB", POST + b"Content-Length: 1000000000000\r\n\r\n", (), "413"),
        ("Content-Length above any number", POST + b"Content-Length: 99999999999999999999999\r\n\r\n", (), "400"),
        ("11 MiB announced", POST + b"Content-Length: 11534336\r\n\r\n", (), "413"),
        ("endless chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n", endless, "413"),
        ("a chunk of 2^63", POST + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx", (), "4"),
        ("a broken chunk", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", (), "400"),
        ("two lengths", POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", (), "400"),
        ("a header of 1 MiB", POST + b"X: " + b"y" * MIB + b"\r\n\r\n", (), "4"),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (), "400"),
        ("hello with 5 MiB", b"POST /api/v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5242880\r\n\r\n", (), "413"),
        ("hello with rubbish", b"POST /api/v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{]", (), "400"),
    ]
    for what, data, chunks, status in expected:
        answer = raw_request(collector, data, chunks)
        flow.check(answer.startswith("HTTP/1.1 " + status), f"{what}: {answer}")
    check_works(place, collector)


@flow.case("many large bodies at once: some are told to come again, the memory stays bounded")
def flood(place):
    collector = place.collector().start()
    body, statuses = random.Random(1).randbytes(9 * MIB), []

    def send():
        try:
            statuses.append(collector.call("POST", "/api/v1/blocks", body).status)
        except OSError as error:
            statuses.append(type(error).__name__)
    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flow.check(set(statuses) <= {400, 503, "BrokenPipeError", "ConnectionResetError"}, f"answers: {statuses}")
    idle = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    for s in idle:
        s.connect(str(collector.socket))
        s.sendall(POST + b"Content-Length: 10000000\r\n\r\n" + b"x" * 100_000)
    for s in idle:
        s.close()
    check_works(place, collector)


def check_works(place, collector):
    flow.append(place.logs / "after.log", flow.numbered("after", 0, 300))
    place.shipper(collector).start()
    collector.wait_count(300)
    flow.verify({place.logs / "after.log": flow.numbered("after", 0, 300)}, "--collector", collector.url)
    check_peak(collector)


@flow.case("clients of searches that leave do not stay in the way")
def leaving_clients(place):
    collector = place.collector().start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 30_000, 300))
    place.shipper(collector).start()
    collector.wait_count(30_000)
    for _ in range(30):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(collector.socket))
            s.sendall(b"GET /api/v1/query?output=raw HTTP/1.1\r\nHost: x\r\n\r\n")
            s.recv(1000)
    with subprocess.Popen([flow.SLUICE, "grep", "", "--collector", collector.url], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=flow.environment()) as grep:
        grep.stdout.readline()
        grep.stdout.close()
        complaint = grep.stderr.read()
    flow.check(not complaint, f"a closed pipe ends it silently, not with {complaint!r}")
    flow.check(collector.count() == 30_000, "searches go on")
    check_peak(collector)


# ---- configuration ----

@flow.case("mistakes in the configuration end with 2 and name file, line, column and what would be right")
def configuration_mistakes(place):
    file = place.folder / "bad.yml"
    expected = [
        ("shipper:\n  flsh: 1s\n", 2, 3, "flush"),
        ("colector: {}\n", 1, 1, "collector"),
        ("collector:\n  memory: 96\n", 2, 11, "96"), ("log:\n  level: loud\n", 2, 10, "loud"),
        ("shipper:\n  flush: 1s\n  flush: 2s\n", 3, 3, "flush"), ("collector: {listen: [}\n", 1, None, ""),
        ("shipper:\n  redact: {rules: {email: hide}}\n", 2, None, "mask"),
    ]
    for text, line, column, word in expected:
        file.write_text(text)
        place_of = f"bad.yml:{line}:" + (f"{column}:" if column else "")
        for command in (["collect", "--data", place.folder / "d", "--socket", place.folder / "s"],
                        ["ship", "--state", place.folder / "st", place.logs / "*.log"]):
            done = flow.run(*command, "-c", file)
            flow.check(done.status == 2 and place_of in done.err and word in done.err,
                       f"{text!r}: exit {done.status}, {done.err!r} without {place_of!r} and {word!r}")
    flow.check(not (place.folder / "d").exists() and not (place.folder / "st").exists(), "nothing was made")


@flow.case("mistakes on the command line end with 2 and say what would be right")
def command_line_mistakes(place):
    config = place.configuration("c", {})
    expected = [(["colect"], "collect"), (["ship", "-c", config], "nothing to ship"),
                (["collect", "-c", config, "x"], "operand"),
                (["ship", "-c", config, "--labl", "a=b", "x"], "--label"), (["ship", "-c", config, "-", "x"], "together"),
                (["collect", "-c", config, "--listen", "0.0.0.0:1", "--data", place.folder / "d"], "not loopback"),
                (["ship", "-c", place.folder / "missing.yml", "x"], "missing.yml")]
    for arguments, word in expected:
        done = flow.run(*arguments)
        flow.check(done.status == 2 and word in done.err, f"{arguments}: exit {done.status}, {done.err!r}")


with contextlib.suppress(flow.Skip):  # mounting says so; before there are threads
    flow.own_mounts()
flow.main()
