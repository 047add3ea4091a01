#!/usr/bin/env python3
"""Collectors that cannot be reached, connections that are cut, tokens, sockets, and the end of both sides."""
import os, random, signal, socket, stat, subprocess, time

import endpoints, flow

DOWN_SECONDS = 60 if flow.SOAK else 8


@flow.case(f"the collector is down for {DOWN_SECONDS} s while lines are written")
def collector_down(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    path, lines = place.logs / "a.log", []
    collector.kill()
    end = time.monotonic() + DOWN_SECONDS
    while time.monotonic() < end:
        more = flow.numbered("a", len(lines), 500)
        lines += more
        flow.append(path, more)
        time.sleep(0.1)
    flow.check(shipper.is_ready(), "the shipper goes on reading meanwhile")
    collector.start()
    collector.wait_count(len(lines))
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("a spool that is full stops the reading, and loses nothing")
def spool_full(place):
    collector = place.collector()
    shipper = place.shipper(collector, settings={"shipper.spool.size": "1MiB"})
    noise = random.Random(3)
    lines = [f"{i:06d} {noise.randbytes(300).hex()}".encode() for i in range(15_000)]
    flow.append(place.logs / "a.log", lines[:100])
    collector.start()
    shipper.start()
    collector.wait_count(100)
    collector.kill()
    flow.append(place.logs / "a.log", lines[100:])
    shipper.wait_log("the spool is full")
    spool = sum(f.stat().st_size for f in (shipper.state / "spool").iterdir())
    flow.check(spool < 2 << 20, f"the spool takes {spool} bytes")
    collector.start()
    collector.wait_count(len(lines))
    flow.verify({place.logs / "a.log": lines}, "--collector", collector.url)


@flow.case("connections cut amid and behind requests, and amid replies: nothing lost or doubled")
def cut_connections(place):
    collector = place.collector().start()
    proxy = endpoints.Cutter(place.folder / "proxy.sock", collector.socket)
    place.shipper(proxy).launch()
    path, lines = place.logs / "a.log", []
    for _ in range(60):
        more = flow.numbered("a", len(lines), 50)
        lines += more
        flow.append(path, more)
        time.sleep(0.1)
    flow.check(proxy.cuts["no reply"] >= 4 and len(proxy.cuts) == 4, f"too few were cut: {dict(proxy.cuts)}")
    proxy.is_gentle = True
    collector.wait_count(len(lines))
    time.sleep(1)
    flow.verify({path: lines}, "--collector", collector.url)


@flow.case("TCP: no token and a wrong one are refused, retried and named; the right one goes on")
def tokens(place):
    port = flow.free_port()
    collector = place.collector(listen=f"127.0.0.1:{port}").start()
    token_file = place.folder / "token"
    token_file.write_text("slw_" + "x" * 43 + "\n")
    token_file.chmod(0o600)
    lines = flow.numbered("a", 0, 500)
    flow.append(place.logs / "a.log", lines)
    url = f"http://127.0.0.1:{port}"
    shipper = place.shipper(url, settings={"outputs.collector.token_file": token_file}).launch()
    shipper.wait_log("403")
    collector.wait_log("token that is not known")
    flow.check(collector.count() == 0, "nothing comes with a wrong token")
    shipper.stop()
    token_file.write_text(collector.token("read"))
    shipper.launch()
    shipper.wait_log("403", times=2)
    flow.check(collector.count() == 0, "nothing comes with a token for reading")
    shipper.stop()
    token_file.write_text(collector.token("write") + "\n")
    shipper.start()
    collector.wait_count(len(lines))
    flow.verify({place.logs / "a.log": lines}, "--collector", collector.url)


@flow.case("TCP: what needs which token")
def roles(place):
    port = flow.free_port()
    collector = place.collector(listen=f"127.0.0.1:{port}").start()
    url = f"http://127.0.0.1:{port}"
    given = {role: {"Authorization": "Bearer " + collector.token(role)} for role in ("read", "write", "admin")}
    expected = [("GET", "/health", {}, 200), ("GET", "/", {}, 200), ("GET", "/ready", {}, 200),
                ("GET", "/metrics", {}, 401), ("GET", "/metrics", given["read"], 200),
                ("GET", "/metrics", given["write"], 403), ("GET", "/api/v1/query", {}, 401),
                ("GET", "/api/v1/query", given["write"], 403), ("GET", "/api/v1/query", given["read"], 200),
                ("POST", "/api/v1/blocks", given["read"], 403), ("POST", "/api/v1/blocks", {}, 401),
                ("POST", "/api/v1/blocks", given["write"], 400), ("POST", "/api/v1/hello", given["write"], 400),
                ("POST", "/api/v1/tokens?role=read", given["read"], 403),
                ("POST", "/api/v1/tokens?role=read", given["admin"], 200), ("GET", "/nothing", {}, 401),
                ("GET", "/nothing", given["read"], 404), ("GET", "/api/v1/blocks", given["admin"], 405)]
    for method, path, headers, status in expected:
        answer = flow.http_call(url, method, path, headers=headers)
        flow.check(answer.status == status, f"{method} {path} with {headers}: {answer.status}, not {status}")
    stolen = flow.http_call(url, "GET", "/metrics", headers={**given["read"], "Origin": "http://evil.example"})
    flow.check(stolen.status == 403, "a web page cannot ask")
    mode = stat.S_IMODE((collector.data / "tokens").stat().st_mode)
    flow.check(mode == 0o600, f"the tokens file has mode {mode:o}")
    secret = given["admin"]["Authorization"].split()[1]
    flow.check(secret not in (collector.data / "tokens").read_text() and secret not in collector.log(), "the secret "
               "stays secret")


@flow.case("a token over TCP: grep with it and without")
def grep_with_token(place):
    port = flow.free_port()
    collector = place.collector(listen=f"127.0.0.1:{port}").start()
    flow.append(place.logs / "a.log", [b"one", b"two"])
    place.shipper(collector).start()
    collector.wait_count(2)
    url, token = f"http://127.0.0.1:{port}", collector.token("read")
    refused = flow.run("grep", "one", "--collector", url)
    flow.check(refused.status == 2 and "token" in refused.err, f"without a token: {refused}")
    found = flow.run("grep", "-h", "one", "--collector", url, env={"SLUICE_TOKEN": token})
    flow.check(found.status == 0 and found.out == b"one\n", f"with one: {found}")


@flow.case("listen: off opens no port; the socket has mode 660, a stale one is replaced, the data folder is closed")
def socket_and_port(place):
    collector = place.collector().start()
    pid = collector.process.pid
    inodes = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    listening = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").readlines()[1:]]
    flow.check(not any(f"socket:[{row[9]}]" in inodes for row in listening), "it has a TCP socket")
    flow.check(stat.S_IMODE(collector.socket.stat().st_mode) == 0o660, "mode of the socket")
    flow.check(stat.S_IMODE(collector.data.stat().st_mode) & 0o077 == 0, "mode of the data folder")
    collector.kill()
    flow.check(collector.socket.exists(), "a killed collector leaves its socket")
    collector.start()
    other = place.collector(name="other")
    other.arguments[other.arguments.index("--socket") + 1] = collector.socket
    other.launch()
    flow.check(other.wait() == 2, "a second collector does not take the socket of one that answers")
    flow.check(collector.is_ready(), "and the first goes on")


@flow.case("SIGTERM drains: what was written before is in the store when the shipper has ended")
def drain(place):
    collector = place.collector().start()
    shipper = place.shipper(collector, settings={"shipper.flush": "10s"}).start()
    expected = {place.logs / f"{c}.log": flow.numbered(c, 0, 3000) for c in "abc"}
    for round_ in range(3):
        for path, lines in expected.items():
            flow.append(path, lines[1000 * round_:1000 * (round_ + 1)])
        flow.check(shipper.stop() == 0, "the shipper ends well")
        flow.check(collector.count() == 3000 * (round_ + 1), f"{collector.count()} records after round {round_ + 1}")
        shipper.start()
    flow.verify(expected, "--collector", collector.url)


@flow.case("a second SIGTERM ends the shipper at once; nothing is lost")
def second_signal(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    collector.kill()
    lines = flow.numbered("a", 0, 1000)
    flow.append(place.logs / "a.log", lines)
    shipper.signal(signal.SIGTERM)
    shipper.wait_log("stopping")
    time.sleep(0.3)
    start = time.monotonic()
    shipper.stop()
    flow.check(time.monotonic() - start < 2, "it took long")
    collector.start()
    shipper.start()
    collector.wait_count(len(lines))
    flow.verify({place.logs / "a.log": lines}, "--collector", collector.url)


@flow.case("SIGTERM of a collector: what it acknowledged is there after the next start")
def stop_collector(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    path, lines = place.logs / "a.log", []
    for _ in range(5):
        more = flow.numbered("a", len(lines), 500)
        lines += more
        flow.append(path, more)
        time.sleep(0.1)
        flow.check(collector.stop() == 0, "the collector ends well")
        collector.start()
    collector.wait_count(len(lines))
    flow.verify({path: lines}, "--collector", collector.url)


def pipe_in(shipper, data):
    """Runs it with data as its standard input; the input is closed behind it."""
    shipper.launch(stdin=subprocess.PIPE)
    shipper.process.stdin.write(data)
    shipper.process.stdin.close()


@flow.case("standard input: exit 0 when all is acknowledged; with the collector down it waits")
def standard_input(place):
    collector = place.collector().start()
    first, second = flow.numbered("first", 0, 2000), flow.numbered("second", 0, 2000)
    shipper = place.shipper(collector, "-")
    pipe_in(shipper, b"\n".join(first) + b"\n")
    flow.check(shipper.wait() == 0, "exit status")
    flow.check(collector.count() == len(first), f"{collector.count()} records after exit 0")
    collector.kill()
    pipe_in(shipper, b"\n".join(second))  # no final newline
    time.sleep(3)
    flow.check(shipper.is_running(), "it waits for the collector")
    collector.start()
    flow.check(shipper.wait() == 0, "exit status after waiting")
    found = flow.lines_found("--collector", collector.url)["stdin"]
    flow.check(found == first + second, f"{len(found)} lines instead of {len(first + second)}")


@flow.case("a token that was replaced in its file is used without a restart, and nothing is lost meanwhile")
def token_replaced(place):
    collector = place.collector(listen=f"127.0.0.1:{flow.free_port()}").start()
    file = place.folder / "token"
    file.write_text("slw_not-a-token-that-is-known\n")
    file.chmod(0o600)
    shipper = place.shipper(f"http://127.0.0.1:{collector.port}", settings={"outputs.collector.token_file": file})
    lines = flow.numbered("a", 0, 50)
    flow.append(place.logs / "a.log", lines)
    shipper.launch()
    shipper.wait_log("403")
    file.write_text(collector.token("write") + "\n")
    collector.wait_count(50)
    flow.verify({place.logs / "a.log": lines}, "--collector", collector.url)
    flow.check(file.read_text().strip() not in shipper.log(), "the token is in no log")


flow.main()
