/* formats/redact/checks: published examples, and that a changed digit is noticed. */
#include "formats/redact/checks.h"

#include "base/mem.h"
#include "formats/redact/ibans.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"

static bool is_iso_97(const char *digits, size_t n)
{
    return mod_97(str_of(digits, n), 0) == 1;
}

static const struct {
    bool (*holds)(const char *digits, size_t n);
    const char *example;
    size_t uncovered; /* digits at the end that are not checked */
} checks[] = {
    {is_luhn, "4111111111111111", 0},
    {is_luhn, "046454286", 0},
    {is_iso_97, "3214282912345698765432161182", 0},
    {is_mod_11_10, "86095742719", 0},
    {is_mod_11_10, "794623", 0},
    {is_verhoeff, "2363", 0},
    {is_verhoeff, "312345678909", 0},
    {is_nhs, "9434765919", 0},
    {is_bsn, "111222333", 0},
    {is_tfn, "876543210", 0},
    {is_tfn, "37118629", 0},
    {is_medicare, "2123456701", 1},
    {is_pesel, "44051401359", 0},
    {is_nir, "185057800608491", 0},
};

TEST(checks_hold_for_examples_and_find_every_changed_digit)
{
    for (size_t i = 0; i < countof(checks); i++) {
        size_t n = strlen(checks[i].example);
        char digits[32];
        memcpy(digits, checks[i].example, n);
        if (!checks[i].holds(digits, n)) {
            test_fail(__FILE__, __LINE__, "%s", checks[i].example);
            continue;
        }
        for (size_t at = 0; at + checks[i].uncovered < n; at++) {
            for (char c = '0'; c <= '9'; c++) {
                digits[at] = c;
                CHECK(checks[i].holds(digits, n) == (c == checks[i].example[at]));
            }
            digits[at] = checks[i].example[at];
        }
    }
}

TEST(checks_know_how_many_digits_there_are)
{
    static const char zeros[24] = "00000000000000000000000";
    for (size_t n = 0; n < 20; n++) {
        CHECK(is_nhs(zeros, n) == (n == 10) && is_bsn(zeros, n) == (n == 9));
        CHECK(is_tfn(zeros, n) == (n == 8 || n == 9) && is_medicare(zeros, n) == (n == 10));
        CHECK(is_cpf(zeros, n) == (n == 11) && is_pesel(zeros, n) == (n == 11));
    }
}

TEST(checks_of_a_cpf_find_most_changes)
{
    size_t kept = 0;
    CHECK(is_cpf("11144477735", 11) && !is_cpf("11144477736", 11) && !is_cpf("11144477745", 11));
    for (size_t i = 0; i < 1000; i++) {
        char digits[11];
        do {
            for (size_t k = 0; k < sizeof digits; k++)
                digits[k] = (char)('0' + roll(10));
        } while (!is_cpf(digits, sizeof digits));
        size_t at = roll(sizeof digits);
        digits[at] = (char)('0' + (digits[at] - '0' + 1 + (int)roll(9)) % 10);
        kept += is_cpf(digits, sizeof digits);
    }
    CHECK(kept < 20);
}

TEST(checks_give_letters)
{
    CHECK(dni_letter(12345678) == 'Z' && dni_letter(0) == 'T' && dni_letter(1234567) == 'L');
    CHECK(fiscal_code_letter("RSSMRA85T10A562") == 'S');
    CHECK(fiscal_code_letter("RSSMRA85T10A56N") != 'S');
}

TEST(checks_take_an_iban_apart)
{
    CHECK(iban_len("DE") == 22 && iban_len("NO") == 15 && iban_len("MT") == 31);
    CHECK(iban_len("AD") == 24 && iban_len("YE") == 30 && iban_len("US") == 0 &&
          iban_len("AA") == 0);
    CHECK(is_iban("GB82WEST12345698765432") && !is_iban("GB82WEST12345698765433"));
    CHECK(is_iban("DE89370400440532013000") && !is_iban("DE98370400440532013000"));
}
