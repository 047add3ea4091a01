/*
 * Passwords in statements of SQL, whose names no sign follows.
 *
 *     ALTER ROLE app PASSWORD 'x'      CREATE USER app IDENTIFIED BY 'x'      SET PASSWORD = PASSWORD('x')
 *     IDENTIFIED WITH sha2 AS 'x'      invalid password 'x'
 *
 * The trigger is an apostrophe that stands behind no word.
 */
#include "base/mem.h"
#include "formats/redact/pairs.h"

/* IDENTIFIED WITH mysql_native_password BY, IDENTIFIED VIA x USING */
static bool is_identified(struct str line, size_t word, size_t end)
{
    enum { BEFORE = 64 };
    static const struct str identified = STR_INIT("identified"),
                            links[] = {STR_INIT("by"), STR_INIT("as"), STR_INIT("using")};
    struct str link = str_slice(line, word, end - word);
    bool is_link = false;
    for (size_t i = 0; i < countof(links); i++)
        is_link |= str_equal_nocase(link, links[i]);
    size_t least = word > BEFORE ? word - BEFORE : 0;
    for (size_t i = word; is_link && i >= least + identified.len; i--) {
        if (str_equal_nocase(str_slice(line, i - identified.len, identified.len), identified))
            return true;
        is_link = !is_quote(line.ptr[i - 1]);
    }
    return false;
}

static bool is_password_name(const struct key_name *name)
{
    return name && (name->class == KEY_STRONG || name->class == KEY_PASS);
}

static size_t find_clause(struct hunt *h, size_t at)
{
    enum { GAP = 8, WORD_MAX = 48 };
    struct str line = h->line;
    size_t end = at, least = at > GAP ? at - GAP : 0;
    end -= end > 0 && line.ptr[end - 1] == '(';
    while (end > least && is_blank(line.ptr[end - 1]))
        end--;
    if (end == at || end == 0 || !is_letter(line.ptr[end - 1]))
        return at + 1;
    size_t word = end, first = end > WORD_MAX ? end - WORD_MAX : 0;
    while (word > first && (is_letter(line.ptr[word - 1]) || line.ptr[word - 1] == '_'))
        word--;
    const struct key_name *name = name_ends_have(&h->paths->ends, line, end)
                                      ? key_name_of(str_slice(line, first, end - first))
                                      : NULL;
    if (!is_password_name(name) && !is_identified(line, word, end))
        return at + 1;
    struct pair pair = {.place = {.line = line, .is_json = is_of_json(h)}, .value_at = at};
    struct pair_value v = pair_value_at(&pair.place, at);
    if (v.form == VALUE_QUOTED && (!name || is_secret(&pair, &v, name)))
        hunt_add(h, v.from, v.to, RULE_SECRETS, "password of a statement");
    return max_of(v.end, at + 1);
}

size_t find_opening(struct hunt *h, size_t at)
{
    return h->line.ptr[at] == '<' ? find_element(h, at) : find_clause(h, at);
}
