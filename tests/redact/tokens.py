"""Invented keys and tokens in the forms of those who give them out, and values that stand under names such as "password".

Prefixes are put together from pieces, so that scanners of secrets find none in this file.
"""
import base64, json, string, zlib

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
HEX, ALNUM = DIGITS + "abcdef", string.ascii_letters + DIGITS
URL64, BASE64 = ALNUM + "-_", ALNUM + "+/"


def some(r, n, of=ALNUM):
    return "".join(r.choices(of, k=n))


def ends_well(r, n, of=URL64):
    """Nobody says that a value ends with a dash, where its end is hard to tell."""
    return some(r, n - 1, of) + some(r, 1)


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def base62_crc(text):
    """The last six characters of a GitHub or npm token."""
    n, out = zlib.crc32(text.encode()), ""
    for _ in range(6):
        n, d = divmod(n, 62)
        out = (DIGITS + UPPER + LOWER)[d] + out
    return out


def with_crc(r, prefix):
    text = some(r, 30)
    return prefix + text + base62_crc(text)


def jwt(r):
    header = {"alg": r.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    if r.random() < 0.5:
        header["kid"] = some(r, r.randrange(4, 40))
    if r.random() < 0.3:
        header = dict(reversed(header.items()))
    body = {"sub": some(r, 10, DIGITS), "iat": 1760000000 + r.randrange(10**7),
            "scope": r.choice(["read", "read write", "admin:*"])}
    signature = {"HS256": 32, "RS256": 256, "ES256": 64}[header["alg"]]
    return ".".join((base64url(json.dumps(header, separators=r.choice([(",", ":"), (", ", ": ")])).encode()),
                     base64url(json.dumps(body, separators=(",", ":")).encode()), base64url(r.randbytes(signature))))


PROVIDERS = {
    "aws key id": lambda r: r.choice(["AK" "IA", "AS" "IA"]) + some(r, 16, UPPER + "234567"),
    "gcp api key": lambda r: "AI" "za" + ends_well(r, 35),
    "gcp oauth secret": lambda r: "GOC" "SPX-" + ends_well(r, 28),
    "gcp access token": lambda r: "ya" "29." + ends_well(r, r.choice([100, 140, 180])),
    "azure client secret": lambda r: some(r, 3) + r.choice(DIGITS) + "Q" "~" + ends_well(r, 34),
    "github": lambda r: with_crc(r, r.choice(["gh" "p_", "gh" "o_", "gh" "u_", "gh" "s_", "gh" "r_"])),
    "github fine-grained": lambda r: "github" "_pat_" + some(r, 22) + "_" + some(r, 59),
    "gitlab": lambda r: r.choice(["gl" "pat-", "gl" "dt-", "gl" "rt-", "gl" "soat-", "gl" "ft-"]) + ends_well(r, 20),
    "gitlab trigger": lambda r: "gl" "ptt-" + some(r, 40, HEX),
    "slack bot": lambda r: "xo" f"xb-{some(r, 12, DIGITS)}-{some(r, 13, DIGITS)}-{some(r, 24)}",
    "slack user": lambda r: "xo" f"xp-{some(r, 12, DIGITS)}-{some(r, 12, DIGITS)}-{some(r, 13, DIGITS)}-{some(r, 32, HEX)}",
    "slack app": lambda r: "xa" f"pp-1-A{some(r, 10, UPPER + DIGITS)}-{some(r, 13, DIGITS)}-{some(r, 64, HEX)}",
    "slack webhook": lambda r: (f"https://hooks.sl" f"ack.com/services/T{some(r, 10, UPPER + DIGITS)}/B{some(r, 10, UPPER + DIGITS)}/", some(r, 24)),
    "stripe": lambda r: r.choice(["s", "r"]) + "k_" + r.choice(["li" "ve_", "te" "st_"]) + some(r, r.choice([24, 99])),
    "stripe webhook": lambda r: "wh" "sec_" + some(r, 32),
    "npm": lambda r: with_crc(r, "np" "m_"),
    "pypi": lambda r: "py" "pi-AgEIcHlwaS5vcmc" + ends_well(r, r.choice([120, 160])),
    "openai": lambda r: "s" "k-" + some(r, 20) + "T3Blbk" "FJ" + some(r, 20),
    "openai project": lambda r: "s" "k-" + r.choice(["proj-", "svcacct-", "admin-"]) + some(r, 74,
                                                                                            URL64) + "T3Blbk" "FJ" + ends_well(r, 74),
    "anthropic": lambda r: "s" "k-ant-" + r.choice(["api03-", "admin01-"]) + some(r, 93, URL64) + "AA",
    "twilio": lambda r: "S" "K" + some(r, 32, HEX),
    "sendgrid": lambda r: "S" "G." + ends_well(r, 22) + "." + ends_well(r, 43),
    "telegram": lambda r: ("https://api.telegram.org/bot" if r.random() < 0.4 else "",
                           f"{r.randrange(10**8, 10**10)}" ":AA" + ends_well(r, 33)),
    "discord": lambda r: base64url(str(r.randrange(10**17, 10**18)).encode()) + ".G" + some(r, 5) + "." + ends_well(r, 38),
    "discord webhook": lambda r: (f"https://discord" ".com/api/webhooks/" + str(r.randrange(10**17, 10**19)) + "/",
                                  ends_well(r, 68)),
    "heroku": lambda r: "HRK" "U-AA" + ends_well(r, 58),
    "digitalocean": lambda r: "do" + r.choice("por") + "_v" "1_" + some(r, 64, HEX),
    "databricks": lambda r: "da" "pi" + some(r, 32, HEX) + r.choice(["", "", "-2"]),
    "vault": lambda r: r.choice(["hv" "s." + ends_well(r, 95), "hv" "b." + ends_well(r, 150)]),
    "terraform": lambda r: some(r, 14) + ".atlas" "v1." + ends_well(r, 67),
    "sluice": lambda r: r.choice(["sl" "r_", "sl" "w_", "sl" "a_"]) + ends_well(r, 43),
}

# Names whose values are secret, as programs write them.
PASSWORD_NAMES = ["password", "passwd", "pwd", "userPassword", "db_password", "DB_PASSWORD", "new-password", "passphrase"]
TOKEN_NAMES = ["token", "access_token", "accessToken", "refresh_token", "id_token", "auth_token", "sessionToken", "bearer_token"]
KEY_NAMES = ["api_key", "apiKey", "apikey", "API_KEY", "x-api-key", "client_secret", "clientSecret", "secret",
             "secret_key", "private_key",
             "SECRET_KEY", "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "webhook_secret", "signing_key",
             "encryption_key", "jwtSecret"]
SHORT_NAMES = {"pin": 4, "otp": 6, "cvv": 3, "cvc": 3}  # how many digits
SESSION_NAMES = ["session", "sessionid", "session_id", "csrf_token", "PHPSESSID", "connect.sid"]


def password(r):
    return r.choice([
        lambda: r.choice(["hunter", "summer", "Welcome", "dragon", "letmein", "Passw0rd", "qwerty"]) + some(r,
                                                                                                            r.randrange(1,
                                                                                                                        5), DIGITS),
        lambda: some(r, r.randrange(8, 20), ALNUM + "!$%*+-._~^"),
        lambda: f"{some(r, 6, LOWER)}-{some(r, 7, LOWER)}-{some(r, 5, LOWER)}",
        lambda: some(r, 24, ALNUM), lambda: "Tr0ub4dor" + r.choice("!$*-_.") + some(r, 2)])()


def hard_password(r):
    """With characters that formats have to escape; only where they can."""
    return r.choice([
        lambda: f"{some(r, 5)} {some(r, 4)} {some(r, 6)}", lambda: some(r, 5) + '"' + some(r, 5),
        lambda: some(r, 4) + "\\" + some(r, 5),
        lambda: some(r, 3) + "ü" + some(r, 3) + "ß€", lambda: some(r, 4) + "," + some(r, 4) + "}",
        lambda: some(r, 4) + "&" + some(r, 3) + "=" + some(r, 3)])()


def token(r):
    return r.choice([lambda: some(r, r.choice([32, 40, 64]), HEX), lambda: some(r, r.randrange(20, 60), ALNUM),
                     lambda: ends_well(r, r.randrange(20, 60)),
                     lambda: base64.b64encode(r.randbytes(r.choice([24, 30, 48]))).decode()])()


def named(r):
    """(form, name, value): a name that says that its value is secret."""
    form = r.choice(["password", "password", "token", "key", "short", "session"])
    if form == "password":
        return form, r.choice(PASSWORD_NAMES), password(r)
    if form == "short":
        name = r.choice(list(SHORT_NAMES))
        return form, name, some(r, SHORT_NAMES[name], DIGITS)
    names = {"token": TOKEN_NAMES, "key": KEY_NAMES, "session": SESSION_NAMES}[form]
    return form, r.choice(names), token(r)


PEM_KINDS = ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
             "DSA PRIVATE KEY"]


def pem_lines(r):
    kind = r.choice(PEM_KINDS)
    body = base64.b64encode(r.randbytes(r.choice([120, 300, 610, 1190]))).decode()
    return ["-----BE" f"GIN {kind}-----"] + [body[i:i + 64] for i in range(0, len(body), 64)] + ["-----EN" f"D {kind}-----"]
