#!/usr/bin/env python3
"""sluice check --connect: what each output is and takes. The other sides are scripted: they answer as Loki 2.9 and 3,
Elasticsearch 8 and 9, OpenSearch 2 and VictoriaLogs do, as something else, with 401, not at all, or never."""
import json, socket, ssl, subprocess, time

import endpoints, flow

STREAM = "logs-sluice-default"
PUSH = "/loki/api/v1/push"


class Scripted(endpoints.Server):
    """answers: {path, or its beginning with * behind: (status, text)}; all else is a 404."""

    def __init__(self, answers, product="", **options):
        self.answers, self.product = answers, product
        super().__init__(**options)

    def reply_headers(self):
        return {"X-Elastic-Product": self.product} if self.product else {}

    def take(self, h, body):
        if h.command == "POST" and h.path == PUSH:
            flow.check(json.loads(body) == {"streams": []}, f"nothing is left there: {body}")
        for path, answer in self.answers.items():
            if path == h.path or path.endswith("*") and h.path.startswith(path[:-1]):
                return answer
        return 404, "404 page not found"


def loki(version, config, status=422, **options):
    return Scripted({PUSH: (status, "error at least one valid stream is required for ingestion\n"),
                     "/loki/api/v1/status/buildinfo": (200, json.dumps({"version": version, "revision": "a"})),
                     "/config": (200, config) if config else (404, "")}, **options)


def loki_config(allowed, *schemas):
    periods = "".join(f'  - from: "202{i}-01-01"\n    schema: {schema}\n' for i, schema in enumerate(schemas))
    return (f"auth_enabled: false\nlimits_config:\n  allow_structured_metadata: {allowed}\n  reject_old_samples: true\n"
            f"  reject_old_samples_max_age: 1w\nschema_config:\n  configs:\n{periods}")


def elastic(version, fields=None, **answers):
    mapping = {"fields": {"type": fields}} if fields else {}
    privileges = {"has_all_requested": True, "index": {STREAM: {"create_doc": True, "auto_configure": True}}}
    templates = {"index_templates": [{"name": "logs", "index_template": {
        "index_patterns": ["logs-*-*"], "priority": 100, "data_stream": {"hidden": False}}}]}
    return Scripted({
        "/": (200, json.dumps({"version": {"number": version}, "tagline": "You Know, for Search"})),
        "/_security/user/_has_privileges": (200, json.dumps(privileges)),
        "/_index_template/_simulate_index/*": (200, json.dumps({"template": {"mappings": {"properties": mapping}}})),
        "/_index_template*": (200, json.dumps(templates)), **answers}, product="Elasticsearch")


def output(server, **more):
    return {"url": f'"{server if isinstance(server, str) else server.url}"', **more}


def connect(place, outputs, status, section="outputs", env=None):
    """{path: the line behind it} of check --connect, and all that was printed."""
    settings = {"outputs.collector": "off", **{f"{section}.{name}": value for name, value in outputs.items()}}
    begin = time.monotonic()
    done = flow.run("check", "--connect", place.configuration("check", settings), env=env)
    flow.check(time.monotonic() - begin < 20, "it takes 10 s at most")
    text = done.out.decode()
    flow.check(done.status == status, f"status {done.status}, not {status}: {text}{done.err}")
    lines = [line.split(None, 1) for line in text.splitlines() if not line.startswith(" ")]
    return {path: rest.strip() for path, rest in lines}, text + done.err


@flow.case("Loki and Elasticsearch as they are")
def good(place):
    new, old = loki("3.6.2", loki_config("true", "v11", "v13")), loki("2.9.4", loki_config("false", "v12"), status=204)
    said, text = connect(place, {
        "loki": output(new), "loki-old": output(old, kind="loki"),
        "loki-gateway": output(loki("3.5.0", None), kind="loki"),
        "elastic": output(elastic("9.2.0", "flattened")), "elastic8": output(elastic("8.19.0"), kind="elastic"),
        "stdout": {}}, 0)
    flow.check(said == {
        "outputs.elastic": f"ok   Elasticsearch 9.2.0, data stream {STREAM}, privileges: create_doc and auto_configure, "
                           "fields is flattened",
        "outputs.elastic8": f"ok   Elasticsearch 8.19.0, data stream {STREAM}, privileges: create_doc and auto_configure",
        "outputs.loki": "ok   Loki 3.6.2, structured metadata accepted, oldest entry accepted 1w",
        "outputs.loki-gateway": "ok   Loki 3.5.0, structured metadata not known, tried at the first push",
        "outputs.loki-old": "ok   Loki 2.9.4, structured metadata is off there "
                            "(limits_config.allow_structured_metadata): labels only, oldest entry accepted 1w",
        "outputs.stdout": "ok   standard output"}, text)
    flow.check("PUT /_component_template/logs@custom" in text, text)
    flow.check(text.index("logs@custom") > text.index("outputs.elastic8"), "the hint stands below its output")


@flow.case("OpenSearch and VictoriaLogs")
def others(place):
    root = json.dumps({"version": {"distribution": "opensearch", "number": "2.19.1"}, "tagline": "The OpenSearch Project"})
    opensearch = Scripted({"/": (200, root), "/_index_template*": (200, '{"index_templates":[]}')})
    unsupported = (400, "unsupported path requested")
    victoria = Scripted({"/insert" + PUSH: (204, ""), "/insert/loki/ready": (200, "ready"), PUSH: unsupported,
                         "/": (200, "<h2>Single-node VictoriaLogs</h2></br>"), "/insert/*": unsupported})
    bare = Scripted({"/insert/elasticsearch/": (200, '{"version": {"number": "8.9.0"}}'),
                     "/insert/elasticsearch/_bulk": (200, '{"took":0,"errors":false,"items":[]}'),
                     "/insert/elasticsearch/_index_template*": (200, "{}"), "/insert/*": unsupported}, "Elasticsearch")
    said, text = connect(place, {
        "bare": output(bare.url + "/insert/elasticsearch", kind="elastic"),
        "elastic": output(opensearch), "right": output(victoria.url + "/insert", kind="loki"),
        "wrong": output(victoria, kind="loki")}, 2)
    flow.check(said["outputs.elastic"] == f"ok   OpenSearch 2.19.1, data stream {STREAM}", text)
    flow.check("PUT /_index_template/sluice" in text, text)
    flow.check(said["outputs.bare"] == f"ok   something like Elasticsearch 8.9.0, data stream {STREAM}", text)
    flow.check(said["outputs.right"].startswith("ok   VictoriaLogs, or another that takes pushes of Loki"), text)
    flow.check(f'write url: "{victoria.url}/insert"' in said["outputs.wrong"], text)


@flow.case("logins: right, wrong, missing; no secret is shown")
def logins(place):
    secret = place.folder / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    open_, closed = loki("3.6.2", None), loki("3.6.2", None)
    open_.authorization, closed.authorization = endpoints.basic("me", "s3cret"), "Bearer other"
    echo = Scripted({PUSH: (403, f"no rights for {endpoints.basic('me', 's3cret')}")})
    tenants = Scripted({PUSH: (401, "no org id\n")})
    key = elastic("9.2.0", "flattened")
    key.authorization = "ApiKey a2V5"
    login = {"user": "me", "password_file": secret, "kind": "loki"}
    said, text = connect(place, {
        "right": output(open_, **login), "wrong": output(closed, **login), "none": output(closed, kind="loki"),
        "echo": output(echo, **login), "tenant": output(tenants, kind="loki"),
        "lost": output(open_, kind="loki", token_file="/no/such"), "elastic": output(key)}, 2,
        env={"SLUICE_ELASTIC_API_KEY": "a2V5"})
    flow.check(said["outputs.right"].startswith("ok   Loki 3.6.2"), text)
    flow.check(said["outputs.elastic"].startswith("ok   Elasticsearch 9.2.0"), text)
    flow.check(f"FAIL {closed.url}: the login is not right (401)" in said["outputs.wrong"], text)
    flow.check("it wants a login (401): token_file, or user" in said["outputs.none"], text)
    flow.check("it wants a tenant" in said["outputs.tenant"], text)
    flow.check("FAIL token_file: open /no/such" in said["outputs.lost"], text)
    flow.check(said["outputs.echo"].endswith("(403):"), text)
    flow.check("s3cret" not in text and endpoints.basic("me", "s3cret")[6:] not in text and "a2V5" not in text, text)


@flow.case("nothing listens, something else does, and one never answers: the others are not held up")
def failures(place):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        grafana = Scripted({"/": (302, ""), "/x": (200, "")})
        hidden = place.folder / "hidden"
        hidden.write_text("key-in-a-path\n")
        said, text = connect(place, {
            "silent": output(f"http://127.0.0.1:{silent.getsockname()[1]}", kind="elastic"),
            "gone": output(f"http://127.0.0.1:{flow.free_port()}", kind="loki"),
            "hidden": output(f"http://127.0.0.1:{flow.free_port()}/${{file:{hidden}}}", kind="loki"),
            "hiddentoo": output(f"{grafana.url}/${{file:{hidden}}}", kind="loki"),
            "other": output(grafana, kind="elastic"), "notloki": output(grafana, kind="loki"),
            "loki": output(loki("3.6.2", None))}, 2)
    flow.check(said["outputs.loki"].startswith("ok"), text)
    flow.check("did not come in time" in said["outputs.silent"], text)
    flow.check("connect" in said["outputs.gone"].lower() and said["outputs.gone"].startswith("FAIL http"), text)
    flow.check(said["outputs.hidden"].startswith("FAIL ***") and "key-in-a-path" not in text, text)
    flow.check("answers 302" in said["outputs.other"], text)
    flow.check("no Loki answers" in said["outputs.notloki"], text)


@flow.case("collectors: over the socket, over TCP with the right token and with others, and gone")
def collectors(place):
    port = flow.free_port()
    collector = place.collector(listen=f"127.0.0.1:{port}").start()
    tokens = {"writer": collector.token("write"), "reader": collector.token("read"), "unknown": "slw_" + "x" * 43}
    entries = {"local": output(collector.url, kind="collector"),
               "none": output(f"http://127.0.0.1:{port}", kind="collector")}
    for name, token in tokens.items():
        path = place.folder / name
        path.write_text(token + "\n")
        path.chmod(0o600)
        entries[name] = output(f"http://127.0.0.1:{port}", kind="collector", token_file=path)
    said, text = connect(place, entries, 2, section="collector.outputs")
    for name in ("local", "writer"):
        flow.check(said[f"collector.outputs.{name}"].startswith("ok   Sluice "), text)
    for name in ("reader", "unknown"):
        flow.check("not for writing (403)" in said[f"collector.outputs.{name}"], text)
    flow.check("it wants a login (401): token_file" in said["collector.outputs.none"], text)
    flow.check(not any(token in text for token in tokens.values()), "no token is shown")
    done = flow.run("check", "--connect", place.configuration("check", {"outputs.collector": output(collector.url)}))
    flow.check(done.status == 0 and b"outputs.collector  ok   Sluice" in done.out, str(done))
    collector.stop()
    done = flow.run("check", "--connect", place.configuration("check", {"outputs.collector": output(collector.url)}))
    flow.check(done.status == 2 and b"outputs.collector  FAIL unix:///" in done.out, str(done))


def certificate(folder, name):
    """NAME.pem and NAME.key, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)


@flow.case("https with an own authority and certificates of clients")
def certificates(place):
    for name in ("server", "client", "stranger"):
        certificate(place.folder, name)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(place.folder / "server.pem", place.folder / "server.key")
    tls.load_verify_locations(place.folder / "client.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    server = loki("3.6.2", None, tls=tls)
    ca = {"kind": "loki", "ca_file": place.folder / "server.pem"}
    own = lambda name: {"cert_file": place.folder / f"{name}.pem", "key_file": place.folder / f"{name}.key"}
    said, text = connect(place, {
        "right": output(server, **ca, **own("client")), "stranger": output(server, **ca, **own("stranger")),
        "none": output(server, **ca), "untrusted": output(server, kind="loki", **own("client"))}, 2)
    flow.check(said["outputs.right"].startswith("ok   Loki 3.6.2"), text)
    for name in ("stranger", "none", "untrusted"):
        flow.check(said[f"outputs.{name}"].startswith("FAIL https://"), text)


flow.main()
