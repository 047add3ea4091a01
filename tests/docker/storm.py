#!/usr/bin/env python3
"""Many real containers write at full speed while Docker rotates their logs and Sluice is killed and restarted at random:
every line that was in a file for two seconds while Sluice ran is found exactly once, and no line twice. SOAK=1: twenty
containers, a million lines; SEED=N repeats the choices of a run.

What was in a file, and for how long, is seen by an eye of its own: it keeps each file of the engine open from its first
sight, and reads it when it is gone.
"""
import calendar, os, pathlib, random, re, threading, time

import engine, flow
from flow import check, wait_until

CONTAINERS, LINES = (20, 1_000_000) if flow.SOAK else (5, 60_000)
ROTATION = {"max_size": "1m", "max_file": 5} if flow.SOAK else {"max_size": "200k", "max_file": 5}
PACE = (1000, 0) if flow.SOAK else (20, 0.02)  # lines at once, and the pause behind them
IN_A_FILE = 2.0  # seconds
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
ENTRY = re.compile(rb'\{"log":"(\w+) (\d+) (\d+) (?:[^"\\]|\\.)*","stream":"\w+","time":"([^"]+)"\}')


class Eye(threading.Thread):
    """Watches the log files of all containers of an engine."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.files, self.gone, self.error = pathlib.Path(folder), {}, [], None
        self.closed = threading.Event()

    def run(self):
        try:
            while not self.closed.is_set():
                self.look()
                time.sleep(0.03)
        except BaseException as error:
            self.error = error

    def look(self):
        now, seen = time.time(), set()
        for path in self.folder.glob("*/*-json.log*"):
            try:
                info = path.stat()
                seen.add(info.st_ino)
                if info.st_ino not in self.files:
                    self.files[info.st_ino] = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue  # rotated between two calls: seen by its other name next time
        for inode in [inode for inode in self.files if inode not in seen]:
            self.gone.append((self.files.pop(inode), now))

    def spans(self):
        """{(name, run): {number: [when written, when gone]}}; read at the end, so that reading disturbs nothing."""
        self.closed.set()
        self.join()
        if self.error:
            raise self.error
        found = {}
        for descriptor, gone in self.gone + [(fd, float("inf")) for fd in self.files.values()]:
            with os.fdopen(descriptor, "rb") as file:
                for name, run, number, stamp in ENTRY.findall(file.read()):
                    span = found.setdefault((name.decode(), run.decode()), {}).setdefault(
                        int(number), [epoch(stamp.decode()), gone])
                    span[1] = max(span[1], gone)
        return found


def epoch(stamp):
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return epoch_of_second(whole) + float("0." + (fraction or "0"))


seconds_known = {}


def epoch_of_second(text):
    if text not in seconds_known:
        seconds_known[text] = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    return seconds_known[text]


def longest_watch(span, running):
    """How long a line was in a file while Sluice ran, at most in one piece."""
    return max((min(span[1], end) - max(span[0], begin) for begin, end in running), default=0)


def is_ready(project):
    try:
        return flow.http_call(f"http://{project.address()}:4100", "GET", "/ready", seconds=2).status == 200
    except (OSError, ValueError, flow.http.client.HTTPException, flow.Failure):
        return False


@flow.case("full speed, rotation, kill -9 and restarts at random: what was in a file for 2 s is found exactly once")
def storm(place):
    print(f"SEED={SEED}")
    chance, writers = random.Random(SEED), engine.Writers(place)
    names = [f"w{i}" for i in range(CONTAINERS)]
    services = {name: writers.service(name, *PACE, LINES // CONTAINERS, **ROTATION) for name in names}
    project = engine.Project(place, "storm", {"services": services})
    eye = Eye(project.engine.root / "containers")
    project.up("sluice")
    wait_until(lambda: is_ready(project), "sluice is ready")
    eye.start()
    began = time.time()
    running, restarts = [[began, float("inf")]], 0
    project.compose("up", "-d", "--no-deps", *names, seconds=300)
    while writers.count() < LINES:
        time.sleep(chance.uniform(2.5, 7))
        running[-1][1] = time.time()
        chance.choice([project.kill, project.restart])("sluice")
        wait_until(lambda: is_ready(project), "sluice is ready again", 60, 0.02)
        running.append([time.time(), float("inf")])
        restarts += 1
    written = time.time() - began
    time.sleep(IN_A_FILE + 1)
    spans, before = eye.spans(), -1
    while before != project.count("a payment"):
        before = project.count("a payment")
        time.sleep(3)
    report(project.records(), writers, names, spans, running)
    print(f"{LINES} lines in {written:.0f} s, {len(eye.gone)} files deleted by rotation, {restarts} restarts")


def report(records, writers, names, spans, running):
    problems, found, required = [], {}, 0
    for record in records:
        found.setdefault(record.labels.get("service"), []).append(record.line)
    for name in names:
        [(run, n)] = writers.runs(name)
        numbers = {"out": [], "err": []}
        for line in found.get(name, []):
            words = line.split(" ", 4)
            stream, right = engine.line_of(name, run, int(words[2]))
            numbers[stream].append(int(words[2]))
            if line != right:
                problems.append(f"{name}: a line that was never written: {line[:200]!r}")
        for stream, of in numbers.items():
            if len(of) != len(set(of)):
                problems.append(f"{name} {stream}: {len(of) - len(set(of))} doubled")
            if of != sorted(of):
                problems.append(f"{name} {stream}: out of order")
        must = {i for i, span in spans.get((name, run), {}).items() if longest_watch(span, running) >= IN_A_FILE}
        missing = must - set(numbers["out"]) - set(numbers["err"])
        required += len(must)
        if missing:
            problems.append(f"{name}: {len(missing)} of {len(must)} missing: {flow.ranges(missing)}")
    total = sum(map(len, found.values()))
    print(f"{required} lines were in a file for {IN_A_FILE} s while Sluice ran, {total} were found")
    check(required > LINES // 2, f"only {required} of {LINES} lines were long enough in a file: too fast for this machine")
    check(not problems, "\n".join(problems[:40]))


flow.main()
