#!/usr/bin/env python3
"""What users feel of Sluice beside containers, in figures: how soon the first line is found, what an idle shipper costs,
what a hundred files at full speed cost, how soon `tail -f` shows a line. `make bench-docker`; SECONDS=60 of watching.

The first and the last need an engine (tests/docker/engine.py), the others only folders as Docker lays them out. Exit status 1:
a figure is over its target.
"""
import os, pathlib, subprocess, sys, time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("docker", "flow")]
import engine, flow, measure

SECONDS = int(os.environ.get("SECONDS", 60))
failed = False


def figure(what, value, unit, target):
    global failed
    over = value > target
    failed |= over
    print(f"{what:58} {value:8.2f} {unit:4} target <= {target:g}{'   OVER' if over else ''}", flush=True)


def idle(place):
    share, mib = measure.idle(place, SECONDS)
    figure(f"idle shipper, 20 containers, {SECONDS} s: CPU", share * 100, "%", 0.2)
    figure("idle shipper, 20 containers: memory", mib, "MiB", 8)


def full_speed(place):
    shipper, collector, speed = measure.full_speed(place)
    figure(f"shipper, 100 files, {speed:.0f} MB/s: most memory", shipper, "MiB", 24)
    figure("collector at the same time: most memory", collector, "MiB", 96)


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
    tail = subprocess.Popen(["docker", "--host", project.engine.address, "exec", project.container("sluice"),
                             "sluice", "tail", "-f", "-n", "0", "-h", "clock"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
    delays = measure.delays_of(tail, SECONDS + 10)
    flow.check(len(delays) > SECONDS * 5, f"{len(delays)} lines were shown")
    figure(f"write to visible in `tail -f`, {len(delays)} lines: median", delays[len(delays) // 2], "s", 2)
    figure(f"write to visible in `tail -f`, {len(delays)} lines: p99", delays[len(delays) * 99 // 100], "s", 2)


def main():
    for part in (idle, full_speed, time_to_value):
        place = flow.Place()
        try:
            part(place)
        except flow.Skip as reason:
            print(f"not measured: {part.__name__}: {reason}")
        except flow.Failure:
            place.explain()
            raise
        finally:
            place.remove()
    return 1 if failed else 0


sys.exit(main())
