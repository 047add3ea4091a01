/* Secrets by their form: formats/redact/tokens.c, token_formats.c. Each value is made by a rule of its own, apart from the
 * table under test, and held against the pattern that others publish for it. */
#include "base/hash.h"
#include "base/match.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/redact/token_formats.h"
#include "tests/test.h"
#include "tests/unit/made_helper.h"
#include "tests/unit/secrets_helper.h"

#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT  "0123456789"
#define BASE32 UPPER "234567"
#define BECH32 "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
#define SAFE   MADE_ANY "-_"

/* In a rule {n:letters} stands for n letters of the named alphabet, anything else for itself. */
static const struct {
    char name;
    const char *letters;
} alphabets[] = {
    {'a', MADE_ANY},
    {'h', MADE_LOW},
    {'d', DIGIT},
    {'U', UPPER DIGIT},
    {'u', UPPER},
    {'B', BASE32},
    {'b', BECH32},
    {'s', SAFE},
    {'c', "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {'l', "abcdefghijklmnopqrstuvwxyz0123456789"},
};

static void put_made(struct buf *b, const char *rule)
{
    for (; *rule; rule++) {
        unsigned n;
        char name;
        if (sscanf(rule, "{%u%c}", &n, &name) != 2) {
            buf_add_byte(b, *rule);
            continue;
        }
        size_t i = 0;
        while (alphabets[i].name != name)
            i++;
        put_made_word(b, n, alphabets[i].letters);
        rule = strchr(rule, '}');
    }
}

/* rule: pieces apart, so that no scanner of sources takes one for a token; pattern: of gitleaks or the issuer's. */
static const struct {
    const char *rule, *pattern;
} formats[] = {
    {"AK"
     "IA{16B}",
     "(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"},
    {"AS"
     "IA{16B}",
     "(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"},
    {"AI"
     "za{35s}",
     "AIza[\\w-]{35}"},
    {"ya"
     "29.{60s}",
     "ya29\\.[\\w-]{20,}"},
    {"GOC"
     "SPX-{28s}",
     "GOCSPX-[\\w-]{28}"},
    {"gh"
     "o_{36a}",
     "gho_[0-9a-zA-Z]{36}"},
    {"gh"
     "u_{36a}",
     "(?:ghu|ghs)_[0-9a-zA-Z]{36}"},
    {"gh"
     "s_{36a}",
     "(?:ghu|ghs)_[0-9a-zA-Z]{36}"},
    {"gh"
     "r_{36a}",
     "ghr_[0-9a-zA-Z]{36}"},
    {"git"
     "hub_pat_{22a}_{59a}",
     "github_pat_\\w{82}"},
    {"gl"
     "pat-{20s}",
     "glpat-[\\w-]{20}"},
    {"gl"
     "pat-{27s}.01.{7l}{2l}",
     "glpat-[0-9a-zA-Z_-]{27,300}\\.[0-9a-z]{2}\\.[0-9a-z]{9}"},
    {"gl"
     "rt-{20s}",
     "glrt-[0-9a-zA-Z_\\-]{20}"},
    {"gl"
     "ptt-{40h}",
     "glptt-[0-9a-f]{40}"},
    {"gl"
     "dt-{20s}",
     "gldt-[0-9a-zA-Z_\\-]{20}"},
    {"gl"
     "agent-{50s}",
     "glagent-[0-9a-zA-Z_\\-]{50}"},
    {"xo"
     "xb-{12d}-{12d}-{24a}",
     "xoxb-[0-9]{10,13}-[0-9]{10,13}[a-zA-Z0-9-]*"},
    {"xo"
     "xp-{12d}-{12d}-{12d}-{32h}",
     "xox[pe](?:-[0-9]{10,13}){3}-[a-zA-Z0-9-]{28,34}"},
    {"xa"
     "pp-1-A{10U}-{13d}-{64h}",
     "(?i)xapp-\\d-[A-Z0-9]+-\\d+-[a-z0-9]+"},
    {"sk"
     "_live_{24a}",
     "(?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99}"},
    {"rk"
     "_test_{24a}",
     "(?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99}"},
    {"wh"
     "sec_{32a}",
     "whsec_[A-Za-z0-9+/=]{24,}"},
    {"py"
     "pi-AgEIcHlwaS5vcmc{90s}",
     "pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}"},
    {"sk"
     "-{20a}T3BlbkFJ{20a}",
     "sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20}"},
    {"sk"
     "-proj-{74s}T3BlbkFJ{74s}",
     "sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{74}T3BlbkFJ[A-Za-z0-9_-]{74}"},
    {"sk"
     "-ant-api03-{93s}AA",
     "sk-ant-api03-[a-zA-Z0-9_\\-]{93}AA"},
    {"S"
     "K{32h}",
     "SK[0-9a-fA-F]{32}"},
    {"S"
     "G.{22s}.{43s}",
     "SG\\.[a-zA-Z0-9=_\\-\\.]{66}"},
    {"HR"
     "KU-AA{58s}",
     "HRKU-AA[0-9a-zA-Z_-]{58}"},
    {"do"
     "p_v1_{64h}",
     "dop_v1_[a-f0-9]{64}"},
    {"do"
     "o_v1_{64h}",
     "doo_v1_[a-f0-9]{64}"},
    {"da"
     "pi{32h}",
     "dapi[a-f0-9]{32}(?:-\\d)?"},
    {"hv"
     "s.{95s}",
     "hvs\\.[\\w-]{90,120}"},
    {"hv"
     "b.{150s}",
     "hvb\\.[\\w-]{138,300}"},
    {"s"
     ".aZ3{21a}",
     "s\\.[a-zA-Z0-9]{24}"},
    {"{14a}.at"
     "lasv1.{66s}",
     "(?i)[a-z0-9]{14}\\.(?-i:atlasv1)\\.[a-z0-9\\-_=]{60,70}"},
    {"ke"
     "y-{32h}",
     "key-[a-f0-9]{32}"},
    {"{32h}-u"
     "s12",
     "[a-f0-9]{32}-us\\d\\d"},
    {"{36h}NR"
     "AL",
     "[a-f0-9]{36}NRAL"},
    {"NR"
     "AK-{27U}",
     "NRAK-[A-Z0-9]{27}"},
    {"sq"
     "0atp-{22s}",
     "(?:EAAA|sq0atp-)[\\w-]{22,60}"},
    {"sh"
     "pat_{32h}",
     "shpat_[a-fA-F0-9]{32}"},
    {"sh"
     "pss_{32h}",
     "shpss_[a-fA-F0-9]{32}"},
    {"AT"
     "ATT3{186s}",
     "ATATT3[A-Za-z0-9_\\-=]{186}"},
    {"li"
     "n_api_{40a}",
     "lin_api_(?i)[a-z0-9]{40}"},
    {"nt"
     "n_{11d}{35a}",
     "ntn_[0-9]{11}[A-Za-z0-9]{32}[A-Za-z0-9]{3}"},
    {"gl"
     "c_{80a}",
     "glc_[A-Za-z0-9+/]{32,400}={0,3}"},
    {"gl"
     "sa_{32a}_{8h}",
     "glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"},
    {"sn"
     "tryu_{64h}",
     "sntryu_[a-f0-9]{64}"},
    {"sl"
     ".{135s}",
     "sl\\.[A-Za-z0-9\\-=_]{135}"},
    {"dc"
     "kr_pat_{27s}",
     "dckr_pat_[\\w-]{27}"},
    {"hf"
     "_{34c}",
     "hf_(?i:[a-z]{34})"},
    {"AGE-SEC"
     "RET-KEY-1{58b}",
     "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"},
    {"sl"
     "w_{43s}",
     "sl[wrab]_[\\w-]{43}"},
    {"sl"
     "r_{43s}",
     "sl[wrab]_[\\w-]{43}"},
    {"sl"
     "a_{43s}",
     "sl[wrab]_[\\w-]{43}"},
    {"MTE3Nj"
     "M4OTQ1MDA0NzI1MTQ1.G{5a}.{38s}",
     "[MNO][\\w-]{23,25}\\.[\\w-]{6}\\.[\\w-]{27,38}"},
    {"{9d}:AA{33s}", "[0-9]{5,16}:A[a-zA-Z0-9_\\-]{34}"},
    {"dp"
     ".pt.{43a}",
     "dp\\.pt\\.(?i)[a-z0-9]{43}"},
    {"dt"
     "0c01.{24U}.{64U}",
     "dt0c01\\.(?i)[a-z0-9]{24}\\.[a-z0-9]{64}"},
    {"PM"
     "AK-{24h}-{34h}",
     "PMAK-(?i)[a-f0-9]{24}\\-[a-f0-9]{34}"},
    {"ru"
     "bygems_{48h}",
     "rubygems_[a-f0-9]{48}"},
    {"pu"
     "l-{40h}",
     "pul-[a-f0-9]{40}"},
    {"sha256"
     "~{43s}",
     "sha256~[\\w-]{43}"},
    {"xk"
     "eysib-{64h}-{16a}",
     "xkeysib-[a-f0-9]{64}\\-(?i)[a-z0-9]{16}"},
    {"{3a}8Q"
     "~{34a}",
     "[a-zA-Z0-9_~.]{3}\\dQ~[a-zA-Z0-9_~.-]{31,34}"},
    {"np"
     "m_{36a}",
     "npm_[a-zA-Z0-9]{36}"},
};

/* What is around a token. '#' stands for it. */
static const char *const carriers[] = {
    "#",
    "{\"a\":\"#\",\"b\":1}",
    "{\"m\":\"{\\\"a\\\":\\\"#\\\"}\"}",
    "a=# b=c",
    "GET /x?a=#&b=c HTTP/1.1",
    "1,#,2",
    "<a>#</a>",
    "Error: bad value '#' at X.java:12",
    "{\"m\":\"first\\n#\\nnext\"}",
    "got #.",
    "(#)",
    "a%3D#%26",
    "INSERT INTO t VALUES (1, '#')",
    "x -- #",
    "\t#\r",
    "x [#]",
    "a:#",
    "url/#?x",
};

static void put_in(struct buf *b, const char *carrier, struct str token)
{
    for (; *carrier; carrier++) {
        if (*carrier == '#')
            buf_add(b, token);
        else
            buf_add_byte(b, *carrier);
    }
}

static void check_found(const struct redactor *r, const char *carrier, struct str token,
                        const char *mark)
{
    defer(buf_free) struct buf line = {0}, expected = {0}, out = {0};
    put_in(&line, carrier, token);
    put_in(&expected, carrier, str_from(mark));
    CHECK_STR(redacted(r, buf_str(&line), &out), buf_str(&expected));
}

TEST(redact_tokens_of_known_forms)
{
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    made_seed(1);
    for (size_t i = 0; i < countof(formats); i++) {
        struct err err;
        defer(regex_close) struct regex *regex = NULL;
        REQUIRE_OK(regex_compile(&regex, str_from(formats[i].pattern), 0, &err));
        for (int k = 0; k < 20; k++) {
            defer(buf_free) struct buf token = {0};
            put_made(&token, formats[i].rule);
            struct span span;
            bool is_whole = regex_find(regex, buf_str(&token), 0, &span) == MATCH_FOUND &&
                            span.from == 0 && span.to == token.len;
            if (!is_whole) {
                test_fail(__FILE__, __LINE__, "%s is none of %s", buf_text(&token),
                          formats[i].pattern);
                break;
            }
            if (strchr("-_.", token.ptr[token.len - 1]))
                continue; /* what stands behind decides */
            for (size_t c = 0; c < countof(carriers); c++)
                check_found(r, carriers[c], buf_str(&token), "[secret]");
        }
    }
}

/* One byte less, one more, another alphabet, nothing but one letter. */
TEST(redact_tokens_that_are_none)
{
    static const char *const rules[] = {
        "AK"
        "IA{15B}",
        "AK"
        "IA{17B}",
        "AK"
        "IA{16l}",
        "AI"
        "za{34s}",
        "gh"
        "p_{35a}",
        "gl"
        "pat-{19a}",
        "do"
        "p_v1_{63h}",
        "do"
        "p_v1_{65h}",
        "da"
        "pi{31h}",
        "S"
        "K{33h}",
        "S"
        "G.{22a}.{40a}",
        "hf"
        "_{33c}",
        "ke"
        "y-{31h}",
        "sk"
        "-{20a}",
        "np"
        "m_{30a}",
        "SK{16U}",
        "{40h}",
        "{32h}",
        "{64h}",
        "{8h}-{4h}-{4h}-{4h}-{12h}",
        "sha256:{64h}",
        "{20d}",
        "{26U}",
        "web-7d9f8b6c5d-{5l}",
        "gh"
        "p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "xo"
        "xb-xxxxxxxxx-xxxxxxxxxx-xxxxxxxxxxxx",
        "req-{8h}-{4h}-{4h}-{4h}-{12h}",
        "{43s}",
        "arn:aws:iam::{12d}:role/x",
        "Class.getSomeLongMethodNameHere",
        "bearer-authentication-required",
        "Bearer token_is_missing_here",
        "Basic authentication-failed-for",
        "token authentication_failed",
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    made_seed(2);
    for (size_t i = 0; i < countof(rules); i++) {
        for (int k = 0; k < 50; k++) {
            defer(buf_free) struct buf token = {0}, out = {0};
            put_made(&token, rules[i]);
            CHECK_STR(redacted(r, buf_str(&token), &out), buf_str(&token));
        }
    }
}

static uint32_t crc32_by_table(struct str s)
{
    uint32_t table[256], crc = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? 0xedb88320u ^ table[i] >> 1 : table[i] >> 1;
    }
    for (size_t i = 0; i < s.len; i++)
        crc = table[(crc ^ (unsigned char)s.ptr[i]) & 255] ^ crc >> 8;
    return ~crc;
}

/* With their check digits right, tokens of GitHub are found also where no end of a word follows. */
TEST(redact_tokens_with_check_digits)
{
    static const char digits[] = DIGIT UPPER "abcdefghijklmnopqrstuvwxyz";
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    CHECK_INT(crc32_by_table(STR("123456789")), 0xcbf43926);
    made_seed(3);
    for (int k = 0; k < 50; k++) {
        defer(buf_free) struct buf token = {0}, line = {0}, out = {0};
        put_made(&token, "gh"
                         "p_{30a}");
        char check[6];
        uint32_t crc = crc32_by_table(str_slice(buf_str(&token), 4, 30));
        for (int i = 6; i-- > 0; crc /= 62)
            check[i] = digits[crc % 62];
        buf_add(&token, str_of(check, sizeof check));
        buf_print(&line, "%sABC", buf_text(&token));
        CHECK_STR(redacted(r, buf_str(&line), &out), STR("[secret]ABC"));
        line.ptr[20] = line.ptr[20] == 'a' ? 'b' : 'a';
        CHECK_STR(redacted(r, buf_str(&line), &out), buf_str(&line));
    }
}

static void put_jwt(struct buf *b, const char *header, const char *payload, size_t signature)
{
    put_base64url(b, str_from(header));
    buf_add_byte(b, '.');
    put_base64url(b, str_from(payload));
    buf_add_byte(b, '.');
    put_made_word(b, signature, SAFE);
    if (signature)
        b->ptr[b->len - 1] = 'a';
}

TEST(redact_json_web_tokens)
{
    static const struct {
        const char *header, *payload;
        size_t signature;
    } cases[] = {
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "{\"sub\":\"1234567890\"}", 43},
        {"{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"a\"}", "{\"iss\":\"x\",\"exp\":1}", 342},
        {"{\"alg\":\"none\"}", "{\"sub\":\"1\"}", 0},
        {"{ \"alg\": \"ES256\" }", "{\"sub\":\"1\"}", 86},
        {"{\n \"alg\": \"ES256\" }", "{\"sub\":\"1\"}", 86},
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    made_seed(4);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf token = {0};
        put_jwt(&token, cases[i].header, cases[i].payload, cases[i].signature);
        for (size_t c = 0; c < countof(carriers); c++)
            if (cases[i].signature || strcmp(carriers[c], "got #.") != 0)
                check_found(r, carriers[c], buf_str(&token), "[jwt]");
    }
    defer(buf_free) struct buf encrypted = {0}, wrapped = {0}, other = {0}, out = {0};
    put_jwt(&encrypted, "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}", "key key key key", 16);
    put_made(&encrypted, ".{40a}.{22a}");
    check_found(r, "a=# b", buf_str(&encrypted), "[jwt]");
    put_base64(&wrapped, buf_str(&encrypted));
    check_found(r, "a=# b", buf_str(&wrapped), "[jwt]");
    put_jwt(&other, "{\"user\":\"bob\",\"page\":12}", "{\"sub\":\"1\"}", 20);
    CHECK_STR(redacted(r, buf_str(&other), &out), buf_str(&other)); /* base64 of ordinary JSON */
    buf_reset(&other);
    put_base64url(&other, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    CHECK_STR(redacted(r, buf_str(&other), &out), buf_str(&other));
}

TEST(redact_tokens_behind_schemes_and_in_hooks)
{
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    static const struct {
        const char *front, *rule;
    } cases[] = {
        {"sent Bearer ", "aB3{29a}"},
        {"BEARER ", "1a{38h}"},
        {"h=Bearer%20", "aB3{29a}"},
        {"h=Bearer+", "aB3{29a}"},
        {"\x1b[0;32m", "gh"
                       "p_{36a}"},
        {"\\u001b[32m", "gh"
                        "p_{36a}"},
        {"https://hooks.slack.com/services/T0123ABCD/B0123ABCD/", "{24a}"},
        {"https://discord.com/api/webhooks/123456789012345678/", "{67s}a"},
        {"https://x.webhook.office.com/webhookb2/x/IncomingWebhook/", "{32h}"},
    };
    made_seed(5);
    for (size_t i = 0; i < countof(cases); i++) {
        for (int k = 0; k < 20; k++) {
            defer(buf_free) struct buf line = {0}, out = {0}, expected = {0};
            buf_print(&line, "%s", cases[i].front);
            put_made(&line, cases[i].rule);
            buf_print(&expected, "%s[secret] x", cases[i].front);
            buf_add(&line, STR(" x"));
            CHECK_STR(redacted(r, buf_str(&line), &out), buf_str(&expected));
        }
    }
    defer(buf_free) struct buf line = {0}, out = {0};
    buf_add(&line, STR("got Basic "));
    put_base64(&line, STR("bob:correct horse"));
    CHECK_STR(redacted(r, buf_str(&line), &out), STR("got Basic [secret]"));
    CHECK_STR(redacted(r,
                       STR("AK"
                           "IAZ3MGLQPWNT5EXHRB wJa1rXUtnF8MI/K7MDENG/bPxRfi3YzEXAM4LE1q"),
                       &out),
              STR("[secret] [secret]"));
}

TEST_SLOW(redact_tokens_are_linear, 60)
{
    static const char *const pieces[] = {
        "eyJhbGciOiJIUzI1NiJ9.",
        "eyJhbGciOiJIUzI1NiJ9",
        "ZXlKaGJHY2lPaUp+",
        "ZXlKaGJHY2lPaUpaaa+",
        "bearer aaaaaaaaaaaaaaaa ",
        "bearer+aaaaaaaaaaaaaaaa+",
        "IQoJb3JpZ2luaaaaaaaaaa/",
        "fm2_aaaaaaaaaaaaaaaaaaaa/",
        "glc_aaaaaaaaaaaaaaaaaaaaaaaa/",
        "hvb.aaaaaaaaaaaaaaaaaaaa.",
        "a",
        "-",
        "_",
        "ghp_",
        "AKIA",
        "AKIAZ3MGLQPWNT5EXHRB ",
        "sk-",
        "xoxb-1",
        "/aaaaaaaaaaaaaaaaaaaaaaaa",
        ":AAaaaaaaaaaaaaaaaaaaaaaaaaa",
        ".atlasv1.aaaaaaaaaaaaaaaa",
        "%3Daaaaaaaaaaaaaaaa",
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    for (size_t i = 0; i < countof(pieces); i++)
        check_linear(r, pieces[i]);
}
