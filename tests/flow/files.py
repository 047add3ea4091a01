#!/usr/bin/env python3
"""Searches of files that are in no store."""
import collections
import gzip
import json
import os
import random
import subprocess

import flow

DAY = "2026-11-20"


def packed_zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def stamp(second):
    return f"{DAY}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def docker_line(second, text, stream="stdout"):
    return json.dumps({"log": text + "\n", "stream": stream, "time": stamp(second)})


def search(place, *words, status=0, stdin=None, command="grep"):
    """With paths as they are written in the place's folder."""
    done = subprocess.run([flow.SLUICE, command, *map(str, words)], input=stdin, capture_output=True, cwd=place.folder,
                          env=flow.environment(SLUICE_HOST="here"), timeout=flow.WAIT)
    err = done.stderr.decode()
    flow.check(done.returncode == status, f"{words}: {done.returncode}, not {status}: {err} {done.stdout[:300]}")
    flow.check(not flow.BAD_WORDS.search(err), err)
    return done.stdout, err


@flow.case("files: rotated, packed and of containers are one answer in the order of time, with levels and labels")
def together(place):
    def write(name, data):
        (place.folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    write("app.log", f"{stamp(30)} INFO seven x\n{stamp(40)} ERROR eight x\n  at x.y(z)\n")
    write("app.log.1.gz", gzip.compress(f"{stamp(10)} INFO three x\nfour x\n".encode()))
    write("app.log.2.zst", packed_zstd(f"{stamp(1)} INFO one x\n{stamp(5)} WARN two x\n".encode()))
    write("abc-json.log", docker_line(11, "five x") + "\n" + docker_line(45, "nine x", "stderr") + "\n")
    write("0.log", f"{DAY}T00:00:20.000000000Z stderr F six x\n{DAY}T00:00:50.000000000Z stdout P te\n"
                   f"{DAY}T00:00:50.000000000Z stdout F n x\n")
    files = ["./app.log", "./app.log.1.gz", "./app.log.2.zst", "./abc-json.log", "./0.log"]
    random.shuffle(files)
    out, err = search(place, "x", *files, "--output", "json")
    found = [json.loads(line) for line in out.splitlines()]
    words = [[w for w in r["line"].split() if w != "x" and not w.isupper() and w[0].isalpha()][0] for r in found]
    flow.check(words == "one two three four five six seven eight nine ten".split() and err == "", words)
    flow.check([r.get("level", "unknown") for r in found if r["labels"]["file"].endswith("app.log")] ==
               ["info", "warn", "info", "unknown", "info", "error"], found)
    flow.check(found[3]["time"].startswith(stamp(10)[:-1]) and found[7]["line"].endswith("\n  at x.y(z)"), found)
    flow.check(found[0]["labels"] == {"file": str(place.folder.resolve() / "app.log"), "host": "here",
                                      "service": place.folder.resolve().name}, found[0])
    flow.check([r["labels"].get("stream") for r in found[4:6] + found[8:]] == ["stdout", "stderr", "stderr", "stdout"], found)
    for words, lines in ((("level=warn+",), 2), (("stream=stderr",), 2), ((place.folder.resolve().name,), 10),
                         (("--since", stamp(20), "--until", stamp(45)), 3), (("-m", 3), 3), (("--lines",), 11),
                         (("file~0.log",), 2), (("--last", 2), 2)):
        out, _ = search(place, "x", *files, *words, "-c" if "--lines" in words else "-h")
        flow.check((int(out) if "--lines" in words else len(out.replace(b"\n  at", b"").splitlines())) == lines, (words, out))
    out, _ = search(place, "x", *files, "-h", "--newest", "-m", 1)
    flow.check(out == b"ten x\n", out)
    out, _ = search(place, "four", *files, "-h", "-C", 1)
    flow.check(out.decode().splitlines() == [f"{stamp(10)} INFO three x", "four x", f"{stamp(30)} INFO seven x"], out)
    out, _ = search(place, "ten", *files, "-H", "--utc")
    flow.check(out.decode() == f"{DAY}T00:00:50.000Z here {place.folder.resolve().name} stdout ten x\n", out)
    out, _ = search(place, "two", *files, "-l")
    flow.check(out.decode().startswith(f"file={place.folder.resolve()}/app.log "), out)
    flow.check(len(search(place, "two", *files, "-L")[0].splitlines()) == 4, "streams without a match")
    flow.check("3 matches; of " in search(place, "-c", "INFO", *files, "--stats")[1], "stats")
    flow.check(len(search(place, *files, command="streams")[0].splitlines()) == 6, "streams")
    out, _ = search(place, "--by", "level", *files, command="count")
    flow.check(dict(line.split() for line in out.decode().splitlines()[1:]) ==
               {"unknown": "5", "info": "3", "warn": "1", "error": "1"}, out)
    out, _ = search(place, "-n", 2, "--output", "raw", *files, command="tail")
    flow.check(out == b"nine x\nten x\n", out)


@flow.case("files: standard input, pipes and exports")
def streams(place):
    lines = "".join(f"{stamp(i)} INFO n{i}\n" for i in range(1000)).encode()
    for data in (lines, gzip.compress(lines), packed_zstd(lines)):
        flow.check(search(place, "-c", "", "-", stdin=data)[0] == b"1000\n", "standard input")
    (place.folder / "x.log").write_bytes(lines)
    out = subprocess.run(["bash", "-c", f'"{flow.SLUICE}" grep -h n99 <(cat x.log) - --last 2 < x.log'], cwd=place.folder,
                         env=flow.environment(), capture_output=True, timeout=flow.WAIT, check=True).stdout
    flow.check(out.decode().splitlines() == [f"{stamp(999)} INFO n999"] * 2, out)
    for patterns in "-", "/dev/stdin":
        flow.check(search(place, "-c", "-f", patterns, "./x.log", stdin=b"n99\nn98\n")[0] == b"22\n", "patterns of standard input")
    slow = f'"{flow.SLUICE}" grep -c -f <(sleep 0.2; echo n99; sleep 0.2; echo n98) ./x.log'
    out = subprocess.run(["bash", "-c", slow], cwd=place.folder, env=flow.environment(), capture_output=True, timeout=flow.WAIT).stdout
    flow.check(out == b"22\n", "patterns of a pipe")
    export, _ = search(place, "n5", "./x.log", "--output", "json")
    back, _ = search(place, "", "-", "--output", "json", stdin=export)
    def known(text):
        return [{k: v for k, v in json.loads(line).items() if k != "ref"} for line in text.splitlines()]
    flow.check(known(export) == known(back) and len(known(back)) == 111, back[:300])
    out, _ = search(place, "took", "./took=1s.log", status=2)
    (place.folder / "took=1s.log").write_text("took 3\n")
    flow.check(search(place, "-h", "took", "./took=1s.log")[0] == b"took 3\n", "a path with a sign")
    for words in (("took", "./took=1s.log", "--store", place.folder), ("took", "-", "--collector", "http://127.0.0.1:1"),
                  ("--follow", "took", "./took=1s.log")):
        flow.check("leave" in search(place, *words, status=2)[1] or "cannot be together" in search(place, *words, status=2)[1],
                   words)
    flow.check("cannot be together" in search(place, "-f", "./x.log", command="tail", status=2)[1], "tail -f")
    flow.check("did you mean" in search(place, "", "./x.log", place.folder.resolve().name + "x", status=2)[1], "a service")


@flow.case("files: what is missing, a folder or damaged is named, and the others are searched")
def damage(place):
    lines = "".join(f"{stamp(i)} INFO {os.urandom(20).hex()}\n" for i in range(20000)).encode()
    (place.folder / "good.log").write_bytes(lines)
    (place.folder / "cut.gz").write_bytes(gzip.compress(lines)[:-3000])
    (place.folder / "bad.gz").write_bytes(b"\x1f\x8b" + os.urandom(5000))
    (place.folder / "what.xz").write_bytes(b"\xfd7zXZ\0" + os.urandom(5000))
    for other, why in (("./none.log", "No such file"), (".", "is a folder"), ("./bad.gz", "bad.gz"), ("./what.xz", "unpack it first"),
                       ("./cut.gz", "its end is missing")):
        out, err = search(place, "-c", "INFO", "./good.log", other, status=3)
        flow.check(why in err and int(out) >= 20000, (other, out, err))
        flow.check((int(out) > 20000) == (other == "./cut.gz"), (other, out))
        flow.check(search(place, "-q", "INFO", other, "./good.log")[0] == b"", "-q with a match")
        search(place, "-q", "nowhere", other, "./good.log", status=3)
    for words in (("./none.log",), (".", "./none.log"), ("./what.xz",)):
        search(place, "INFO", *words, status=2)
    search(place, "nowhere", "./good.log", status=1)
    search(place, "-E", "(", "./good.log", status=2)


@flow.case("files: with --lines the answer is that of grep, for patterns and flags by chance")
def as_grep(place):
    rng = random.Random(7)
    words = ["alpha", "Beta", "x.y", "a*b", "12", "ä", "(z)", "ERROR", "end", "  at f(g)", "\tq", "", "Caused by: e"]
    data = "".join((f"{stamp(i)} " if rng.random() < 0.7 else "") + " ".join(rng.choices(words, k=rng.randint(0, 6))) + "\n"
                   for i in range(8000)).encode() + b"no end of line"
    (place.folder / "a.log").write_bytes(data)
    (place.folder / "a.gz").write_bytes(gzip.compress(data))
    for _ in range(30):
        kind = rng.choice(["-F", "-E", "-G"])
        pattern = rng.choice(["alpha", "x.y", "beta", "12 ", "z)", "^  at", "end$", "[ab]", "a*b", "2026-11-20T0[1-3]", "ERROR x", "ä", ""])
        if kind == "-E" and ")" in pattern:
            continue
        flags = [kind, *rng.sample(["-i", "-v", "-w", "-x"], rng.randint(0, 2))]
        if rng.random() < 0.3:
            flags += [rng.choice(["-A1", "-B2", "-C1"])]
        for output in (["-c"], ["-h"]):
            told = subprocess.run(["grep", "-a", *flags, *output, "-e", pattern, "a.log"], cwd=place.folder, capture_output=True,
                                  env=dict(os.environ, LC_ALL="C.UTF-8"), check=False)
            if output == ["-h"] and any(f[:2] in ("-A", "-B", "-C") for f in flags):
                expected = collections.Counter(told.stdout.splitlines())
            else:
                expected = told.stdout
            for file in ("./a.log", "./a.gz"):
                out, _ = search(place, "--lines", *flags, *output, "-e", pattern, file, status=told.returncode)
                if isinstance(expected, collections.Counter):
                    out = collections.Counter(out.splitlines())
                if out.rstrip(b"\n") != expected.rstrip(b"\n") if isinstance(out, bytes) else out != expected:
                    flow.check(False, f"{flags} {output} {pattern!r} {file}: {len(out)}, grep {len(expected)}")


@flow.case("files: more than fits into the memory of a search")
def beside(place):
    rng = random.Random(3)
    lines = [f"{stamp(i // 10)} INFO {i} {rng.randbytes(40).hex()}\n" for i in range(120000)]
    (place.folder / "even.log").write_text("".join(lines[0::2]))
    (place.folder / "odd.log").write_text("".join(lines[1::2]))
    small = place.configuration("small", {"collector.limits.query_memory": "1MiB"})
    whole, _ = search(place, "-h", "", "./even.log", "./odd.log", "--config", small)
    flow.check(sorted(whole.decode().splitlines(True)) == sorted(lines), "all of them")
    seconds = [line.split()[0] for line in whole.decode().splitlines()]
    flow.check(seconds == sorted(seconds), "in order")
    flow.check(int(search(place, "-c", "INFO", "./even.log", "./odd.log", "--config", small)[0]) == 120000, "counted")
    found = subprocess.run([flow.SLUICE, "grep", "-c", "INFO", "./even.log", "--config", str(small)], cwd=place.folder,
                           env=flow.environment(TMPDIR="/nowhere"), capture_output=True, timeout=flow.WAIT, check=False)
    flow.check(found.returncode == 2 and b"TMPDIR" in found.stderr, found)


flow.main()
