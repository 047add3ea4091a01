"""Harness of the end-to-end tests: runs the program's commands as processes in a folder of their own,
ends them whatever happens, and compares what was written to files with what the program gives back.

    @flow.case("what it proves")
    def any_name(place):
        collector = place.collector().start()
        ...
    flow.main()

A case fails by any exception, by a process that ended by itself, and by a report of a sanitizer or an
assertion in a log; the ends of all logs are then shown. By hand: SLUICE=build/asan/sluice
tests/flow/NAME.py [PART OF A FUNCTION'S NAME]; KEEP=1 leaves the folders.
"""
import atexit, base64, collections, contextlib, ctypes, hashlib, http.client, itertools, json, os, pathlib
import re, shutil, signal, socket, subprocess, sys, tempfile, time, traceback

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
SLUICE = os.environ.get("SLUICE", str(TREE / "build/asan/sluice"))
SOAK = os.environ.get("SOAK", "") not in ("", "0")
WAIT = 60  # seconds until something that must happen is overdue; generous, for slow machines
SHOWN_LINES = 25
BAD_WORDS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion `|stack smashing")


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def is_sanitized():
    with open(SLUICE, "rb") as f:
        return b"__asan_" in f.read() or b"__tsan_" in f.read()


def wait_until(condition, what, seconds=WAIT, pause=0.05):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"not after {seconds} s: {what}")
        time.sleep(pause)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- settings ----

def yaml_of(tree):
    """Maps and lists in YAML's flow style; texts are put in as they are."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{k}: {yaml_of(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(yaml_of, tree)) + "]"
    return str(tree)


def configuration(settings):
    """A configuration file from {"collector.retention.keep": "1d", ...}."""
    tree = {}
    for key, value in settings.items():
        at = tree
        *path, last = key.split(".")
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return "".join(f"{key}: {yaml_of(value)}\n" for key, value in tree.items())


# ---- HTTP over unix sockets and TCP ----

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


Answer = collections.namedtuple("Answer", "status headers body")


def http_call(url, method, path, body=None, headers=None, seconds=WAIT):
    """url: unix:///path or http://127.0.0.1:port."""
    if url.startswith("unix://"):
        connection = UnixConnection(url[len("unix://"):], seconds)
    else:
        host, port = url[len("http://"):].split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    with contextlib.closing(connection):
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


# ---- processes ----

def environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE")}
    return dict(clean, TZ="UTC", **more)


class Program:
    """One command of the program, which may be started many times. Its log grows over all of them."""

    def __init__(self, place, name, arguments, env=None):
        self.place, self.name, self.arguments = place, name, arguments
        self.env = env or {}
        self.log_path = place.folder / f"{name}.log"
        self.process = None
        self.expects_end = False
        place.programs.append(self)

    def launch(self, stdin=subprocess.DEVNULL):
        check(not self.is_running(), f"{self.name} is running already")
        self.expects_end = False
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([SLUICE] + [str(a) for a in self.arguments], stdin=stdin, stdout=log,
                                            stderr=log, env=environment(**self.env), cwd=self.place.folder)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        self.launch()
        wait_until(self.is_ready, f"{self.name} is ready")
        return self

    def kill(self):
        """As a power cut ends it."""
        self.signal(signal.SIGKILL)
        self.process.wait(WAIT)
        return self

    def signal(self, number):
        check(self.is_running(), f"{self.name} runs")
        self.expects_end = number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT) or self.expects_end
        self.process.send_signal(number)

    def stop(self, seconds=WAIT):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=WAIT):
        """Its end; the exit status."""
        self.expects_end = True
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} still runs after {seconds} s") from None

    def end(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, words, seconds=WAIT, times=1):
        wait_until(lambda: self.log().count(words) >= times, f"{words!r} in the log of {self.name}", seconds)

    def peak_memory(self):
        """Bytes; the most it ever had in RAM."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def call(self, method, path, body=None, headers=None, seconds=WAIT):
        return http_call(self.url, method, path, body, headers, seconds)

    def is_ready(self):
        check(self.is_running(), f"{self.name} runs")
        try:
            return self.call("GET", "/ready", seconds=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def metric(self, name):
        """The sum over all labels."""
        text = self.call("GET", "/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name + r"[{ ]", line))


class Collector(Program):
    def __init__(self, place, name="collector", data=None, listen="off", settings=None):
        self.data = pathlib.Path(data or place.folder / f"{name}.data")
        self.socket = place.folder / f"{name}.sock"
        self.url = f"unix://{self.socket}"
        self.port = int(listen.rsplit(":", 1)[1]) if listen != "off" else None
        config = place.configuration(name, {"collector.retention.keep_free": "off", **(settings or {})})
        super().__init__(place, name, ["collect", "-c", config, "--data", self.data, "--socket", self.socket,
                                       "--listen", listen])

    def token(self, role):
        made = run("token", role, "--collector", self.url)
        check(made.status == 0, f"sluice token: {made}")
        return made.out.decode().strip()

    def journals(self):
        return sorted((self.data / "journal").iterdir())

    def count(self, *operands):
        """How many records there are; 0 while it does not answer."""
        found = run("grep", "-c", "", *operands, "--collector", self.url)
        return int(found.out) if found.status in (0, 1) and found.out.strip() else 0

    def wait_count(self, n, *operands, seconds=WAIT):
        wait_until(lambda: self.count(*operands) >= n, f"{n} records in {self.name}", seconds, 0.2)


class Shipper(Program):
    def __init__(self, place, collector, *globs, name="shipper", state=None, options=(), settings=None):
        """collector: one, a URL, or None: outputs.collector is off."""
        self.state = pathlib.Path(state or place.folder / f"{name}.state")
        self.socket = place.folder / f"{name}.sock"
        self.url = f"unix://{self.socket}"
        config = place.configuration(name, {"shipper.spool.keep_free": "off", "shipper.flush": "100ms",
                                            "shipper.socket": self.socket,
                                            **({} if collector else {"outputs.collector": "off"}), **(settings or {})})
        to = ["--collector", getattr(collector, "url", collector)] if collector else []
        super().__init__(place, name, ["ship", "-c", config, "--state", self.state, *to, *options, *globs])

    def wait_idle(self, seconds=WAIT):
        """All that is in the files was read and joined, and all that is in the spool acknowledged."""
        wait_until(lambda: self.metric("sluice_lag_bytes") == 0 and self.metric("sluice_spool_oldest_seconds") == 0
                   and self.metric("sluice_blocks_total") > 0,
                   f"{self.name} has sent all", seconds)


Run = collections.namedtuple("Run", "status out err")


def run(*arguments, stdin=None, seconds=WAIT, env=None):
    """One command to its end."""
    command = [SLUICE] + [str(a) for a in arguments]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, env=environment(**(env or {})),
                              timeout=seconds * (10 if SOAK else 1))
    except subprocess.TimeoutExpired:
        raise Failure(f"still runs after {seconds} s: {command}") from None
    text = done.stderr.decode(errors="replace")
    check(not BAD_WORDS.search(text), f"{command}: {text}")
    return Run(done.returncode, done.stdout, text)


# ---- what is found ----

Record = collections.namedtuple("Record", "labels line part ref")


def records_of(*arguments, status=0):
    """All records as `sluice grep` gives them; arguments: --collector URL, --store DIR, operands."""
    command = [SLUICE, "grep", "", *map(str, arguments), "--output", "json"]
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                              env=environment()) as grep:
            for text in grep.stdout:
                found = json.loads(text)
                line = found["line"].encode() if "line" in found else base64.b64decode(found["line_base64"])
                yield Record(found["labels"], line, found.get("part"), found["ref"])
        errors.seek(0)
        check(grep.returncode == status, f"{command}: exit {grep.returncode}, {errors.read().decode(errors='replace')}")


def lines_found(*arguments, status=0):
    """{file: [line, ...]}; parts of long lines are put together."""
    files = collections.defaultdict(list)
    for record in records_of(*arguments, status=status):
        lines = files[record.labels.get("file", record.labels.get("source", ""))]
        if record.part in ("middle", "last"):
            lines[-1] += record.line
        else:
            lines.append(record.line)
    return files


def differences(expected, found):
    """What is wrong with the lines of one file, in words; all lines of expected are unlike."""
    places = {line: i for i, line in enumerate(expected)}
    counts = collections.Counter(found)
    missing = [i for line, i in places.items() if line not in counts]
    doubled = [places[line] for line, n in counts.items() if n > 1 and line in places]
    altered = [line for line in counts if line not in places]
    order = [places[line] for line in dict.fromkeys(found) if line in places]
    turned = [b for a, b in itertools.pairwise(order) if b < a]
    problems = []
    for what, places_of in (("missing", missing), ("doubled", doubled), ("out of order", turned)):
        if places_of:
            problems.append(f"{len(places_of)} {what}: {ranges(places_of)}")
    if altered:
        problems.append(f"{len(altered)} that were never written, such as {altered[0][:200]!r}")
    return problems


def ranges(numbers):
    """1-3 7 9-12"""
    parts = []
    for n in sorted(numbers):
        if parts and parts[-1][1] == n - 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return " ".join(f"{a}-{b}" if a != b else str(a) for a, b in parts[:20]) + (" ..." if len(parts) > 20 else "")


def verify(expected, *arguments, status=0):
    """expected: {file: [line, ...]}; raises with what is missing, doubled, out of order or altered."""
    found = lines_found(*arguments, status=status)
    problems = [f"{name}: {problem}" for name, lines in expected.items()
                for problem in differences(lines, found.get(str(name), []))]
    names = {str(name) for name in expected}
    problems += [f"{name}: {len(lines)} lines of a file that was never written" for name, lines in found.items()
                 if name not in names]
    check(not problems, "\n".join(problems[:40]))


# ---- files ----

def numbered(name, first, n, length=60):
    """Lines first .. first + n - 1, each like no other. With the x sixteen digits are no card."""
    return [f"{name} {i:09d} x{hashlib.sha1(f'{name}{i}'.encode()).hexdigest() * (1 + length // 40)}"
            [:max(length, len(name) + 10)].encode() for i in range(first, first + n)]


def append(path, lines):
    with open(path, "ab") as f:
        f.write(b"".join(line + b"\n" for line in lines))


def flip_bytes(path, at, n=8):
    with open(path, "r+b") as f:
        f.seek(at)
        old = f.read(n)
        f.seek(at)
        f.write(bytes(b ^ 0xFF for b in old))


# ---- a small disk ----

CLONE_NEWNS, CLONE_NEWUSER, MS_REC, MS_PRIVATE = 0x20000, 0x10000000, 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def own_mounts():
    """From here on mounts are this process's and its children's own, and go with them."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNS | (0 if user == 0 else CLONE_NEWUSER)) != 0:
        raise Skip("needs root or user namespaces for a small disk")
    if user != 0:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise Skip("needs root or user namespaces for a small disk")


def mount_small_disk(folder, size):
    folder.mkdir()
    if libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, f"size={size}".encode()) != 0:
        raise Skip(f"no tmpfs can be mounted: {os.strerror(ctypes.get_errno())}")
    return folder


# ---- cases ----

class Place:
    """The folder of a case, and the programs in it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flow-"))
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.programs = []
        atexit.register(self.end)

    def configuration(self, name, settings):
        path = self.folder / f"{name}.yml"
        # The containers of the machine that runs the tests are nobody's business.
        off = {f"shipper.sources.{kind}": "off" for kind in ("docker", "kubernetes", "podman")
               if not any(key.startswith(f"shipper.sources.{kind}") for key in settings)}
        path.write_text(configuration({"log.format": "text", **off, **settings}))
        return path

    def collector(self, **options):
        return Collector(self, **options)

    def shipper(self, collector, *globs, **options):
        """Without globs: all of logs/."""
        return Shipper(self, collector, *(globs or [self.logs / "*.log*"]), **options)

    def end(self):
        for program in self.programs:
            program.end()

    def check_health(self):
        for p in self.programs:
            check(not BAD_WORDS.search(p.log()), f"{p.name} reports a fault in itself")
            if p.process and not p.expects_end:
                check(p.is_running(), f"{p.name} ended by itself with status {p.process.poll()}")

    def remove(self):
        self.end()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def explain(self):
        for p in self.programs:
            lines = p.log().splitlines()
            faults = [i for i, line in enumerate(lines) if BAD_WORDS.search(line)]
            shown = lines[faults[0]:faults[0] + 2 * SHOWN_LINES] if faults else lines[-SHOWN_LINES:]
            print("\n".join([f"--- {p.name}"] + shown))


cases = []


def case(title):
    def register(function):
        cases.append((title, function))
        return function
    return register


def run_case(number, title, function):
    start, place, skipped = time.monotonic(), Place(), ""
    try:
        function(place)
        place.check_health()
        good = True
    except Skip as reason:
        good, skipped = True, f" # SKIP {reason}"
    except BaseException as error:
        good = False
        text = str(error) if isinstance(error, Failure) else traceback.format_exc().rstrip()
        print(text)
        place.explain()
        if isinstance(error, KeyboardInterrupt):
            raise
    finally:
        place.remove()
    seconds = f" ({time.monotonic() - start:.1f} s)"
    print(f"{'' if good else 'not '}ok {number} - {title}{seconds}{skipped}", flush=True)
    return good


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell; children inherit that
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [c for c in cases if part in c[1].__name__]
    results = [run_case(i + 1, *c) for i, c in enumerate(chosen)]
    print(f"1..{len(chosen)}")
    sys.exit(0 if all(results) and results else 1)
