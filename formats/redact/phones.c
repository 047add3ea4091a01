#include "formats/redact/phones.h"

#include "base/mem.h"
#include "formats/redact/edges.h"

const char phone_words[] =
    "phone|phones|phone_number|telephone|tel|mobile|mobil|cell|cellphone|fax|telefax|sms|"
    "whatsapp|msisdn|dial|dialed|handy|telefon|telefonnummer|rufnummer|telefono|celular|"
    "movil|landline|hotline|telefoon|cellulare|komorka";

enum { PHONE_DIGITS_MAX = 15, PHONE_DIGITS_MIN = 7, PHONE_LEN_MAX = 32 };

/* ---- the plans ---- */

/* Country codes, and how many digits follow. */
static const struct {
    unsigned short from, to;
    unsigned char min, max;
} countries[] = {
    {1, 1, 10, 10},    {7, 7, 10, 10},    {20, 20, 8, 10},   {27, 27, 9, 9},    {30, 30, 10, 10},
    {31, 31, 9, 9},    {32, 32, 8, 9},    {33, 34, 9, 9},    {36, 36, 8, 9},    {39, 39, 6, 11},
    {40, 41, 9, 9},    {43, 43, 6, 13},   {44, 44, 9, 10},   {45, 45, 8, 8},    {46, 46, 7, 9},
    {47, 47, 8, 8},    {48, 48, 9, 9},    {49, 49, 6, 13},   {51, 51, 8, 9},    {52, 52, 10, 11},
    {53, 53, 6, 8},    {54, 54, 10, 11},  {55, 55, 10, 11},  {56, 56, 9, 9},    {57, 58, 10, 10},
    {60, 60, 8, 10},   {61, 61, 9, 9},    {62, 62, 7, 12},   {63, 63, 8, 10},   {64, 64, 8, 10},
    {65, 65, 8, 8},    {66, 66, 8, 9},    {81, 81, 9, 10},   {82, 82, 8, 10},   {84, 84, 9, 10},
    {86, 86, 10, 11},  {90, 91, 10, 10},  {92, 92, 9, 10},   {93, 94, 9, 9},    {95, 95, 7, 10},
    {98, 98, 10, 10},  {211, 213, 8, 9},  {216, 216, 8, 8},  {218, 218, 8, 9},  {220, 258, 6, 10},
    {260, 269, 7, 9},  {290, 291, 4, 7},  {297, 299, 6, 7},  {350, 359, 6, 11}, {370, 378, 6, 10},
    {380, 383, 8, 9},  {385, 387, 8, 9},  {389, 389, 8, 8},  {420, 421, 9, 9},  {423, 423, 7, 9},
    {500, 509, 5, 10}, {590, 599, 6, 10}, {670, 670, 7, 8},  {672, 683, 4, 8},  {685, 692, 5, 8},
    {800, 800, 8, 8},  {808, 808, 8, 8},  {850, 850, 8, 10}, {852, 853, 8, 8},  {855, 856, 8, 10},
    {870, 870, 9, 9},  {880, 883, 8, 10}, {886, 886, 8, 9},  {960, 968, 7, 9},  {970, 977, 7, 10},
    {992, 996, 8, 9},  {998, 998, 9, 9},
};

static bool is_exchange(const char *digits)
{
    return digits[0] >= '2' && !(digits[1] == '1' && digits[2] == '1');
}

bool is_north_american(const char *digits, size_t n)
{
    if (n == 11 && *digits == '1')
        return is_north_american(digits + 1, 10);
    return n == 10 && is_exchange(digits) && digits[1] != '9' && is_exchange(digits + 3);
}

static bool is_international(const char *digits, size_t n)
{
    unsigned code = 0;
    for (size_t i = 0; i < 3 && i < n && digits[0] != '0'; i++) {
        code = code * 10 + (unsigned)(digits[i] - '0');
        for (size_t k = 0; k < countof(countries); k++) {
            size_t rest = n - i - 1;
            if (code >= countries[k].from && code <= countries[k].to)
                return rest >= countries[k].min && rest <= countries[k].max &&
                       (code != 1 || is_north_american(digits, n));
        }
    }
    return false;
}

/* ---- reading ---- */

/* Digits, and what may stand between them: a blank, '-', '.', '/', and brackets around a group. */
struct dialed {
    char digits[PHONE_DIGITS_MAX];
    size_t n;
    size_t ends[PHONE_DIGITS_MAX];   /* behind each group */
    size_t counts[PHONE_DIGITS_MAX]; /* of the digits up to there */
    size_t n_groups;
};

/* is_first: behind the country code, where a bracket may open. */
static size_t gap_at(struct str line, size_t at, bool is_first)
{
    static const char *const gaps[] = {" ", "-", ".", "/", ") ", ")-", ")"};
    struct str rest = str_slice(line, at, 3);
    for (size_t i = 0; i < countof(gaps); i++) {
        struct str gap = str_from(gaps[i]);
        if (str_starts(rest, gap) && is_digit(byte_at(rest, gap.len)))
            return gap.len;
    }
    return is_first && str_starts(rest, STR(" (")) && is_digit(byte_at(rest, 2)) ? 2 : 0;
}

static void read_dialed(struct dialed *d, struct str line, size_t from)
{
    *d = (struct dialed){.n = 0};
    for (size_t i = from; i - from < PHONE_LEN_MAX;) {
        while (is_digit(byte_at(line, i)) && d->n < PHONE_DIGITS_MAX)
            d->digits[d->n++] = line.ptr[i++];
        if (is_digit(byte_at(line, i)))
            return;
        d->ends[d->n_groups] = i;
        d->counts[d->n_groups++] = d->n;
        size_t gap = gap_at(line, i, d->n_groups == 1);
        if (!gap || d->n == PHONE_DIGITS_MAX)
            return;
        i += gap;
    }
}

static bool is_edge_of_dialed(struct str line, size_t to)
{
    return right_edge(line, to) == EDGE_FREE || byte_at(line, to) == '@';
}

/* ---- finding ---- */

static void add_international(struct hunt *h, size_t at)
{
    struct dialed d;
    if (at > 0 && (is_alnum(h->line.ptr[at - 1]) || strchr("+-/_.", h->line.ptr[at - 1])))
        return;
    read_dialed(&d, h->line, at + 1);
    for (size_t i = d.n_groups; i-- > 0;) {
        if (is_international(d.digits, d.counts[i]) && is_edge_of_dialed(h->line, d.ends[i])) {
            hunt_add(h, at, d.ends[i], RULE_PHONE, "international number");
            return;
        }
    }
}

static bool is_said(struct str line, size_t from, size_t to)
{
    enum label label = label_of(line, from, phone_words);
    return label == LABEL_YES ||
           (label == LABEL_NONE && has_word_near(line, from, to, phone_words));
}

/* "(415) 555-0132"; with a word near it "(030) 901820". */
static void add_bracketed(struct hunt *h, size_t at)
{
    struct str line = h->line;
    struct dialed d;
    read_dialed(&d, line, at + 1);
    if (d.n_groups < 2 || d.counts[0] > 5 || byte_at(line, d.ends[0]) != ')' ||
        left_edge(line, at) == EDGE_INSIDE)
        return;
    for (size_t i = d.n_groups; i-- > 1;) {
        size_t n = d.counts[i];
        bool is_plain = i == 2 && n == 10 && d.counts[0] == 3 && d.counts[1] == 6 &&
                        is_north_american(d.digits, n);
        if (n >= PHONE_DIGITS_MIN && right_edge(line, d.ends[i]) == EDGE_FREE &&
            (is_plain || is_said(line, at, d.ends[i]))) {
            hunt_add(h, at, d.ends[i], RULE_PHONE, "national number");
            return;
        }
    }
}

size_t find_dialed(struct hunt *h, size_t at)
{
    if (h->line.ptr[at] == '+')
        add_international(h, at);
    else
        add_bracketed(h, at);
    return at + 1;
}

/* 20240102, or an epoch time in seconds. */
static bool is_time(const char *digits, size_t n)
{
    bool is_date = n == 8 && (memcmp(digits, "19", 2) == 0 || memcmp(digits, "20", 2) == 0);
    return is_date || (n == 10 && digits[0] == '1');
}

/* "030/901820": where the code begins, or from. */
static size_t area_code_before(struct str line, size_t from)
{
    enum { CODE_MIN = 3, CODE_MAX = 5 };
    if (from == 0 || line.ptr[from - 1] != '/')
        return from;
    size_t at = from - 1;
    while (at > 0 && from - 1 - at < CODE_MAX && is_digit(line.ptr[at - 1]))
        at--;
    bool is_code = from - 1 - at >= CODE_MIN && line.ptr[at] == '0';
    return is_code && left_edge(line, at) == EDGE_FREE ? at : from;
}

void add_national_phone(struct hunt *h, size_t from, size_t to)
{
    struct str line = h->line;
    struct dialed d;
    from = area_code_before(line, from);
    if (to - from > PHONE_LEN_MAX || to - from < PHONE_DIGITS_MIN ||
        left_edge(line, from) == EDGE_INSIDE || !has_word_near(line, from, to, phone_words))
        return;
    enum label label = label_of(line, from, phone_words);
    bool is_near =
        label == LABEL_NONE && line.ptr[from] == '0' && left_edge(line, from) == EDGE_FREE;
    if (label != LABEL_YES && !is_near)
        return;
    read_dialed(&d, str_of(line.ptr, to), from);
    for (size_t i = d.n_groups; i-- > 0;) {
        bool is_quad = i == 3 && byte_at(line, d.ends[0]) == '.';
        if (d.counts[i] >= PHONE_DIGITS_MIN && right_edge(line, d.ends[i]) == EDGE_FREE &&
            !is_quad && !is_time(d.digits, d.counts[i])) {
            hunt_add(h, from, d.ends[i], RULE_PHONE, "national number");
            return;
        }
    }
}
