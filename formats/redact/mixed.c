#include "formats/redact/mixed.h"

#include "formats/redact/checks.h"
#include "formats/redact/edges.h"

static char upper(char c)
{
    return (char)(c & ~0x20);
}

static const char dni_words[] =
    "dni|nif|nie|documento|identidad|ciudadano|extranjero|cedula|national_id|tax_id|titular|"
    "cliente";

/* What digits with one letter behind them may be as well: "8388608K" of bytes, "12345678L" of Java, hex digits. */
static bool is_unit(char letter)
{
    return strchr("KMGTPEBDFLASNCXH", letter) != NULL;
}

bool add_dni(struct hunt *h, size_t from, size_t to, struct str digits)
{
    struct str line = h->line;
    size_t dash = byte_at(line, to) == '-', back = from > 1 && line.ptr[from - 1] == '-' ? 2 : 1;
    char last = byte_at(line, to + dash), first = 0;
    if (!h->wanted[RULE_ES_DNI] || (digits.len != 7 && digits.len != 8) || !is_letter(last))
        return false;
    if (digits.len == 7) {
        first = from >= back ? upper(line.ptr[from - back]) : 0;
        if (first < 'X' || first > 'Z')
            return false;
        from -= back;
    }
    unsigned number = first ? (unsigned)(first - 'X') : 0;
    for (size_t i = 0; i < digits.len; i++)
        number = number * 10 + (unsigned)(digits.ptr[i] - '0');
    enum edge edge = edge_of(line, from, to + dash + 1);
    if (edge == EDGE_INSIDE || upper(last) != dni_letter(number) || number == 0)
        return false;
    to += dash + 1;
    enum label label = label_of(line, from, dni_words);
    bool is_said =
        label == LABEL_YES || (label == LABEL_NONE && has_word_near(line, from, to, dni_words));
    bool is_plain = last == upper(last) && edge == EDGE_FREE && label != LABEL_NO &&
                    (first || (label == LABEL_NONE && is_whole_value(line, from, to) &&
                               (dash || !is_unit(last))));
    if (!is_said && !is_plain)
        return false;
    hunt_add(h, from, to, RULE_ES_DNI, first ? "NIE" : "DNI");
    return true;
}

bool add_corsican_nir(struct hunt *h, size_t from, size_t to, struct str digits)
{
    struct str line = h->line;
    char text[15];
    size_t at = from, n = 5;
    at -= at > 0 && line.ptr[at - 1] == ' ';
    if (!h->wanted[RULE_FR_NIR] || digits.len != 8 || at < 2 || line.ptr[at - 2] != '2' ||
        (upper(line.ptr[at - 1]) != 'A' && upper(line.ptr[at - 1]) != 'B'))
        return false;
    memcpy(text + n, upper(line.ptr[at - 1]) == 'A' ? "19" : "18", 2);
    memcpy(text + n + 2, digits.ptr, digits.len);
    for (at -= 2; n > 0 && at > 0; at--) {
        if (is_digit(line.ptr[at - 1]))
            text[--n] = line.ptr[at - 1];
        else if (line.ptr[at - 1] != ' ')
            break;
    }
    if (n > 0 || (text[0] != '1' && text[0] != '2') || !is_nir(text, sizeof text) ||
        edge_of(line, at, to) == EDGE_INSIDE)
        return false;
    hunt_add(h, at, to, RULE_FR_NIR, "NIR");
    return true;
}
