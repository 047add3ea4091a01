#!/usr/bin/env python3
"""Containers, as their engines lay them out on disk: every line of every lane once, whole and in order, through rotation,
crashes, lost state and removal; what each is called; what is not read, and why. (tests/docker has a real engine.)"""
import gzip, json, os, random, shutil, signal, struct, threading, time

import flow

PIECE = 16 << 10
LANES = ("stdout", "stderr")


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def rfc3339(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + f".{ns % 10**9:09d}Z"


def json_piece(text, lane, ns, last):
    log = text.decode() + ("\n" if last else "")
    return json.dumps({"log": log, "stream": lane, "time": rfc3339(ns)}, ensure_ascii=False).encode() + b"\n"


def local_piece(text, lane, ns, last):
    entry = field(1, lane.encode()) + varint(2 << 3) + varint(ns) + field(3, text)
    if not last:
        entry += varint(4 << 3) + varint(1) + field(5, b"")
    size = struct.pack(">I", len(entry))
    return size + entry + size


def cri_piece(text, lane, ns, last):
    return f"{rfc3339(ns)} {lane} {'F' if last else 'P'} ".encode() + text + b"\n"


KINDS = {"json": json_piece, "local": local_piece, "cri": cri_piece}


class Container:
    """One container, and what its application wrote to each lane."""

    def __init__(self, root, kind, name, project="shop", labels=None, packed=False,
                 max_size=5_000_000 if flow.SOAK else 200_000):
        self.root, self.kind, self.name, self.packed, self.max_size = root, kind, name, packed, max_size
        self.id = f"{random.getrandbits(256):064x}"
        self.wrote = {lane: [] for lane in LANES}
        self.lock = threading.Lock()
        self.serial = 0
        if kind == "cri":
            self.path = root / f"pods/{project}_{name}-x7k2q_0d1e6d2c-8a54-4e1f-9a52-{self.id[:12]}/main/0.log"
        else:
            folder = root / "containers" / self.id
            folder.mkdir(parents=True)
            self.configure(folder, name, {"com.docker.compose.project": project, "com.docker.compose.service": name,
                                          "com.docker.compose.container-number": "1", **(labels or {})})
            self.path = folder / ("local-logs/container.log" if kind == "local" else f"{self.id}-json.log")
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def configure(self, folder, name, labels):
        (folder / "config.v2.json").write_text(json.dumps({
            "ID": self.id, "Name": f"/{name}-1", "LogPath": "" if self.kind == "local" else f"/x/{self.id}-json.log",
            "Config": {"Image": f"{name}:1", "Env": ["PASSWORD=hunter2"], "Labels": labels}}))
        (folder / "hostconfig.json").write_text(json.dumps({
            "LogConfig": {"Type": "local" if self.kind == "local" else "json-file"}}))

    def line(self, chance):
        """Like no other; one in thirty is long, one in four to stderr."""
        self.serial += 1
        lane = LANES[chance.random() < 0.25]
        size = chance.choice((PIECE, PIECE + 1, 40_000, 100_000)) if chance.random() < 0.03 else chance.randrange(20, 200)
        head = f"{self.name} {lane} {self.serial} ü\\\"<&> "
        return lane, (head + "x" * max(0, size - len(head.encode()))).encode()

    def write(self, lines):
        """Pieces of lines of both lanes mix, as dockerd copies each lane on its own."""
        queues = {lane: [piece for of, line in lines if of == lane for piece in self.pieces(line)] for lane in LANES}
        chance = random.Random(self.serial)
        with self.lock:
            while any(queues.values()):
                lane = chance.choice([lane for lane in LANES if queues[lane]])
                self.append(lane, *queues[lane].pop(0))
            for lane, line in lines:
                self.wrote[lane].append(line)

    @staticmethod
    def pieces(line):
        cuts = [line[i:i + PIECE] for i in range(0, len(line), PIECE)] or [b""]
        for i, cut in enumerate(cuts):  # no character is cut here: the long part is ASCII
            yield cut, i == len(cuts) - 1

    def append(self, lane, text, last):
        if self.path.exists() and self.path.stat().st_size > self.max_size:
            self.rotate()
        with open(self.path, "ab") as f:
            f.write(KINDS[self.kind](text, lane, time.time_ns(), last))

    def rotate(self):
        """As Docker does; nothing is ever deleted. The kubelet puts a time behind the name."""
        if self.kind == "cri":
            self.path.rename(f"{self.path}.{time.strftime('%Y%m%d-%H%M%S')}{time.time_ns() % 10**9:09d}")
            return
        rotated = sorted((p for p in self.path.parent.glob(self.path.name + ".*")),
                         key=lambda p: -int(p.name[len(self.path.name) + 1:].split(".")[0]))
        for path in rotated:
            number, _, packing = path.name[len(self.path.name) + 1:].partition(".")
            path.rename(f"{self.path}.{int(number) + 1}" + (f".{packing}" if packing else ""))
        first = self.path.with_name(self.path.name + ".1")
        self.path.rename(first)
        if self.packed:
            with open(first, "rb") as f, gzip.open(f"{first}.gz.tmp", "wb", 1) as packed:
                shutil.copyfileobj(f, packed)
            os.rename(f"{first}.gz.tmp", f"{first}.gz")
            first.unlink()

    def remove(self):
        shutil.rmtree(self.root / "containers" / self.id)


def shipper_of(place, collector, **more):
    return flow.Shipper(place, collector, settings={
        "shipper.sources.docker.paths": f"[{place.folder}/containers]",
        "shipper.sources.podman.paths": f"[{place.folder}/storage]",
        "shipper.sources.kubernetes.path": f"{place.folder}/pods", **more})


def lanes_found(*arguments):
    """{(service, lane): [line, ...]} with the parts of long lines together."""
    found = {}
    for record in flow.records_of(*arguments):
        lines = found.setdefault((record.labels["service"], record.labels.get("stream")), [])
        if record.part in ("middle", "last"):
            lines[-1] += record.line
        else:
            lines.append(record.line)
    return found


def verify(containers, *arguments):
    found = lanes_found(*arguments)
    problems = [f"{c.kind} {c.name} {lane}: {problem}" for c in containers for lane in LANES
                for problem in flow.differences(c.wrote[lane], found.pop((c.name, lane), []))]
    flow.check(not problems, "\n".join(problems[:20]))
    flow.check(not found, f"streams nobody wrote: {list(found)}")


def total(containers):
    return sum(len(lines) for c in containers for lines in c.wrote.values())


def make_all(place):
    return [Container(place.folder, "json", "api"), Container(place.folder, "json", "worker", packed=True),
            Container(place.folder, "local", "cache"), Container(place.folder, "local", "queue", packed=True),
            Container(place.folder, "cri", "gate")]


@flow.case("containers of each kind come back whole, each lane in order, under their labels")
def kinds(place):
    chance = random.Random(1)
    containers = make_all(place)
    for c in containers:
        c.write([c.line(chance) for _ in range(300)])
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    collector.wait_count(total(containers))
    verify(containers, "--collector", collector.url)
    labels = next(flow.records_of("api", "--collector", collector.url)).labels
    flow.check({"service": "api", "container": "api-1", "project": "shop", "number": "1"}.items() <= labels.items(), labels)
    labels = next(flow.records_of("gate", "--collector", collector.url)).labels
    flow.check({"namespace": "shop", "pod": "gate-x7k2q", "container": "main"}.items() <= labels.items(), labels)
    flow.check(shipper.stop() == 0, "the shipper ends well")


@flow.case("rotation and packing at full stretch while shipper and collector are killed: each line once")
def storm(place):
    containers, chance, over = make_all(place), random.Random(2), threading.Event()

    def write(c, seed):
        mine = random.Random(seed)
        while not over.is_set():
            c.write([c.line(mine) for _ in range(mine.randrange(1, 40))])
            time.sleep(mine.random() * 0.02)

    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    writers = [threading.Thread(target=write, args=(c, i)) for i, c in enumerate(containers)]
    for writer in writers:
        writer.start()
    end, kills = time.monotonic() + (600 if flow.SOAK else 12), 0
    while time.monotonic() < end:
        time.sleep(0.3 + chance.random())
        program = chance.choice((shipper, shipper, collector))
        program.kill()
        program.start()
        kills += 1
    over.set()
    for writer in writers:
        writer.join()
    print(f"# {kills} kills, {total(containers)} lines")
    collector.wait_count(total(containers), seconds=flow.WAIT * 2)
    time.sleep(1)
    verify(containers, "--collector", collector.url)


@flow.case("a container that is removed while the shipper is behind is read to its end")
def removed(place):
    chance = random.Random(3)
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    c = Container(place.folder, "json", "brief", max_size=10 << 20)
    c.write([c.line(chance) for _ in range(10)])
    collector.wait_count(10)
    shipper.signal(signal.SIGSTOP)
    c.write([c.line(chance) for _ in range(3000)])
    c.remove()
    shipper.signal(signal.SIGCONT)
    collector.wait_count(total([c]))
    verify([c], "--collector", collector.url)


@flow.case("a container that lives for a third of a second is read")
def short_lives(place):
    chance, lived = random.Random(4), []
    collector = place.collector().start()
    shipper = shipper_of(place, collector)
    (place.folder / "containers").mkdir()
    shipper.start()
    for i in range(10):
        lived.append(Container(place.folder, ("json", "local")[i % 2], f"run{i}"))
        lived[-1].write([lived[-1].line(chance) for _ in range(20)])
        time.sleep(0.33)
        lived[-1].remove()
    collector.wait_count(total(lived))
    verify(lived, "--collector", collector.url)


@flow.case("a shipper that lost its state goes on where the collector is, in each lane")
def lost_state(place):
    chance = random.Random(5)
    c = Container(place.folder, "json", "api")
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    c.write([c.line(chance) for _ in range(200)])
    with c.lock:  # a line of stdout is open, and stderr goes on
        c.append("stdout", b"o" * PIECE, False)
        for i in range(5):
            c.append("stderr", b"while stdout waits %d" % i, True)
            c.wrote["stderr"].append(b"while stdout waits %d" % i)
    collector.wait_count(total([c]))
    shipper.kill()
    shutil.rmtree(shipper.state)
    with c.lock:
        c.append("stdout", b"end", True)
        c.wrote["stdout"].append(b"o" * PIECE + b"end")
    shipper.start()
    c.write([c.line(chance) for _ in range(50)])
    collector.wait_count(total([c]))
    time.sleep(1)
    verify([c], "--collector", collector.url)


@flow.case("what is not read stands in status with the reason, and labels are settings")
def left_out(place):
    (place.folder / "containers").mkdir()
    off = Container(place.folder, "json", "off", labels={"sluice.ship": "false"})
    named = Container(place.folder, "json", "api", labels={"sluice.service": "front"})
    for c in (off, named):
        c.write([("stdout", b"a line of " + c.name.encode())])
    away = Container(place.folder, "json", "away")
    (away.path.parent / "hostconfig.json").write_text('{"LogConfig":{"Type":"awslogs"}}')
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    collector.wait_count(1)
    flow.check(collector.count("front") == 1, "the label names the service")
    shown = flow.run("status", "--config", shipper.arguments[2], "shipper").out.decode()
    flow.check("docker:api-1" in shown and "docker:off-1" in shown and "label sluice.ship" in shown, shown)
    flow.check("docker:away-1" in shown and "keeps no file" in shown, shown)


@flow.case("a reload takes up other containers and files, and leaves those that nobody names any more")
def reloaded(place):
    chance = random.Random(6)
    (place.folder / "other").mkdir()
    first = Container(place.folder, "json", "first")
    second = Container(place.folder / "other", "json", "second")
    for c in (first, second):
        c.write([c.line(chance) for _ in range(20)])
    collector = place.collector().start()
    shipper = shipper_of(place, collector).start()
    collector.wait_count(total([first]))
    config = shipper.arguments[2]
    before = config.read_text()
    config.write_text(before.replace(f"{place.folder}/containers", f"{place.folder}/other/containers"))
    shipper.signal(signal.SIGHUP)
    collector.wait_count(total([first, second]))
    first.write([first.line(chance) for _ in range(20)])
    time.sleep(2.5)
    flow.check(collector.count() == total([first, second]) - 20, "what nobody names is not read")
    config.write_text(before)
    shipper.signal(signal.SIGHUP)
    collector.wait_count(total([first, second]))
    time.sleep(1)
    verify([first, second], "--collector", collector.url)


flow.main()
