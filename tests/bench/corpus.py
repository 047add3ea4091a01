"""Logs to measure with: those of a folder, or invented ones, as containers that Docker laid out and as bare lines; and what
to look for in them."""
import collections, glob, hashlib, json, mmap, os, pathlib, random, re, time

DATE = re.compile(rb'"time":"(\d{4}-\d\d-\d\d)T')
HEX_ID = re.compile(rb"\b[0-9a-f]{16,}\b")
HEX_RUN = re.compile(rb"[0-9a-f]{8,}")
FEW = range(2, 9)  # so often a needle occurs that occurs a few times
SHARE_OF_WORD = 0.02  # of the lines have the frequent word


def container_folder(root, name):
    """A container's folder as Docker lays it out; the path of its log."""
    id = hashlib.sha256(name.encode()).hexdigest()
    folder = root / id
    folder.mkdir(parents=True)
    log = folder / f"{id}-json.log"
    log.touch()
    (folder / "hostconfig.json").write_text('{"LogConfig":{"Type":"json-file","Config":{}}}')
    (folder / "config.v2.json").write_text(json.dumps(
        {"ID": id, "Name": "/" + name, "LogPath": str(log), "Config": {"Image": "invented:1", "Labels": {
            "com.docker.compose.project": "bench", "com.docker.compose.service": name}}}))
    return log


def service_of(log):
    """Of a container's log."""
    config = pathlib.Path(log).parent / "config.v2.json"
    return json.loads(config.read_text())["Name"].lstrip("/") if config.exists() else pathlib.Path(log).stem


# ---- invented ----

def invent(root, lines):
    """Three services: JSON, text and an access log."""
    rng = random.Random(1)
    def word():
        return "".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") for _ in range(rng.randrange(2, 5)))
    words = [word() for _ in range(400)]
    phrases = [" ".join(rng.choices(words, k=rng.randrange(2, 6))) for _ in range(90)]
    paths = [f"/{word()}/{word()}" for _ in range(150)]
    logs = [open(container_folder(root, name), "w") for name in ("api", "worker", "access")]
    t = 1_795_166_521_000
    for _ in range(lines):
        t += int(rng.expovariate(0.05))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t // 1000)) + f".{t % 1000:03}"
        texts = (f'{{"level":{rng.choice([30, 30, 30, 40, 50])},"time":{t},"pid":{rng.randrange(9)},'
                 f'"reqId":"{rng.getrandbits(128):032x}","msg":"{rng.choice(phrases)}",'
                 f'"ms":{rng.randrange(900)}}}',
                 f'{stamp}Z {rng.choice(["INFO", "DEBUG", "WARN"])} [worker-{rng.randrange(16)}] {rng.choice(phrases)}: '
                 f'{rng.choice(words[:5])}={rng.randrange(10**4)} job={rng.randrange(10**6)}',
                 f'192.0.2.{rng.randrange(255)} - - [{stamp}Z] "GET {rng.choice(paths)}?id={rng.randrange(10**5)} HTTP/1.1" '
                 f'{rng.choice([200, 200, 304, 404, 502])} {rng.randrange(90000)}')
        for log, text in zip(logs, texts):
            quoted = text.replace('"', '\\"')
            log.write(f'{{"log":"{quoted}\\n","stream":"stdout","time":"{stamp}{rng.randrange(10**6):06}Z"}}\n')
    for log in logs:
        log.close()


# ---- as bare lines ----

class Corpus:
    """files: as a shipper reads them. lines: all of them in one file, without envelopes; parts: a file for each of files."""

    def __init__(self, source, folder):
        self.files = sorted(glob.glob(f"{source}/*.log")) or sorted(glob.glob(f"{source}/*/*-json.log"))
        self.are_containers = bool(self.files) and self.files[0].endswith("-json.log")
        self.folder, self.source = folder, source
        self.lines, self.parts = f"{folder}/lines", []
        folder.mkdir()
        self.unwrap()
        self.size = sum(map(os.path.getsize, self.files))
        self.line_bytes = os.path.getsize(self.lines)

    def unwrap(self):
        with open(self.lines, "wb") as everything:
            for i, name in enumerate(self.files):
                self.parts.append(f"{self.folder}/part{i}")
                with open(name, "rb") as file, open(self.parts[-1], "wb") as part:
                    for line in file:
                        text = json.loads(line)["log"].encode() if self.are_containers else line
                        part.write(text)
                        everything.write(text)

    def copy(self, number, share, root, planted=()):
        """Its own containers with other ids, of earlier days, of which each has that share of the lines; the first one also
        the planted ones. Number 0 keeps ids and days."""
        rng = random.Random(number)
        digits = b"0123456789abcdef"
        table = bytes.maketrans(digits, bytes(rng.sample(digits, 16)))
        for name in self.files:
            with open(name, "rb") as file:
                data = file.read(int(os.path.getsize(name) * share))
            data = HEX_RUN.sub(lambda run: run[0].translate(table) if number else run[0], data[:data.rfind(b"\n") + 1])
            if self.are_containers:
                data = DATE.sub(lambda m: b'"time":"' + earlier(m[1], number) + b"T", data)
                target = container_folder(root / f"copy{number}", service_of(name))
            else:
                target = root / f"copy{number}" / pathlib.Path(name).name
                target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "wb") as file:
                file.write(data)
                for text in planted if name == self.files[0] else ():
                    file.write(self.line_like(data, text))


    def line_like(self, data, text):
        """A line of the same kind and time as the last one."""
        if not self.are_containers:
            return text + b"\n"
        last = json.loads(data[data.rfind(b"\n", 0, -1) + 1:])
        return json.dumps({**last, "log": text.decode() + "\n"}).encode() + b"\n"


dates = {}


def earlier(date, days):
    if (date, days) not in dates:
        seconds = time.mktime(time.strptime(date.decode(), "%Y-%m-%d")) + 43200 - days * 86400
        dates[date, days] = time.strftime("%Y-%m-%d", time.localtime(seconds)).encode()
    return dates[date, days]


# ---- needles ----

class Needles:
    """few: texts that occur a few times; absent; id_piece: ten digits of an id; word: in every fiftieth line or so."""

    def __init__(self, path):
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as self.data:
            self.rng = random.Random(7)
            self.few = [self.find_few() for _ in range(3)]
            self.absent = [b"no-such-needle-anywhere", self.changed(self.few[0]), self.letters(12)]
            self.id = self.find_id()
            self.id_piece = self.id[5:15]
            self.word = self.find_word()
            del self.data

    def count(self, text):
        n, at = 0, self.data.find(text)
        while at >= 0 and n <= FEW[-1]:
            n, at = n + 1, self.data.find(text, at + len(text))
        return n

    def line(self):
        at = self.data.rfind(b"\n", 0, self.rng.randrange(len(self.data)))
        return self.data[at + 1:self.data.find(b"\n", at + 1)]

    def find_few(self):
        """A piece of a line with words in it."""
        for _ in range(20_000):
            line = self.line()
            at = self.rng.randrange(max(1, len(line) - 12))
            piece = line[at:at + self.rng.randrange(12, 25)].strip()
            if len(piece) >= 12 and re.search(rb"[G-Zg-z]{3}", piece) and piece.isascii() and self.count(piece) in FEW:
                return piece
        return self.line()[:40]

    def changed(self, text):
        """... of which one letter is another, so that it is nowhere."""
        while True:
            at = self.rng.randrange(len(text))
            other = text[:at] + self.rng.choice([b"q", b"x", b"z"]) + text[at + 1:]
            if self.count(other) == 0:
                return other

    def letters(self, n):
        return bytes(self.rng.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(n))

    def find_id(self):
        for _ in range(20_000):
            found = HEX_ID.search(self.line())
            if found and self.count(found[0]) in FEW:
                return found[0]
        return b"0123456789abcdef0123"

    def find_word(self):
        sample = [set(re.findall(rb"[A-Za-z]{6,}", self.line())) for _ in range(5000)]
        counts = collections.Counter(word for words in sample for word in words)
        wanted = SHARE_OF_WORD * len(sample)
        return min(sorted(counts), key=lambda word: abs(counts[word] - wanted)) if counts else b"timeout"
