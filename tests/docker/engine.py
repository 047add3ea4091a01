"""Harness of the tests with a real Docker engine: an engine of its own (containerd and dockerd with their own
folders and sockets, ended by their ids), Debian as its only base image, compose projects in it, and services
that write lines which are like no other and account for them.

The engine lives in build/docker and is kept, so that a second run finds its layers; the base image is made by
debootstrap once for the user ($XDG_CACHE_HOME/sluice-tests). Nothing of another engine on the machine is
touched: no bridge, no firewall rule, no configuration file of it. Where an engine of its own cannot be, the one that answers
`docker info` is taken; where none does, the tests are skipped.
"""
import atexit, collections, fcntl, hashlib, json, os, pathlib, re, shutil, signal, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
import flow
from flow import TREE, Failure, Skip, check, wait_until

CAP_SYS_ADMIN = 21
BASE_IMAGE = "debian:bookworm-slim"
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
HOME = TREE / "build/docker"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sluice-tests"
MNT_DETACH = 2
os.environ["PATH"] += ":/usr/sbin:/sbin"
SLOW = 600  # seconds for what loads packages or compiles


def environment(**more):
    """Without PYTHONPATH: docker-compose is written in Python too."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE", "DOCKER_", "COMPOSE_", "PYTHON"))}
    return dict(clean, LC_ALL="C.UTF-8", **more)


def call(command, seconds=flow.WAIT, status=0, env=None, input=None):
    """Runs a command to its end; its standard output as bytes. status: what it must be, or None for any."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, env=env or environment(), input=input,
                              **({} if input is not None else {"stdin": subprocess.DEVNULL}))
    except subprocess.TimeoutExpired:
        raise Failure(f"still runs after {seconds} s: {' '.join(command)}") from None
    errors = done.stderr.decode(errors="replace")
    check(status is None or done.returncode == status,
          f"{' '.join(command)}: exit {done.returncode}\n{errors[-3000:]}{done.stdout[-2000:].decode(errors='replace')}")
    return done.stdout


# ---- the engine ----

def why_no_own_engine():
    missing = [name for name in ("dockerd", "containerd", "docker", "debootstrap") if not shutil.which(name)]
    if missing:
        return f"there is no {', no '.join(missing)} here"
    if os.getuid() != 0:
        return "not root"
    capabilities = re.search(r"CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    return "" if int(capabilities, 16) >> CAP_SYS_ADMIN & 1 else "root without CAP_SYS_ADMIN"


class Daemon:
    """A process of the engine, with its log."""

    def __init__(self, name, command, env):
        self.name, self.log = name, HOME / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=env)

    def tail(self):
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(line[:300] for line in lines[-15:])

    def wait_socket(self, path, seconds):
        def is_there():
            check(self.process.poll() is None, f"{self.name} ended by itself:\n{self.tail()}")
            return path.exists()
        wait_until(is_there, f"{self.name} has its socket {path}", seconds)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class OwnEngine:
    """containerd and dockerd. Sockets and runtime state lie in a short path of /run that belongs to this tree, so that
    what an interrupted run left behind is found again, and ended, by the next."""

    is_own = True

    def __init__(self):
        HOME.mkdir(parents=True, exist_ok=True)
        self.lock = open(HOME / "lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.root = HOME / "data"
        self.run = pathlib.Path("/run/sluice-tests-" + hashlib.sha1(str(TREE).encode()).hexdigest()[:8])
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.daemons = []
        for path in self.run.glob("*.sock"):
            path.unlink()
        atexit.register(self.stop)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.start()
        self.docker("info")
        self.clear()
        self.load_base()

    def start(self):
        containerd, dockerd = self.run / "containerd.sock", self.run / "docker.sock"
        (HOME / "containerd.toml").write_text(
            f'version = 2\nroot = "{HOME / "containerd"}"\nstate = "{self.run / "containerd"}"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{containerd}"\n')
        (HOME / "daemon.json").write_text("{}\n")
        env = environment()
        self.launch("containerd", ["containerd", "--config", HOME / "containerd.toml"], containerd, env)
        self.launch("dockerd", [
            "dockerd", "--config-file", HOME / "daemon.json", "--host", f"unix://{dockerd}", "--containerd", containerd,
            "--data-root", self.root, "--exec-root", self.run / "docker", "--pidfile", self.run / "docker.pid",
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--userland-proxy=false",
            "--default-address-pool", "base=10.213.0.0/16,size=24", "--shutdown-timeout", "5"], dockerd, env)
        self.address = f"unix://{dockerd}"

    def launch(self, name, command, socket, env):
        daemon = Daemon(name, command, env)
        self.daemons.append(daemon)
        daemon.wait_socket(socket, 60)

    def docker(self, *arguments, **options):
        return call(["docker", "--host", self.address, *arguments], **options)

    def clear(self):
        """No container, network or volume; images stay."""
        containers = self.docker("ps", "-aq").decode().split()
        if containers:
            self.docker("rm", "-f", *containers)
        self.docker("network", "prune", "-f")
        volumes = self.docker("volume", "ls", "-q").decode().split()
        if volumes:
            self.docker("volume", "rm", "-f", *volumes)

    def load_base(self):
        """Images of old runs go; those of today are the layers of the next build."""
        self.docker("image", "prune", "-f", "--filter", "until=24h")
        if not self.docker("images", "-q", BASE_IMAGE).strip():
            with open(base_archive(), "rb") as archive:
                self.docker("import", "-", BASE_IMAGE, input=archive.read(), seconds=SLOW)

    def stop(self):
        try:
            if len(self.daemons) == 2 and self.daemons[1].process.poll() is None:
                self.clear()
        finally:
            for daemon in reversed(self.daemons):
                daemon.stop()
            self.daemons = []
            self.unmount()
            shutil.rmtree(self.run, ignore_errors=True)

    def unmount(self):
        """What a killed dockerd left, innermost first: else build/ could not be removed."""
        points = [line.split()[4] for line in open("/proc/self/mountinfo")]
        for point in sorted(points, reverse=True):
            if point.startswith((str(HOME) + "/", str(self.run) + "/")):
                flow.libc.umount2(point.encode(), MNT_DETACH)


class FoundEngine:
    """The machine's engine. Only what the tests make is removed from it."""

    is_own = False

    def __init__(self):
        self.address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        self.root = pathlib.Path(self.docker("info", "--format", "{{.DockerRootDir}}", seconds=20).decode().strip())

    docker = OwnEngine.docker


def base_archive():
    """A tar file of Debian as debootstrap makes it, with the mirror and the proxies that apt has here."""
    archive = CACHE / "debian-bookworm.tar"
    if archive.exists() and time.time() - archive.stat().st_mtime < 7 * 86400:
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    folder, mirror, proxies = CACHE / "debian-bookworm", apt_mirror(), apt_proxies()
    shutil.rmtree(folder, ignore_errors=True)
    more = ["--include=ca-certificates"] if mirror.startswith("https") else []
    env = environment(**{f"{scheme}_proxy": url for scheme, url in proxies.items()})
    print(f"making {archive} with debootstrap", flush=True)
    try:
        call(["debootstrap", "--variant=minbase", *more, "bookworm", folder, mirror], seconds=SLOW, env=env)
    except Failure as failure:
        raise Skip("no base image: " + str(failure).splitlines()[-1]) from None
    (folder / "etc/apt/apt.conf.d/90proxy").write_text(
        "".join(f'Acquire::{scheme}::Proxy "{url}";\n' for scheme, url in proxies.items()))
    for path in (folder / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()
    call(["tar", "-C", folder, "-cf", archive.with_suffix(".part"), "."], seconds=SLOW)
    archive.with_suffix(".part").rename(archive)
    shutil.rmtree(folder)
    return archive


def apt_mirror():
    """Where apt of this machine finds bookworm, or Debian's own address."""
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"],
                             capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    found = re.search(r"^(https?://\S+) bookworm main$", targets, re.M)
    return found[1] if found else "http://deb.debian.org/debian"


def apt_proxies():
    settings = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return dict(re.findall(r'^Acquire::(https?)::Proxy "([^"]+)";', settings, re.M | re.I))


_engine, _reason = None, ""


def the_engine():
    """The engine of this process, started when it is first asked for."""
    global _engine, _reason
    if _reason:
        raise Skip(_reason)
    if _engine is None:
        reason = why_no_own_engine()
        try:
            _engine = FoundEngine() if reason else OwnEngine()
        except (OSError, Failure, Skip) as error:
            if not reason and not isinstance(error, Skip):
                raise
            _reason = f"no engine of its own ({reason}), and docker info does not answer" if reason else str(error)
            raise Skip(_reason) from None
    return _engine


# ---- compose projects ----

def compose_command():
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return ["docker", "compose"]
    if not shutil.which("docker-compose"):
        raise Skip("there is no docker compose and no docker-compose")
    return ["docker-compose"]


Record = collections.namedtuple("Record", "labels line time")


class Project:
    """deploy/compose.yml, or another file, with what a case adds to it (a tree as YAML has it), in a project. It stands
    among the programs of its place, which ends it."""

    process = None

    def __init__(self, place, name, more=None, file=TREE / "deploy/compose.yml", env=None):
        self.engine = the_engine()
        self.name = name if self.engine.is_own else f"{name}-{os.getpid()}"
        override = place.folder / f"{name}.json"
        # The network of an engine without bridge and firewall rules ends at the machine: a build takes the machine's.
        build = {"build": {"network": "host", "args": {k: os.environ[k] for k in PROXIES if k in os.environ}}}
        tree = dict(more or {})
        if self.engine.is_own:
            services = tree.setdefault("services", {})
            services["sluice"] = {**build, **services.get("sluice", {})}
        self.more_parts = [name for name in tree.get("services", {}) if name == "shipper"]
        override.write_text(json.dumps(tree))
        self.files = ["-f", file, "-f", override]
        self.env = environment(DOCKER_HOST=self.engine.address, DOCKER_CONTAINERS=str(self.engine.root / "containers"),
                               **(env or {}))
        self.foreign, self.known, self.ended = [], {}, False
        place.programs.append(self)

    def change(self, more):
        """Other additions from now on, for services that are there."""
        path = self.files[-1]
        tree = json.loads(path.read_text())
        for service, what in more["services"].items():
            tree["services"][service].update(what)
        path.write_text(json.dumps(tree))

    def compose(self, *arguments, **options):
        return call([*compose_command(), "-p", self.name, *self.files, *arguments], env=self.env, **options)

    def build(self):
        self.compose("build", "sluice", seconds=SLOW)

    def up(self, *services):
        self.build()
        self.compose("up", "-d", *services, seconds=120)
        self.known = {}
        return self

    def run_foreign(self, *command, options=()):
        """A container that is no part of the project; its id."""
        container = self.engine.docker("run", "-d", *options, BASE_IMAGE, *command).decode().strip()
        self.foreign.append(container)
        return container

    def container(self, service):
        """The id of its one container, which lasts from `up` to `down`."""
        if service not in self.known:
            [self.known[service]] = self.compose("ps", "-q", service).decode().split()
        return self.known[service]

    def inspect(self, service, form):
        return self.engine.docker("inspect", "-f", form, self.container(service)).decode().strip()

    def wait_healthy(self, seconds=120):
        wait_until(lambda: self.inspect("sluice", "{{.State.Health.Status}}") == "healthy", "sluice is healthy",
                   seconds, 0.5)

    def kill(self, service):
        """As a crash: by the process's id, since an engine does not restart what `docker kill` ended."""
        if not self.engine.is_own:
            raise Skip("needs root to kill a process of a container")
        before = self.inspect(service, "{{.State.Pid}} {{.RestartCount}}").split()
        check(int(before[0]) > 1, f"{service} runs")
        os.kill(int(before[0]), signal.SIGKILL)
        wait_until(lambda: self.inspect(service, "{{.State.Running}} {{.RestartCount}}") == f"true {int(before[1]) + 1}",
                   f"{service} was started again")

    def restart(self, service):
        self.engine.docker("restart", "-t", "30", self.container(service), seconds=120)

    def sluice(self, *arguments, status=0, seconds=flow.WAIT):
        """A command in the running container of Sluice."""
        return self.compose("exec", "-T", "sluice", "sluice", *arguments, status=status, seconds=seconds)

    def count(self, *arguments):
        """0 while nothing answers."""
        out = self.sluice("grep", "-c", *arguments, status=None).strip()
        return int(out) if out.isdigit() else 0

    def records(self, *arguments):
        """All that is stored, found through the running container."""
        return records_in(self.sluice("grep", "", *arguments, "--output", "json", seconds=SLOW))

    def stored(self):
        """All that is stored, when the project is down, found in its volume."""
        return records_in(self.compose("run", "--rm", "--no-deps", "-T", "sluice", "grep", "", "--store",
                                       "/var/lib/sluice/collector", "--output", "json", seconds=SLOW))

    def address(self):
        """The container's own address on its network."""
        return self.inspect("sluice", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    def log(self):
        """What Sluice says itself, also as a service `shipper`."""
        return self.compose("logs", "--no-color", "--tail", "200", "sluice", *self.more_parts, status=None).decode(errors="replace")

    def down(self, *options):
        """The engine may still count a container as part of the network whose end it has just told."""
        for is_last in (False, False, True):
            try:
                self.compose("down", *options, seconds=180)
                return
            except Failure as failure:
                if is_last or "has active endpoints" not in str(failure):
                    raise
            time.sleep(1)

    def end(self):
        if self.ended:
            return
        self.ended = True
        if self.foreign:
            self.engine.docker("rm", "-f", *self.foreign, status=None)
        self.compose("down", "-v", "--remove-orphans", "-t", "1", *([] if self.engine.is_own else ["--rmi", "local"]),
                     status=None, seconds=180)


def records_in(out):
    found = []
    for text in out.splitlines():
        record = json.loads(text)
        found.append(Record(record["labels"], record.get("line", ""), record.get("time")))
    return found


# ---- services that account for their lines (writer.sh) ----

WORDS = {"out": "a payment was accepted by the bank", "err": "a payment was refused by the bank"}
LONG = "0" * 20000


def line_of(name, run, i):
    """(stream, line) of a writer, as writer.sh makes it."""
    stream = "err" if i % 10 == 7 else "out"
    return stream, f"{name} {run} {i} {stream} {LONG if i % 1000 == 500 else WORDS[stream]}"


class Writers:
    """Services of a project, by name, and what they have written."""

    def __init__(self, place):
        self.out = place.folder / "out"
        self.out.mkdir()

    def service(self, name, burst, pause, total="", driver="json-file", **options):
        """A service for Project(more={"services": {name: ...}}); options are those of the logging driver."""
        return {"image": BASE_IMAGE, "command": ["sh", "/writer.sh", name, str(burst), str(pause), str(total)],
                "volumes": [f"{TREE}/tests/docker/writer.sh:/writer.sh:ro", f"{self.out}:/out"],
                "depends_on": ["sluice"],
                "logging": {"driver": driver, "options": {k.replace("_", "-"): str(v) for k, v in options.items()}}}

    def runs(self, name):
        """[(run, lines written), ...] in the order of time."""
        return sorted((path.suffix[1:], int(path.read_text() or 0)) for path in self.out.glob(name + ".*"))

    def payments(self):
        """How many of the lines speak of a payment: all but the long ones, of which each run has its own."""
        written = [int(path.read_text() or 0) for path in self.out.iterdir()]
        return sum(n - (n + 500) // 1000 for n in written)

    def count(self):
        return sum(int(path.read_text() or 0) for path in self.out.iterdir())

    def verify(self, records, names):
        """Every line of every run of these services exactly once, unaltered, each stream in its order."""
        found = collections.defaultdict(list)
        for record in records:
            words = record.line.split(" ", 4)
            found[record.labels.get("service"), words[3] if len(words) == 5 else ""].append(record.line)
        problems = []
        for name in names:
            lines = [line_of(name, run, i) for run, n in self.runs(name) for i in range(1, n + 1)]
            check(lines, f"{name} wrote lines")
            for stream in ("out", "err"):
                expected = [line for of, line in lines if of == stream]
                problems += [f"{name} {stream}: {problem}"
                             for problem in flow.differences(expected, found.pop((name, stream), []))]
            problems += [f"{name}: {len(lines)} lines that were never written, such as {lines[0][:200]!r}"
                         for (service, _), lines in found.items() if service == name]
        check(not problems, "\n".join(problems[:40]))
