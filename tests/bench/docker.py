#!/usr/bin/env python3
"""What users feel of Sluice beside containers, in figures: how soon the first line is found, what an idle shipper costs,
what a hundred files at full speed cost, how soon `tail -f` shows a line. `make bench-docker`; SECONDS=60 of watching.

The first and the last need an engine (tests/docker/engine.py), the others only folders as Docker lays them out. Exit status 1:
a figure is over its target.
"""
import hashlib, json, os, pathlib, re, subprocess, sys, threading, time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("docker", "flow")]
import engine, flow

SECONDS = int(os.environ.get("SECONDS", 60))
FILES, LINES = 100, 20_000  # of each file
failed = False


def figure(what, value, unit, target):
    global failed
    over = value > target
    failed |= over
    print(f"{what:58} {value:8.2f} {unit:4} target <= {target:g}{'   OVER' if over else ''}", flush=True)


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


def entries(name, first, n):
    """Bytes of n entries of the json-file driver."""
    now = time.time()
    return "".join(
        '{"log":"{\\"level\\":30,\\"requestId\\":\\"%s-%d\\",\\"msg\\":\\"request completed\\",\\"responseTime\\":%d}\\n",'
        '"stream":"stdout","time":"%s.%09dZ"}\n' % (name, i, i * 37 % 180, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)), i)
        for i in range(first, first + n)).encode()


def parts(place, folder):
    """Collector and shipper of a folder of containers, with the shipper's own settings."""
    collector = place.collector().start()
    shipper = flow.Shipper(place, collector, settings={
        "shipper.sources.docker.paths": [folder], "shipper.sources.docker.projects": "all", "shipper.sources.podman": "off",
        "shipper.sources.kubernetes": "off", "shipper.flush": "1s"}).start()
    return collector, shipper


def memory(program, field):
    """MiB."""
    status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    return int(re.search(field + r":\s+(\d+) kB", status)[1]) / 1024


def cpu_seconds(program):
    words = pathlib.Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def idle(place):
    folder = place.folder / "containers"
    for i in range(20):
        container_folder(folder, f"idle{i}").write_bytes(entries(f"idle{i}", 0, 100))
    collector, shipper = parts(place, folder)
    collector.wait_count(2000)
    time.sleep(5)
    before = cpu_seconds(shipper)
    time.sleep(SECONDS)
    figure(f"idle shipper, 20 containers, {SECONDS} s: CPU", (cpu_seconds(shipper) - before) / SECONDS * 100, "%", 0.2)
    figure("idle shipper, 20 containers: memory", memory(shipper, "VmRSS"), "MiB", 8)


def full_speed(place):
    folder = place.folder / "containers"
    logs = [container_folder(folder, f"busy{i}") for i in range(FILES)]
    collector, shipper = parts(place, folder)
    start = time.monotonic()
    for first in range(0, LINES, 1000):
        piece = entries("busy", first, 1000)
        for log in logs:
            with open(log, "ab") as file:
                file.write(piece)
    collector.wait_count(FILES * LINES, seconds=600)
    seconds, size = time.monotonic() - start, sum(log.stat().st_size for log in logs)
    figure(f"shipper, {FILES} files, {size / 1e6 / seconds:.0f} MB/s: most memory", memory(shipper, "VmHWM"), "MiB", 24)
    figure("collector at the same time: most memory", memory(collector, "VmHWM"), "MiB", 96)


def time_to_value(place):
    project = engine.Project(place, "first")
    project.build()
    start = time.monotonic()
    project.up()
    flow.wait_until(lambda: project.count("request completed", "api"), "a line is found", 120, 0.2)
    figure("from `compose up` to a found line, the image being built", time.monotonic() - start, "s", 60)
    show_time(project)


def show_time(project):
    """From a container's write to the line of `tail -f`: the service says when it wrote."""
    container = project.engine.docker(
        "run", "-d", "--label", f"com.docker.compose.project={project.name}", "--label", "com.docker.compose.service=clock",
        engine.BASE_IMAGE, "sh", "-c", f'i=0; while [ $i -lt {SECONDS * 10} ]; do echo "now $(date +%s.%N)"; i=$((i+1)); sleep 0.1; done')
    project.foreign.append(container.decode().strip())
    delays = []
    tail = subprocess.Popen(["docker", "--host", project.engine.address, "exec", project.container("sluice"),
                             "sluice", "tail", "-f", "-n", "0", "-h", "clock"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
    threading.Timer(SECONDS + 10, tail.kill).start()
    for line in tail.stdout:
        delays.append(time.time() - float(line.split()[1]))
    delays.sort()
    flow.check(len(delays) > SECONDS * 5, f"{len(delays)} lines were shown")
    figure(f"write to visible in `tail -f`, {len(delays)} lines: median", delays[len(delays) // 2], "s", 2)
    figure(f"write to visible in `tail -f`, {len(delays)} lines: p99", delays[len(delays) * 99 // 100], "s", 2)


def main():
    for measure in (idle, full_speed, time_to_value):
        place = flow.Place()
        try:
            measure(place)
        except flow.Skip as reason:
            print(f"not measured: {measure.__name__}: {reason}")
        except flow.Failure:
            place.explain()
            raise
        finally:
            place.remove()
    return 1 if failed else 0


sys.exit(main())
