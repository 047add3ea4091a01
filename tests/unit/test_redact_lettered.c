/* formats/redact/lettered, ibans. */
#include "base/mem.h"
#include "formats/redact/checks.h"
#include "formats/redact/ibans.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"

TEST(lettered_ibans)
{
    check_masked("DE89370400440532013000", "[iban]");
    check_masked("DE89 3704 0044 0532 0130 00 EUR", "[iban] EUR");
    check_masked("iban=GB82-WEST-1234-5698-7654-32&x=1", "iban=[iban]&x=1");
    check_masked("{\"a\":\"{\\\"iban\\\":\\\"NO9386011117947\\\"}\"}",
                 "{\"a\":\"{\\\"iban\\\":\\\"[iban]\\\"}\"}");
    check_masked("iban=DE89+3704+0044+0532+0130+00", "iban=[iban]");
    check_masked("/accounts/FR1420041010050500013M02606/balance", "/accounts/[iban]/balance");
    check_masked("to MT84MALT011000012345MTLCAST001S.", "to [iban].");
    check_plain("DE89370400440532013001 DE8937040044053201300 DE893704004405320130000");
    check_plain(
        "DE89 3704-0044 0532 0130 00, DE89 37040 0440 5320 1300 0, xDE89370400440532013000");
    check_plain("US89370400440532013000 ZZ82WEST12345698765432 GB82123412345698765432");
}

TEST(lettered_ninos)
{
    check_masked("AB123456C", "[uk_nino]");
    check_masked("nino AB 12 34 56 C, AB 123456 D", "nino [uk_nino], [uk_nino]");
    check_masked("{\"ni_number\":\"CE 12 34 56 A\"}", "{\"ni_number\":\"[uk_nino]\"}");
    check_plain("AB123456E AB12345C AB1234567C XAB123456C AB123456CD ab123456c");
    check_plain("DA123456A AO123456A GB123456A TN123456B ZZ123456C QQ123456C");
    check_plain("order AB123456C sku=AB123456C /parts/AB123456C");
}

TEST(lettered_fiscal_codes)
{
    check_masked("codice RSSMRA85T10A562S.", "codice [it_cf].");
    check_masked("{\"cf\":\"VRDLRA90E55F205A\"}", "{\"cf\":\"VRDLRA90E55F205A\"}");
    check_plain("RSSMRA85T10A562T RSSMRA85F10A562S RSSMRA85T32A562S xRSSMRA85T10A562S");
}

TEST(lettered_fiscal_codes_with_letters_for_digits)
{
    /* From the last digit to the first, as they are given out when codes clash. */
    static const unsigned char places[] = {14, 13, 12, 10, 9, 7, 6};
    char code[17] = "RSSMRA85T10A562S", line[32];
    for (size_t i = 0; i < countof(places); i++) {
        code[places[i]] = "LMNPQRSTUV"[code[places[i]] - '0'];
        code[15] = fiscal_code_letter(code);
        snprintf(line, sizeof line, "cf=%s;", code);
        /* At least one digit has to be behind two capitals, or it is not noticed. */
        if (places[i] > 9)
            check_masked(line, "cf=[it_cf];");
    }
}

TEST(lettered_pans)
{
    check_masked("ABCPE1234F", "[in_pan]");
    check_masked("pan=ABCCE1234F", "pan=[in_pan]");
    check_masked("{\"panNumber\":\"AAAPL1234C\"}", "{\"panNumber\":\"[in_pan]\"}");
    check_plain("ABCCE1234F ABCDE1234F ABCPE12345 ABCPE1234 XABCPE1234F ABCPE1234FX ABCPE0000F");
    check_plain("order ABCPE1234F, build-ABCPE1234F.zip");
}

/* A code, two check digits, and an account of the country's length, of random digits: one in 97 is right for each. */
static void make_iban(struct buf *b, const char *country)
{
    size_t len = iban_len(country);
    do {
        b->len = 0;
        buf_add(b, str_of(country, 2));
        while (b->len < len)
            put_random(b, "#");
    } while (!is_iban(b->ptr));
}

static void put_in_fours(struct buf *out, struct str text)
{
    out->len = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        buf_add(out, i ? STR(" ") : STR(""));
        buf_add(out, str_slice(text, i, 4));
    }
}

TEST(lettered_ibans_are_found_in_every_carrier)
{
    static const char *const countries[] = {"DE", "AT", "PL", "ES", "BE", "NO", "PT", "CH", "FR"};
    defer(buf_free) struct buf iban = {0}, grouped = {0}, line = {0};
    for (size_t i = 0; i < countof(countries) * CARRIERS * 8; i++) {
        make_iban(&iban, countries[i % countof(countries)]);
        put_in_fours(&grouped, buf_str(&iban));
        struct str value = i & 1 ? buf_str(&grouped) : buf_str(&iban);
        line.len = 0;
        put_carrier(&line, i % CARRIERS, "iban", value);
        if (!is_found(buf_str(&line), value, RULE_IBAN))
            test_fail(__FILE__, __LINE__, "%.*s", STR_ARG(buf_str(&line)));
        size_t at = 2 + roll((unsigned)iban.len - 2);
        iban.ptr[at] = (char)('0' + (iban.ptr[at] - '0' + 1 + (int)roll(9)) % 10);
        CHECK(count_found(buf_str(&iban)) == 0);
    }
}

TEST(lettered_codes_of_machines_are_kept)
{
    static const char *const patterns[] = {
        "^^^^####-^^##-####",
        "SKU ^^######",
        "request ^^##^^##^^##^^##^^##",
        "0x^^##",
        "arn:aws:iam::############:user/^^##",
        "AKIA^^##^^##^^##^^##",
        "^^##:^^##:^^##",
        "^######",
        "CVE-2024-##### ISO8601 UTF16LE",
        "^^## #### ## ####",
    };
    defer(buf_free) struct buf line = {0};
    size_t found = 0;
    for (size_t i = 0; i < countof(patterns) * 5000; i++) {
        line.len = 0;
        put_random(&line, patterns[i % countof(patterns)]);
        found += count_found(buf_str(&line));
    }
    CHECK_INT(found, 0);
}

TEST(lettered_long_lines_are_read_once)
{
    static const char *const pieces[] = {
        "AA11", "DE89 ", "AB12 34 ", "RSSMRA85T10A562T", "ABCPE12", "DE89370400440532013001"};
    defer(buf_free) struct buf line = {0};
    for (size_t i = 0; i < countof(pieces); i++) {
        line.len = 0;
        while (line.len < 1 << 20)
            buf_add(&line, str_from(pieces[i]));
        CHECK_INT(count_found(buf_str(&line)), 0);
    }
}
