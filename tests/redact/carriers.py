"""Lines as programs write them, around a value.

NAMED: a name stands before the value, as in JSON. WORDS: a word does, as in a sentence. BARE: nothing tells what it is.
Each takes r, name or word, and the value, which is marked (marks.py) already; None: it cannot carry this value.
"""
import html, json, re, urllib.parse

from marks import keep_marks, mark_free
from tokens import DIGITS, HEX, some

percent = keep_marks(lambda text: urllib.parse.quote(text, safe=""))
plus = keep_marks(urllib.parse.quote_plus)
xml = keep_marks(html.escape)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# ---- what stands around, and must stay ----

def uuid(r):
    text = some(r, 32, HEX)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def time(r):
    day = f"2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}"
    clock = f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}"
    return r.choice([f"{day}T{clock}.{some(r, 3, DIGITS)}Z", f"{day} {clock},{some(r, 3, DIGITS)}",
                     f"{day}T{clock}.{some(r, 9, DIGITS)}+02:00",
                     f"{day} {clock}", f"{day} {clock}.{some(r, 6, DIGITS)}"])


def epoch(r, digits=13):
    return str(1760000000 + r.randrange(40000000)) + some(r, digits - 10, DIGITS)


def agent(r):
    if r.random() < 0.03:
        return f"Mozilla/5.0 (X11; U; Linux i686; de; rv:1.9.{r.randrange(3)}.{r.randrange(20)}) Gecko/2009073022 Firefox/3.{r.randrange(9)}.1"
    return r.choice([f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{r.randrange(90, 140)}.0.{r.randrange(9999)}.{r.randrange(200)} Safari/537.36",
                     f"curl/8.{r.randrange(9)}.0", f"kube-probe/1.{r.randrange(20, 33)}", "python-requests/2.32.3",
                     f"Go-http-client/{r.choice('12')}.1",
                     "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"])


def host(r):
    return r.choice(["web-1", "db02", "ip-10-0-3-17", "worker-6d4cf56db6-x7k2q", "node3.eu-central-1.compute.internal",
                     "10.0.4.12"])


def field(r):
    """(name, value) of something else."""
    return r.choice([lambda: ("requestId", uuid(r)), lambda: ("traceId", some(r, 32, HEX)),
                     lambda: ("dd.trace_id", some(r, 19, DIGITS)), lambda: ("took", r.randrange(5000)),
                     lambda: ("path", f"/api/v{r.randrange(1, 4)}/orders/{r.randrange(10**6)}"),
                     lambda: ("status", r.choice([200, 201, 302, 404, 500])),
                     lambda: ("attempt", r.randrange(5)), lambda: ("service", "checkout"),
                     lambda: ("version", f"{r.randrange(9)}.{r.randrange(30)}.{r.randrange(9)}"),
                     lambda: ("ok", r.random() < 0.5), lambda: ("span", some(r, 16, HEX)), lambda: ("commit", some(r, 40, HEX)),
                     lambda: ("duration", f"{r.randrange(900)}ms"), lambda: ("orderNo", some(r, 8, DIGITS)),
                     lambda: ("host", host(r))])()


def fields(r, n=3):
    return dict(field(r) for _ in range(r.randrange(n + 1)))


def mixed(r, given, **more):
    """The fields of an object in any order, the one that was given among them."""
    items = list({**fields(r), **more}.items()) + list(given.items())
    r.shuffle(items)
    return dict(items)


# ---- behind a name ----

def pino(r, name, text):
    return compact({"level": r.choice([10, 30, 50]), "time": int(epoch(r)), "pid": r.randrange(99999),
                    "hostname": host(r), **mixed(r, {name: text}),
                    "msg": r.choice(["request completed", "card declined", "user updated"])})


def nested_json(r, name, text):
    inner = mixed(r, {name: text})
    for key in r.sample(["req", "body", "user", "data", "payload", "customer", "details"], r.randrange(1, 4)):
        inner = {key: inner, **fields(r, 1)}
    return compact({"name": "api", "hostname": host(r), "level": 30, **inner, "msg": "",
                    "time": "2026-11-20T09:22:01.123Z", "v": 0})


def spaced_json(r, name, text):
    return json.dumps({"ts": float(epoch(r)) / 1000, "level": "info", "logger": "app.views",
                       "caller": f"svc/handler.go:{r.randrange(900)}",
                       **mixed(r, {name: text})}, ensure_ascii=False)


def json_in_json(r, name, text):
    inner = compact(mixed(r, {name: text}))
    if r.random() < 0.2:
        inner = compact({"event": "created", "body": inner})
    return compact({"level": "info", "msg": r.choice(["request", "message received"]), "body": inner, **fields(r, 1)})


def json_array(r, name, text):
    return compact({"batch": r.randrange(999), "items": [fields(r), mixed(r, {name: text}), {"id": r.randrange(99)}]})


def json_in_text(r, name, text):
    return f"{time(r)} INFO  [http-nio-8080-exec-{r.randrange(9)}] c.e.Client - POST /v1/orders body={compact(mixed(r, {name: text}))} took={r.randrange(900)}ms"


def json_number(r, name, text):
    plain = mark_free(text)
    if not plain.isdigit() or plain[0] == "0":
        return None
    return f'{{"id":{r.randrange(999)},"{name}":{text}{r.choice([",", ""])}'.rstrip(",") + r.choice([',"ok":true}', "}"])


def logfmt(r, name, text):
    def value(v):
        v = str(v)
        return compact(v) if any(c in mark_free(v) for c in ' "=\\,}&') or not mark_free(v).isascii() else v
    return " ".join(f"{k}={value(v)}" for k, v in {"time": epoch(r), "level": r.choice(["info", "error"]),
                                                   **mixed(r, {name: text}, msg="user updated")}.items())


def access(r, name, text):
    query = "&".join(f"{k}={percent(str(v))}" for k, v in mixed(r, {name: text}).items())
    return f'10.{r.randrange(9)}.0.{r.randrange(1, 255)} - - [20/Nov/2026:09:22:{r.randrange(60):02} +0000] "{r.choice(["GET", "POST"])} /login?{query} HTTP/1.1" ' \
           f'{r.choice([200, 302, 400])} {r.randrange(9000)} "-" "{agent(r)}"'


def referer(r, name, text):
    return f'172.16.0.{r.randrange(1, 255)} - - [20/Nov/2026:09:22:01 +0000] "GET / HTTP/2.0" 200 {r.randrange(9000)} ' \
           f'"https://shop.example.com/reset?{name}={percent(text)}" "{agent(r)}" {r.randrange(5)}.{some(r, 3, DIGITS)}'


def encoded_query(r, name, text):
    """A URL, or JSON, that is a parameter of another."""
    values = mixed(r, {name: text})
    inner = r.choice([lambda: "https://app.example.com/cb?" + "&".join(f"{k}={percent(str(v))}" for k, v in values.items()),
                      lambda: compact(values)])()
    return f'10.0.0.{r.randrange(1, 255)} - - [20/Nov/2026:09:22:01 +0000] "GET /go?{r.choice(["next", "redirect_uri", "q"])}={percent(inner)}' \
           f'{r.choice(["", "&v=2"])} HTTP/1.1" 302 {r.randrange(9000)} "-" "{agent(r)}"'


def encoded_in_json(r, name, text):
    """JSON that is a parameter of a URL, in JSON."""
    return compact({"level": "INFO", "url": f"/go?q={percent(compact(mixed(r, {name: text})))}", "n": r.randrange(10**5), **fields(r, 1)})


def html_safe_json(r, name, text):
    """As Gson writes it."""
    query = "&".join(f"{k}={percent(str(v))}" for k, v in mixed(r, {name: text}).items())
    safe = keep_marks(lambda s: re.sub("[=&<>']", lambda c: f"\\u{ord(c[0]):04x}", s))
    return safe(compact({"level": "INFO", "url": f"https://api.example.com/v1?{query}", **fields(r, 1)}))


def form_body(r, name, text):
    body = "&".join(f"{k}={plus(str(v))}" for k, v in mixed(r, {name: text}, grant_type="x").items())
    return f"{time(r)} DEBUG request body: {body}"


def header(r, name, text):
    name = re.sub("([a-z])([A-Z])", r"\1-\2", name).replace("_", "-").title()
    return f"{r.choice(['> ', '< ', '', chr(9), 'DEBUG http: '])}{name}: {text}"


def yaml(r, name, text):
    quote = r.choice(["", '"', "'"])
    if any(c in mark_free(text) for c in "\"'\\, &=}") or not mark_free(text).isascii():
        return None
    return f"{r.choice(['', '  ', '    ', '  - '])}{name}: {quote}{text}{quote}"


def python_dict(r, name, text):
    if any(c in mark_free(text) for c in "'\\"):
        return None
    return f"{time(r)} WARNING django.request: bad form data {{'csrf': None, '{name}': '{text}', 'next': '/'}}"


def to_string(r, name, text):
    if any(c in mark_free(text) for c in "'\"\\, }&="):
        return None
    return r.choice([f"User{{id={r.randrange(99)}, {name}='{text}', active=true}}",
                     f"Customer(id={r.randrange(99)}, {name}={text})",
                     f"params: map[id:{r.randrange(99)} {name}:{text} x:1]", f"headers={{Accept=*/*, {name}={text}, Host=api}}",
                     f"{time(r)} INFO o.e.App - [{name}={text}] saved"])


def ruby_hash(r, name, text):
    if any(c in mark_free(text) for c in "'\"\\"):
        return None
    return f'  Parameters: {{"utf8"=>"✓", "user"=>{{"{name}"=>"{text}", "remember"=>"1"}}, "commit"=>"Sign in"}}'


def curl(r, name, text):
    if any(c in mark_free(text) for c in "'\\"):
        return None
    body = f"-d '{name}={plus(text)}'" if r.random() < 0.5 else f"--data '{compact({name: text})}'"
    return f"+ curl -sS -X POST {body} https://api.example.com/v1/users"


def sql_where(r, name, text):
    if any(c in mark_free(text) for c in "'\\"):
        return None
    return r.choice([f"{time(r)} UTC [{r.randrange(9999)}] LOG:  statement: UPDATE users SET {name} = '{text}' WHERE id = {r.randrange(9999)};",
                     f"SELECT id FROM users WHERE {name}='{text}' AND deleted = 0 LIMIT 1",
                     f'DETAIL:  Key ({name})=({text}) already exists.'])


def xml_element(r, name, text):
    return r.choice([f"<request id=\"{r.randrange(99)}\"><{name}>{xml(text)}</{name}><ok>1</ok></request>",
                     f"<user {name}=\"{xml(text)}\" age=\"{r.randrange(99)}\"/>"])


NAMED = [pino, nested_json, spaced_json, json_in_json, json_array, json_in_text, json_number, logfmt, access, referer, encoded_query, encoded_in_json, html_safe_json,
         form_body, header, yaml,
         python_dict, to_string, curl]
NAMED_ELSEWHERE = [sql_where, xml_element, ruby_hash]  # names there are promised to nobody


# ---- behind a word ----

QUOTES = [("", ""), ("", ""), ("", ""), ('"', '"'), ("'", "'"), ("(", ")"), ("[", "]"), ("<", ">"), ("`", "`"),
          ("“", "”"), ("«", "»"), ("{", "}")]
ENDS = ["", "", ".", ",", ";", "!", "?", ":", " failed", " ok", ", retry in 5s", " (attempt 2)", "…", " – abgelehnt",
        "\t7", "|x", " 失败"]


def phrase(r, word, text):
    a, b = r.choice(QUOTES)
    return f"{word}{r.choice([' ', ' ', ': ', ' = ', ' is ', ' #' if a == '' else ' '])}{a}{text}{b}"


def prose(r, word, text):
    return f"{time(r)} {r.choice(['INFO', 'ERROR', 'WARN'])} {r.choice(['rejected', 'update of', 'lookup with', 'cannot find'])} {phrase(r, word, text)}{r.choice(ENDS)}"


def message(r, word, text):
    return compact({"level": 50, "time": int(epoch(r)), "msg": f"{r.choice(['invalid', 'unknown', 'saved', 'duplicate'])} {phrase(r, word, text)}{r.choice(ENDS)}", **fields(r, 1)})


def syslog(r, word, text):
    return f"Nov 20 09:22:{r.randrange(60):02} {host(r)} app[{r.randrange(9999)}]: {phrase(r, word, text)}{r.choice(ENDS)}"


def java_trace(r, word, text):
    return r.choice([f"java.lang.IllegalArgumentException: Invalid {word}: {text}",
                     f"Caused by: com.example.ValidationException: {word} '{text}' is taken",
                     compact({"stack_trace": f"java.lang.IllegalStateException: {word} {text}\n\tat com.example.A.b(A.java:{r.randrange(900)})\n\t... 23 more"}),
                     compact({"err": {"type": "Error", "stack": f"Error: unknown {word} {text}\n    at Object.<anonymous> (/app/index.js:{r.randrange(99)}:11)"}})])


def python_trace(r, word, text):
    return r.choice([f"ValueError: {word} {text} is not known", f"  raise LookupError('{word} {text}')".replace("\\", ""),
                     compact({"exc_info": f"Traceback (most recent call last):\n  File \"/app/a.py\", line {r.randrange(99)}, in f\nValueError: {word} {text}"})])


def postgres(r, word, text):
    return f'{time(r)} UTC [{r.randrange(9999)}] ERROR:  duplicate {word} "{text}"'


WORDED = [prose, prose, message, message, syslog, java_trace, python_trace, postgres]


# ---- alone ----

def csv(r, name, text):
    by = r.choice([",", ";", "\t", "|"])
    cell = text if by not in mark_free(text) else f'"{text}"'
    return by.join(r.sample([time(r), uuid(r), "ok", str(r.randrange(999)), "alice", ""],
                            4) + [cell] + r.choice([[], ["1", "x"]]))


def sql_insert(r, name, text):
    return f"INSERT INTO orders (id, a, b) VALUES ({r.randrange(9999)}, '{text.replace(chr(39), chr(39) * 2)}', {r.randrange(99)});"


def sql_parameters(r, name, text):
    return f"{time(r)} DETAIL:  parameters: $1 = '{some(r, 4, DIGITS)}', $2 = '{text.replace(chr(39), chr(39) * 2)}'"


def json_list(r, name, text):
    return compact({"level": 20, "args": [r.randrange(9), text, "x"], "msg": "query"})


def xml_text(r, name, text):
    return f"<?xml version=\"1.0\"?><a><b>{xml(text)}</b><c>{r.randrange(99)}</c></a>"


def url_path(r, name, text):
    return f'{time(r)} "PUT /v1/things/{percent(text)}/items HTTP/1.1" 404 12' if not any(c in mark_free(text) for c in "/ ()+:") else None


def escaped_prose(r, name, text):
    return compact({"body": compact({"msg": f"sent \"{text}\" to {host(r)}\nok"})})


def plain_prose(r, name, text):
    a, b = r.choice(QUOTES)
    return f"{r.choice(['', time(r) + ' '])}{r.choice(['done:', 'got', 'Gesendet an', 'processing', 'result →'])} {a}{text}{b}{r.choice(ENDS)}"


def only(r, name, text):
    return text


BARE = [csv, sql_insert, sql_parameters, json_list, xml_text, escaped_prose, plain_prose, plain_prose, only]
# Digits in the path of a URL may well be a number of something else.
BARE_TEXT = BARE + [url_path]
