"""Invented values of each rule for personal data, with check digits of our own making, and values that are no such
thing because a digit is wrong.

A kind has: rule; make(r) gives (form, text); names for keys of JSON and the like; words for prose; whether it is known
without any of them (`alone`, by form); wrong(r) gives texts that look alike but are not valid.
"""
import string

DIGITS, UPPER = string.digits, string.ascii_uppercase


def digits(r, n):
    return "".join(r.choices(DIGITS, k=n))


def letters(r, n):
    return "".join(r.choices(UPPER, k=n))


def grouped(text, sizes, by):
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at:at + size])
        at += size
    return by.join(part for part in parts + [text[at:]] if part)


def other_digit(r, text, at):
    """text with another digit at this place."""
    return text[:at] + r.choice([d for d in DIGITS if d != text[at]]) + text[at + 1:]


def until(make):
    """The first value that is one."""
    while True:
        value = make()
        if value is not None:
            return value


def weighted(text, weights):
    return sum(int(d) * w for d, w in zip(text, weights))


# ---- cards ----

def luhn_digit(text):
    total = 0
    for i, d in enumerate(reversed(text)):
        n = int(d) * (2 if i % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return str(-total % 10)


CARDS = [  # name, prefixes, lengths, groups
    ("visa", ["4"], [16, 16, 16, 13, 19], (4, 4, 4, 4)),
    ("mastercard", ["51", "52", "53", "54", "55", "2221", "2300", "2519", "2720"], [16], (4, 4, 4, 4)),
    ("amex", ["34", "37"], [15], (4, 6, 5)),
    ("discover", ["6011", "644", "649", "65"], [16], (4, 4, 4, 4)),
    ("diners", ["300", "305", "36", "38"], [14], (4, 6, 4)),
    ("jcb", ["3528", "3550", "3589"], [16], (4, 4, 4, 4)),
    ("unionpay", ["6212", "6250", "6226"], [16, 16, 19], (4, 4, 4, 4)),
    ("maestro", ["5018", "5020", "5038", "6304", "6759", "6761"], [16, 18, 19], (4, 4, 4, 4)),
]


def card(r):
    name, prefixes, lengths, groups = r.choice(CARDS)
    prefix, length = r.choice(prefixes), r.choice(lengths)
    number = prefix + digits(r, length - 1 - len(prefix))
    number += luhn_digit(number)
    by = r.choice(["", "", " ", "-"])
    return f"{name}{len(number)} {'bare' if not by else 'grouped'}", grouped(number, groups, by)


def wrong_card(r):
    form, text = card(r)
    return other_digit(r, text, len(text) - 1)


# ---- IBAN ----

IBANS = {  # what stands behind the check digits: n digits, a capitals, c both
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c",
    "BH": "4a14c", "BR": "23n1a1c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DK": "14n",
    "DO": "4c20n", "EE": "16n", "ES": "20n", "FI": "14n", "FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n",
    "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "4c20c", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n",
    "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c", "LI": "5n12c",
    "LT": "16n", "LU": "3n13c", "LV": "4a13c", "MC": "10n11c2n", "MD": "2c18c", "ME": "18n", "MK": "3n10c2n",
    "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NL": "4a10n", "NO": "11n", "PK": "4a16c", "PL": "24n", "PS": "4a21c",
    "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "SA": "2n18c", "SE": "20n", "SI": "15n", "SK": "20n",
    "SM": "1a10n12c", "TN": "20n", "TR": "5n1n16c", "UA": "6n19c", "VG": "4a16n", "XK": "16n",
}
COMMON_IBANS = ["DE", "FR", "GB", "NL", "ES", "IT", "PL", "AT", "CH", "BE"]


def by_pattern(r, pattern):
    out, count = "", ""
    for sign in pattern:
        if sign in DIGITS:
            count += sign
            continue
        out += "".join(r.choices({"n": DIGITS, "a": UPPER, "c": DIGITS if r.random() < 0.7 else DIGITS + UPPER}[sign],
                                 k=int(count)))
        count = ""
    return out


def remainder97(text):
    return int("".join(str(int(c, 36)) for c in text)) % 97


def iban(r):
    country = r.choice(COMMON_IBANS if r.random() < 0.5 else list(IBANS))
    account = by_pattern(r, IBANS[country])
    text = country + f"{98 - remainder97(account + country + '00'):02}" + account
    by = r.choice(["", " "])
    return "bare" if not by else "grouped", grouped(text, [4] * 9, by)


def wrong_iban(r):
    form, text = iban(r)
    return other_digit(r, text, 3)


# ---- USA ----

def ssn(r):
    area = until(lambda: (lambda n: n if n != 666 else None)(r.randrange(1, 900)))
    text = f"{area:03}{r.randrange(1, 100):02}{r.randrange(1, 10000):04}"
    if text in ("078051120", "219099999", "123456789"):
        return ssn(r)
    if r.random() < 0.2:
        group = r.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
        text = f"9{r.randrange(100):02}{group}{r.randrange(10000):04}"
    by = r.choice(["-", "-", "-", " ", ""])
    kind = "itin" if text[0] == "9" else "ssn"
    return f"{kind} {'dashed' if by == '-' else 'blanks' if by else 'bare'}", grouped(text, (3, 2, 4), by)


def wrong_ssn(r):
    area, group, serial = r.choice([("000", "12", "3456"), ("666", "12", "3456"), ("123", "00", "4567"),
                                    ("123", "45", "0000"), ("912", "12", "3456"), ("999", "93", "1234"),
                                    ("078", "05", "1120"), ("219", "09", "9999")])
    return f"{area}-{group}-{serial}"


# ---- telephones ----

def phone(r):
    area, exchange, line = f"{r.choice('23456789')}{r.randrange(0, 9)}{r.randrange(2, 10)}", \
        f"{r.choice('23456789')}{r.randrange(0, 10)}{r.randrange(2, 10)}", digits(r, 4)
    return r.choice([
        ("E.164", f"+1{area}{exchange}{line}"), ("E.164", f"+4930{digits(r, 7)}"),
        ("E.164", f"+44{r.choice(['20', '7700', '161'])}{digits(r, 8)}"[:13]), ("E.164", f"+336{digits(r, 8)}"),
        ("E.164", f"+55119{digits(r, 8)}"), ("E.164", f"+9198{digits(r, 8)}"), ("E.164", f"+8613{digits(r, 9)}"),
        ("international", f"+1 {area} {exchange} {line}"), ("international", f"+1 ({area}) {exchange}-{line}"),
        ("international", f"+1-{area}-{exchange}-{line}"), ("international", f"+49 30 {digits(r, 7)}"),
        ("international", f"+49 (0) 89 {digits(r, 6)}"), ("international", f"+44 20 79{digits(r, 2)} {digits(r, 4)}"),
        ("international", f"+33 6 {grouped(digits(r, 8), (2, 2, 2), ' ')}"),
        ("international", f"+61 2 9{digits(r, 3)} {digits(r, 4)}"),
        ("NANP brackets", f"({area}) {exchange}-{line}"), ("NANP dashes", f"{area}-{exchange}-{line}"),
        ("NANP dots", f"{area}.{exchange}.{line}"), ("national", f"020 79{digits(r, 2)} {digits(r, 4)}"),
        ("national", f"06 {grouped(digits(r, 8), (2, 2, 2), ' ')}"), ("national", f"030 {digits(r, 7)}"),
        ("national", f"030/{digits(r, 7)}"), ("national", f"0171 {digits(r, 7)}"),
    ])


def wrong_phone(r):
    return r.choice(["2026-11-20 09:22:01", f"+{r.randrange(1, 99)}.{r.randrange(10)}%", f"+0{r.randrange(1, 10)}:00",
                     f"UTC+0{r.randrange(1, 10)}00",
                     f"({r.randrange(1, 99)})", f"+{r.randrange(1, 99)}ms", f"({r.randrange(100, 999)} rows)",
                     f"lines +{r.randrange(1, 900)},{r.randrange(1, 900)}"])


# ---- national numbers ----

def nhs(r):
    def make():
        text = digits(r, 9)
        check = 11 - weighted(text, range(10, 1, -1)) % 11
        return None if check == 10 else text + str(check % 11)
    by = r.choice(["", " ", "-"])
    return "bare" if not by else "grouped", grouped(until(make), (3, 3, 4), by)


def wrong_nhs(r):
    """With dashes it would look like an American telephone number."""
    return wrong_last(nhs)(r).replace("-", " ")


def nino(r):
    def prefix():
        text = r.choice([c for c in UPPER if c not in "DFIQUV"]) + r.choice([c for c in UPPER if c not in "DFIOQUV"])
        return None if text in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ") else text
    text = until(prefix) + digits(r, 6) + r.choice("ABCD")
    by = r.choice(["", " "])
    return "bare" if not by else "grouped", grouped(text, (2, 2, 2, 2), by)


def iso7064_11_10(text):
    product = 10
    for d in text:
        total = (int(d) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def de_tax_id(r):
    order = r.sample(DIGITS, 10)
    order[r.randrange(1, 10)] = order[0]  # one digit twice, so one is not there
    r.shuffle(order)
    if order[0] == "0":
        return de_tax_id(r)
    if any(a == b == c for a, b, c in zip(order, order[1:], order[2:])):
        return de_tax_id(r)
    text = "".join(order)
    text += iso7064_11_10(text)
    by = r.choice(["", "", " "])
    return "bare" if not by else "grouped", grouped(text, (2, 3, 3, 3), by)


def fr_nir(r):
    place = r.choice([f"{r.randrange(1, 96):02}", "2A", "2B"] + [f"{r.randrange(1, 96):02}"] * 8)
    if place == "20":
        place = "21"
    text = f"{r.choice('12')}{r.randrange(100):02}{r.randrange(1, 13):02}{place}{r.randrange(1, 900):03}{r.randrange(1, 1000):03}"
    number = int(text.replace("2A", "19").replace("2B", "18"))
    text += f"{97 - number % 97:02}"
    by = r.choice(["", " "])
    return "bare" if not by else "grouped", grouped(text, (1, 2, 2, 2, 3, 3, 2), by)


DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_dni(r):
    if r.random() < 0.3:
        first, rest = r.choice("XYZ"), digits(r, 7)
        letter = DNI_LETTERS[int("XYZ".index(first) * 10**7 + int(rest)) % 23]
        return r.choice([("NIE", f"{first}{rest}{letter}"), ("NIE dashed", f"{first}-{rest}-{letter}")])
    number = digits(r, 8)
    letter = DNI_LETTERS[int(number) % 23]
    return r.choice([("DNI", number + letter), ("DNI", number + letter), ("DNI dashed", f"{number}-{letter}")])


CF_ODD = dict(zip(DIGITS, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21))) | \
    dict(zip(UPPER, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)))


def it_cf(r):
    day = r.randrange(1, 29) + r.choice([0, 40])
    text = "".join(r.choices("BCDFGLMNPRST", k=6)) + f"{r.randrange(100):02}{r.choice('ABCDEHLMPRST')}{day:02}" + \
        r.choice("ABCDEFGHILMZ") + f"{r.randrange(1, 999):03}"
    total = sum(CF_ODD[c] if i % 2 == 0 else int(c) if c in DIGITS else UPPER.index(c) for i, c in enumerate(text))
    return "bare", text + UPPER[total % 26]


def pesel(r):
    year, month, day = r.randrange(1930, 2020), r.randrange(1, 13), r.randrange(1, 29)
    text = f"{year % 100:02}{month + (20 if year >= 2000 else 0):02}{day:02}{digits(r, 4)}"
    return "bare", text + str(-weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def bsn(r):
    def make():
        text = digits(r, 8)
        check = weighted(text, range(9, 1, -1)) % 11
        return None if check == 10 or text[:2] == "00" else text + str(check)
    text, form = until(make), r.choice(["bare", "bare", "grouped", "dotted"])
    return form, {"bare": text, "grouped": grouped(text, (3, 3), " "), "dotted": grouped(text, (4, 2), ".")}[form]


def ca_sin(r):
    text = r.choice("12345679") + digits(r, 7)
    by = r.choice(["", " ", "-"])
    return "bare" if not by else "grouped", grouped(text + luhn_digit(text), (3, 3), by)


def au_tfn(r):
    def make():
        text = r.choice("123456789") + digits(r, 7)
        for check in DIGITS:
            if weighted(text + check, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0:
                return text + check
        return None
    by = r.choice(["", " "])
    return "bare" if not by else "grouped", grouped(until(make), (3, 3), by)


def au_medicare(r):
    text = r.choice("23456") + digits(r, 7)
    text += str(weighted(text, (1, 3, 7, 9, 1, 3, 7, 9)) % 10) + r.choice("123456789")
    by = r.choice(["", " ", "-"])
    return "bare" if not by else "grouped", grouped(text, (4, 5), by)


VERHOEFF_D = [[(i + j) % 5 if i < 5 and j < 5 else (i + (j - 5)) % 5 + 5 if i < 5 else (i - 5 - j) % 5 + 5 if j < 5
               else (i - j) % 5 for j in range(10)] for i in range(10)]
VERHOEFF_P = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def verhoeff_digit(text):
    def permuted(d, times):
        for _ in range(times):
            d = VERHOEFF_P[d]
        return d
    for check in range(10):
        c = 0
        for i, d in enumerate(reversed(text + str(check))):
            c = VERHOEFF_D[c][permuted(int(d), i % 8)]
        if c == 0:
            return str(check)


def aadhaar(r):
    text = r.choice("23456789") + digits(r, 10)
    by = r.choice(["", " ", "-"])
    return "bare" if not by else "grouped", grouped(text + verhoeff_digit(text), (4, 4), by)


def in_pan(r):
    return "bare", letters(r, 3) + r.choice("PPPPPCHFATBLJG") + letters(r, 1) + f"{r.randrange(1, 10000):04}" + letters(r, 1)


def cpf(r):
    text = until(lambda: (lambda t: None if len(set(t)) == 1 else t)(digits(r, 9)))
    for _ in range(2):
        text += str(-weighted(text, range(len(text) + 1, 1, -1)) % 11 % 10)  # 10 counts as 0
    if r.random() < 0.5:
        return "bare", text
    return "written", f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def wrong_last(make, at=-1):
    """A wrong check digit or letter, which is the one at the end unless said otherwise."""
    def wrong(r):
        text = make(r)[1]
        i = [i for i, c in enumerate(text) if c.isalnum()][at]
        if text[i] in DIGITS:
            return other_digit(r, text, i)
        return text[:i] + r.choice([c for c in UPPER if c != text[i]]) + text[i + 1:]
    return wrong


# ---- mail ----

MAIL_NAMES = ["anna", "bob.miller", "j.doe", "mary-ann", "kim_lee", "info", "x", "Max.Mustermann", "a1b2c3",
              "first.last.third", "sales2026", "no-reply"]
MAIL_DOMAINS = ["example.com", "mail.example.org", "corp.example.net", "shop.example.co.uk", "my-company.de", "web.de",
                "gmail.com",
                "Example.COM", "xn--bcher-kva.example.com", "a.io", "sub.domain.company.museum", "post.example.photography"]


def mail(r):
    form = r.choices(["plain", "tagged", "apostrophe"], [95, 4, 1])[0]
    name = {"plain": r.choice(MAIL_NAMES), "tagged": "user+tag", "apostrophe": "o'brien"}[form]
    if r.random() < 0.5:
        name += str(r.randrange(1, 999))
    return form, f"{name}@{r.choice(MAIL_DOMAINS)}"


def wrong_mail(r):
    return r.choice([f"icon@{r.choice('234')}x.png", f"logo-dark@{r.choice('234')}x.webp",
                     f"getty@tty{r.randrange(1, 7)}.service",
                     f"user@{r.randrange(1000)}.service", f"systemd-fsck@dev-sda{r.randrange(1, 9)}.service",
                     f"openvpn@client.target", "run-user@0.mount",
                     "git@github.com:org/repo.git", f"deploy@web-{r.randrange(1, 9)}.example.com:/srv/app",
                     f"root@10.0.0.{r.randrange(1, 250)}",
                     f"lodash@4.17.{r.randrange(30)}", f"@babel/core@7.{r.randrange(30)}.1",
                     f"java.lang.Object@{r.getrandbits(28):x}",
                     f"com.example.Service$Proxy@{r.getrandbits(32):08x}", "admin@localhost", "@Override", "@media", "foo@bar",
                     f"image@sha256:{r.getrandbits(256):064x}", "@timestamp", "@version",
                     f"Suite$$Lambda${r.randrange(9999)}/{r.getrandbits(31)}@{r.getrandbits(32):08x}.apply",
                     f"commit@{r.getrandbits(160):040x}"])


# ---- networks ----

def ipv4(r):
    def make():
        a, b, c, d = (r.randrange(256) for _ in range(4))
        reserved = a in (0, 10, 127) or a >= 224 or (a, b) in ((169, 254), (192, 168), (198, 18), (198, 19), (192, 0),
                                                               (192, 88)) or \
            (a == 172 and 16 <= b < 32) or (a == 100 and 64 <= b < 128) or (a, b, c) in ((198, 51, 100), (203, 0, 113))
        return None if reserved or a < 11 or d in (0, 255) else f"{a}.{b}.{c}.{d}"
    return until(make)


def ipv6(r):
    groups = [r.choice(["2a00", "2600", "2a02", "2403", "2804", "2c0f", "2607"])] + [f"{r.getrandbits(16):x}" for _ in range(7)]
    form = r.choice(["full", "compressed", "compressed", "upper"])
    if form == "compressed":
        a = r.randrange(2, 5)
        text = ":".join(groups[:a]) + "::" + ":".join(groups[8 - r.randrange(1, 4):])
    else:
        text = ":".join(groups)
    return f"IPv6 {form}", text.upper() if form == "upper" else text


def ip(r):
    return ("IPv4", ipv4(r)) if r.random() < 0.6 else ipv6(r)


def wrong_ip(r):
    return r.choice([f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}",
                     f"192.168.{r.randrange(256)}.{r.randrange(1, 255)}",
                     f"172.{r.randrange(16, 32)}.0.{r.randrange(1, 255)}", "127.0.0.1", "0.0.0.0", "::1", "fe80::1",
                     f"fd00::{r.getrandbits(16):x}", "::",
                     f"256.{r.randrange(256)}.1.1", f"{r.randrange(1, 99)}.{r.randrange(99)}.{r.randrange(99)}",
                     "1.2.3.4.5", "1.3.6.1.4.1.311",
                     f"v{r.randrange(1, 9)}.{r.randrange(20)}.{r.randrange(20)}.{r.randrange(20)}",
                     f"Chrome/{r.randrange(90, 140)}.0.0.0",
                     f"std::vector::push_back", "a::b", f"version {r.randrange(1, 9)}.{r.randrange(20)}.{r.randrange(20)}.{r.randrange(20)}",
                     f"{r.randrange(1, 9)}.{r.randrange(20)}.{r.randrange(20)}.{r.randrange(20)}-beta",
                     f"libfoo.so.{r.randrange(1, 9)}.2.3.4",
                     f"Firefox/{r.randrange(90, 140)}.0", f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}"])


def mac(r):
    parts = [f"{r.getrandbits(8):02x}" for _ in range(6)]
    parts[0] = f"{int(parts[0], 16) & 0xfe | 0x02 if r.random() < 0.3 else int(parts[0], 16) & 0xfc:02x}"
    if not any(c in "abcdef" for c in "".join(parts)):
        return mac(r)
    form = r.choice(["colons", "colons", "dashes", "upper", "dotted"])
    text = {"colons": ":".join(parts), "dashes": "-".join(parts), "upper": ":".join(parts).upper(),
            "dotted": grouped("".join(parts), (4, 4), ".")}[form]
    return form, text


def wrong_mac(r):
    t = [f"{r.randrange(24):02}", f"{r.randrange(60):02}", f"{r.randrange(60):02}"]
    return r.choice([":".join(t), "-".join(t), f"2026:11:20:{':'.join(t)}", f"{':'.join(t)}:{r.randrange(1000):03}",
                     f"{':'.join(t)}.{digits(r, 6)}",
                     ":".join(f"{r.getrandbits(8):02x}" for _ in range(r.choice([3, 4, 5, 8, 16, 20]))),
                     f"20-11-26-{'-'.join(t)}",
                     f"{r.randrange(10, 99)}:{r.randrange(10, 99)}:{r.randrange(10, 99)}"])


# ---- all of them ----

class Kind:
    def __init__(self, rule, make, names, words, wrong, alone=lambda form: True):
        self.rule, self.make, self.names, self.words, self.wrong, self.alone = rule, make, names, words, wrong, alone


def never(form):
    return False


KINDS = [
    Kind("email", mail, ["email", "userEmail", "to", "mail_from", "login", "x"], ["mail", "from", "recipient", "user"],
         wrong_mail),
    Kind("card", card, ["cardNumber", "pan_number", "card", "creditCard", "credit_card_number"],
         ["card", "card number", "credit card", "payment card"], wrong_card,
         lambda form: form.split()[0][-2:] not in ("13", "18", "19")),
    Kind("iban", iban, ["iban", "account", "debtorAccount", "ref"], ["IBAN", "account", "transfer to"], wrong_iban),
    Kind("ssn", ssn, ["ssn", "customerSsn", "social_security_number", "taxpayerId"],
         ["SSN", "ssn", "social security number"], wrong_ssn,
         lambda form: form.endswith("dashed")),
    Kind("phone", phone, ["phone", "phoneNumber", "mobile", "tel", "contact_phone"], ["phone", "tel", "call", "mobile"],
         wrong_phone,
         lambda form: form in ("E.164", "international")),
    Kind("ip", ip, ["ip", "client", "remote_addr", "peer", "x-forwarded-for"], ["from", "client", "peer", "connect to"],
         wrong_ip),
    Kind("mac", mac, ["mac", "hwaddr", "device", "bssid"], ["MAC", "device", "station", "DHCPACK to"], wrong_mac),
    Kind("uk_nhs", nhs, ["nhsNumber", "nhs_number", "nhs", "patient_nhs_no"], ["NHS number", "NHS no", "NHS"], wrong_nhs, never),
    Kind("uk_nino", nino, ["nino", "nationalInsuranceNumber", "ni_number"],
         ["NINO", "national insurance number", "NI number"], None,
         lambda form: form == "grouped"),
    Kind("de_tax_id", de_tax_id, ["steuerId", "tax_id", "steuer_id", "taxId"],
         ["Steuer-ID", "steuerliche Identifikationsnummer", "tax id", "IdNr"],
         wrong_last(de_tax_id), never),
    Kind("fr_nir", fr_nir, ["nir", "numeroSecuriteSociale", "securite_sociale"],
         ["NIR", "sécurité sociale", "numéro de sécurité sociale"],
         wrong_last(fr_nir), lambda form: form == "grouped"),
    Kind("es_dni", es_dni, ["dni", "nie", "nif", "customerDni", "documento_dni"], ["DNI", "NIE", "NIF"],
         wrong_last(es_dni), never),
    Kind("it_cf", it_cf, ["codiceFiscale", "codice_fiscale", "cf", "value"], ["codice fiscale", "CF", "cliente"],
         wrong_last(it_cf)),
    Kind("pl_pesel", pesel, ["pesel", "peselNumber", "pesel_number"], ["PESEL", "nr PESEL"], wrong_last(pesel), never),
    Kind("nl_bsn", bsn, ["bsn", "burgerservicenummer", "bsn_number"], ["BSN", "burgerservicenummer", "bsn-nummer"],
         wrong_last(bsn), never),
    Kind("ca_sin", ca_sin, ["sin", "socialInsuranceNumber", "sin_number"], ["SIN", "social insurance number"],
         wrong_last(ca_sin), never),
    Kind("au_tfn", au_tfn, ["tfn", "taxFileNumber", "tfn_number"], ["TFN", "tax file number"], wrong_last(au_tfn), never),
    Kind("au_medicare", au_medicare, ["medicare", "medicareNumber", "medicare_card"],
         ["Medicare", "Medicare number", "medicare card"],
         wrong_last(au_medicare, -2), never),
    Kind("in_aadhaar", aadhaar, ["aadhaar", "aadhaarNumber", "aadhaar_no", "uidai"],
         ["Aadhaar", "Aadhaar number", "UIDAI"], wrong_last(aadhaar), never),
    Kind("in_pan", in_pan, ["panNumber", "pan_card", "pan_no", "taxPan"], ["PAN", "PAN card", "permanent account number"],
         None, never),
    Kind("br_cpf", cpf, ["cpf", "cpfNumber", "cpf_cliente"], ["CPF", "cpf do cliente"], wrong_last(cpf),
         lambda form: form == "written"),
]
