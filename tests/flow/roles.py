#!/usr/bin/env python3
"""The program in its roles: both parts in one process, what they say about themselves, configurations that
are checked and read again, and word to the service manager."""
import contextlib, json, os, pathlib, signal, socket, subprocess, time

import flow


class Up(flow.Collector):
    """`sluice up`; url and count are those of its collector."""

    def __init__(self, place, name="up", settings=None, globs=None, env=None, options=()):
        super().__init__(place, name)
        self.arguments = ["up", "-c", place.folder / f"{name}.yml", "--data", self.data, "--state",
                          place.folder / f"{name}.state", "--socket", self.socket, "--listen", "off", *options]
        self.env = env or {}
        self.shipper_socket = self.socket.parent / "shipper.sock"
        self.settings = {"collector.retention.keep_free": "off", "shipper.spool.keep_free": "off",
                         "shipper.flush": "100ms",
                         "shipper.sources.files": [{"path": f'"{g}"'} for g in globs or [place.logs / "*.log*"]],
                         **(settings or {})}
        self.configure()

    def configure(self, **more):
        self.settings |= {key.replace("__", "."): value for key, value in more.items()}
        return self.place.configuration(self.name, self.settings)

    def ship_metric(self, name):
        answer = flow.http_call(f"unix://{self.shipper_socket}", "GET", "/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in answer.splitlines() if line.startswith(name + " "))

    def status(self, *arguments):
        return flow.run("status", "--collector", self.url, *arguments)


# ---- both in one process ----

@flow.case("up: a line is found; both sockets answer; status is ok; the sockets are gone at the end")
def up_finds(place):
    up = Up(place).start()
    flow.append(place.logs / "a.log", [b"needle in a log"])
    up.wait_count(1)
    found = flow.run("grep", "needle", "--collector", up.url)
    flow.check(found.status == 0 and b"needle in a log" in found.out, f"found: {found}")
    shown = up.status()
    flow.check(shown.status == 0 and "collector  ok" in shown.out.decode() and "shipper    ok" in shown.out.decode()
               and f"file:{place.logs}/a.log" in shown.out.decode(), f"status: {shown}")
    flow.check(up.status("--check") == flow.Run(0, b"", ""), "status --check says nothing and exits with 0")
    flow.check(up.stop() == 0, "exit status 0")
    flow.check(not up.socket.exists() and not up.shipper_socket.exists(), "no socket is left")


@flow.case("up: SIGTERM reads to the end: what was written just before is in the store when it has ended")
def up_drains(place):
    up = Up(place, settings={"shipper.flush": "30s"}).start()
    lines = flow.numbered("a", 0, 50000)
    flow.append(place.logs / "a.log", lines[:10])
    time.sleep(0.5)
    flow.append(place.logs / "a.log", lines[10:])
    flow.check(up.stop() == 0, "exit status 0")
    flow.verify({place.logs / "a.log": lines}, "--store", up.data)
    more = flow.numbered("a", 50000, 1000)
    flow.append(place.logs / "a.log", more)
    up.start()
    flow.check(up.stop() == 0, "exit status 0")
    flow.verify({place.logs / "a.log": lines + more}, "--store", up.data)


@flow.case("up: killed again and again while files are written: every line once")
def up_killed(place):
    up, path = Up(place), place.logs / "a.log"
    lines = flow.numbered("a", 0, 40000)
    for i in range(8):
        up.start()
        flow.append(path, lines[i * 5000:i * 5000 + 2500])
        time.sleep(0.05 + 0.07 * i)
        flow.append(path, lines[i * 5000 + 2500:(i + 1) * 5000])
        up.kill()
    up.start()
    up.wait_count(len(lines))
    flow.verify({path: lines}, "--collector", up.url)


@flow.case("up: an output that is configured elsewhere is respected, and its own store stays empty")
def up_elsewhere(place):
    there = place.collector().start()
    up = Up(place, settings={"outputs.collector.url": f'"{there.url}"'}).start()
    flow.append(place.logs / "a.log", [b"for the other one"])
    there.wait_count(1)
    flow.check(up.count() == 0, "its own collector has nothing")


@flow.case("up: a second SIGTERM ends it at once, although lines wait for a collector that is away")
def up_twice(place):
    up = Up(place, settings={"outputs.collector.url": f'"unix://{place.folder}/nobody.sock"'}).launch()
    up.wait_log("no state yet")
    there = flow.Collector(place, "nobody").start()  # once, so that it reads
    flow.wait_until(lambda: flow.run("status", "shipper", "--check", "--collector", up.url).status == 0, "it is ok")
    there.kill()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 100))
    flow.wait_until(lambda: up.ship_metric("sluice_spool_oldest_seconds") > 0, "something waits in the spool")
    start = time.monotonic()
    up.signal(signal.SIGTERM)
    time.sleep(0.3)
    flow.check(up.is_running(), "it tries to send")
    flow.check(up.stop() == 0 and time.monotonic() - start < 4, "the second one ends it at once")


@flow.case("up: a part that cannot start is named, and nothing goes on without it")
def up_fails(place):
    up = Up(place).start()
    other = Up(place, name="other", options=["--state", place.folder / "up.state"])
    flow.check(other.launch().wait() == 2, "exit status 2")
    flow.check("state folder" in other.log(), "the state folder is named")
    flow.check(not other.socket.exists(), "its collector's socket is gone")
    flow.check(up.is_ready(), "the first one lives")


@flow.case("up: with nothing to read it says so and runs")
def up_idle(place):
    up = Up(place, settings={"shipper.sources.files": "[]"}).start()
    up.wait_log("there is nothing to read")
    flow.check(up.status("--check").status == 0, "all is well")


# ---- status ----

@flow.case("status: ok, degraded with the reason, down, by exit status; which parts are asked")
def status_states(place):
    collector, shipper = place.collector(), place.shipper(f"unix://{place.folder}/collector.sock")
    config = place.configuration("both", {"collector.socket": collector.socket, "shipper.socket": shipper.socket})

    def status(*arguments):
        return flow.run("status", "-c", config, *arguments)

    down = status("--check", "collector", "shipper")
    flow.check(down.status == 2 and down.out.count(b": down: ") == 2, f"both are down: {down}")
    shipper.launch()
    flow.wait_until(lambda: status("--check", "shipper").status == 1, "the shipper is degraded")
    one = status("--check")
    flow.check(one == flow.Run(1, b"shipper: nothing is read yet: the collector has not answered\n", ""),
               f"only the shipper has a socket: {one}")
    shown = status().out.decode()
    flow.check(shown.startswith("shipper    degraded") and "! nothing is read yet" in shown and
               ": trying again" in shown, f"status: {shown}")
    collector.start()
    for i in range(2):
        flow.append(place.logs / "a.log", flow.numbered("a", 1000 * i, 1000))
        collector.wait_count(1000 * (i + 1))
    shipper.wait_idle()
    flow.check(status("--check") == flow.Run(0, b"", ""), "both are ok")
    flow.check(status("bucket").status == 2, "an unknown part is an error")
    collector.kill()
    down = status("--check")
    flow.check(down.status == 2 and down.out.startswith(b"collector: down: ") and down.out.count(b"\n") == 1,
               f"the collector's socket is there and nobody answers: {down}")
    flow.check(status("--check", "shipper").status == 0, "the shipper is not degraded by a minute of that")
    flow.check(status().status == 2 and b"collector  down" in status().out, "status says down too")
    flow.flip_bytes(collector.journals()[0], 300)  # with a whole frame behind it
    collector.start()
    rotten = status("--check", "collector")
    flow.check(rotten.status == 1 and b"damaged parts" in rotten.out, f"damage is told: {rotten}")


@flow.case("status --output json: numbers of both parts, sources with their lag, files that are not read")
def status_json(place):
    up = Up(place).start()
    flow.append(place.logs / "a.log", [b"x" * 99] * 100)
    (place.logs / "b.log").write_bytes(b"")
    os.mkfifo(place.logs / "c.log")
    up.wait_count(100)
    flow.wait_until(lambda: up.ship_metric("sluice_spool_oldest_seconds") == 0, "all is acknowledged")
    both = json.loads(up.status("--output", "json").out)
    collector, shipper = both["collector"], both["shipper"]
    flow.check(collector["records"] == 100 and collector["line_bytes"] == 9900 and collector["streams"] == 1 and
               collector["keep_s"] == 30 * 86400, f"collector: {collector}")
    flow.check(shipper["records"] == 100 and shipper["read_bytes"] == 9900 and shipper["lag_bytes"] == 0 and
               shipper["output"]["is_up"] and abs(shipper["output"]["clock_skew_s"]) < 5, f"shipper: {shipper}")
    rows = {row["source"]: row for row in shipper["sources"]}
    flow.check(rows[f"file:{place.logs}/a.log"] == {"source": f"file:{place.logs}/a.log", "read_bytes": 10000,
                                                    "lag_bytes": 0, "state": "ok"}, f"sources: {rows}")
    flow.check(up.status("--output", "yaml").status == 2, "another form is refused")
    answer = flow.http_call(up.url, "GET", "/api/v1/status?output=nothing")
    flow.check(answer.status == 400, "so it is over HTTP")


@flow.case("status --watch: again and again, also while a part is away")
def status_watch(place):
    up = Up(place).start()
    with subprocess.Popen([flow.SLUICE, "status", "--watch", "--collector", up.url], stdout=subprocess.PIPE,
                          env=flow.environment()) as watch:
        flow.check(watch.stdout.readline().startswith(b"collector  ok"), "it is ok")
        up.stop()
        flow.wait_until(lambda: watch.stdout.readline().startswith(b"collector  down"), "it is down", pause=0)
        up.start()
        flow.wait_until(lambda: watch.stdout.readline().startswith(b"collector  ok"), "it is ok again", pause=0)
        watch.terminate()


@flow.case("status: over TCP it needs a token that may read")
def status_token(place):
    port = flow.free_port()
    collector = place.collector(listen=f"127.0.0.1:{port}").start()
    url = f"http://127.0.0.1:{port}"
    flow.check(flow.run("status", "--collector", url, "--check").status == 2, "without a token: refused")
    read, write = collector.token("read"), collector.token("write")
    flow.check(flow.run("status", "--collector", url, "--check", "collector", env={"SLUICE_TOKEN": write}).status == 2,
               "one that may write: refused")
    flow.check(flow.run("status", "--collector", url, "--check", "collector", env={"SLUICE_TOKEN": read}).status == 0,
               "one that may read: ok")
    answer = flow.http_call(url, "POST", "/api/v1/reload", b"", {"Authorization": f"Bearer {read}"})
    flow.check(answer.status == 403, "it may not reload")


# ---- check ----

@flow.case("check: ok, or file, line and column; --show tells where each value is from, and no secrets")
def check(place):
    good = place.folder / "good.yml"
    secret = place.folder / "token"
    secret.write_text("hidden\n")
    good.write_text("shipper:\n  flush: 2s\noutputs:\n  collector: {url: \"http://a:1\", token_file: \"%s\"}\n" % secret)
    flow.check(flow.run("check", good) == flow.Run(0, f"{good}: ok\n".encode(), ""), "ok")
    shown = flow.run("check", "--show", good, env={"SLUICE_RETENTION": "3d"}).out.decode()
    places = {line.split(": ")[0]: line.rsplit("# ", 1) for line in shown.splitlines()}
    flow.check(places["shipper.flush"][1] == f"{good}:2" and "2s" in places["shipper.flush"][0], "from the file")
    flow.check(places["collector.retention.keep"][1] == "SLUICE_RETENTION" and
               " 3d " in places["collector.retention.keep"][0], "from the environment")
    flow.check(places["collector.data"][1] == "default", "a default")
    flow.check(str(secret) in shown and "hidden" not in shown, "the secret's file, not the secret")
    wrong = {"a: 1\n": "wrong.yml:1:1: unknown key 'a'",
             "shipper:\n  flsh: 1s\n": "wrong.yml:2:3: unknown key 'shipper.flsh'; did you mean 'flush'?",
             "shipper:\n  flush: 1\n": "wrong.yml:2:10: shipper.flush: '1' has no unit",
             "shipper: {sources: {files: [{path: \"/a/[b\"}]}}\n": "wrong.yml:1:29: shipper.sources.files: /a/[b: "}
    for text, error in wrong.items():
        (place.folder / "wrong.yml").write_text(text)
        result = flow.run("check", place.folder / "wrong.yml")
        flow.check(result.status == 2 and error in result.err and not result.out, f"{text!r}: {result}")
    flow.check(flow.run("check", place.folder / "none.yml").status == 2, "a file that is named must be there")
    flow.check(flow.run("check", good, good).status == 2, "one file at a time")


# ---- reload ----

@flow.case("reload: SIGHUP applies what can change, names what needs a restart, and refuses a wrong file whole")
def reload(place):
    up = Up(place, settings={"shipper.flush": "60s", "log.level": "info"}).start()
    flow.append(place.logs / "a.log", [b"waits for the flush"])
    time.sleep(1)
    flow.check(up.count() == 0, "a block waits")
    up.configure(shipper__flush="100ms", collector__data=place.folder / "x", labels='{a: "1"}')
    up.signal(signal.SIGHUP)
    up.wait_count(1, seconds=10)
    up.wait_log("configuration read again: labels needs a restart; shipper.flush is now 100ms\n")  # --data wins
    up.configure(collector__retention__keep="30", log__level="error")
    up.signal(signal.SIGHUP)
    up.wait_log("the new configuration is wrong, the old one stays: ")
    flow.check("collector.retention.keep: '30' has no unit" in up.log(), "the error is named")
    flow.check(up.metric("sluice_config_reload_ok") == 0 and up.ship_metric("sluice_config_reload_ok") == 0,
               "the metrics say so")
    up.configure(collector__retention__keep="30d", log__level="info")
    up.signal(signal.SIGHUP)
    flow.wait_until(lambda: up.metric("sluice_config_reload_ok") == 1, "the metric is well again")
    up.configure(log__level="error")
    up.signal(signal.SIGHUP)
    time.sleep(0.5)
    flow.check("log.level is now error" not in up.log(), "it says nothing any more that is no error")
    up.configure(log__level="info")
    up.signal(signal.SIGHUP)
    up.wait_log("log.level is now info")
    flow.append(place.logs / "a.log", [b"one more"])
    up.wait_count(2)
    flow.verify({place.logs / "a.log": [b"waits for the flush", b"one more"]}, "--collector", up.url)


@flow.case("sluice reload: asks both parts; a wrong file is told, with exit status 2; many times is fine")
def reload_command(place):
    up = Up(place).start()

    def reload():
        return flow.run("reload", "-c", place.folder / "asks.yml", "--collector", up.url)

    place.configuration("asks", {})
    done = reload()
    flow.check(done == flow.Run(0, b"collector: nothing has changed\nshipper: nothing has changed\n", ""), f"{done}")
    up.configure(shipper__spool__size="2GiB")
    done = reload()
    flow.check(done.out.startswith(b"collector: shipper.spool.size is now 2GiB\n"), f"{done}")
    up.configure(shipper__spool__size="2")
    done = reload()
    flow.check(done.status == 2 and "shipper.spool.size: '2' has no unit" in done.err, f"{done}")
    for i in range(50):
        up.configure(shipper__spool__size=f"{i + 1}GiB")
        up.signal(signal.SIGHUP)
        time.sleep(0.01)
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 100))
    up.wait_count(100)


@flow.case("reload: more searches at the same time, without an end to those that run; then fewer")
def reload_queries(place):
    up = Up(place, settings={"collector.limits.queries": 1}).start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 20000, 1000))
    up.wait_count(20000)
    with held_search(up) as first:
        flow.check(search_status(up) == 429, "a second search is one too many")
        up.configure(collector__limits__queries=3)
        up.signal(signal.SIGHUP)
        up.wait_log("collector.limits.queries is now 3")
        with held_search(up), held_search(up):
            flow.check(search_status(up) == 429, "a fourth is one too many")
        flow.wait_until(lambda: search_status(up) == 200, "there is room again")
        up.configure(collector__limits__queries=1)
        up.signal(signal.SIGHUP)
        up.wait_log("collector.limits.queries is now 1")
        flow.check(search_status(up) == 429, "one runs, and one is the limit")
        got = first.read_all()
        flow.check(got.count(b"\n") == 20001, f"the first search got all its lines: {got.count(chr(10).encode())}")
    flow.check(search_status(up) == 200, "the next one is welcome")


def search_status(up):
    return flow.http_call(up.url, "GET", "/api/v1/query?e=a+00000&output=json&max=1").status


class HeldSearch:
    """Its answer is larger than all buffers, and is not read."""

    def __init__(self, up):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(up.socket))
        self.socket.sendall(b"GET /api/v1/query?e=&output=json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.head = self.socket.recv(1000)
        flow.check(b" 200 " in self.head, f"{self.head[:100]}")

    def read_all(self):
        data = [self.head]
        while part := self.socket.recv(1 << 20):
            data.append(part)
        body, rest = b"", b"".join(data).split(b"\r\n\r\n", 1)[1]
        while rest:
            size, rest = rest.split(b"\r\n", 1)
            body, rest = body + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        return body


@contextlib.contextmanager
def held_search(up):
    search = HeldSearch(up)
    with contextlib.closing(search.socket):
        yield search


@flow.case("reload while it stops: nothing breaks, and it ends as it would have")
def reload_stopping(place):
    up = Up(place).start()
    flow.append(place.logs / "a.log", flow.numbered("a", 0, 20000, 1000))
    up.wait_count(20000)
    with held_search(up):  # the collector waits for its end
        up.signal(signal.SIGTERM)
        for i in range(40):
            up.configure(shipper__flush=f"{i + 101}ms")
            up.signal(signal.SIGHUP)
            time.sleep(0.02)
        flow.check(up.is_running(), "it waits for the search")
    flow.check(up.wait() == 0, "exit status 0")
    flow.check(up.log().count("shipper.flush is now") >= 10, "it was reloaded meanwhile")


@flow.case("reload: a smaller store is made smaller, without a restart")
def reload_retention(place):
    up = Up(place).start()
    flow.append(place.logs / "a.log", [os.urandom(500).hex().encode() for _ in range(8000)])
    up.wait_count(8000)
    up.configure(collector__retention__max_size="1MiB")
    up.signal(signal.SIGHUP)
    up.wait_log("collector.retention.max_size is now 1MiB")
    flow.append(place.logs / "a.log", [b"the last one"])
    flow.wait_until(lambda: flow.run("grep", "-q", "the last one", "--collector", up.url).status == 0,
                    "the newest line is there")
    flow.wait_until(lambda: up.count() < 8000, "old lines are gone")
    flow.check(json.loads(up.status("--output", "json", "collector").out)["collector"]["stored_bytes"] < 2 << 20,
               "the store is small")


# ---- the service manager ----

@flow.case("word to the service manager: READY, WATCHDOG, RELOADING and READY, STOPPING")
def notify(place):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place.folder / "notify"))
        manager.settimeout(flow.WAIT)

        def heard(*, but=b"WATCHDOG=1"):
            while (message := manager.recv(4096)) == but:
                pass
            return message

        env = {"NOTIFY_SOCKET": str(place.folder / "notify"), "WATCHDOG_USEC": "400000"}
        collector = place.collector()
        shipper = place.shipper(collector)
        for program in (collector, shipper, Up(place, env=env)):
            program.env = env
            program.launch()
            flow.check(heard() == b"READY=1", f"{program.name} is ready")
            flow.check([heard(but=None) for _ in range(3)] == [b"WATCHDOG=1"] * 3, "its loop turns")
            program.signal(signal.SIGHUP)
            flow.check(heard().startswith(b"RELOADING=1\nMONOTONIC_USEC="), "it reloads")
            flow.check(heard() == b"READY=1", "it is ready again")
            if program is collector:
                continue
            flow.wait_until(program.is_ready, "it reads")
            program.signal(signal.SIGTERM)
            flow.check(heard() == b"STOPPING=1", "it stops")
            flow.check(program.wait() == 0, "exit status 0")
            if program is shipper:
                collector.env = {}
                collector.kill()


# ---- an image ----

MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096


def mount_tmpfs(path):
    if flow.libc.mount(b"tmpfs", bytes(path), b"tmpfs", 0, None) != 0:
        raise flow.Skip(f"no tmpfs can be mounted on {path}")


@flow.case("up: a store in the layer of a container, which goes with it, is warned of; one on a volume is not")
def up_layer(place):
    flow.own_mounts()  # from here on: this case and the next are the last
    layers = flow.mount_small_disk(place.folder / "layers", "64m")
    for name in ("lower", "upper", "work", "merged"):
        (layers / name).mkdir()
    state = ["--state", layers / "state"]
    up = Up(place, options=[*state, "--data", layers / "data"]).start()
    up.stop()
    flow.check("is no volume" not in up.log(), "no warning about a disk")
    options = f"lowerdir={layers}/lower,upperdir={layers}/upper,workdir={layers}/work"
    if flow.libc.mount(b"overlay", bytes(layers / "merged"), b"overlay", 0, options.encode()) != 0:
        raise flow.Skip("no overlay can be mounted")
    up = Up(place, name="inside", options=[*state, "--data", layers / "merged/data"]).start()
    flow.check(f"collector.data: {layers}/merged/data is no volume" in up.log(), "the folder is named")
    flow.check("shipper.state" not in up.log(), "the state is on a volume")


@flow.case("up without configuration, where only /var/lib/sluice and /run/sluice can be written")
def up_read_only(place):
    flow.own_mounts()
    for path in ("/var/lib", "/run", "/etc", str(place.folder)):
        mount_tmpfs(pathlib.Path(path))
    for path in ("/var/lib/sluice", "/run/sluice"):
        os.mkdir(path)
        mount_tmpfs(pathlib.Path(path))
    for path in (b"/", b"/var/lib", b"/run", b"/etc"):
        if flow.libc.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None) != 0:
            raise flow.Skip("the root cannot be made read-only")
    up = flow.Program(place, "up", ["up"], {"SLUICE_LISTEN": f"127.0.0.1:{flow.free_port()}"})
    up.url = "unix:///run/sluice/sluice.sock"
    up.start()
    flow.wait_until(lambda: flow.run("status", "--check").status == 0, "all is well")
    shown = flow.run("status")
    flow.check(shown.status == 0 and b"collector  ok" in shown.out and b"shipper    ok" in shown.out, f"{shown}")
    flow.check(sorted(os.listdir("/run/sluice")) == ["shipper.sock", "sluice.sock"], "two sockets")
    flow.check(sorted(os.listdir("/var/lib/sluice")) == ["collector", "shipper"], "two folders")
    flow.check("error" not in up.log(), f"no errors: {up.log()}")
    flow.check(flow.run("reload").status == 0, "it reloads without a file")
    flow.check(up.stop() == 0, "exit status 0")


flow.main()
