#!/usr/bin/env python3
"""Precision and recall of redaction, rule by rule, over generated lines with labelled values (generate.py).

    SLUICE=build/release/sluice tests/redact/measure.py      a table, and a test for each rule: is it as good as GOALS?
        --forms               the same for each form of a value, and where forms of a rule are missed
        --show RULE           values that were missed, and what was found that is none
        --json, --markdown    all numbers; the table of docs/redaction.md
        --cases N --seed N    other lines

All rules are on; then once more with those that are on by default. A value is found if all of its bytes are hidden: by
its rule and no more than it ("exact"), or otherwise, such as by the name that it stands under ("else"). What is found
where no value is, is wrong.
"""
import argparse, collections, json, os, pathlib, subprocess, sys, tempfile

from generate import CASES, SEED, generate

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
SLUICE = os.environ.get("SLUICE", str(TREE / "build/release/sluice"))
SHOWN = 40

# Recall and precision. CHECKED is for values that prove themselves; where less is reached, the forms that are missed say why.
CHECKED = (0.99, 0.99)
GOALS = {"secrets": (0.98, 0.99), "phone": (0.96, 0.99)}

Finding = collections.namedtuple("Finding", "start end rule kind")


class Tally:
    def __init__(self):
        self.cases = self.exact = self.otherwise = self.partly = self.missed = self.right = self.wrong = 0

    def recall(self):
        return (self.exact + self.otherwise) / self.cases if self.cases else 1.0

    def precision(self):
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    def numbers(self):
        return dict(vars(self), recall=round(self.recall(), 4), precision=round(self.precision(), 4))


def rules_of(program, folder):
    """Their names and default actions, as the program knows them."""
    config = folder / "empty.yml"
    config.write_text("")
    shown = subprocess.run([program, "check", "--show", config], capture_output=True, text=True, check=True).stdout
    prefix = "shipper.redact.rules."
    rows = (line.split() for line in shown.splitlines() if line.startswith(prefix))
    return {row[0].removeprefix(prefix).rstrip(":"): row[1] for row in rows}


def find(config, lines):
    """The findings of each line."""
    done = subprocess.run([SLUICE, "redact", "--explain", "--output", "json", "-c", config], input=b"\n".join(lines) + b"\n",
                          capture_output=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"sluice redact: exit {done.returncode}\n{done.stderr.decode(errors='replace')[:4000]}")
    found = collections.defaultdict(list)
    for text in done.stdout.splitlines():
        f = json.loads(text)
        found[f["line"] - 1].append(Finding(f["from"], f["to"], f["rule"], f["kind"]))
    return found


def judge(label, findings):
    near = [f for f in findings if f.start < label.end and f.end > label.start]
    if any(f.rule == label.rule and label.outer_start <= f.start <= label.start and label.end <= f.end <= label.outer_end for f in near):
        return "exact"
    hidden = sum(min(f.end, label.end) - max(f.start, label.start) for f in near)
    return "otherwise" if hidden == label.end - label.start else "partly" if near else "missed"


class Result:
    def __init__(self, cases, found, rules):
        self.rules = {rule: Tally() for rule in rules}
        self.forms, self.carriers = collections.defaultdict(Tally), collections.defaultdict(Tally)
        self.kinds = collections.Counter()  # of what is wrong, by rule and kind of finding
        self.bad = []  # (rule, what, form, carrier, line, start, end)
        self.lines = self.wrong_lines = 0
        for i, case in enumerate(cases):
            self.take(case, found.get(i, ()), rules)

    def take(self, case, findings, rules):
        for label in case.labels:
            if label.rule not in rules:
                continue
            verdict = judge(label, findings)
            for tally in (self.rules[label.rule], self.forms[label.rule, label.form], self.carriers[label.rule, case.carrier]):
                tally.cases += 1
                setattr(tally, verdict, getattr(tally, verdict) + 1)
            if verdict in ("partly", "missed"):
                self.bad.append((label.rule, verdict, label.form, case.carrier, case.line, label.start, label.end))
        wrong = [f for f in findings if not any(f.start < l.outer_end and f.end > l.outer_start for l in case.labels)]
        for f in findings:
            self.rules[f.rule].right += f not in wrong
            self.rules[f.rule].wrong += f in wrong
        for f in wrong:
            self.kinds[f.rule, f.kind] += 1
            self.bad.append((f.rule, "wrong", f.kind, case.carrier, case.line, f.start, f.end))
        self.lines += not case.labels
        self.wrong_lines += not case.labels and bool(findings)

    def numbers(self):
        return {"rules": {rule: t.numbers() for rule, t in self.rules.items()}, "lines without a value": self.lines,
                "of them changed": self.wrong_lines}


def table(tallies, width=12):
    rows = [f"{'':{width}} {'cases':>6} {'exact':>6} {'else':>6} {'partly':>6} {'missed':>6} {'wrong':>6} {'recall':>7} {'prec.':>7}"]
    rows += [f"{name:{width}} {t.cases:6} {t.exact:6} {t.otherwise:6} {t.partly:6} {t.missed:6} {t.wrong:6} {t.recall():7.4f} {t.precision():7.4f}"
             for name, t in tallies.items()]
    return "\n".join(rows)


def markdown(tallies):
    rows = ["| rule | values | recall | hidden in part | missed | found | precision |", "|---|---|---|---|---|---|---|"]
    rows += [f"| `{rule}` | {t.cases} | {percent(t.recall())} | {t.partly} | {t.missed} | {t.right + t.wrong} | {percent(t.precision())} |" for rule, t in tallies.items()]
    return "\n".join(rows)


def percent(share):
    return "100 %" if share == 1 else f"{int(share * 1000) / 10:.1f} %"


def print_forms(result):
    for what, tallies in (("form", result.forms), ("carrier", result.carriers)):
        print(f"\nby {what}, the worst first (nothing is said of those without a miss)")
        worst = sorted(((t.recall(), f"{rule}: {name}", t) for (rule, name), t in tallies.items() if t.recall() < 1),
                       key=lambda x: x[:2])
        print(table({name: t for _, name, t in worst}, 44))
    print("\nwhat is wrong")
    for (rule, kind), n in result.kinds.most_common(SHOWN):
        print(f"{n:6} {rule}: {kind}")


def print_bad(result, rule):
    for _, what, form, carrier, line, start, end in [b for b in result.bad if b[0] == rule][:SHOWN]:
        before, value, behind = (part.decode(errors="replace") for part in (line[max(0, start - 90):start],
                                                                            line[start:end], line[end:end + 60]))
        print(f"{what} ({form}; {carrier})\n    {before}\033[7m{value}\033[0m{behind}".replace("\r", "␍"))


def print_tests(result):
    """True if all is as good as it should be."""
    good = []
    for rule, tally in result.rules.items():
        recall, precision = GOALS.get(rule, CHECKED)
        good.append(tally.cases > 0 and tally.recall() >= recall and tally.precision() >= precision)
        print(f"{'' if good[-1] else 'not '}ok {len(good)} - {rule}: recall {tally.recall():.4f} (at least {recall}), "
              f"precision {tally.precision():.4f} (at least {precision})")
    print(f"1..{len(good)}")
    return all(good)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--forms", action="store_true")
    parser.add_argument("--show", metavar="RULE")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main():
    given = arguments()
    cases = generate(given.cases, given.seed)
    lines = [c.line for c in cases]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        actions = rules_of(SLUICE, folder)
        all_on, default = folder / "all.yml", folder / "default.yml"
        default.write_text(f"shipper: {{state: {folder}/state}}\n")
        all_on.write_text(f"shipper: {{state: {folder}/state, redact: {{rules: {{{', '.join(f'{rule}: mask' for rule in actions)}}}}}}}\n")
        everything = Result(cases, find(all_on, lines), list(actions))
        usual = Result(cases, find(default, lines), [rule for rule, action in actions.items() if action != "keep"])
    if given.json:
        print(json.dumps({"cases": given.cases, "seed": given.seed, "all": everything.numbers(),
                          "default": usual.numbers()}, indent=1))
        return 0
    if given.markdown:
        print(markdown(everything.rules))
        print(f"\nLines without a value: {everything.lines}; changed with all rules on: {everything.wrong_lines}, with the usual ones: {usual.wrong_lines}.")
        return 0
    if given.show:
        print_bad(everything, given.show)
        return 0
    for title, result in (("all rules", everything), ("the rules that are on by default", usual)):
        print(f"{title}: of {result.lines} lines without a value {result.wrong_lines} were changed")
        print(table(result.rules))
    if given.forms:
        print_forms(everything)
    return 0 if print_tests(everything) else 1


if __name__ == "__main__":
    sys.exit(main())
