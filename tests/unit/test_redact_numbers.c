/* formats/redact/numbers, forms, mixed, phones. */
#include "base/mem.h"
#include "formats/redact/checks.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"

TEST(numbers_of_cards)
{
    check_masked("4111111111111111", "[card]");
    check_masked("{\"pan\":\"4111 1111 1111 1111\"}", "{\"pan\":\"[card]\"}");
    check_masked("{\"pan\":5555555555554444}", "{\"pan\":\"[card]\"}");
    check_masked("amex 3782-822463-10005, diners 3056 930902 5904", "amex [card], diners [card]");
    check_masked("paid 20 4111111111111111 ok", "paid 20 [card] ok");
    check_masked("4111 1111 1111 1111 12/27 123", "[card] 12/27 123");
    check_masked("a|4000056655665556|12|27|123", "a|[card]|12|27|123");
    check_masked("q=%204111111111111111&x=1", "q=%20[card]&x=1");
    check_masked("\x1b[32m6011000990139424\x1b[0m", "\x1b[32m[card]\x1b[0m");
    check_masked("[4111111111111111,3530111333300000]", "[\"[card]\",\"[card]\"]");
    check_masked("charged 4111111111111111.", "charged [card].");
    check_masked("/cards/4111111111111111/charge", "/cards/[card]/charge");
    check_masked("unionpay 6222 0212 3456 7890 128", "unionpay [card]");
    check_masked("card 2223003122003222 2401021234567896", "card [card] [card]");
}

/* Both find the same value: its form says more than its name. */
TEST(numbers_under_names_of_secrets)
{
    defer(redactor_close) struct redactor *r = NULL;
    defer(redaction_free) struct redaction room = {0};
    struct redact_options options;
    struct err err;
    redact_options_init(&options);
    REQUIRE_OK(redactor_open(&r, &options, &err));
    CHECK_STR(redact_line(r, &room, NULL, STR("{\"pan\":\"4111111111111111\",\"cvv\":\"123\"}")),
              STR("{\"pan\":\"[card]\",\"cvv\":\"[secret]\"}"));
}

TEST(numbers_that_are_no_cards)
{
    check_plain("4111111111111112");
    check_plain("41111111111111111"); /* 17 digits */
    check_plain("1111 4111 1111 1111 1111");
    check_plain("4111-1111 1111-1111");
    check_plain("x4111111111111111 4111111111111111ns 0.4111111111111111 -1-4111111111111111");
    check_plain("{\"trace_id\":4111111111111111,\"span_id\":\"4111111111111111\"}");
    check_plain("dd.trace_id=4111111111111111 order 4111111111111111 offset=4111111111111111");
    check_plain("orderId: 4111111111111111, took_ns=4111111111111111");
    check_plain("/orders/4111111111111111/items order_4111111111111111 v1-4111111111111111");
    check_plain("event 2401021234567896");            /* begins as a date does */
    check_plain("4222222222222 4111111111111111110"); /* 13 and 19 digits say too little */
    check_masked("visa 4222222222222, visa 4111111111111111110", "visa [card], visa [card]");
}

TEST(numbers_of_us_social_security)
{
    check_masked("078-05-1121", "[ssn]");
    check_masked("{\"text\":\"{\\\"ssn\\\":\\\"219-45-1234\\\"}\"}",
                 "{\"text\":\"{\\\"ssn\\\":\\\"[ssn]\\\"}\"}");
    check_masked("ssn=219451234 itin=911701234", "ssn=[ssn] itin=[ssn]");
    check_masked("social security number 219 45 1234", "social security number [ssn]");
    check_masked("%22123-12-1034%22", "%22[ssn]%22");
    check_masked("911-70-1234 987-65-4329", "[ssn] 987-65-4329");
    check_plain("000-12-1234 666-12-1234 123-00-1234 123-12-0000 911-89-1234");
    check_plain("078-05-1120 219-09-9999 123-45-6789 333-33-3333");
    check_plain("219451234 219 45 1234 219.45.1234");
    check_plain("1-219-45-1234 219-45-1234-5 2219-45-1234 219-45-12345 order 219-45-1234");
    check_plain("{\"ssn_hash\":\"ab\",\"amount\":219451234}");
    check_plain("200 45 1234"); /* status, milliseconds, bytes */
}

TEST(numbers_of_other_countries)
{
    check_masked("NHS 943 476 5919, nhs_number=9434765919", "NHS [uk_nhs], nhs_number=[uk_nhs]");
    check_masked("{\"value\":\"401 023 2137\"}", "{\"value\":\"[uk_nhs]\"}");
    check_plain("{\"value\":\"400 023 2137\"}");
    check_masked("Meine Steuer-ID: 86095742719.", "Meine Steuer-ID: [de_tax_id].");
    check_masked("86 095 742 719", "[de_tax_id]");
    check_masked("1 85 05 78 006 084 91, 185057800608491", "[fr_nir], [fr_nir]");
    check_masked("numero de securite sociale 1850578006084", "numero de securite sociale [fr_nir]");
    check_masked("DNI 12345678Z, nie X1234567L", "DNI [es_dni], nie [es_dni]");
    check_masked("\"12345678Z\" X1234567L 12.345.678-Z dni", "\"[es_dni]\" [es_dni] [es_dni] dni");
    check_masked("pesel: 44051401359", "pesel: [pl_pesel]");
    check_masked("bsn=111222333", "bsn=[nl_bsn]");
    check_masked("SIN 130 692 544", "SIN [ca_sin]");
    check_masked("tfn 876 543 210, medicare 2123 45670 1", "tfn [au_tfn], medicare [au_medicare]");
    check_masked("{\"value\":\"3123 4567 8909\"}", "{\"value\":\"[in_aadhaar]\"}");
    check_plain("{\"contact\":\"3123 4567 8909\"}");
    check_masked("111.444.777-35 cpf=11144477735", "[br_cpf] cpf=[br_cpf]");
    check_plain("86095742719 44051401359 111222333 130692544 876543210 11144477735 312345678909");
    check_plain("3123 4567 8909 is what is left"); /* a table's columns look the same */
    check_plain("8388600K->12345678Z(9437184K) 12345678Z");
    check_plain("12345678A dni 12345678A");
}

TEST(numbers_of_corsica)
{
    check_masked("1 85 05 2A 006 084 35", "[fr_nir]");
    check_masked("nir 185052B00608462", "nir [fr_nir]");
    check_plain("1 85 05 2A 006 084 36");
}

/* Valid numbers of each rule. valid: of digits alone, besides what the pattern says. */
static bool is_any(const char *digits, size_t n)
{
    return digits[0] != digits[1] && n > 0;
}

static bool is_french(const char *digits, size_t n)
{
    return is_nir(digits, n) && memcmp(digits + 5, "00", 2) != 0 &&
           (digits[3] == '0' ? digits[4] != '0' : digits[3] == '1' && digits[4] < '3') &&
           memcmp(digits + 7, "000", 3) != 0 && memcmp(digits + 10, "000", 3) != 0;
}

static bool is_german(const char *digits, size_t n)
{
    return is_mod_11_10(digits, n);
}

static const struct {
    enum redact_rule rule;
    const char *word, *pattern;
    bool (*valid)(const char *digits, size_t n);
    bool is_plain; /* it needs no word */
} makers[] = {
    {RULE_CARD, "visaCard", "4###############", is_luhn, true},
    {RULE_CARD, "cardNumber", "51## #### #### ####", is_luhn, true},
    {RULE_CARD, "credit_card", "34##-######-#####", is_luhn, true},
    {RULE_CARD, "card", "36############", is_luhn, true},
    {RULE_CARD, "visa", "4############", is_luhn, false},
    {RULE_CARD, "card", "62#################", is_luhn, false},
    {RULE_SSN, "ssn", "3##-4#-5###", is_any, true},
    {RULE_SSN, "customerSsn", "3##4#5###", is_any, false},
    {RULE_SSN, "itin", "9##-7#-####", is_any, true},
    {RULE_UK_NHS, "nhs_number", "4## ### ####", is_nhs, false},
    {RULE_UK_NHS, "patient", "##########", is_nhs, false},
    {RULE_DE_TAX_ID, "Steuer-ID", "12345670###", is_german, false},
    {RULE_DE_TAX_ID, "steuerId", "12 345 677 90#", is_german, true},
    {RULE_FR_NIR, "nir", "1#########7#5##", is_french, false},
    {RULE_FR_NIR, "nir", "2 8# 05 78 ### ### ##", is_french, true},
    {RULE_PL_PESEL, "pesel", "8#0714#####", is_pesel, false},
    {RULE_NL_BSN, "bsn", "1########", is_bsn, false},
    {RULE_CA_SIN, "sin", "1## ### ###", is_luhn, false},
    {RULE_CA_SIN, "sin", "5########", is_luhn, false},
    {RULE_AU_TFN, "tfn", "1## ### ###", is_tfn, false},
    {RULE_AU_MEDICARE, "medicare", "2### ##### 1", is_medicare, false},
    {RULE_IN_AADHAAR, "aadhaar", "2### #### ####", is_verhoeff, false},
    {RULE_IN_AADHAAR, "aadhaar_no", "3###########", is_verhoeff, false},
    {RULE_BR_CPF, "cpf", "###.###.###-##", is_cpf, true},
    {RULE_BR_CPF, "cpf", "12#########", is_cpf, false},
};

static void make_valid(struct buf *value, size_t maker)
{
    char digits[20];
    do {
        value->len = 0;
        put_random(value, makers[maker].pattern);
    } while (!makers[maker].valid(digits, bare_of(buf_str(value), digits, sizeof digits)));
}

TEST(numbers_are_found_in_every_carrier)
{
    defer(buf_free) struct buf value = {0}, line = {0};
    for (size_t m = 0; m < countof(makers); m++) {
        for (size_t i = 0; i < 40 * CARRIERS; i++) {
            size_t carrier = i % (makers[m].is_plain ? CARRIERS : PLAIN_CARRIERS);
            make_valid(&value, m);
            line.len = 0;
            put_carrier(&line, carrier, makers[m].word, buf_str(&value));
            if (!is_found(buf_str(&line), buf_str(&value), makers[m].rule))
                test_fail(__FILE__, __LINE__, "%s: %.*s", redact_rules[makers[m].rule].what,
                          STR_ARG(buf_str(&line)));
        }
    }
}

TEST(numbers_with_a_wrong_digit_are_not)
{
    defer(buf_free) struct buf value = {0}, line = {0};
    for (size_t m = 0; m < countof(makers); m++) {
        for (size_t i = 0; i < 200; i++) {
            char digits[20];
            make_valid(&value, m);
            size_t at = roll((unsigned)value.len);
            if (makers[m].pattern[at] != '#')
                continue;
            value.ptr[at] = (char)('0' + (value.ptr[at] - '0' + 1 + (int)roll(9)) % 10);
            if (makers[m].valid(digits, bare_of(buf_str(&value), digits, sizeof digits)))
                continue;
            line.len = 0;
            put_carrier(&line, 6 + i % 2, makers[m].word, buf_str(&value)); /* no names */
            if (makers[m].valid != is_any && count_found(buf_str(&line)) > 0)
                test_fail(__FILE__, __LINE__, "%s: %.*s", redact_rules[makers[m].rule].what,
                          STR_ARG(buf_str(&line)));
        }
    }
}

/* What the issue names, with random values: nothing of it is found. */
TEST(numbers_of_machines_are_kept)
{
    static const char *const patterns[] = {
        "~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~",
        "trace_id=~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ span_id=~~~~~~~~~~~~~~~~",
        "00-~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~-~~~~~~~~~~~~~~~~-01",
        "{\"dd.trace_id\":\"4#################\",\"dd.span_id\":\"5##################\"}",
        "{\"trace_id\":4###############,\"span_id\":5###############}",
        "17######## 17########### 17############## 17#################",
        "{\"ts\":17########.######,\"time\":17###########,\"epoch_ns\":17#################}",
        "commit ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ index ~~~~~~~..~~~~~~~ 100644",
        "sha256:~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~",
        "web-7########4-x2d9q 1.2#.3#-build.4### 2024-01-02T10:00:00.######Z",
        "20240102T10#### 2024010210####### order 4############### order_no=51##############",
        "com.example.Foo@1###### hashCode=1######### Thread-3####### [0x00007f##########]",
        "8388608K->12###678K(9437184K), 0.####### secs uptime 4###### ms",
        "at offset 4############### of partition-5, lag=4###############",
        "10.##.##.1 - - [02/Jan/2024:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 4####### 0.0##",
        "id,customer\n4#######,8####### 2### 3### 4### 5### 6### 7###",
        "INV-2024-###### sku 4###-####-#### part 12#-45-67## lsn 0/16B###D8",
    };
    check_none_found(patterns, countof(patterns), 2000);
}

TEST(phones_of_the_world)
{
    check_masked("+49 30 901820 and +14155550132.", "[phone] and [phone].");
    check_masked("+44 (20) 7123 4567", "[phone]");
    check_masked("tel:+33-1-42-68-53-00", "tel:[phone]");
    check_masked("sip:+14155550132@example.com", "sip:[phone]@example.com");
    check_masked("{\"to\":\"+91 98765 43210\"}", "{\"to\":\"[phone]\"}");
    check_masked("(415) 555-0132 415-555-0132 415.555.0132", "[phone] [phone] [phone]");
    check_masked("phone: 030 901820", "phone: [phone]");
    check_masked("mobile=01711234567 fax 020 7946 0018", "mobile=[phone] fax [phone]");
    check_plain("+999 1234567 +0000 +1000 2024 a+12345678901 1+12345678901 +123456789");
    check_plain("2024-01-02 10:00:00 +0530, $+12345678.00, (123) 456, 192.168.100.1, 10.1.2.3456");
    check_plain("phone updated at 20240102 1712345678");
    check_masked("phone 030 901820 415-555-0132 2024-01-02", "phone [phone] [phone] 2024-01-02");
    check_plain("111-555-0132 415-155-0132 415-555-01322 1-415-555-01");
}

/* hunt.h, invariant 1: what is quadratic does not end within the time of a test. */
TEST(numbers_of_a_long_line_are_read_once)
{
    static const char *const pieces[] = {"1",    "12345678 ", "123 456 ", "1 ",
                                         "1-",   "123.",      "4111 ",    "123-45-",
                                         "+1",   "(1",        "+1 2 3",   "1 23 456 7890 ",
                                         "%201", "12345678Z", "AA11 ",    "card 4111111111111112 "};
    enum { SIZE = 1 << 20 };
    defer(buf_free) struct buf line = {0};
    for (size_t i = 0; i < countof(pieces); i++) {
        line.len = 0;
        while (line.len < SIZE)
            buf_add(&line, str_from(pieces[i]));
        (void)count_found(buf_str(&line));
    }
}

TEST(numbers_in_rare_groups)
{
    check_masked("BSN 1112.22.333 saved", "BSN [nl_bsn] saved");
    check_masked("tel: 06 12 34 56 78, phone 030/7812566", "tel: [phone], phone [phone]");
    check_masked("IdNr 86095742719", "IdNr [de_tax_id]");
    check_plain("2024-01-15 10 20 30, 24-01-15 10-20, /phone/030/7812566");
}
