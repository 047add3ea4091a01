/*
 * What begins with capitals, and goes on with digits: IBAN, UK national insurance numbers, Italian fiscal codes, Indian
 * PAN.
 *
 *     DE89 3704 0044 0532 0130 00     AB 12 34 56 C     RSSMRA85T10A562S     ABCPE1234F
 *     ^                               ^                     ^                   ^          noticed at
 */
#include "formats/redact/checks.h"
#include "formats/redact/edges.h"
#include "formats/redact/ibans.h"

/* ---- IBAN ---- */

/* All of it without blanks, into text; with what separates groups of four being the same everywhere. Where it ends,
 * or 0. */
static size_t read_iban(struct str line, size_t at, size_t len, char *text)
{
    size_t i = at;
    char separator = byte_at(line, at + 4);
    bool is_grouped = separator == ' ' || separator == '-' || separator == '+';
    for (size_t n = 0; n < len; n++) {
        if (is_grouped && n > 0 && n % 4 == 0 && byte_at(line, i++) != separator)
            return 0;
        char c = byte_at(line, i++);
        if (!is_digit(c) && !is_upper(c))
            return 0;
        text[n] = c;
    }
    return i;
}

static void add_iban(struct hunt *h, size_t at)
{
    char text[IBAN_MAX];
    size_t len = iban_len(h->line.ptr + at);
    size_t to = len ? read_iban(h->line, at, len, text) : 0;
    if (to && edge_of(h->line, at, to) != EDGE_INSIDE && is_iban(text))
        hunt_add(h, at, to, RULE_IBAN, "IBAN");
}

/* ---- UK national insurance number ---- */

/* HMRC, National Insurance Manual NIM39110. */
static bool is_nino_prefix(const char *c)
{
    static const char never[][3] = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (memcmp(c, never[i], 2) == 0)
            return false;
    }
    return !strchr("DFIQUV", c[0]) && !strchr("DFIOQUV", c[1]);
}

static void add_nino(struct hunt *h, size_t at)
{
    static const char words[] =
        "nino|ninos|national_insurance|ni_number|ni_no|ni|nin|hmrc|insurance";
    struct str line = h->line;
    size_t i = at + 2;
    if (!is_nino_prefix(line.ptr + at))
        return;
    for (size_t pair = 0; pair < 3; pair++, i += 2) {
        i += byte_at(line, i) == ' ';
        if (!is_digit(byte_at(line, i)) || !is_digit(byte_at(line, i + 1)))
            return;
    }
    i += byte_at(line, i) == ' ';
    char suffix = byte_at(line, i++);
    if (suffix < 'A' || suffix > 'D')
        return;
    enum edge edge = edge_of(line, at, i);
    if (edge == EDGE_INSIDE)
        return;
    enum label label = label_of(line, at, words);
    if (label == LABEL_YES ||
        (label != LABEL_NO && (edge == EDGE_FREE || has_word_near(line, at, i, words))))
        hunt_add(h, at, i, RULE_UK_NINO, "national insurance number");
}

/* ---- Italian fiscal code ---- */

enum { FISCAL_LEN = 16 };

/* A digit, or the letter that stands for it where two people would have the same code; or 10. */
static unsigned fiscal_digit(char c)
{
    static const char letters[] = "LMNPQRSTUV";
    const char *found = c ? strchr(letters, c) : NULL;
    return is_digit(c) ? (unsigned)(c - '0') : found ? (unsigned)(found - letters) : 10;
}

/* Decreto ministeriale of 23 December 1976: "RSSMRA85T10A562S", surname, name, year, month, day (of women 40 more),
 * place, check letter. */
static bool is_fiscal_code(const char *c)
{
    static const char form[FISCAL_LEN + 1] = "aaaaaaddmddadddc";
    for (size_t i = 0; i < FISCAL_LEN; i++) {
        if (form[i] == 'd' ? fiscal_digit(c[i]) > 9
                           : !is_upper(c[i]) || (form[i] == 'm' && !strchr("ABCDEHLMPRST", c[i])))
            return false;
    }
    unsigned day = fiscal_digit(c[9]) * 10 + fiscal_digit(c[10]);
    return ((day >= 1 && day <= 31) || (day >= 41 && day <= 71)) &&
           fiscal_code_letter(c) == c[FISCAL_LEN - 1];
}

static bool add_fiscal_code(struct hunt *h, size_t from)
{
    if (from + FISCAL_LEN > h->line.len || !is_fiscal_code(h->line.ptr + from) ||
        edge_of(h->line, from, from + FISCAL_LEN) == EDGE_INSIDE)
        return false;
    hunt_add(h, from, from + FISCAL_LEN, RULE_IT_CF, "fiscal code");
    return true;
}

/* Capitals before digits: of the surname and name before the year; if letters stand for the year, at the month; if also
 * for the day, at the place. */
static void add_fiscal_codes(struct hunt *h, size_t at)
{
    static const size_t places[] = {4, 7, 10};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (at >= places[i] && add_fiscal_code(h, at - places[i]))
            return;
    }
}

/* ---- Indian PAN ---- */

enum { PAN_LEN = 10, PAN_HOLDER = 3 };

/* Income Tax Department: five letters, of which the fourth says what the holder is (P: a person), four digits, a
 * letter. */
static void add_pan(struct hunt *h, size_t at)
{
    static const char words[] =
        "pan|pan_no|pan_number|pan_card|permanent_account|income_tax|taxpayer|tax_id";
    struct str line = h->line;
    size_t from = at - PAN_HOLDER, to = from + PAN_LEN;
    if (at < PAN_HOLDER || to > line.len)
        return;
    const char *c = line.ptr + from;
    if (!strchr("ABCFGHLJPT", c[PAN_HOLDER]) || !is_digit(c[7]) || !is_digit(c[8]) ||
        !is_upper(c[9]) || !is_upper(c[0]) || !is_upper(c[1]) || !is_upper(c[2]) ||
        memcmp(c + 5, "0000", 4) == 0)
        return;
    enum edge edge = edge_of(line, from, to);
    if (edge == EDGE_INSIDE)
        return;
    enum label label = label_of(line, from, words);
    bool is_plain = c[PAN_HOLDER] == 'P' && edge == EDGE_FREE && label != LABEL_NO;
    if (label == LABEL_YES || is_plain ||
        (label == LABEL_NONE && has_word_near(line, from, to, words)))
        hunt_add(h, from, to, RULE_IN_PAN, "permanent account number");
}

/* ---- the finder ---- */

size_t find_lettered(struct hunt *h, size_t at)
{
    if (h->wanted[RULE_IT_CF])
        add_fiscal_codes(h, at);
    if (left_edge(h->line, at) == EDGE_INSIDE) {
        if (h->wanted[RULE_IN_PAN] && is_digit(byte_at(h->line, at + 2)))
            add_pan(h, at);
        return at + 1;
    }
    if (h->wanted[RULE_IBAN])
        add_iban(h, at);
    if (h->wanted[RULE_UK_NINO])
        add_nino(h, at);
    return at + 1;
}
