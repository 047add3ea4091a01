"""How many findings there are in a million lines of real logs, by rule; what is found there is mostly wrong, or worth knowing of.

    SLUICE=build/release/sluice python3 tests/redact/rates.py [--default] [--lines N] [--show RULE] FILE|FOLDER...

Files may be packed (.zst, .gz, .tar.zst). Without --default all rules are on. Values are printed with --show only.
"""
import argparse, collections, json, pathlib, subprocess, tempfile

from measure import SLUICE, rules_of

UNPACK = {".zst": "zstdcat", ".gz": "zcat"}
SHOWN = 40


def files_of(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def find_in(path, n, config):
    """The findings in the first n lines of a file, and these lines."""
    unpack = UNPACK.get(path.suffix, "cat") + ' "$1"' + (" | tar -xO" if path.name.endswith(".tar.zst") else "")
    bytes = subprocess.run(["sh", "-c", f'{unpack} 2>/dev/null | head -n "$2"', "sh", path, str(n)],
                           stdout=subprocess.PIPE, check=True).stdout
    done = subprocess.run([SLUICE, "redact", "--explain", "--output", "json", "-c", config], input=bytes,
                          stdout=subprocess.PIPE, check=True)
    return [json.loads(text) for text in done.stdout.splitlines()], bytes.split(b"\n")


def print_values(found, lines, rule):
    for f in [f for f in found if f["rule"] == rule][:SHOWN]:
        line = lines[f["line"] - 1]
        before, value, behind = (p.decode(errors="replace") for p in (line[max(0, f["from"] - 60):f["from"]],
                                                                      line[f["from"]:f["to"]], line[f["to"]:f["to"] + 40]))
        print(f"  {f['kind']}: {before}\033[7m{value}\033[0m{behind}")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--default", action="store_true")
    parser.add_argument("--lines", type=int, default=300_000, help="of each file (300000)")
    parser.add_argument("--show", metavar="RULE")
    parser.add_argument("paths", nargs="+")
    return parser.parse_args()


def main():
    given = arguments()
    total, lines_in_all = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rules = rules_of(SLUICE, folder)
        on = "" if given.default else f", redact: {{rules: {{{', '.join(f'{rule}: mask' for rule in rules)}}}}}"
        config = folder / "c.yml"
        config.write_text(f"shipper: {{state: {folder}/state{on}}}\n")
        for path in files_of(given.paths):
            found, lines = find_in(path, given.lines, config)
            n, here = max(1, len(lines) - 1), collections.Counter(f["rule"] for f in found)
            total, lines_in_all = total + here, lines_in_all + n
            print(f"{path.name:44} {n:9} lines  " + "  ".join(f"{rule} {count * 10**6 / n:.0f}" for rule,
                                                              count in here.most_common()), flush=True)
            if given.show:
                print_values(found, lines, given.show)
    print(f"{'a million lines of all of them':44} {lines_in_all:9} lines  " + "  ".join(f"{rule} {count * 10**6 / lines_in_all:.1f}" for rule, count in total.most_common()))


if __name__ == "__main__":
    main()
