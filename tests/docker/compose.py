#!/usr/bin/env python3
"""deploy/compose.yml in a real Docker engine: built from the tree, healthy, and what it collects is exactly what was
written, through rotation at full stretch, crashes, restarts and the end of everything."""
import time

import engine  # which makes the harness of the flows known
import endpoints, flow
from flow import check, wait_until

CHECKED_OFTEN = {"services": {"sluice": {"healthcheck": {"interval": "2s", "timeout": "10s", "start_period": "1s",
                                                         "test": ["CMD", "sluice", "status", "--check"]}}}}


@flow.case("deploy/compose.yml as it stands: healthy, and both services are found, by their names, and nobody else")
def as_it_stands(place):
    project = engine.Project(place, "shop", CHECKED_OFTEN)
    project.build()
    foreign = project.run_foreign("sh", "-c", "echo a line of another project; sleep 60")
    start = time.monotonic()
    project.up()
    wait_until(lambda: project.count("request completed", "api"), "a line of api is found", 60, 0.2)
    print(f"{time.monotonic() - start:.1f} s from `up` to a found line")
    check(time.monotonic() - start < 60, "the first line is found within a minute")
    wait_until(lambda: project.count("payment", "worker"), "a line of worker is found", 60, 0.2)
    wait_until(lambda: project.count("card declined", "api"), "the seventh request is declined", 60, 0.5)
    project.wait_healthy()
    check(project.count("a line of another project") == 0, "a container of another project is not collected")
    check(project.sluice("streams").strip(), "sluice streams lists what is there")
    check(b"payment" in project.sluice("tail", "-n", "5", "worker"), "sluice tail shows the last lines")
    services = {record.labels.get("service") for record in project.records()}
    check(services == {"api", "worker"}, f"collected services: {services}")
    check(foreign in project.engine.docker("ps", "-q", "--no-trunc").decode(), "the foreign container runs")


@flow.case("without network, capabilities, a writable root or a Docker socket, TCP is answered with a token only")
def tokens(place):
    project = engine.Project(place, "doors", CHECKED_OFTEN)
    project.up("sluice")
    project.wait_healthy()
    check(project.inspect("sluice", "{{.HostConfig.CapDrop}} {{.HostConfig.ReadonlyRootfs}}") == "[ALL] true",
          "the container has no capability and a read-only root")
    status = project.compose("exec", "-T", "sluice", "cat", "/proc/1/status").decode()
    check("CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status, status)
    url = f"http://{project.address()}:4100"
    check(flow.http_call(url, "GET", "/health").status == 200, "/health needs no token")
    check(flow.http_call(url, "GET", "/metrics").status == 401, "/metrics needs one")
    token = project.sluice("token", "read").decode().strip()
    check(flow.http_call(url, "GET", "/metrics", headers={"Authorization": f"Bearer {token}"}).status == 200,
          "a read token opens it")


@flow.case("a shipper in a container of its own sends over TCP with the token of a secret, and nothing without")
def over_tcp(place):
    secret = place.folder / "token"
    secret.write_text("slw_wrong\n")
    secret.chmod(0o600)
    shut_in = {"cap_drop": ["ALL"], "read_only": True, "tmpfs": ["/run/sluice"], "security_opt": ["no-new-privileges:true"]}
    project = engine.Project(place, "apart", {
        "secrets": {"sluice_token": {"file": str(secret)}},
        "services": {
            "sluice": {"command": ["collect"], "image": "sluice-apart", **CHECKED_OFTEN["services"]["sluice"]},
            "shipper": {"image": "sluice-apart", "command": ["ship"], "secrets": ["sluice_token"], **shut_in,
                        "environment": {"SLUICE_COLLECTOR": "http://sluice:4100", "SLUICE_HOST": "elsewhere"},
                        "volumes": [f"{engine.the_engine().root}/containers:/var/lib/docker/containers:ro",
                                    "state:/var/lib/sluice"]}},
        "volumes": {"state": {}}})
    project.up("sluice")
    project.wait_healthy()
    project.compose("up", "-d", "--no-deps", "shipper", "api", seconds=120)
    time.sleep(4)
    check(project.count("request completed") == 0, "a wrong token lets nothing in")
    secret.write_bytes(project.sluice("token", "write"))
    project.restart("shipper")
    wait_until(lambda: project.count("request completed", "api", "host=elsewhere"), "the right token is taken up", 40, 0.5)
    state = project.compose("exec", "-T", "shipper", "sluice", "status", "--check", status=None)
    check(not state.strip(), f"the shipper is well: {state}")


@flow.case("SLUICE_PROJECTS=all takes every container; labels turn one off and name another")
def all_projects(place):
    project = engine.Project(place, "whole", CHECKED_OFTEN, env={"SLUICE_PROJECTS": "all"})
    project.up("sluice")
    project.run_foreign("sh", "-c", "echo a line of a plain container; sleep 60")
    project.run_foreign("sh", "-c", "echo a line never shipped; sleep 60", options=["--label", "sluice.ship=false"])
    project.run_foreign("sh", "-c", "echo a line by another name; sleep 60", options=["--label", "sluice.service=renamed"])
    wait_until(lambda: project.count("a line of a plain container"), "a plain container is collected", 30, 0.2)
    wait_until(lambda: project.count("a line by another name", "renamed"), "a label names its service", 30, 0.2)
    check(project.count("a line never shipped") == 0, "sluice.ship=false is respected")


@flow.case("rotation at 100 kB, kill -9, restart, down, up again: nothing lost, nothing doubled, with both drivers")
def nothing_lost(place):
    writers = engine.Writers(place)
    rotated = {"max_size": "100k", "max_file": 3}
    services = {"json1": writers.service("json1", 25, 0.1, **rotated),
                "json2": writers.service("json2", 200, 1, **rotated),
                "local1": writers.service("local1", 25, 0.1, driver="local", **rotated),
                "local2": writers.service("local2", 5, 0.2, driver="local", **rotated, compress="false")}
    names = list(services)
    project = engine.Project(place, "load", {"services": {**services, **CHECKED_OFTEN["services"]}})
    project.up("sluice", *names)
    steps = [lambda: project.kill("sluice"), lambda: project.compose("restart", seconds=120),
             lambda: project.kill("sluice"), lambda: project.compose("restart", "sluice", seconds=120)]
    for step in steps:
        time.sleep(5)
        step()
    time.sleep(3)
    project.down()
    writers.verify(project.stored(), names)
    project.up("sluice", *names)
    time.sleep(5)
    project.wait_healthy()
    project.compose("stop", *names, seconds=120)
    wait_until(lambda: project.count("a payment") >= writers.payments(), "all is found", 30, 0.5)
    writers.verify(project.records(), names)
    print(f"{writers.count()} lines in {sum(len(writers.runs(name)) for name in names)} runs")


@flow.case("a container that lives three seconds and is removed is found whole")
def short_lived(place):
    writers = engine.Writers(place)
    project = engine.Project(place, "short", {"services": {"brief": writers.service("brief", 10, 0.1, 300)}})
    project.up("sluice")
    project.compose("run", "--rm", "--no-deps", "-T", "brief", seconds=60)
    wait_until(lambda: len(project.records()) >= 300, "all is found", 30, 0.5)
    writers.verify(project.records(), ["brief"])


@flow.case("deploy/compose-loki.yml and compose-elastic.yml: what the example writes reaches the other side, as it would theirs")
def forwarded(place):
    for kind, server in (("loki", endpoints.Loki(host="0.0.0.0")), ("elastic", endpoints.Elastic(host="0.0.0.0"))):
        project = engine.Project(place, kind, CHECKED_OFTEN, file=flow.TREE / f"deploy/compose-{kind}.yml")
        project.compose("config", "-q")
        project.up("sluice")
        here = project.inspect("sluice", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}")
        more = {"services": {"sluice": {"environment": {f"SLUICE_{kind.upper()}_URL": f"http://{here}:{server.port}"}}}}
        project.change(more)
        project.up("sluice", "api")
        wait_until(lambda: any(b"card declined" in line for line in server.lines()), f"a line of api at {kind}", 60, 0.5)
        project.wait_healthy()
        if kind == "loki":
            check(any('service_name="api"' in labels for labels, *_ in server.entries), str(next(iter(server.entries))))
        else:
            names = {d.get("service", {}).get("name") for d in server.documents.values()}
            check("api" in names, f"services: {names}")
        project.down("-v")
        server.close()


flow.main()
