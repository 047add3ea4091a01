"""Containers as their engines lay them out on disk: Docker's json-file and local, and CRI."""
import gzip, json, os, random, shutil, struct, threading, time

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
