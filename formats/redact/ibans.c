#include "formats/redact/ibans.h"

#include "base/bisect.h"
#include "base/mem.h"
#include "formats/redact/checks.h"

/* SWIFT, IBAN registry: the length, and what follows the check digits: n digits, a capitals, c either. */
static const struct {
    char country[3];
    unsigned char len;
    const char *account;
} countries[] = {
    {"AD", 24, "n8c12"},    {"AE", 23, "n19"},      {"AL", 28, "n8c16"},    {"AT", 20, "n16"},
    {"AZ", 28, "a4c20"},    {"BA", 20, "n16"},      {"BE", 16, "n12"},      {"BG", 22, "a4n6c8"},
    {"BH", 22, "a4c14"},    {"BI", 27, "n23"},      {"BR", 29, "n23a1c1"},  {"BY", 28, "c4n4c16"},
    {"CH", 21, "n5c12"},    {"CR", 22, "n18"},      {"CY", 28, "n8c16"},    {"CZ", 24, "n20"},
    {"DE", 22, "n18"},      {"DJ", 27, "n23"},      {"DK", 18, "n14"},      {"DO", 28, "c4n20"},
    {"EE", 20, "n16"},      {"EG", 29, "n25"},      {"ES", 24, "n20"},      {"FI", 18, "n14"},
    {"FK", 18, "a2n12"},    {"FO", 18, "n14"},      {"FR", 27, "n10c11n2"}, {"GB", 22, "a4n14"},
    {"GE", 22, "a2n16"},    {"GI", 23, "a4c15"},    {"GL", 18, "n14"},      {"GR", 27, "n7c16"},
    {"GT", 28, "c24"},      {"HN", 28, "a4n20"},    {"HR", 21, "n17"},      {"HU", 28, "n24"},
    {"IE", 22, "a4n14"},    {"IL", 23, "n19"},      {"IQ", 23, "a4n15"},    {"IS", 26, "n22"},
    {"IT", 27, "a1n10c12"}, {"JO", 30, "a4n4c18"},  {"KW", 30, "a4c22"},    {"KZ", 20, "n3c13"},
    {"LB", 28, "n4c20"},    {"LC", 32, "a4c24"},    {"LI", 21, "n5c12"},    {"LT", 20, "n16"},
    {"LU", 20, "n3c13"},    {"LV", 21, "a4c13"},    {"LY", 25, "n21"},      {"MC", 27, "n10c11n2"},
    {"MD", 24, "c20"},      {"ME", 22, "n18"},      {"MK", 19, "n3c10n2"},  {"MN", 20, "n16"},
    {"MR", 27, "n23"},      {"MT", 31, "a4n5c18"},  {"MU", 30, "a4n19a3"},  {"NI", 28, "a4n20"},
    {"NL", 18, "a4n10"},    {"NO", 15, "n11"},      {"OM", 23, "n3c16"},    {"PK", 24, "a4c16"},
    {"PL", 28, "n24"},      {"PS", 29, "a4c21"},    {"PT", 25, "n21"},      {"QA", 29, "a4c21"},
    {"RO", 24, "a4c16"},    {"RS", 22, "n18"},      {"RU", 33, "n14c15"},   {"SA", 24, "n2c18"},
    {"SC", 31, "a4n20a3"},  {"SD", 18, "n14"},      {"SE", 24, "n20"},      {"SI", 19, "n15"},
    {"SK", 24, "n20"},      {"SM", 27, "a1n10c12"}, {"SO", 23, "n19"},      {"ST", 25, "n21"},
    {"SV", 28, "a4n20"},    {"TL", 23, "n19"},      {"TN", 24, "n20"},      {"TR", 26, "n6c16"},
    {"UA", 29, "n6c19"},    {"VA", 22, "n18"},      {"VG", 24, "a4n16"},    {"XK", 20, "n16"},
    {"YE", 30, "a4n4c18"},
};

static unsigned key_of(const char *name)
{
    return (unsigned)(unsigned char)name[0] << 8 | (unsigned char)name[1];
}

static size_t country_of(const char *name)
{
    size_t from = bisect(countof(countries), i, key_of(countries[i].country) < key_of(name));
    bool is_there = from < countof(countries) && key_of(countries[from].country) == key_of(name);
    return is_there ? from : SIZE_MAX;
}

size_t iban_len(const char country[2])
{
    size_t index = country_of(country);
    return index == SIZE_MAX ? 0 : countries[index].len;
}

static bool has_account_form(const char *text, const char *form)
{
    while (*form) {
        char kind = *form++;
        size_t n = 0;
        while (*form >= '0' && *form <= '9')
            n = n * 10 + (size_t)(*form++ - '0');
        for (; n > 0; n--, text++) {
            bool is_number = *text >= '0' && *text <= '9';
            if ((kind == 'n' && !is_number) || (kind == 'a' && is_number))
                return false;
        }
    }
    return true;
}

bool is_iban(const char *text)
{
    size_t index = country_of(text);
    return index != SIZE_MAX &&
           mod_97(str_of(text, 4), mod_97(str_of(text + 4, countries[index].len - 4u), 0)) == 1 &&
           has_account_form(text + 4, countries[index].account);
}
