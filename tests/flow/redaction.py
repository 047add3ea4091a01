#!/usr/bin/env python3
"""What redaction hides is nowhere afterwards: canaries of every rule in every source, searched for in all that a shipper and a
collector write and say. What stands for them can be searched for; rules change by a reload; mistakes name their place."""
import collections, json, pathlib, random, re, signal, subprocess, sys

import flow
from engines import Container

sys.path.insert(0, str(flow.TREE / "tests/redact"))
import carriers, personal, tokens

# Forms that are found wherever a value may stand; tests/redact measures the others.
FORMS = {"card": "visa16 bare", "mac": "colons", "nl_bsn": "bare", "phone": "E.164", "email": "plain", "ssn": "ssn dashed"}
ALL_ON = {f"shipper.redact.rules.{rule}": "mask" for rule in ("phone", "ip", "mac")}
KEY = "k1 " + "0123456789abcdef" * 4

Canary = collections.namedtuple("Canary", "rule value secret lines")  # what is planted, and what of it must not be found


def of_kind(r, kind):
    form, value = kind.make(r)
    while FORMS.get(kind.rule, form) != form or len(value) < 9:
        form, value = kind.make(r)
    name, word = kind.names[0], kind.words[0]
    return Canary(kind.rule, value, value, [carriers.pino(r, name, value), carriers.json_in_json(r, name, value),
                                            carriers.logfmt(r, name, value),
                                            carriers.prose(r, word, value).replace("…", "")])


def of_secret(r, value, secret=None):
    return Canary("secrets", value, secret or value, [carriers.pino(r, "value", value),
                                                      carriers.escaped_prose(r, "value", value),
                                                      f"{carriers.time(r)} sent {value}, ok",
                                                      carriers.xml_text(r, "value", value)])


def of_name(r, name):
    value = tokens.some(r, 18) + "7q"
    return Canary("secrets", value, value, [make(r, name, value) for make in (carriers.pino, carriers.nested_json,
                                                                              carriers.json_in_json, carriers.logfmt,
                                                                              carriers.access,
                                                                              carriers.form_body, carriers.to_string)])


def of_text(secret, *lines):
    return Canary("secrets", secret, secret, [line.format(secret) for line in lines])


def canaries(seed):
    r = random.Random(seed)
    made = [of_kind(r, kind) for kind in personal.KINDS]
    for make in tokens.PROVIDERS.values():
        value = make(r)
        made.append(of_secret(r, value[0] + value[1], value[1]) if isinstance(value, tuple) else of_secret(r, value))
    made.append(of_secret(r, tokens.jwt(r))._replace(rule="jwt"))
    made += [of_name(r, name) for name in ("password", "client_secret", "apiKey", "access_token")]
    made.append(of_text(tokens.some(r, 30), "Authorization: Bearer {}", '{{"headers":{{"authorization":"Bearer {}"}}}}',
                        "curl -H 'Authorization: Bearer {}' http://x"))
    made.append(of_text(tokens.some(r, 30), "> X-Api-Key: {}", "cookie: theme=dark; sid={}"))
    made.append(of_text(tokens.some(r, 14), "connecting to postgres://app:{}@db:5432/shop", "Server=db;Uid=app;Pwd={};",
                        '{{"dsn":"redis://:{}@cache:6379/0"}}'))
    key = tokens.pem_lines(r)
    made += [Canary("secrets", text, text, []) for text in key[1:-1] if len(text) > 20]
    made[-1].lines.append(json.dumps({"level": 30, "key": "\n".join(key)}))
    made[-1].lines.extend(key)
    return made


def lines_of(planted):
    return [line.encode() for canary in planted for line in canary.lines]


# ---- where they might be ----

def read_all(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


def answers(collector):
    """What the collector gives to those who ask."""
    at = ("--collector", collector.url)
    for words in (["grep", ""], ["grep", "", "--output", "json"], ["grep", "", "--output", "raw"],
                  ["tail", "-n", "100000"], ["fields"], ["fields", "--output", "json"], ["streams"],
                  ["streams", "--output", "json"], ["count", "--by", "password,value,iban", "level=unknown,info+"],
                  ["store", "export"], ["store", "export", "--output", "raw"]):
        done = flow.run(*words, *at)
        yield " ".join(words), done.out + done.err.encode()


def reports(*programs):
    for program in programs:
        yield f"log of {program.name}", program.log().encode()
        if program.is_running():
            for path in ("/metrics", "/api/v1/status?output=text", "/api/v1/status?output=json",
                         "/api/v1/status?output=problems"):
                yield f"{path} of {program.name}", program.call("GET", path).body


def dumps(folder, *names):
    for name in names:
        for path in sorted((folder / name).glob("*")):
            done = flow.run("block", "dump", path)
            yield f"block dump {path}", done.out + done.err.encode()


def leaks(planted, *places):
    """Those of the canaries that are found, and where."""
    found = []
    for where, content in [pair for place in places for pair in place]:
        found += [f"{where}: {c.rule} {c.secret[:60]}" for c in planted if c.secret.encode() in content]
    return found


def check_clean(planted, *places):
    found = leaks(planted, *places)
    flow.check(not found, f"{len(found)} found:\n" + "\n".join(found[:40]))


def settings_of(place, **more):
    return {"shipper.sources.files": f'[{{path: "{place.logs}/*.log"}}]',
            "shipper.sources.docker.paths": f"[{place.folder}/containers]",
            "shipper.sources.kubernetes.path": f"{place.folder}/pods", "log.level": "debug", **more}


def shipper_of(place, collector, **more):
    return flow.Shipper(place, collector, settings=settings_of(place, **more))


def plant(place, planted):
    """Into a file and into containers of each kind; across the pieces that engines cut lines into, too."""
    lines = lines_of(planted)
    flow.append(place.logs / "app.log", lines)
    made = [Container(place.folder, kind, name) for kind, name in (("json", "api"), ("local", "cache"), ("cri", "gate"))]
    for container in made:
        container.write([("stdout", line) for line in lines])
        for i, canary in enumerate(planted[:20]):
            container.write([("stderr", f"{'x' * (16384 - 20 - 3 * i)} value: {canary.lines[0]}".encode())])
    return 4 * len(lines) + 3 * 20


@flow.case("canaries of every rule, in files, containers of all engines, standard input and imports, are nowhere: spool, journals, segments, logs, metrics, answers")
def nowhere(place):
    planted, kept = canaries(1), {"collector.retention.keep": "1000d"}  # their times are any
    collector = place.collector(settings=kept).start()
    shipper = shipper_of(place, collector, **ALL_ON).start()
    flow.append(place.logs / "app.log", [b"first"])
    collector.wait_count(1)
    flow.check(collector.stop() == 0, "the collector is away")
    n = plant(place, planted)
    few = n - 2 * len(planted)  # some lines of a key are one record
    flow.wait_until(lambda: shipper.metric("sluice_redactions_total") >= few // 2 and shipper.metric("sluice_lag_bytes") == 0, "it is in the spool")
    check_clean(planted, read_all(shipper.state), dumps(shipper.state, "spool"), reports(shipper))
    collector.start()
    shipper.wait_idle()
    collector.wait_count(few)
    piped = flow.run("ship", "-c", place.configuration("pipe",
                                                       {"shipper.state": place.folder / "pipe.state", **ALL_ON,
                                                        "outputs.collector.url": collector.url}), "-",
                     stdin=b"\n".join(lines_of(planted)) + b"\n")
    flow.check(piped.status == 0, piped)
    old = place.folder / "old.log"
    flow.append(old, lines_of(planted))
    config = place.configuration("import", {"shipper.state": shipper.state, **kept, **ALL_ON})
    brought = flow.run("store", "import", old, "-c", config, "--store", collector.data, "--collector", collector.url,
                       "--service", "old")
    flow.check(brought.status == 0, brought)
    said = [("ship -", piped.out + piped.err.encode()), ("import", brought.out + brought.err.encode())]
    places = [collector.data, shipper.state, place.folder / "pipe.state"]
    check_clean(planted, said, *map(read_all, places), dumps(collector.data, "journal"), answers(collector),
                reports(collector, shipper))
    flow.check(flow.run("store", "merge", "--wait", "--collector", collector.url).status == 0, "merged")
    check_clean(planted, *map(read_all, places), answers(collector), reports(collector, shipper))
    text = flow.run("grep", "", "--output", "raw", "--collector", collector.url).out
    counts = collections.Counter(re.findall(rb"\[([a-z_]+)[\]:]", text))
    for kind in personal.KINDS:
        flow.check(counts[kind.rule.encode()] >= 6 * 3, f"marks of {kind.rule}: {counts}")
    status = json.loads(shipper.call("GET", "/api/v1/status?output=json").body)
    values = status["redaction"]["values"]
    flow.check(all(values[rule] > 0 for rule in values if rule != "patterns"), values)
    flow.check(shipper.metric("sluice_redactions_total") == sum(values.values()), "the metric says the same")
    flow.check(shipper.stop() == 0 and collector.stop() == 0, "both end well")
    check_clean(planted, *map(read_all, places), reports(collector, shipper))


@flow.case("unsafe-false turns it off, and status says so; then canaries are found, so this test can find them")
def off(place):
    planted = canaries(2)
    plant(place, planted)
    collector = place.collector().start()
    shipper = shipper_of(place, collector, **{"shipper.redact.enabled": "unsafe-false"}).start()
    shipper.wait_idle()
    flow.wait_until(lambda: len(leaks(planted, answers(collector))) >= len(planted), "all of them come back")
    found = leaks(planted, answers(collector))
    missing = [c.rule for c in planted if not any(c.secret[:60] in text for text in found)]
    flow.check(not missing, f"not found though nothing is hidden: {missing}")
    flow.check("redaction off" in shipper.call("GET", "/api/v1/status?output=text").body.decode(), "status says it")
    flow.check(json.loads(shipper.call("GET", "/api/v1/status?output=json").body)["redaction"] is None, "for programs, too")
    note = flow.run("redact", "-c", shipper.arguments[2], stdin=b"password=hunter2\n")
    flow.check(note.out == b"password=hunter2\n" and "unsafe-false" in note.err, note)


# ---- tokens ----

def token_of(config, rule, value):
    done = flow.run("redact", "-c", config, "--token", rule, value)
    flow.check(done.status == 0, done)
    return done.out.decode().split()


@flow.case("tokens: the same for the same value, over restarts, in files and containers; `sluice redact --token` finds them; new keys, and what they leave of the old")
def searched(place):
    collector = place.collector().start()
    shipper = shipper_of(place, collector, **{"shipper.state": place.folder / "shipper.state"})
    config = shipper.arguments[2]
    flow.append(place.logs / "a.log", [b"login of anna@example.com", b"other@example.com was here"])
    container = Container(place.folder, "json", "api")
    container.write([("stdout", b'{"msg":"mail to ANNA@example.com"}')])
    shipper.start()
    collector.wait_count(3)
    key = shipper.state / "redact.key"
    flow.check(key.stat().st_mode & 0o777 == 0o600, oct(key.stat().st_mode))
    [token] = token_of(config, "email", "anna@example.com")
    flow.check(re.fullmatch(r"\[email:k1:[0-9a-f]{16}\]", token), token)

    def hits(wanted):
        return int(flow.run("grep", "-c", wanted, "--collector", collector.url).out)
    flow.check(hits(token) == 2, "the file's and the container's")
    flow.check(hits(token_of(config, "email", "other@example.com")[0]) == 1, "another value has another one")
    flow.check(shipper.stop() == 0, "it ends well")
    flow.append(place.logs / "a.log", [b"again anna@example.com", b"card 4111 1111 1111 1111", b"card 4111111111111111"])
    shipper.start()
    collector.wait_count(6)
    flow.check(hits(token) == 3, "the same after a restart")
    flow.check(hits(token_of(config, "card", "4111-1111-1111-1111")[0]) == 2, "however it was written")
    old = key.read_text()
    key.write_text("k2 " + "f" * 64 + "\n" + old)
    reloaded(shipper)
    flow.append(place.logs / "a.log", [b"once more anna@example.com"])
    collector.wait_count(7)
    found = token_of(config, "email", "anna@example.com")
    flow.check(len(found) == 2 and found[0].startswith("[email:k2:") and found[1] == token, found)
    flow.check(hits(found[0]) == 1 and hits(found[1]) == 3, "both are found")
    both = flow.run("grep", "-c", *(word for t in found for word in ("-e", t)), "--collector", collector.url)
    flow.check(int(both.out) == 4, both)
    secrets = [line.split()[1] for line in key.read_text().splitlines()]
    keys = [Canary("key", s, s, []) for s in secrets]
    check_clean(keys, read_all(collector.data), answers(collector), reports(collector, shipper),
                [(p, c) for p, c in read_all(shipper.state) if not p.endswith("redact.key")])
    show = flow.run("check", "--show", config)
    check_clean(keys, [("check --show", show.out)])


def reloaded(shipper):
    """After a reload that it takes."""
    before = shipper.log().count("read again")
    shipper.signal(signal.SIGHUP)
    flow.wait_until(lambda: shipper.log().count("read again") > before, "it has read its configuration again")


@flow.case("a reload changes rules, keys, own patterns and what is allowed; wrong ones leave the old ones")
def reloads(place):
    collector = place.collector().start()
    shipper = shipper_of(place, collector)
    log, line = place.logs / "a.log", b"n=%d mail bob@example.com from 81.2.69.142, order ORD-12345678, plan=gold"
    count = iter(range(100))

    def line_with(**settings):
        n = next(count)
        if settings or n:
            place.configuration("shipper", {"shipper.spool.keep_free": "off", "shipper.flush": "100ms",
                                            "shipper.socket": shipper.socket,
                                            **settings_of(place),
                                            **{f"shipper.redact.{name.replace('__', '.')}": value for name,
                                               value in settings.items()}})
            reloaded(shipper)
        flow.append(log, [line % n])
        collector.wait_count(n + 1)
        return flow.run("grep", "-h", f"n={n} ", "--collector", collector.url).out.decode()
    shipper.start()
    flow.check(re.search(r"mail \[email:k1:\w+\] from 81.2.69.142, order ORD-12345678, plan=gold", line_with()), "as it begins")
    flow.check("mail [email] from [ip]," in line_with(rules__email="mask", rules__ip="mask"), "rules")
    flow.check("mail b" not in line_with(rules__email="remove") and "mail bob@example.com from" in line_with(rules__email="keep"), "remove and keep")
    flow.check("from 81.2.69.142, order [order], plan=[secret]" in line_with(keys='["plan"]',
                                                                             patterns='[{name: order, match: "ORD-[0-9]{8}"}]'), "keys and patterns")
    flow.check("mail bob@example.com from" in line_with(allow='["*@example.com"]'), "allowed")
    flow.check("mail bob@example.com from" in line_with(enabled="unsafe-false"), "off")
    flow.check("mail [email:k1:" in line_with(enabled="true"), "on again")
    config = place.folder / "shipper.yml"
    good = config.read_text()
    config.write_text(good.replace("enabled: true", "enabled: true, patterns: [{name: x, match: '('}]"))
    shipper.signal(signal.SIGHUP)
    shipper.wait_log("the new configuration is wrong, the old one stays")
    flow.append(log, [b"still bob@example.com"])
    collector.wait_count(next(count) + 1)
    flow.check(b"still [email:k1:" in flow.run("grep", "-h", "still", "--collector", collector.url).out, "the old rules hold")


@flow.case("a private key over many records is hidden in each, in its lane, through a crash in its middle; what follows is not")
def over_records(place):
    key = tokens.pem_lines(random.Random(3))
    planted = [Canary("secrets", text, text, []) for text in key[1:-1] if len(text) > 20]
    half = len(key) // 2
    collector = place.collector().start()
    shipper = shipper_of(place, collector, **{"shipper.multiline": "none"}).start()
    log, container = place.logs / "a.log", Container(place.folder, "json", "api")
    flow.append(log, [line.encode() for line in key[:half]])
    container.write([("stderr", line.encode()) for line in key[:half]])
    container.write([("stdout", b"stdout goes on"), ("stdout", b"ready")])
    collector.wait_count(2 * half + 2)
    shipper.kill()
    flow.append(log, [line.encode() for line in key[half:]] + [b"after the key"])
    container.write([("stderr", line.encode()) for line in key[half:]] + [("stderr", b"after the key")])
    shipper.start()
    collector.wait_count(2 * len(key) + 4)
    check_clean(planted, read_all(collector.data), answers(collector), read_all(shipper.state))
    text = flow.run("grep", "-h", "", "--collector", collector.url).out
    flow.check(text.count(b"after the key") == 2 and b"stdout goes on" in text and b"ready" in text, "the others stay")


# ---- the command, and mistakes ----

@flow.case("mistakes in rules, patterns, names and keys name file, line and what would be right")
def mistakes(place):
    file = place.folder / "bad.yml"
    for text, line, word in [
        ("shipper:\n  redact: {rules: {email: hide}}\n", 2, "mask"),
        ("shipper:\n  redact: {rules: {emial: mask}}\n", 2, "email"),
        ("shipper:\n  redact: {enabled: false}\n", 2, "unsafe-false"),
        ("shipper:\n  redact:\n    patterns:\n      - {name: a, match: 'x('}\n", 4, "x("),
        ("shipper:\n  redact:\n    patterns:\n      - {name: 'a b', match: 'x'}\n", 4, "a b"),
        ("shipper:\n  redact:\n    patterns:\n      - {match: 'x'}\n", 4, "name"),
        ("shipper:\n  redact:\n    patterns:\n      - {name: a, match: 'x', action: hide}\n", 4, "mask")]:
        file.write_text(text)
        for command in (["check", file], ["ship", "-c", file, "--state", place.folder / "s", place.logs / "*.log"],
                        ["redact", "-c", file]):
            done = flow.run(*command, stdin=b"")
            said = done.err + done.out.decode()
            flow.check(done.status == 2 and f"bad.yml:{line}:" in said and word in said, f"{command[0]} {text!r}: {done}")
    for keys in ('["a..b"]', '["a[x"]', '[""]'):
        file.write_text(f"shipper:\n  redact: {{keys: {keys}}}\n")
        done = flow.run("redact", "-c", file, stdin=b"")
        flow.check(done.status == 2 and "shipper.redact" in done.err, f"{keys}: {done}")
    for text, word in (("", "no key"), ("k1 short\n", "32"), ("k 1 x\n", ""), ("k1\n", "32"),
                       ("k-1 " + "a" * 40, "letters and digits")):
        (place.folder / "keys").write_text(text)
        file.write_text(f"shipper:\n  redact: {{key_file: {place.folder}/keys}}\n")
        done = flow.run("ship", "-c", file, "--state", place.folder / "s", place.logs / "*.log")
        flow.check(done.status == 2 and f"{place.folder}/keys" in done.err and word in done.err and "a" * 40 not in done.err, f"{text!r}: {done}")
    file.write_text(f"shipper:\n  redact: {{key_file: {place.folder}/nowhere}}\n")
    done = flow.run("ship", "-c", file, "--state", place.folder / "s", place.logs / "*.log")
    flow.check(done.status == 2 and "nowhere" in done.err, done)


@flow.case("sluice redact: lines, explanations without values, tests of rules, tokens")
def command(place):
    config = place.configuration("c", {"shipper.state": place.folder / "state"})
    (place.folder / "state").mkdir()
    (place.folder / "state/redact.key").write_text(KEY + "\n")
    planted = canaries(4)
    given = b"\n".join(lines_of(planted)) + b"\nnothing here\n\nlast"
    done = flow.run("redact", "-c", config, stdin=given)
    flow.check(done.status == 0 and done.out.endswith(b"\nnothing here\n\nlast"), done.out[-60:])
    on = [c for c in planted if c.rule not in ("phone", "ip", "mac")]
    check_clean(on, [("redact", done.out), ("redact", done.err.encode())])
    for line, was in zip(done.out.splitlines(), given.splitlines()):
        try:
            json.loads(was)
        except ValueError:
            continue
        json.loads(line)
    flow.check(flow.run("redact", "-c", config, stdin=done.out).out == done.out, "twice is once")
    for form in ("text", "json"):
        explained = flow.run("redact", "-c", config, "--explain", "--output", form, stdin=given)
        check_clean(on, [("explain", explained.out)])
        flow.check(len(explained.out.splitlines()) >= len(on), explained.out[:200])
    rules = place.folder / "rules.test"
    rules.write_text("# ours\n< mail bob@example.com\n> mail [email]\n\n< password=hunter2\n> password=[secret]\n")
    flow.check(flow.run("redact", "-c", config, "--test", rules).out == b"2 cases, 0 not met\n", "met")
    rules.write_text("< mail bob@example.com\n> mail [phone]\n")
    unmet = flow.run("redact", "-c", config, "--test", rules)
    flow.check(unmet.status == 1 and b"rules.test:2: not as expected" in unmet.out, unmet)
    rules.write_text("> alone\n")
    flow.check(flow.run("redact", "-c", config, "--test", rules).status == 2, "no case")
    near = flow.run("redact", "-c", config, "--token", "emial", "x")
    flow.check(near.status == 2 and "'email'" in near.err, near)
    waits = subprocess.Popen([flow.SLUICE, "redact", "-c", str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env=flow.environment())
    waits.stdin.write(b"password=hunter2\n")
    waits.stdin.flush()
    flow.check(waits.stdout.readline() == b"password=[secret]\n", "a line comes out before the next goes in")
    waits.stdin.close()
    flow.check(waits.wait() == 0, "it ends well")


@flow.case("shipper and collector write no core dumps")
def no_cores(place):
    collector = place.collector().start()
    shipper = place.shipper(collector).start()
    for program in (collector, shipper):
        limits = pathlib.Path(f"/proc/{program.process.pid}/limits").read_text()
        flow.check(re.search(r"Max core file size +0 +0 ", limits), f"{program.name}: {limits}")


flow.main()
