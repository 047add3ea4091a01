#!/usr/bin/env python3
"""The main promise: whatever is rotated and killed meanwhile, each line that was in a file for 2 s is found
exactly once, unaltered, and in the order of its file. SEED=N repeats the choices of a run."""
import gzip, os, random, threading, time

import flow

WRITERS = 20
LINES = (1_000_000 if flow.SOAK else 100_000) // WRITERS
SECONDS = 400 if flow.SOAK else 30  # about, of writing
KEEP_SECONDS = 20  # a rotated file is deleted when it is so old: longer than any process is down
BURST = 20
MAX_LINE = 1 << 20  # a longer one is several records
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


class Writer(threading.Thread):
    """Writes numbered lines and rotates its file as logrotate does, between two lines."""

    def __init__(self, folder, number):
        super().__init__(daemon=True)
        self.random = random.Random(SEED * WRITERS + number)
        self.path = folder / f"writer-{number}.log"
        self.rotate = [self.by_rename, self.by_copy, self.by_packing][number % 3]
        self.lines, self.history, self.error, self.file = [], [], None, None

    def run(self):
        try:
            self.write_all()
        except BaseException as error:
            self.error = error

    def write_all(self):
        self.open()
        time.sleep(self.random.random())
        pause = SECONDS * BURST / LINES
        next_rotation = self.some_lines()
        while len(self.lines) < LINES:
            for _ in range(self.random.randrange(1, 2 * BURST)):
                self.write_line()
            if len(self.lines) > next_rotation:
                self.history.append(f"{self.rotate.__name__} at {len(self.lines)}")
                self.rotate()
                next_rotation = len(self.lines) + self.some_lines()
            time.sleep(pause * self.random.random() * 2)
        os.close(self.file)

    def some_lines(self):
        return self.random.randrange(50, LINES // 4 if not flow.SOAK else 3000)

    def open(self):
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write_line(self):
        if len(self.lines) >= LINES:
            return
        length = self.random.choice([40, 40, 80, 200, 400] if self.random.random() < 0.999 else [20_000, 1_500_000])
        [line] = flow.numbered(self.path.name, len(self.lines), 1, length)
        self.lines.append(line)
        cut = self.random.randrange(len(line)) if self.random.random() < 0.02 else 0
        self.put(line[:cut])
        if cut:
            time.sleep(0.02)
        self.put(line[cut:] + b"\n")

    def put(self, data):
        while data:
            data = data[os.write(self.file, data):]

    # rotation: NAME.1 is the youngest

    def rotated(self, number, packed=False):
        return self.path.with_name(f"{self.path.name}.{number}" + (".gz" if packed else ""))

    def shift(self, packed=False):
        number = 1
        while self.rotated(number, packed).exists():
            number += 1
        for n in range(number - 1, 0, -1):
            if time.time() - self.rotated(n, packed).stat().st_mtime > KEEP_SECONDS:
                self.rotated(n, packed).unlink()
            else:
                os.rename(self.rotated(n, packed), self.rotated(n + 1, packed))

    def by_rename(self):
        """The writer notices late, and goes on with the renamed file for a while."""
        self.shift()
        os.rename(self.path, self.rotated(1))
        for _ in range(self.random.randrange(5)):
            self.write_line()
        os.close(self.file)
        self.open()

    def by_copy(self):
        self.shift()
        with open(self.path, "rb") as source, open(self.rotated(1), "wb") as copy:
            while data := source.read(1 << 20):
                copy.write(data)
            copy.flush()
            os.fsync(copy.fileno())
        os.truncate(self.path, 0)

    def by_packing(self):
        self.shift(packed=True)
        plain = self.path.with_name(self.path.name + ".1")
        os.rename(self.path, plain)
        os.close(self.file)
        self.open()
        with open(plain, "rb") as source, gzip.open(self.rotated(1, packed=True), "wb") as packed:
            while data := source.read(1 << 14):
                packed.write(data)
        plain.unlink()


class Killer(threading.Thread):
    """Kills a program at random, and starts it again soon."""

    def __init__(self, program, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.program, self.kills, self.error = program, 0, None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.wait(self.random.uniform(0.3, 4)):
                self.program.kill()
                self.kills += 1
                time.sleep(self.random.uniform(0, 1.5))
                self.program.launch()
        except BaseException as error:
            self.error = error

    def end(self):
        self.ended.set()
        self.join()
        if self.error:
            raise self.error


@flow.case(f"{WRITERS} writers, {WRITERS * LINES:,} lines, three ways of rotation, both sides killed at random")
def chaos(place):
    print(f"SEED={SEED}")
    collector = place.collector()
    collector.start()
    shipper = place.shipper(collector, settings={"shipper.flush": "300ms"}).start()
    writers = [Writer(place.logs, n) for n in range(WRITERS)]
    killers = [Killer(collector, SEED), Killer(shipper, SEED + 1)]
    for thread in writers + killers:
        thread.start()
    for writer in writers:
        writer.join()
        if writer.error:
            raise writer.error
    for killer in killers:
        killer.end()
    print(f"{killers[0].kills} kills of the collector, {killers[1].kills} of the shipper")
    expected = {w.path: w.lines for w in writers}
    wait_for_all(collector, shipper, sum(-(-max(len(line), 1) // MAX_LINE) for w in writers for line in w.lines))
    try:
        flow.verify(expected, "--collector", collector.url)
    except flow.Failure:
        for writer in writers:
            print(f"{writer.path.name}: {', '.join(writer.history)}")
        raise
    flow.check(shipper.stop() == 0, "the shipper ends well")
    flow.check(collector.stop() == 0, "the collector ends well")
    flow.verify(expected, "--store", collector.data)


def wait_for_all(collector, shipper, records):
    """Until nothing has come for a while, a second if all are there: the lines are compared afterwards."""
    flow.wait_until(collector.is_ready, "the collector is ready")
    flow.wait_until(shipper.is_ready, "the shipper is ready")
    seen, since = 0, time.monotonic()
    end = time.monotonic() + flow.WAIT * (5 if flow.SOAK else 1)
    while time.monotonic() < min(since + 7, end):
        n = collector.count()
        seen, since = (n, time.monotonic()) if n != seen else (seen, since)
        if n >= records:
            since -= 6
        time.sleep(0.5)


flow.main()
