"""Lines with labelled values of every rule, and lines without any, always the same for the same seed.

    python3 tests/redact/generate.py [CASES [SEED]]       one JSON object a line: what it came from, the line, its labels
"""
import collections, json, random, sys

import carriers, negatives, secrets_lines, tokens
from marks import mark, settle
from personal import KINDS

CASES, SEED = 1000, 1

Case = collections.namedtuple("Case", "carrier line labels")  # line: bytes


def case(carrier, text):
    return Case(carrier, *settle(text))


def weighted(r, lines):
    return r.choices([make for make, _ in lines], [weight for _, weight in lines])[0]


def of_kind(r, kind):
    """A line with a value of a personal kind; where it is weak, behind a name or word that tells what it is."""
    form, value = kind.make(r)
    text = mark(kind.rule, form, value)
    ways = [(carriers.NAMED, kind.names), (carriers.WORDED, kind.words)]
    if kind.alone(form):
        ways.append((carriers.BARE_TEXT if kind.rule == "email" else carriers.BARE, ["value"]))
    group, names = r.choice(ways)
    make = r.choice(group)
    line = make(r, r.choice(names), text)
    return None if line is None else case(make.__name__, line)


def jwt(r):
    text = mark("jwt", "token", tokens.jwt(r))
    make = r.choice(carriers.BARE_TEXT + [carriers.pino, carriers.json_in_json, carriers.logfmt, carriers.access])
    line = make(r, r.choice(["value", "jwt", "x"]), text)
    return None if line is None else case(make.__name__, line)


def one_of(r, lines):
    make = weighted(r, lines)
    line = make(r)
    return None if line is None else case(make.__name__, line)


def several(make, n):
    made = []
    while len(made) < n:
        one = make()
        if one is not None:
            made.append(one)
    return made


def generate(n=CASES, seed=SEED):
    """n lines of each rule, ten times as many of secrets, and twenty times as many of nothing; mixed."""
    r = random.Random(seed)
    cases = []
    for kind in KINDS:
        cases += several(lambda: of_kind(r, kind), n)
    cases += several(lambda: jwt(r), n)
    cases += several(lambda: one_of(r, secrets_lines.LINES), 10 * n)
    cases += several(lambda: one_of(r, negatives.LINES), 20 * n)
    r.shuffle(cases)
    blocks = [[case("pem_records", line) for line in secrets_lines.pem_records(r)] for _ in range(n // 20)]
    for at, block in zip(r.sample(range(len(cases)), len(blocks)), blocks):  # its lines stay together; what follows is none of it
        cases[at] = (cases[at], block)
    flat = []
    for one in cases:
        flat += [one[0], *one[1]] if isinstance(one[1], list) else [one]
    return flat


def main():
    numbers = [int(a) for a in sys.argv[1:]]
    for c in generate(*numbers):
        print(json.dumps({"carrier": c.carrier, "line": c.line.decode(), "labels": [l._asdict() for l in c.labels]},
                         ensure_ascii=False))


if __name__ == "__main__":
    main()
