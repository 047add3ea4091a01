"""How things are measured: CPU, wall time and memory of processes, beside a reference in turn; and the parts of a chain."""
import os, pathlib, re, resource, subprocess, threading, time

import corpus, flow

BEST_OF = 7


def run_once(command, **more):
    """CPU (user + system) and wall time in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **more)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def cpu(command, **more):
    return min(run_once(command, **more)[0] for _ in range(BEST_OF))


def walls(*commands):
    """The best wall time of each; they take turns, so that what else the machine does hits all of them."""
    rounds = [[run_once(command)[1] for command in commands] for _ in range(BEST_OF)]
    return [min(times) for times in zip(*rounds)]


def output_size(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        return sum(len(piece) for piece in iter(lambda: process.stdout.read(1 << 20), b""))


def memory(program, field):
    """MiB."""
    status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    return int(re.search(field + r":\s+(\d+) kB", status)[1]) / 1024


def cpu_seconds(program):
    words = pathlib.Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# ---- a chain ----

def shipper_of(place, collector, folder, name="", settings=None):
    """Of a folder of containers, with the shipper's own settings but for those."""
    return flow.Shipper(place, collector, name=f"shipper{name}", settings={
        "shipper.sources.docker.paths": [folder], "shipper.sources.docker.projects": "all", "shipper.sources.podman": "off",
        "shipper.sources.kubernetes": "off", "shipper.flush": "1s", **(settings or {})})


def parts(place, folder, name=""):
    """Collector and shipper of it, started."""
    collector = place.collector(name=f"collector{name}").start()
    return collector, shipper_of(place, collector, folder, name).start()


def entries(name, first, n):
    """Bytes of n entries of the json-file driver."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    return "".join(
        '{"log":"{\\"level\\":30,\\"requestId\\":\\"%s-%d\\",\\"msg\\":\\"request completed\\",\\"responseTime\\":%d}\\n",'
        '"stream":"stdout","time":"%s.%09dZ"}\n' % (name, i, i * 37 % 180, now, i)
        for i in range(first, first + n)).encode()


def idle(place, seconds):
    """A shipper of 20 containers that write nothing: share of a core, MiB."""
    folder = place.folder / "idle"
    for i in range(20):
        corpus.container_folder(folder, f"idle{i}").write_bytes(entries(f"idle{i}", 0, 100))
    collector, shipper = parts(place, folder, "-idle")
    collector.wait_count(2000)
    time.sleep(5)
    before = cpu_seconds(shipper)
    time.sleep(seconds)
    figures = (cpu_seconds(shipper) - before) / seconds, memory(shipper, "VmRSS")
    shipper.stop()
    collector.stop()
    return figures


def full_speed(place, files=100, lines=20_000):
    """So many containers that write as fast as they can: most MiB of shipper and collector, and MB a second."""
    folder = place.folder / "busy"
    logs = [corpus.container_folder(folder, f"busy{i}") for i in range(files)]
    collector, shipper = parts(place, folder, "-busy")
    start = time.monotonic()
    for first in range(0, lines, 1000):
        piece = entries("busy", first, 1000)
        for log in logs:
            with open(log, "ab") as file:
                file.write(piece)
    collector.wait_count(files * lines, seconds=600)
    speed = sum(log.stat().st_size for log in logs) / 1e6 / (time.monotonic() - start)
    figures = memory(shipper, "VmHWM"), memory(collector, "VmHWM"), speed
    shipper.stop()
    collector.stop()
    return figures


def delays_of(tail, seconds):
    """How long the lines "now TIME" took that a `tail -f` shows until then, in ascending order."""
    delays = []
    threading.Timer(seconds, tail.kill).start()
    for line in tail.stdout:
        delays.append(time.time() - float(line.split()[1]))
    return sorted(delays)


def show_time(place, seconds):
    """From a write into a container's log to the line of `tail -f`, ten times a second; in ascending order."""
    log = corpus.container_folder(place.folder / "clock", "clock")
    collector, shipper = parts(place, place.folder / "clock", "-clock")
    tail = subprocess.Popen([flow.SLUICE, "tail", "-f", "-n", "0", "-h", "--collector", collector.url],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def write():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = time.time()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e9):09d}"
            with open(log, "a") as file:
                file.write(f'{{"log":"now {now:.6f}\\n","stream":"stdout","time":"{stamp}Z"}}\n')
            time.sleep(0.1)
    writer = threading.Thread(target=write)
    writer.start()
    delays = delays_of(tail, seconds + 5)
    writer.join()
    shipper.stop()
    collector.stop()
    return delays
