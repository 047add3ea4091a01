#!/usr/bin/env python3
"""What redaction promises of every line (formats/redact/redact.h, 1 to 3), over generated ones and with each action: a line
without a finding stays as it is, of others only the findings change; JSON stays JSON; what was redacted is not found again, unless it was removed and its neighbours are beside each other now."""
import collections, json, pathlib, subprocess, sys, tempfile

from generate import generate
from measure import SLUICE, find, rules_of

CASES, SEED = 200, 7
SHOWN = 10


def redact(config, lines):
    done = subprocess.run([SLUICE, "redact", "-c", config], input=b"\n".join(lines) + b"\n", capture_output=True)
    if done.returncode != 0:
        sys.exit(f"sluice redact: exit {done.returncode}\n{done.stderr.decode(errors='replace')[:4000]}")
    return done.stdout.split(b"\n")[:-1]


def is_json(line):
    try:
        return isinstance(json.loads(line), (dict, list))
    except ValueError:
        return False


def inner(value):
    """How many texts in a value of JSON are JSON themselves, however deep."""
    if isinstance(value, dict):
        return sum(inner(v) for v in value.values())
    if isinstance(value, list):
        return sum(inner(v) for v in value)
    return 1 + inner(json.loads(value)) if isinstance(value, str) and is_json(value) else 0


def keeps_rest(line, got, findings):
    """What stands between the findings is there, in its order, and nothing before the first or behind the last is new."""
    at, before = 0, 0
    for f in sorted(findings):
        part = line[before:f.start]
        found = got.find(part, at) if before else (0 if got.startswith(part) else -1)
        if found < 0:
            return False
        at, before = found + len(part), f.end
    return got[at:].endswith(line[before:]) if findings else got == line


def problems(config, lines, twice):
    got, found = redact(config, lines), find(config, lines)
    if len(got) != len(lines):
        yield "lines", b"%d lines became %d" % (len(lines), len(got))
        return
    for i, (line, now) in enumerate(zip(lines, got)):
        if not keeps_rest(line, now, found.get(i, [])):
            yield "more changed than what was found", line
        if is_json(line) and not is_json(now):
            yield "it was JSON", line
        elif is_json(line) and inner(json.loads(now)) < inner(json.loads(line)):
            yield "a text in it was JSON", line
    for line, now in zip(got, redact(config, got)) if twice else ():
        if line != now:
            yield "found again", line


def main():
    lines = [c.line for c in generate(CASES, SEED) if c.carrier != "pem_records"]
    good, number = True, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "state").mkdir()
        (folder / "state/redact.key").write_text("k1 " + "0123456789abcdef" * 4 + "\n")
        rules = rules_of(SLUICE, folder)
        for number, action in enumerate(("mask", "partial", "token", "remove"), 1):
            config = folder / f"{action}.yml"
            config.write_text(f"shipper: {{state: {folder}/state, redact: {{rules: {{{', '.join(f'{rule}: {action}' for rule in rules)}}}}}}}\n")
            seen = list(problems(config, lines, action != "remove"))
            for what, line in seen[:SHOWN]:
                print(f"{what}: {line.decode(errors='replace')[:400]}")
            if seen:
                print(dict(collections.Counter(what for what, _ in seen)))
            good &= not seen
            print(f"{'not ' if seen else ''}ok {number} - {action}: of {len(lines)} lines")
    print(f"1..{number}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
