"""Lines in which there is nothing to hide, of the kind that looks as if there were."""
import base64, hashlib, json

import carriers
from carriers import agent, compact, epoch, fields, host, time, uuid
from personal import KINDS
from tokens import ALNUM, BASE64, DIGITS, HEX, LOWER, UPPER, some


def identifier(r):
    """(name, text) of what is no one's secret."""
    return r.choice([
        lambda: ("id", uuid(r)), lambda: ("ID", uuid(r).upper()), lambda: ("traceId", some(r, 32, HEX)),
        lambda: ("spanId", some(r, 16, HEX)),
        lambda: ("trace_id", str(r.getrandbits(64))), lambda: ("dd.span_id", str(r.getrandbits(63))),
        lambda: ("traceparent", f"00-{some(r, 32, HEX)}-{some(r, 16, HEX)}-01"),
        lambda: ("ts", epoch(r, 10)), lambda: ("time", epoch(r, 13)), lambda: ("ts_us", epoch(r, 16)),
        lambda: ("ts_ns", epoch(r, 19)),
        lambda: ("commit", some(r, 40, HEX)), lambda: ("sha", some(r, 7, HEX)),
        lambda: ("digest", f"sha256:{some(r, 64, HEX)}"), lambda: ("etag", some(r, 32, HEX)),
        lambda: ("md5", hashlib.md5(r.randbytes(4)).hexdigest()),
        lambda: ("pod", f"checkout-{some(r, 9, HEX)}-{some(r, 5, LOWER + DIGITS)}"),
        lambda: ("container", some(r, 64, HEX)), lambda: ("version", f"{r.randrange(99)}.{r.randrange(99)}.{r.randrange(9999)}"),
        lambda: ("orderId", some(r, r.choice([8, 9, 10, 11, 12]), DIGITS)),
        lambda: ("order", f"ORD-{some(r, 8, DIGITS)}"), lambda: ("sku", f"{some(r, 2, UPPER)}{some(r, 6, DIGITS)}"),
        lambda: ("tracking", f"1Z{some(r, 16, UPPER + DIGITS)}"),
        lambda: ("object", f"com.example.Thing@{some(r, 8, HEX)}"),
        lambda: ("data", base64.b64encode(r.randbytes(r.randrange(12, 90))).decode()),
        lambda: ("text", base64.b64encode(b"The quick brown fox jumps over %d lazy dogs" % r.randrange(99)).decode()),
        lambda: ("snowflake", str(r.randrange(10**17, 2 * 10**18))),
        lambda: ("objectId", some(r, 24, HEX)), lambda: ("ulid", "01" + some(r, 24, DIGITS + "ABCDEFGHJKMNPQRSTVWXYZ")),
        lambda: ("nanoid", some(r, 21, ALNUM + "_-")),
        lambda: ("ksuid", some(r, 27)), lambda: ("xid", some(r, 20, "abcdefghijklmnopqrstuv" + DIGITS)),
        lambda: ("offset", str(r.randrange(10**10))), lambda: ("bytes", str(r.randrange(10**13))),
        lambda: ("hash", str(r.getrandbits(31))), lambda: ("address", f"0x{some(r, 12, HEX)}"),
        lambda: ("thread", f"pool-{r.randrange(9)}-thread-{r.randrange(99)}"),
        lambda: ("arn", f"arn:aws:iam::{some(r, 12, DIGITS)}:role/app"),
        lambda: ("isbn", f"978-{r.randrange(9)}-{some(r, 3, DIGITS)}-{some(r, 5, DIGITS)}-{r.randrange(9)}"),
        lambda: ("build", f"2026{r.randrange(1, 13):02}{r.randrange(1, 29):02}{some(r, 6, DIGITS)}"),
        lambda: ("range", f"{r.randrange(999)}-{r.randrange(99)}-{r.randrange(999)}"),
        lambda: ("lat", f"{r.random() * 90:.7f}"), lambda: ("float", repr(r.random() * 10**6)),
        lambda: ("file", f"IMG_{some(r, 8, DIGITS)}_{some(r, 6, DIGITS)}.jpg"),
        lambda: ("amount", f"{r.randrange(10**6):,}"), lambda: ("size", f"{some(r, 3, DIGITS)}x{some(r, 3, DIGITS)}"),
        lambda: ("blk", f"blk_-{r.getrandbits(63)}"),
        lambda: ("uid", str(r.randrange(65536))), lambda: ("hexdump", " ".join(some(r, 2, HEX) for _ in range(16))),
        lambda: ("ssh", f"SHA256:{some(r, 43, BASE64)}"),
        lambda: ("class", f"com/example/service/{some(r, 12)}Factory$Builder"),
        lambda: ("css", f"static/js/main.{some(r, 8, HEX)}.chunk.js"),
        lambda: ("etag2", f'W/"{some(r, 4, HEX)}-{some(r, 27, BASE64)}"'),
        lambda: ("hl7", f"{some(r, 4, DIGITS)} {some(r, 4, DIGITS)}"),
    ])()


def ids(r):
    name, text = identifier(r)
    kind = r.random()
    if kind < 0.6:
        return r.choice(carriers.NAMED)(r, name, text)
    if kind < 0.8:
        return f"{time(r)} INFO {r.choice(['processing', 'retry of', 'finished', 'start'])} {name} {text} in {r.randrange(900)} ms"
    return r.choice(carriers.BARE)(r, name, text)


def access(r):
    return f'10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)} - {r.choice(["-", "frank"])} [20/Nov/2026:09:{r.randrange(60):02}:01 +0100] ' \
           f'"GET /assets/{some(r, 20, HEX)}/icon@2x.png?v={epoch(r)} HTTP/1.1" {r.choice([200, 304])} {r.randrange(10**6)} "https://shop.example.com/a?page=2" "{agent(r)}" rt=0.{some(r, 3, DIGITS)}'


PROSE = [
    "Invalid password: user not found", "password: must have at least 8 characters", "token expired",
    "Token: expired at 2026-11-20T09:22:01Z", "author: Jane Doe",
    "key=value", "session opened for user root by (uid=0)", "pam_unix(sshd:session): session opened for user deploy",
    "pin 13 high", "secret santa list was saved",
    "Failed password for root from 10.0.0.5 port 22 ssh2", "Failed password for invalid user admin from 192.168.1.7 port 51234 ssh2", "unexpected token: } in JSON at position 12",
    "Unexpected token < in JSON at position 0", "SyntaxError: Unexpected token ':' at 1:17", "missing key: user_name",
    "duplicate key: 17", "password changed for user 17",
    "the password is wrong", "reset password token sent", "no such key: cache:user:17", "cookie: none",
    "key: id, value: 7", "session timeout: 30s", "session closed",
    "api key not found", "authorization: denied", "Authorization: required", "authorization failed for user bob",
    "Accepted publickey for root from 10.1.2.3 port 50022 ssh2: RSA SHA256:",
    "auth: user logged in", "auth=none", "Wrong PIN entered 3 times", "pin=13 state=high", "GPIO pin: 17",
    "token bucket: 10 tokens left", "password hashing took 12 ms",
    "secret not mounted: /run/secrets/db", "password file: /etc/app/password.txt", "using password: YES",
    "Access denied for user 'root'@'localhost' (using password: NO)",
    "session 7 started: 3 users", "csrf token mismatch", "foreign key constraint fails", "primary key: id",
    "key length: 2048 bits", "public key: ok", "keyboard: de", "monkey: banana",
    "token count: 4096", "passed: 17, failed: 0", "passive=true", "compass: north", "bypass: on", "tokenizer: gpt2",
    "secretary: Smith", "basic: true", "bearer of bad news",
    "Basic authentication is off", "Bearer authentication required", "basic types: int, float", "phone: unreachable",
    "call 3 of 12", "sin(0.5)", "pan and zoom", "nie wieder", "cf. section 4",
    "SIN flag", "tel aviv", "medicare plan", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
    "----- end of report -----", "================", "-----", "--- a/file.c",
]
MORE = [
    '{"token_type":"Bearer","expires_in":3600}', "max_tokens=4096 temperature=0.7",
    '{"primaryKey":"id","sortKey":"createdAt"}', '{"usage":{"prompt_tokens":812,"completion_tokens":77,"total_tokens":889}}',
    '{"keys":["a","b"],"keyCount":2}', '{"passwordChanged":true,"hasPassword":false}',
    '{"password_reset_required":false,"mfa":true}', '{"tokenExpired":true,"tokenCount":17}',
    '{"key":"user:17:profile","ttl":300}', '{"author":"Jane Doe","authority":"example"}',
    '{"secretName":"db-credentials","namespace":"shop"}', '{"publicKey":"ssh"}',
    'password=*** user=bob', "password=****** user=bob", '{"password":"***"}', '{"password":"[REDACTED]"}',
    '{"password":null,"token":""}', "password=${DB_PASSWORD}", "password=$PASSWORD",
    "password=<hidden>", "token=[FILTERED]", '{"token":"undefined"}', '"password"=>"[FILTERED]"', "password: %s",
    "password={}", "api_key=xxxxxxxx", "token=", "password=", '{"secret":"<redacted>"}',
    "passwd=null", "secret: {{ .Values.secret }}", "token: ${{ secrets.TOKEN }}", '{"password":"[secret]"}',
    '{"email":"[email]"}', "from [email:k1:4f9c2ad10c6be7a3] ok", "[card:1111] declined",
    "key_id=k1 kid=3", "sort_key=name", "cache_key=user:17", "partition_key=7", "idempotency-key: none",
    "keyspace=shop table=orders", "https://example.com:8080/path@2", "http://localhost:3000/@vite/client",
    "deploy@web-1.example.com:/srv/app", "git@github.com:org/repo.git", "ssh://git@github.com/org/repo.git",
    "scp a.txt bob@db02:/tmp/", "git+ssh://git@example.com/a.git",
    "https://user@example.com:443/x", "npm i lodash@4.17.21 @types/node@20.1.0", "pkg:npm/%40angular/core@16.0.0",
    "unit@1.service: Succeeded.", "getty@tty1.service", "dns/example@sha1", "a@b", "@here", "x @ y",
    "09:22:01", "00:00:00:00:00:00", "2026:11:20 09:22:01", "12:34:56:789", "[20/Nov/2026:09:22:01 +0000]",
    "uptime 12:34:56", "ratio 16:9", "::", "a::b::c", "std::chrono::ns", "C:\\Users\\bob", "fe80::1%eth0",
    "::1", "127.0.0.1:8080", "10.0.0.1/8", "192.168.1.1", "169.254.169.254", "0.0.0.0:4100", "224.0.0.1", "255.255.255.0",
    "version 1.2.3.4", "v1.2.3.4", "openssl 3.0.15.1", "1.2.3.4-rc1", "1.2.3.4.5", "SNMP 1.3.6.1.2.1.1",
    "section 4.1.2.3", "libc.so.6.1.2.3", "Chrome/120.0.0.0 Safari/537.36", "nginx/1.25.3.1", "java 17.0.9.1",
    "10.15.7.1 (Catalina) build 19H2", "078-05-1120", "000-12-3456", "ssn 666-12-3456", "ssn 123-00-4567",
    "lines 123-45-6789012", "2026-11-20", "20-11-2026", "123-45-67890", "a123-45-6789", "123-45-6789-0", "555 1234",
    "(555)", "+1", "+0100", "UTC+02:00", "x+12345678901", "1+2125551234567890", "call(17)", "f(2026)",
]

ENCODED = [  # percent-encoded, or as Gson writes it
    "/search?q=red+shoes+size+42&sort=price_asc", "/search?q=forgot%20password%3F&page=2",
    "/collect?v=2&cid=1812345678.1699999999&dl=https%3A%2F%2Fshop.example.com%2Fp%2F4711%3Futm_source%3Dnews&dt=Red%20Shoes%20-%20Shop",
    "/authorize?response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid%20profile%20email",
    "/events?from=2026-11-20T09%3A22%3A01.123%2B01%3A00&to=2026-11-21T09%3A22%3A01%2B01%3A00&tz=Europe%2FBerlin",
    "/query?query=sum(rate(http_requests_total%7Bjob%3D%22api%22%2Ccode%3D~%225..%22%7D%5B5m%5D))&start=1699999999&step=15",
    "/query?query=%7Bapp%3D%22auth%22%7D%20%7C%3D%20%22password%22&limit=1000&start=1699999999000000000",
    "/search?jql=project%20%3D%20ABC%20AND%20updated%20%3E%3D%20-1d%20ORDER%20BY%20key%20ASC",
    "/Users?%24filter=startswith(name%2C%27a%27)%20and%20id%20eq%20123456789", "/maps/52.5200%2C13.4050/48.1351%2C11.5820?z=12",
    "/x?time=09%3A22%3A01&ratio=16%3A9&v=fe80%3A%3A1", "/a?q=isbn%20978-3-16-148410-0&r=1Z%20999%20AA1%2001%202345%206784",
    "/a?part=AB%2012%2034%2056&plate=AB%2012%20CDE&flight=LH%20123", "/s?q=visa%204111%201111%201111%201112",
    "/login?next=%2Freset-password%3Fstep%3D2", "/login?error=Invalid%20password%3A%20user%20not%20found",
    "/login?next=%2F%3Fpass%3Dtrue%26auth%3Dbasic%26key%3Dvalue%26token_type%3Dbearer",
    "/x?filter=%7B%22sort%22%3A%7B%22key%22%3A%22created_at%22%2C%22secret%22%3Afalse%7D%7D",
    "/x?data=%7B%22password%22%3A%22***%22%2C%22token%22%3Anull%2C%22pwd%22%3A%22%22%7D",
    "/x?data=%7B%22password%22%3A%22%24%7BDB_PASSWORD%7D%22%7D&u=%7B%7Btoken%7D%7D",
    "/r?u=ssh%3A%2F%2Fgit%40github.com%3A22%2Ffoo%2Fbar.git", "/r?u=https%3A%2F%2Fexample.com%2Fsrc%2Fpassword.c%23L10-L20",
    "prefs=%7B%22theme%22%3A%22dark%22%7D; consent=isGlobal%3Dfalse%26datestamp%3DFri%20Nov%2020%202026%2009%3A22%3A01%20GMT%2B0100",
    "Mozilla%2F5.0%20(Windows%20NT%2010.0%3B%20Win64%3B%20x64)%20Chrome%2F119.0.0.0%20Safari%2F537.36",
    "/v1?limit\\u003d10\\u0026offset\\u003d20", "a \\u003c b \\u0026\\u0026 c \\u003e d", "user\\u0027s token is invalid",
]


def encoded(r):
    text = r.choice(ENCODED)
    quoted = f'"{text}"'
    return r.choice([lambda: f'10.0.0.{r.randrange(1, 255)} - - "GET {text} HTTP/1.1" 200 {r.randrange(9000)} "-"', lambda: f"{time(r)} INFO {text}",
                     lambda: f'{{"level":30,"n":{r.randrange(10**5)},"url":{quoted},"ms":{r.randrange(10**5)}}}', lambda: f'[{quoted},{r.randrange(10**5)},"x"]',
                     lambda: compact({"body": f'[{quoted},{r.randrange(10**5)},"x"]', "n": 1})])()


def prose(r):
    text = r.choice(PROSE)
    return r.choice([lambda: text, lambda: f"{time(r)} WARN {text}",
                     lambda: f"Nov 20 09:22:01 {host(r)} sshd[{r.randrange(9999)}]: {text}",
                     lambda: compact({"level": 40, "msg": text, **fields(r)}),
                     lambda: compact({"body": compact({"error": text})}), lambda: f"level=warn msg={json.dumps(text)}",
                     lambda: f"{text}, {text}"])()


def more(r):
    text = r.choice(MORE)
    return r.choice([lambda: text, lambda: f"{time(r)} DEBUG {text}", lambda: compact({"msg": text}),
                     lambda: f"{time(r)} ({text})", lambda: f"{text} took {r.randrange(99)} ms"])()


def wrong(r):
    """A value with a wrong digit, behind the word that would make it one; names alone would hide it."""
    kind = r.choice([k for k in KINDS if k.wrong])
    text = kind.wrong(r)
    if r.random() < 0.6:
        return r.choice(carriers.BARE + [carriers.json_list, carriers.pino])(r, r.choice(["value", "ref", "x"]), text)
    return f"{time(r)} INFO {r.choice(['invalid', 'checking', 'no'])} {r.choice(kind.words)} {text}{r.choice(['', '.', ', retry', ' (7)'])}"


def numbers(r):
    return " ".join(r.choice([lambda: some(r, r.randrange(1, 20), DIGITS), lambda: f"{r.random():.6f}",
                              lambda: f"{some(r, 3, DIGITS)}-{some(r, 3, DIGITS)}", lambda: some(r, 8, HEX),
                              lambda: f"{r.randrange(99)}%", lambda: time(r),
                              lambda: r.choice(["x", "of", "rows", "kB", "id"])])() for _ in range(r.randrange(3, 12)))


def certificate(r):
    body = base64.b64encode(r.randbytes(300)).decode()
    text = "\n".join(["-----BEGIN CERTIFICATE-----"] + [body[i:i + 64] for i in range(0, len(body),
                                                                                      64)] + ["-----END CERTIFICATE-----"])
    return compact({"msg": "peer", "cert": text})


LINES = [(ids, 10), (access, 2), (prose, 5), (more, 5), (wrong, 8), (numbers, 2), (certificate, 0.3), (encoded, 2)]
