#!/usr/bin/env python3
"""Containers, as their engines lay them out on disk: every line of every lane once, whole and in order, through rotation,
crashes, lost state and removal; what each is called; what is not read, and why. (tests/docker has a real engine.)"""
import json, random, shutil, signal, threading, time

import flow
from engines import LANES, PIECE, Container, shipper_of


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
