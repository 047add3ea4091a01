#include "formats/redact/token_formats.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/redact/hunt.h"
#include "formats/redact/randomness.h"

static const uint16_t classes[256] = {
    ['0' ... '9'] = CLASS_DIGIT, ['A' ... 'F'] = CLASS_UPPER_HEX,
    ['G' ... 'Z'] = CLASS_UPPER, ['a' ... 'f'] = CLASS_LOWER_HEX,
    ['g' ... 'z'] = CLASS_LOWER, ['-'] = CLASS_DASH,
    ['_'] = CLASS_UNDERSCORE,    ['+'] = CLASS_PLUS,
    ['/'] = CLASS_PLUS,          ['='] = CLASS_EQUALS,
    ['.'] = CLASS_DOT,           ['~'] = CLASS_TILDE,
};

unsigned byte_class(char c)
{
    return classes[(unsigned char)c];
}

size_t alphabet_end(struct str line, size_t from, size_t to, unsigned alphabet)
{
    to = min_of(to, line.len);
    while (from < to && byte_class(line.ptr[from]) & alphabet)
        from++;
    return from;
}

bool is_word_start(struct str line, size_t at)
{
    if (at == 0 || !(byte_class(line.ptr[at - 1]) & RUN))
        return true;
    bool is_percent =
        at >= 3 && line.ptr[at - 3] == '%' && alphabet_end(line, at - 2, at, ANY_HEX) == at;
    return is_percent ||
           (at >= 2 && line.ptr[at - 2] == '\\' && memchr("nrt", line.ptr[at - 1], 3));
}

/* ---- checks ---- */

/* CRC-32 of ISO 3309, bit by bit: it is asked for a few bytes of few lines. */
static uint32_t crc32_of(struct str s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/*
 * GitHub and npm: the last 6 of the 36 are the CRC-32 of the others in base 62
 * (github.blog/engineering/behind-githubs-new-authentication-token-formats). Tokens that others have made up for their
 * documents do not have it and go as well; but only with it there may be more letters behind.
 */
static bool check_crc(struct str line, size_t *from, size_t *to)
{
    enum { RANDOM = 30, CHECK = 6 };
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (!(byte_class(byte_at(line, *to)) & ALNUM))
        return has_variety(str_slice(line, *from, *to - *from), 10);
    uint32_t crc = crc32_of(str_slice(line, *to - CHECK - RANDOM, RANDOM));
    for (size_t i = 1; i <= CHECK; i++, crc /= 62) {
        if (line.ptr[*to - i] != digits[crc % 62])
            return false;
    }
    return true;
}

/* For prefixes of letters only, which may come about in base64: no more of that behind it. */
static bool is_apart(struct str line, size_t to)
{
    return !(byte_class(byte_at(line, to)) & RUN) && byte_at(line, to) != '+';
}

static bool check_apart(struct str line, size_t *from, size_t *to)
{
    return is_apart(line, *to) && has_variety(str_slice(line, *from, *to - *from), 10);
}

static bool check_random(struct str line, size_t *from, size_t *to)
{
    return is_apart(line, *to) && is_random(str_slice(line, *from, *to - *from));
}

/* Of letters only, by chance none is a digit. */
static bool check_mixed_case(struct str line, size_t *from, size_t *to)
{
    bool has_upper = false, has_lower = false;
    for (size_t i = *from + 3; i < *to; i++) {
        has_upper |= (byte_class(line.ptr[i]) & (CLASS_UPPER | CLASS_UPPER_HEX)) != 0;
        has_lower |= (byte_class(line.ptr[i]) & (CLASS_LOWER | CLASS_LOWER_HEX)) != 0;
    }
    return has_upper && has_lower && has_variety(str_slice(line, *from, *to - *from), 12);
}

static bool check_digits_within(struct str line, size_t *from, size_t *to)
{
    unsigned digits = 0;
    for (size_t i = *from; i < *to; i++)
        digits += is_digit(line.ptr[i]);
    return digits >= 3 && check_apart(line, from, to);
}

/* xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy */
static bool check_slack(struct str line, size_t *from, size_t *to)
{
    unsigned digits = 0;
    for (size_t i = *from; i < *to; i++)
        digits += is_digit(line.ptr[i]);
    return digits >= 5 && has_variety(str_slice(line, *from, *to - *from), 10);
}

/* Two parts and more, none short. */
static bool check_two_parts(struct str line, size_t *from, size_t *to)
{
    struct str token = str_slice(line, *from, *to - *from);
    size_t first = str_find_byte(token, '.'), parts = 0;
    if (first == SIZE_MAX)
        return false;
    struct str part;
    token = str_slice(token, first + 1, SIZE_MAX);
    while (take_until(&token, '.', &part)) {
        if (part.len < 16)
            return false;
        parts++;
    }
    return parts >= 2;
}

static bool check_sendgrid(struct str line, size_t *from, size_t *to)
{
    return byte_at(line, *from + 25) == '.' && check_two_parts(line, from, to);
}

/* "hooks.slack.com/services/T0123/B0123/" in front. */
static bool is_behind(struct str line, size_t at, struct str text)
{
    enum { URL_MAX = 80 };
    size_t from = at > URL_MAX ? at - URL_MAX : 0;
    return str_find(str_slice(line, from, at - from), text) != SIZE_MAX;
}

static bool check_slack_hook(struct str line, size_t *from, size_t *to)
{
    *from += 1;
    return is_apart(line, *to) && is_behind(line, *from, STR("hooks.slack.com"));
}

static bool check_discord_hook(struct str line, size_t *from, size_t *to)
{
    *from += 1;
    return is_apart(line, *to) && is_behind(line, *from, STR("/webhooks/")) &&
           is_behind(line, *from, STR("discord"));
}

static bool check_teams_hook(struct str line, size_t *from, size_t *to)
{
    *from += STR("/IncomingWebhook/").len;
    return is_apart(line, *to);
}

/* 123456789:AAE… */
static bool check_telegram(struct str line, size_t *from, size_t *to)
{
    size_t start = *from;
    while (start > 0 && *from - start < 11 && is_digit(line.ptr[start - 1]))
        start--;
    size_t n = *from - start;
    if (n < 8 || n > 10 || (byte_class(byte_at(line, *to)) & RUN) ||
        !has_variety(str_slice(line, *from, *to - *from), 14))
        return false;
    *from = start;
    return true;
}

/* 14 letters and digits in front of ".atlasv1." */
static bool check_terraform(struct str line, size_t *from, size_t *to)
{
    enum { FRONT = 14 };
    if (*from < FRONT || alphabet_end(line, *from - FRONT, *from, ALNUM) != *from)
        return false;
    *from -= FRONT;
    return is_apart(line, *to);
}

/* abc8Q~… : three of the alphabet and a digit in front. */
static bool check_azure_secret(struct str line, size_t *from, size_t *to)
{
    enum { FRONT = 5 };
    if (*from < FRONT || line.ptr[*from - 1] != 'Q' || !is_digit(line.ptr[*from - 2]) ||
        alphabet_end(line, *from - FRONT, *from, DOTTED | CLASS_TILDE) != *from)
        return false;
    *from -= FRONT;
    return is_apart(line, *to) && is_word_start(line, *from);
}

/* MTE3NjM4OTQ1MDA0….GaBcDe.…: base64 of an id of digits in front. */
static bool check_discord_bot(struct str line, size_t *from, size_t *to)
{
    enum { TIME = 6, HASH_MIN = 27, HASH_MAX = 43, ID_MAX = 24 };
    char id[ID_MAX];
    size_t time = *to + 1, hash = time + TIME + 1;
    if (byte_at(line, *to) != '.' || byte_at(line, hash - 1) != '.' ||
        alphabet_end(line, time, hash - 1, RUN) != hash - 1)
        return false;
    size_t n = decode_base64(str_slice(line, *from, *to - *from), id, sizeof id);
    if (n == SIZE_MAX || alphabet_end(str_of(id, n), 0, n, CLASS_DIGIT) != n)
        return false;
    *to = alphabet_end(line, hash, hash + HASH_MAX, RUN);
    return *to >= hash + HASH_MIN && is_apart(line, *to);
}

/* AAAAxxxxxxx:APA91b… */
static bool check_firebase(struct str line, size_t *from, size_t *to)
{
    enum { FRONT = 11 };
    if (*from >= FRONT && alphabet_end(line, *from - FRONT, *from, RUN) == *from)
        *from -= FRONT;
    return is_apart(line, *to);
}

/* ---- the table ---- */

#define PREFIX(prefix, alphabet, least, most, check, kind)                 \
    {                                                                      \
        STR_INIT(""), STR_INIT(prefix), alphabet, least, most, check, kind \
    }
#define BEHIND(before, prefix, alphabet, least, most, check, kind)             \
    {                                                                          \
        STR_INIT(before), STR_INIT(prefix), alphabet, least, most, check, kind \
    }
#define END          \
    {                \
        .kind = NULL \
    }

#define OF(name) static const struct token_format name[]

/* clang-format off */
OF(of_A) = {
    PREFIX("AKIA", CAPITALS, 16, 16, check_apart, "aws key id"),
    PREFIX("ASIA", CAPITALS, 16, 16, check_apart, "aws key id"),
    PREFIX("ABIA", CAPITALS, 16, 16, check_apart, "aws key id"),
    PREFIX("ACCA", CAPITALS, 16, 16, check_apart, "aws key id"),
    PREFIX("ABSK", BASE64, 109, 271, check_apart, "aws bedrock key"),
    PREFIX("AIza", RUN, 35, 35, check_apart, "google api key"),
    PREFIX("AGE-SECRET-KEY-1", CAPITALS, 58, 58, NULL, "age key"),
    PREFIX("ATATT3", URL_SAFE, 100, 300, NULL, "atlassian token"),
    PREFIX("ATCTT3", URL_SAFE, 100, 300, NULL, "atlassian token"),
    PREFIX("ATBB", ALNUM, 32, 32, check_random, "bitbucket password"),
    PREFIX("AKCp", ALNUM, 69, 69, check_random, "artifactory key"),
    PREFIX("API-", CAPITALS, 26, 26, check_digits_within, "octopus deploy key"),
    PREFIX("A3-", CAPITALS | CLASS_DASH, 37, 37, check_digits_within, "1password key"),
    PREFIX("AQVN", RUN, 35, 38, check_random, "yandex key"),
    END,
};
OF(of_C) = {
    PREFIX("CLOJARS_", SMALL, 60, 60, NULL, "clojars token"),
    PREFIX("CFPAT-", RUN, 43, 43, NULL, "contentful token"),
    PREFIX("CCIPAT_", WORD, 40, 120, NULL, "circleci token"),
    END,
};
OF(of_E) = {
    PREFIX("EAAA", RUN, 60, 60, check_random, "square token"),
    PREFIX("EAAC", ALNUM, 100, 0, NULL, "facebook token"),
    PREFIX("EAAM", ALNUM, 100, 0, NULL, "facebook token"),
    PREFIX("EAAG", ALNUM, 100, 0, NULL, "facebook token"),
    PREFIX("EZAK", ALNUM, 54, 54, check_random, "easypost key"),
    PREFIX("EZTK", ALNUM, 54, 54, check_random, "easypost key"),
    END,
};
OF(of_F) = {
    PREFIX("FLWSECK-", ALNUM | CLASS_DASH, 32, 50, NULL, "flutterwave key"),
    PREFIX("FLWSECK_TEST-", ALNUM | CLASS_DASH, 12, 50, NULL, "flutterwave key"),
    PREFIX("FwoGZXIvYXdz", BASE64, 100, 0, NULL, "aws session token"),
    END,
};
OF(of_G) = {
    PREFIX("GOCSPX-", RUN, 28, 28, NULL, "google client secret"),
    PREFIX("GR1348941", RUN, 20, 20, NULL, "gitlab runner token"),
    END,
};
OF(of_H) = {PREFIX("HRKU-", RUN, 36, 60, NULL, "heroku key"), END};
OF(of_I) = {PREFIX("IQoJb3JpZ2lu", BASE64, 100, 0, NULL, "aws session token"), END};
OF(of_L) = {PREFIX("LTAI", ALNUM, 20, 20, check_random, "alibaba key id"), END};
OF(of_M) = {PREFIX("M", RUN, 22, 26, check_discord_bot, "discord token"), END};
OF(of_N) = {
    PREFIX("N", RUN, 22, 26, check_discord_bot, "discord token"),
    PREFIX("NRAK-", CAPITALS, 27, 27, NULL, "new relic key"),
    PREFIX("NRII-", RUN, 32, 32, NULL, "new relic key"),
    PREFIX("NRJS-", LOWER_HEX, 19, 19, NULL, "new relic key"),
    PREFIX("NRRA-", ANY_HEX, 42, 42, NULL, "new relic key"),
    END,
};
OF(of_O) = {PREFIX("O", RUN, 22, 26, check_discord_bot, "discord token"), END};
OF(of_P) = {PREFIX("PMAK-", LOWER_HEX | CLASS_DASH, 59, 59, NULL, "postman key"), END};
OF(of_S) = {PREFIX("SK", LOWER_HEX, 32, 32, check_digits_within, "twilio key"), END};
OF(of_Y) = {PREFIX("YC", RUN, 38, 38, check_random, "yandex key"), END};
OF(of_a) = {
    PREFIX("aio_", ALNUM, 28, 28, NULL, "adafruit key"),
    PREFIX("api_org_", ALNUM, 34, 34, NULL, "hugging face token"),
    END,
};
OF(of_b) = {
    PREFIX("bkua_", SMALL, 40, 40, NULL, "buildkite token"),
    PREFIX("bedrock-api-key-", BASE64, 40, 0, NULL, "aws bedrock key"),
    END,
};
OF(of_c) = {PREFIX("cmVmd", ALNUM, 59, 59, check_random, "artifactory token"), END};
OF(of_d) = {
    PREFIX("dop_v1_", LOWER_HEX, 64, 64, NULL, "digitalocean token"),
    PREFIX("doo_v1_", LOWER_HEX, 64, 64, NULL, "digitalocean token"),
    PREFIX("dor_v1_", LOWER_HEX, 64, 64, NULL, "digitalocean token"),
    PREFIX("dapi", LOWER_HEX | CLASS_DASH, 32, 34, check_digits_within, "databricks token"),
    PREFIX("dckr_pat_", RUN, 27, 27, NULL, "docker token"),
    PREFIX("dckr_oat_", RUN, 32, 32, NULL, "docker token"),
    PREFIX("duffel_test_", URL_SAFE, 43, 43, NULL, "duffel token"),
    PREFIX("duffel_live_", URL_SAFE, 43, 43, NULL, "duffel token"),
    PREFIX("dnkey-", URL_SAFE, 79, 79, NULL, "defined networking key"),
    END,
};
OF(of_f) = {
    PREFIX("figd_", RUN, 40, 60, NULL, "figma token"),
    PREFIX("fio-u-", URL_SAFE, 64, 64, NULL, "frame.io token"),
    PREFIX("fo1_", RUN, 43, 43, NULL, "fly.io token"),
    PREFIX("fm1r_", BASE64, 100, 0, NULL, "fly.io token"),
    PREFIX("fm1a_", BASE64, 100, 0, NULL, "fly.io token"),
    PREFIX("fm2_", BASE64, 100, 0, NULL, "fly.io token"),
    END,
};
OF(of_g) = {
    PREFIX("ghp_", ALNUM, 36, 36, check_crc, "github token"),
    PREFIX("gho_", ALNUM, 36, 36, check_crc, "github token"),
    PREFIX("ghu_", ALNUM, 36, 36, check_crc, "github token"),
    PREFIX("ghs_", ALNUM, 36, 36, check_crc, "github token"),
    PREFIX("ghr_", ALNUM, 36, 76, NULL, "github token"),
    PREFIX("github_pat_", WORD, 82, 82, NULL, "github token"),
    PREFIX("glpat-", DOTTED, 20, 320, NULL, "gitlab token"),
    PREFIX("glrt-", DOTTED, 20, 320, NULL, "gitlab token"),
    PREFIX("glrtr-", DOTTED, 20, 320, NULL, "gitlab token"),
    PREFIX("gldt-", RUN, 20, 64, NULL, "gitlab token"),
    PREFIX("glft-", RUN, 20, 320, NULL, "gitlab token"),
    PREFIX("glptt-", RUN, 20, 64, NULL, "gitlab token"),
    PREFIX("glcbt-", DOTTED, 20, 0, NULL, "gitlab token"),
    PREFIX("glimt-", RUN, 20, 64, NULL, "gitlab token"),
    PREFIX("gloas-", RUN, 20, 80, NULL, "gitlab token"),
    PREFIX("glsoat-", RUN, 20, 64, NULL, "gitlab token"),
    PREFIX("glffct-", RUN, 20, 64, NULL, "gitlab token"),
    PREFIX("glagent-", RUN, 20, 80, NULL, "gitlab token"),
    PREFIX("glc_", BASE64, 32, 500, NULL, "grafana token"),
    PREFIX("glsa_", WORD, 41, 41, NULL, "grafana token"),
    PREFIX("gsk_", ALNUM, 52, 52, NULL, "groq key"),
    END,
};
OF(of_h) = {PREFIX("hf_", ALNUM, 34, 34, check_mixed_case, "hugging face token"), END};
OF(of_i) = {PREFIX("ico-", ALNUM, 32, 32, NULL, "infracost key"), END};
OF(of_k) = {PREFIX("key-", LOWER_HEX, 32, 32, check_digits_within, "mailgun key"), END};
OF(of_l) = {
    PREFIX("lin_api_", ALNUM, 40, 40, NULL, "linear key"),
    PREFIX("lin_oauth_", ALNUM, 40, 64, NULL, "linear key"),
    PREFIX("lsv2_pt_", WORD, 42, 60, NULL, "langsmith key"),
    PREFIX("lsv2_sk_", WORD, 42, 60, NULL, "langsmith key"),
    END,
};
OF(of_n) = {
    PREFIX("npm_", ALNUM, 36, 36, check_crc, "npm token"),
    PREFIX("ntn_", ALNUM, 46, 46, NULL, "notion token"),
    PREFIX("nfp_", ALNUM, 36, 36, NULL, "netlify token"),
    END,
};
OF(of_o) = {PREFIX("ops_eyJ", BASE64, 250, 0, NULL, "1password token"), END};
OF(of_p) = {
    PREFIX("pypi-AgE", RUN, 50, 1000, NULL, "pypi token"),
    PREFIX("pul-", LOWER_HEX, 40, 40, check_digits_within, "pulumi token"),
    PREFIX("pplx-", ALNUM, 48, 48, NULL, "perplexity key"),
    PREFIX("pnu_", ALNUM, 36, 36, NULL, "prefect key"),
    PREFIX("pcsk_", WORD, 50, 90, NULL, "pinecone key"),
    PREFIX("phx_", ALNUM, 40, 60, NULL, "posthog key"),
    PREFIX("p8e-", SMALL, 32, 32, check_digits_within, "adobe secret"),
    PREFIX("pscale_tkn_", URL_SAFE | CLASS_DOT, 32, 64, NULL, "planetscale token"),
    PREFIX("pscale_pw_", URL_SAFE | CLASS_DOT, 32, 64, NULL, "planetscale token"),
    PREFIX("pscale_oauth_", URL_SAFE | CLASS_DOT, 32, 64, NULL, "planetscale token"),
    PREFIX("pat-na1-", LOWER_HEX | CLASS_DASH, 36, 36, NULL, "hubspot token"),
    PREFIX("pat-eu1-", LOWER_HEX | CLASS_DASH, 36, 36, NULL, "hubspot token"),
    END,
};
OF(of_r) = {
    PREFIX("rk_live_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("rk_test_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("rk_prod_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("rdme_", SMALL, 70, 70, NULL, "readme key"),
    PREFIX("rubygems_", LOWER_HEX, 48, 48, NULL, "rubygems key"),
    PREFIX("r8_", ALNUM, 37, 37, check_digits_within, "replicate token"),
    END,
};
OF(of_s) = {
    PREFIX("sk_live_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("sk_test_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("sk_prod_", ALNUM, 10, 247, NULL, "stripe key"),
    PREFIX("sk-ant-", RUN, 32, 300, NULL, "anthropic key"),
    PREFIX("sk-proj-", RUN, 32, 300, NULL, "openai key"),
    PREFIX("sk-svcacct-", RUN, 32, 300, NULL, "openai key"),
    PREFIX("sk-admin-", RUN, 32, 300, NULL, "openai key"),
    PREFIX("sk-or-v1-", LOWER_HEX, 64, 64, NULL, "openrouter key"),
    PREFIX("sk-", ALNUM, 32, 64, check_digits_within, "openai key"),
    PREFIX("slr_", RUN, 43, 43, NULL, "sluice token"),
    PREFIX("slw_", RUN, 43, 43, NULL, "sluice token"),
    PREFIX("sla_", RUN, 43, 43, NULL, "sluice token"),
    PREFIX("slb_", RUN, 43, 43, NULL, "sluice token"),
    PREFIX("shpat_", ANY_HEX, 32, 32, NULL, "shopify token"),
    PREFIX("shpca_", ANY_HEX, 32, 32, NULL, "shopify token"),
    PREFIX("shppa_", ANY_HEX, 32, 32, NULL, "shopify token"),
    PREFIX("shpss_", ANY_HEX, 32, 32, NULL, "shopify token"),
    PREFIX("shippo_live_", ANY_HEX, 40, 40, NULL, "shippo token"),
    PREFIX("shippo_test_", ANY_HEX, 40, 40, NULL, "shippo token"),
    PREFIX("sq0atp-", RUN, 22, 60, NULL, "square token"),
    PREFIX("sq0csp-", RUN, 43, 60, NULL, "square token"),
    PREFIX("squ_", LOWER_HEX, 40, 40, NULL, "sonar token"),
    PREFIX("sqp_", LOWER_HEX, 40, 40, NULL, "sonar token"),
    PREFIX("sqa_", LOWER_HEX, 40, 40, NULL, "sonar token"),
    PREFIX("sntrys_", WORD | CLASS_PLUS | CLASS_EQUALS, 80, 600, NULL, "sentry token"),
    PREFIX("sntryu_", LOWER_HEX, 64, 64, NULL, "sentry token"),
    PREFIX("sgp_", LOWER_HEX | WORD, 40, 62, check_digits_within, "sourcegraph token"),
    PREFIX("sbp_", LOWER_HEX, 40, 40, NULL, "supabase token"),
    PREFIX("sb_secret_", RUN, 22, 60, NULL, "supabase key"),
    PREFIX("sm_aat_", ALNUM, 16, 20, NULL, "settlemint token"),
    PREFIX("sm_pat_", ALNUM, 16, 20, NULL, "settlemint token"),
    PREFIX("sm_sat_", ALNUM, 16, 20, NULL, "settlemint token"),
    PREFIX("secret_", ALNUM, 43, 43, check_random, "notion token"),
    PREFIX("s-s4t2", RUN, 67, 67, NULL, "intra42 secret"),
    END,
};
OF(of_t) = {
    PREFIX("tskey-auth-", ALNUM | CLASS_DASH, 20, 80, NULL, "tailscale key"),
    PREFIX("tskey-api-", ALNUM | CLASS_DASH, 20, 80, NULL, "tailscale key"),
    PREFIX("tskey-client-", ALNUM | CLASS_DASH, 20, 80, NULL, "tailscale key"),
    PREFIX("tk-us-", RUN, 48, 48, NULL, "scalingo token"),
    PREFIX("tfp_", URL_SAFE | CLASS_DOT, 59, 59, NULL, "typeform token"),
    END,
};
OF(of_w) = {PREFIX("whsec_", BASE64, 24, 100, NULL, "webhook secret"), END};
OF(of_x) = {
    PREFIX("xoxb-", RUN, 18, 120, check_slack, "slack token"),
    PREFIX("xoxp-", RUN, 18, 200, check_slack, "slack token"),
    PREFIX("xoxa-", RUN, 10, 120, check_slack, "slack token"),
    PREFIX("xoxr-", RUN, 10, 120, check_slack, "slack token"),
    PREFIX("xoxo-", RUN, 10, 120, check_slack, "slack token"),
    PREFIX("xoxs-", RUN, 10, 120, check_slack, "slack token"),
    PREFIX("xoxe-", RUN, 18, 250, check_slack, "slack token"),
    PREFIX("xoxc-", RUN, 18, 250, check_slack, "slack token"),
    PREFIX("xoxd-", BASE64 | RUN, 18, 400, NULL, "slack token"),
    PREFIX("xapp-", RUN, 20, 200, check_slack, "slack token"),
    PREFIX("xkeysib-", ALNUM | CLASS_DASH, 81, 81, NULL, "brevo key"),
    PREFIX("xsmtpsib-", ALNUM | CLASS_DASH, 81, 81, NULL, "brevo key"),
    PREFIX("xai-", ALNUM, 80, 80, NULL, "xai key"),
    END,
};
OF(behind_dot) = {
    BEHIND("SG.", "", DOTTED, 66, 66, check_sendgrid, "sendgrid key"),
    BEHIND("hvs.", "", RUN, 24, 200, NULL, "vault token"),
    BEHIND("hvb.", "", RUN, 100, 0, NULL, "vault token"),
    BEHIND("hvr.", "", RUN, 24, 300, NULL, "vault token"),
    BEHIND("s.", "", ALNUM, 24, 24, check_random, "vault token"),
    BEHIND("ya29.", "", RUN, 20, 0, NULL, "google token"),
    BEHIND("sl.", "", RUN, 100, 0, NULL, "dropbox token"),
    BEHIND("sk.", "eyJ", DOTTED, 60, 300, NULL, "mapbox token"),
    BEHIND("sl.u.", "", RUN, 100, 0, NULL, "dropbox token"),
    BEHIND("dp.pt.", "", ALNUM, 40, 44, NULL, "doppler token"),
    BEHIND("dp.ct.", "", ALNUM, 40, 44, NULL, "doppler token"),
    BEHIND("dp.sa.", "", ALNUM, 40, 44, NULL, "doppler token"),
    BEHIND("dt0c01.", "", DOTTED, 89, 89, check_two_parts, "dynatrace token"),
    BEHIND("dt0s16.", "", DOTTED, 70, 100, NULL, "dynatrace token"),
    BEHIND("pat.", "", DOTTED, 68, 68, check_two_parts, "harness token"),
    BEHIND("sat.", "", DOTTED, 68, 68, check_two_parts, "harness token"),
    BEHIND("v1.", "0-", LOWER_HEX | CLASS_DASH, 171, 171, NULL, "cloudflare key"),
    BEHIND(".atlasv1.", "", URL_SAFE, 60, 70, check_terraform, "terraform token"),
    END,
};
OF(behind_slash) = {
    BEHIND("/IncomingWebhook/", "", LOWER_HEX, 32, 32, check_teams_hook, "teams webhook"),
    BEHIND("1//", "0", RUN, 40, 200, NULL, "google refresh token"),
    BEHIND("/", "", ALNUM, 24, 24, check_slack_hook, "slack webhook"),
    BEHIND("/", "", RUN, 60, 72, check_discord_hook, "discord webhook"),
    END,
};
OF(behind_colon) = {
    BEHIND(":", "AA", RUN, 33, 33, check_telegram, "telegram token"),
    BEHIND(":", "APA91b", RUN, 100, 200, check_firebase, "firebase key"),
    END,
};
OF(behind_tilde) = {
    BEHIND("~", "", DOTTED | CLASS_TILDE, 31, 34, check_azure_secret, "azure client secret"),
    BEHIND("sha256~", "", RUN, 43, 43, NULL, "openshift token"),
    END,
};
/* clang-format on */

const struct token_format *token_formats_by_first(char first)
{
    static const struct token_format *const by_first[128] = {
        ['A'] = of_A, ['C'] = of_C, ['E'] = of_E, ['F'] = of_F, ['G'] = of_G, ['H'] = of_H,
        ['I'] = of_I, ['L'] = of_L, ['M'] = of_M, ['N'] = of_N, ['O'] = of_O, ['P'] = of_P,
        ['S'] = of_S, ['Y'] = of_Y, ['a'] = of_a, ['b'] = of_b, ['c'] = of_c, ['d'] = of_d,
        ['f'] = of_f, ['g'] = of_g, ['h'] = of_h, ['i'] = of_i, ['k'] = of_k, ['l'] = of_l,
        ['n'] = of_n, ['o'] = of_o, ['p'] = of_p, ['r'] = of_r, ['s'] = of_s, ['t'] = of_t,
        ['w'] = of_w, ['x'] = of_x,
    };
    return (unsigned char)first < countof(by_first) ? by_first[(unsigned char)first] : NULL;
}

void token_index_init(struct token_index *index)
{
    *index = (struct token_index){0};
    for (unsigned first = 0; first < countof(index->seconds); first++) {
        const struct token_format *f = token_formats_by_first((char)first);
        for (; f && f->kind; f++) {
            unsigned second = f->prefix.len > 1 ? (unsigned char)f->prefix.ptr[1] : 0;
            if (second)
                index->seconds[first][second / 64] |= 1ull << second % 64;
            else
                memset(index->seconds[first], 0xff, sizeof index->seconds[first]);
        }
    }
}

const struct token_format *token_formats_behind(char last)
{
    switch (last) {
    case '.':
        return behind_dot;
    case '/':
        return behind_slash;
    case ':':
        return behind_colon;
    case '~':
        return behind_tilde;
    default:
        return NULL;
    }
}
