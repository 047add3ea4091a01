#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "formats/block/token.h"
#include "formats/line/skeleton_parts.h"

enum { WORD = TOKEN_DIGIT | TOKEN_LETTER, MORE_LINES = 3, QUOTED_MAX = 4096, KEYS_MAX = 16 << 10 };

/* ---- what bytes are ---- */

static inline unsigned class_of(char c)
{
    return token_classes[(unsigned char)c];
}

static inline bool is_word(char c)
{
    return class_of(c) & WORD;
}

static inline bool is_digit(char c)
{
    return class_of(c) & TOKEN_DIGIT;
}

static inline bool is_gap(char c)
{
    return (unsigned char)c <= ' ' || c == 127;
}

/* Whether the bytes of at are of the form: '0' a digit, 'x' a hex digit, all others themselves. */
static bool has_form(const char *at, const char *end, const char *form)
{
    for (; *form && at < end; form++, at++) {
        unsigned wanted = *form == '0' ? TOKEN_DIGIT : *form == 'x' ? TOKEN_HEX : 0;
        if (wanted ? !(class_of(*at) & wanted) : *at != *form)
            return false;
    }
    return *form == '\0';
}

static inline bool ends_word(const char *at, const char *end)
{
    return at == end || !is_word(*at);
}

/* Over what must follow at once and may be a word of its own: so many digits from 1 to most. */
static const char *skip_digits(const char *at, const char *end, size_t most)
{
    for (; most > 0 && at < end && is_digit(*at); most--)
        at++;
    return at;
}

/* ---- what is one slot: each returns its end, or at ---- */

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

static const char *weekday_end(const char *at, const char *end)
{
    static const char names[] = "MonTueWedThuFriSatSun";
    if (end - at < 5 || (at[3] != ' ' && at[3] != ','))
        return at;
    for (size_t i = 0; i < sizeof names - 1; i += 3)
        if (memcmp(at, names + i, 3) == 0)
            return skip_blanks(at + (at[3] == ',' ? 4 : 3), end);
    return at;
}

/* "Nov 20", "Nov  2" */
static const char *month_day_end(const char *at, const char *end)
{
    if (end - at < 5 || at[3] != ' ' || !month_of_name(at))
        return at;
    const char *day = skip_blanks(at + 3, end), *stop = skip_digits(day, end, 2);
    return stop > day && ends_word(stop, end) ? stop : at;
}

/* "2026-11-20", "2026/11/20", "20 Nov 2026" */
static const char *day_end(const char *at, const char *end)
{
    if ((has_form(at, end, "0000-00-00") || has_form(at, end, "0000/00/00")) &&
        ends_word(at + 10, end))
        return at + 10;
    bool has_month = end - at > 11 && has_form(at, end, "00 ") && month_of_name(at + 3);
    return has_month && has_form(at + 6, end, " 0000") && ends_word(at + 11, end) ? at + 11 : at;
}

/* " +0000", " 2026" */
static const char *zone_or_year_end(const char *at, const char *end)
{
    if (has_form(at, end, " +0000") || has_form(at, end, " -0000"))
        return ends_word(at + 6, end) ? at + 6 : at;
    return has_form(at, end, " 0000") && ends_word(at + 5, end) ? at + 5 : at;
}

/* A time of day with what belongs to it, or a date: what is less may be a number. */
static const char *time_end(const char *at, const char *end)
{
    const char *from = weekday_end(at, end), *day = month_day_end(from, end);
    bool is_named = day > from;
    if (!is_named && from < end && is_digit(*from)) {
        const char *whole = token_end(TOKEN_TIME, from, end);
        if (whole > from)
            return has_form(from, end, "00/") ? zone_or_year_end(whole, end) : whole;
        day = day_end(from, end);
    }
    if (day == from)
        return at;
    const char *clock = skip_blanks(day, end), *stop = token_end(TOKEN_TIME, clock, end);
    if (stop == clock)
        return is_named ? at : day;
    return from > at || !is_named ? zone_or_year_end(stop, end) : stop;
}

static const char *uuid_end(const char *at, const char *end)
{
    bool is_uuid = has_form(at, end, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    return is_uuid && ends_word(at + 36, end) ? at + 36 : at;
}

static const char *ipv4_end(const char *at, const char *end)
{
    const char *from = at;
    for (int i = 0; i < 4; i++) {
        const char *stop = skip_digits(at, end, 3);
        if (stop == at || (i < 3 && (stop == end || *stop != '.')))
            return from;
        at = i < 3 ? stop + 1 : stop;
    }
    bool goes_on = end - at > 1 && *at == '.' && is_word(at[1]);
    return ends_word(at, end) && !goes_on ? at : from;
}

/* Groups of hex digits between colons: an IPv6 address if they are eight or some are left out, else
 * six of two digits are one of a network card. */
static const char *groups_end(const char *at, const char *end)
{
    const char *from = at;
    size_t colons = 0, digits = 0;
    bool is_short = false, are_pairs = true, has_digit = false;
    end = end - at > 46 ? at + 46 : end;
    for (; at < end && (*at == ':' || (class_of(*at) & TOKEN_HEX)); at++) {
        bool is_colon = *at == ':';
        are_pairs = are_pairs && (!is_colon || digits == 2);
        is_short = is_short || (is_colon && at > from && at[-1] == ':');
        has_digit = has_digit || is_digit(*at);
        colons += is_colon;
        digits = is_colon ? 0 : digits + 1;
        if (digits > 4)
            return from;
    }
    bool is_group = ends_word(at, end) && at > from && at[-1] != ':';
    return is_group && (colons == 7 || (is_short && has_digit && colons > 1) ||
                        (colons == 5 && are_pairs && digits == 2))
               ? at
               : from;
}

/* What stands in paths and addresses of the web. */
static const char *path_end(const char *at, const char *end)
{
    static const bool ends[256] = {
        [0 ... ' '] = true, ['"'] = true,  ['\''] = true, ['<'] = true, ['>'] = true,
        ['|'] = true,       ['\\'] = true, ['('] = true,  [')'] = true, ['['] = true,
        [']'] = true,       ['{'] = true,  ['}'] = true,  ['`'] = true};
    while (at < end && !ends[(unsigned char)*at])
        at++;
    while (at[-1] == ',' || at[-1] == '.' || at[-1] == ';' || at[-1] == ':') /* of the sentence */
        at--;
    return at;
}

/* The quote that ends what begins behind the one at at, or NULL. */
static const char *quote_end(const char *at, const char *end)
{
    char quote = *at++;
    end = end - at > QUOTED_MAX ? at + QUOTED_MAX : end;
    for (; at < end && *at != quote; at++)
        at += *at == '\\' && end - at > 1;
    return at < end ? at : NULL;
}

/* ---- words ---- */

/* Not what random letters look like. */
static bool is_name(const char *from, const char *to)
{
    ptrdiff_t changes = 0;
    bool all_hex = to - from >= 4;
    for (const char *at = from; at < to; at++) {
        changes += at > from && (at[-1] & 0x20) && !(*at & 0x20) && *at != '_';
        all_hex = all_hex && (class_of(*at) & TOKEN_HEX);
    }
    return to - from > 1 && changes * 4 < to - from && !all_hex;
}

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '_';
}

/* Lists of the like are one: "<n>, <n>" is "<n>". */
static void put_skeleton_slot(struct buf *out, struct str slot)
{
    struct str rest = buf_str(out);
    rest.len -= rest.len && rest.ptr[rest.len - 1] == ' ';
    rest.len -= rest.len && rest.ptr[rest.len - 1] == ',';
    bool goes_on = rest.len < out->len && rest.ptr[rest.len] == ',' && str_ends(rest, slot);
    if (goes_on)
        out->len = rest.len;
    else
        buf_add(out, slot);
}

/* Of a word with a digit: "blk_-160" is "blk_<n>", "ip-10-0-0-1.ec2.internal" "ip-<n>.<n>.internal", "12.5ms" "<n>". */
static void put_parts(struct buf *out, const char *from, const char *to)
{
    const struct str slot = STR("<n>");
    bool is_slot = false, is_gone = false; /* what was put last; what follows it up to a dot */
    for (const char *at = from; at < to;) {
        const char *part = at;
        unsigned all = 0;
        for (; at < to && !is_separator(*at); at++)
            all |= class_of(*at);
        bool has_digit = all & TOKEN_DIGIT, is_single = at - part == 1 && at < to && *at == '.';
        bool stays = !has_digit && (is_name(part, at) || is_single || at == to);
        bool is_put = at > part && !is_gone;
        if (is_put && stays) {
            buf_add(out, str_of(part, (size_t)(at - part)));
            is_slot = false;
        } else if (is_put && !is_slot) {
            put_skeleton_slot(out, slot);
            is_slot = is_gone = true;
        }
        if (at == to)
            break;
        is_gone = is_gone && *at != '.';
        bool is_before = to - at > 1 && is_digit(at[1]);
        bool is_sign = at == part && at > from && *at == '-' && is_before;
        bool joins = is_sign || (is_slot && (is_gone || is_before)); /* of one number */
        if (!joins) {
            buf_add_byte(out, *at);
            is_slot = false;
        }
        at++;
    }
}

void put_skeleton_word(struct buf *out, const char *from, const char *to)
{
    enum { HEX_MIN = 8 };
    unsigned all = 0, both = TOKEN_HEX;
    for (const char *at = from; at < to; at++) {
        all |= class_of(*at);
        both &= class_of(*at);
    }
    if (all & TOKEN_DIGIT)
        put_parts(out, from, to);
    else if (both && to - from >= HEX_MIN)
        put_skeleton_slot(out, STR("<n>"));
    else
        buf_add(out, str_of(from, (size_t)(to - from)));
}

/* ---- text ---- */

struct text {
    struct skeleton *s;
    const char *begin, *at, *end;
    unsigned depth;
    struct buf *out;
};

static void put_slot(struct text *t, const char *to, struct str slot)
{
    put_skeleton_slot(t->out, slot);
    t->at = to;
}

/* "GET /a b HTTP/1.1": whatever is between method and version is the path. */
static bool put_request(struct buf *out, struct str inner)
{
    static const struct str methods[] = {
        STR_INIT("GET "),    STR_INIT("POST "),  STR_INIT("PUT "),     STR_INIT("HEAD "),
        STR_INIT("DELETE "), STR_INIT("PATCH "), STR_INIT("OPTIONS "), STR_INIT("CONNECT ")};
    for (size_t i = 0; i < countof(methods); i++) {
        if (!str_starts(inner, methods[i]))
            continue;
        buf_add(out, methods[i]);
        buf_add(out, STR("<path>"));
        if (str_find(inner, STR(" HTTP/")) != SIZE_MAX)
            buf_add(out, STR(" HTTP/<n>"));
        return true;
    }
    return false;
}

/* At a quote that is no value. False: it is none that begins something. */
static bool put_quoted(struct text *t)
{
    char quote = *t->at;
    bool is_inside = t->at > t->begin && is_word(t->at[-1]);
    const char *close = is_inside ? NULL : quote_end(t->at, t->end);
    if (!close || (quote != '"' && !ends_word(close + 1, t->end)))
        return false;
    size_t before = t->out->len;
    buf_add_byte(t->out, quote);
    if (!put_request(t->out, str_of(t->at + 1, (size_t)(close - t->at - 1)))) {
        t->out->len = before; /* "a","b" is a list */
        put_skeleton_slot(t->out, quote == '"' ? STR("\"<str>\"") : STR("'<str>'"));
    } else {
        buf_add_byte(t->out, quote);
    }
    t->at = close + 1;
    return true;
}

/* Behind "key=". */
static void put_value(struct text *t, struct str key)
{
    static const bool ends[256] = {
        [0 ... ' '] = true, [','] = true, [';'] = true, [')'] = true, ['('] = true,
        [']'] = true,       ['}'] = true, ['&'] = true, ['|'] = true, ['"'] = true};
    enum skeleton_value kind = skeleton_value_of(key);
    const char *at = t->at, *close;
    if (at < t->end && (*at == '{' || *at == '[' || *at == '(' || *at == '='))
        return;
    if (at < t->end && *at == '"' && (close = quote_end(at, t->end))) {
        struct str inner = str_of(at + 1, (size_t)(close - at - 1));
        if (kind == VALUE_SLOT || (kind == VALUE_WORD && !is_skeleton_word(inner)))
            buf_add(t->out, STR("<_>"));
        else
            put_skeleton_quoted(t->s, inner, t->depth, t->out);
        t->at = close + 1;
        return;
    }
    if (kind >= VALUE_TEXT && at < t->end && !ends[(unsigned char)*at])
        return;
    while (at < t->end && !ends[(unsigned char)*at])
        at++;
    struct str value = str_of(t->at, (size_t)(at - t->at));
    bool stays = kind == VALUE_WORD && is_skeleton_word(value);
    put_slot(t, at, stays ? value : STR("<_>"));
}

static bool put_if(struct text *t, const char *stop, const char *slot)
{
    if (stop == t->at)
        return false;
    put_slot(t, stop, str_from(slot));
    return true;
}

/* "1,234,567" is one number. */
static const char *thousands_end(const char *at, const char *end)
{
    while (has_form(at, end, ",000") && ends_word(at + 4, end))
        at += 4;
    return at;
}

static bool put_word_of_form(struct text *t)
{
    const char *at = t->at, *end = t->end;
    unsigned class = class_of(*at);
    if ((class & TOKEN_DIGIT || (*at >= 'A' && *at <= 'W')) &&
        put_if(t, time_end(at, end), "<time>"))
        return true;
    if (!(class & TOKEN_HEX))
        return false;
    return put_if(t, uuid_end(at, end), "<uuid>") ||
           (class & TOKEN_DIGIT && put_if(t, ipv4_end(at, end), "<ip>")) ||
           put_if(t, groups_end(at, end), "<ip>");
}

static void put_word(struct text *t)
{
    if (put_word_of_form(t))
        return;
    const char *from = t->at, *stop = token_word_end(from, t->end);
    size_t left = (size_t)(t->end - stop);
    if (left > 3 && memcmp(stop, "://", 3) == 0 && !is_gap(stop[3])) {
        put_slot(t, path_end(stop + 3, t->end), STR("<url>"));
    } else if (left > 1 && *stop == '@' && is_word(stop[1])) {
        put_slot(t, token_word_end(stop + 1, t->end), STR("<email>"));
    } else {
        put_skeleton_word(t->out, from, stop);
        t->at = is_digit(*from) ? thousands_end(stop, t->end) : stop;
        if (left && *stop == '=' && !is_digit(*from)) {
            buf_add_byte(t->out, '=');
            t->at++;
            put_value(t, str_of(from, (size_t)(stop - from)));
        }
    }
}

/* Over ESC [ 31 m. */
static void skip_colour(struct text *t)
{
    const char *at = t->at + 1;
    if (at < t->end && *at == '[')
        for (at++; at < t->end && (is_digit(*at) || *at == ';'); at++) {
        }
    t->at = at < t->end && at > t->at + 1 ? at + 1 : at;
}

static bool may_begin(const struct text *t)
{
    return t->at == t->begin || !is_word(t->at[-1]);
}

/* A sign of a number belongs to it. */
static bool is_sign(const struct text *t)
{
    return t->end - t->at > 1 && is_digit(t->at[1]) && (*t->at == '-' || *t->at == '+') &&
           may_begin(t) && (t->at == t->begin || (t->at[-1] != ')' && t->at[-1] != ']'));
}

static bool begins_path(const struct text *t)
{
    if (!may_begin(t) || (t->at > t->begin && t->at[-1] == '<'))
        return false;
    if (t->end - t->at == 1 || is_gap(t->at[1]))
        return true;
    return (class_of(t->at[1]) & TOKEN_LETTER) || strchr(".~?*%_", t->at[1]);
}

/* At what is no blank. */
static void put_next(struct text *t)
{
    char c = *t->at;
    if (is_word(c)) {
        put_word(t);
        return;
    }
    if (c == '/' && begins_path(t)) {
        put_slot(t, path_end(t->at + 1, t->end), STR("<path>"));
        return;
    }
    if (c == '{' && t->depth < SKELETON_DEPTH && begins_skeleton_object(t->at, t->end)) {
        t->at = put_skeleton_object(t->s, t->at, t->end, t->depth, NULL, t->out);
        return;
    }
    bool is_quote = c == '"' || c == '\'' || c == '`';
    bool is_colon = c == ':' && t->end - t->at > 2 && may_begin(t); /* ::1 */
    if ((is_quote && put_quoted(t)) || (is_colon && put_if(t, groups_end(t->at, t->end), "<ip>")))
        return;
    if (!is_sign(t))
        buf_add_byte(t->out, c);
    t->at++;
}

static void put_line(struct text *t)
{
    bool is_first = true, has_blank = false;
    while (t->at < t->end && !t->out->over) {
        if (*t->at == '\033') {
            skip_colour(t);
        } else if (is_gap(*t->at)) {
            has_blank = true;
            t->at++;
        } else {
            if (has_blank && !is_first)
                buf_add_byte(t->out, ' ');
            has_blank = is_first = false;
            put_next(t);
        }
    }
}

void put_skeleton_text(struct skeleton *s, struct str text, unsigned depth, struct buf *out)
{
    size_t lines = 0;
    for (struct str line; lines <= MORE_LINES && !out->over && take_until(&text, '\n', &line);) {
        bool is_shown = line.len && (lines == 0 ? str_trim(line).len > 0 : !is_gap(*line.ptr));
        if (!is_shown)
            continue;
        if (lines++)
            buf_add(out, STR(" | "));
        struct text t = {s, line.ptr, line.ptr, line.ptr + line.len, depth, out};
        put_line(&t);
    }
}

/* ---- lines ---- */

void skeleton_free(struct skeleton *s)
{
    buf_free(&s->text);
    buf_free(&s->keys);
    for (size_t i = 0; i < SKELETON_DEPTH; i++)
        buf_free(&s->plain[i]);
}

/* The keys of a line with a message, without those in objects that are in it. */
static struct str without_inner(struct skeleton *s)
{
    char *to = s->keys.ptr;
    size_t at = 0;
    for (size_t i = 0; i < s->n_inner; i++) {
        const struct skeleton_span *inner = &s->inner[i];
        memmove(to, s->keys.ptr + at, inner->from - at);
        to += inner->from - at;
        at = inner->to;
    }
    memmove(to, s->keys.ptr + at, s->keys.len - at);
    to += s->keys.len - at;
    return str_of(s->keys.ptr, (size_t)(to - s->keys.ptr));
}

struct str skeleton_of(struct skeleton *s, struct str line)
{
    s->n_inner = 0;
    buf_reset(&s->text);
    buf_reset(&s->keys);
    s->text.max = SKELETON_MAX;
    s->keys.max = KEYS_MAX;
    line = str_trim(line);
    if (!begins_skeleton_object(line.ptr, line.ptr + line.len)) {
        put_skeleton_text(s, line, 0, &s->text);
        return buf_str(&s->text);
    }
    put_skeleton_object(s, line.ptr, line.ptr + line.len, 0, &s->text, &s->keys);
    struct str keys = buf_str(&s->keys);
    if (s->text.len) {
        keys = without_inner(s);
        buf_add_byte(&s->text, ' ');
    }
    buf_add(&s->text, str_slice(keys, 0, SKELETON_MAX - min_of(s->text.len, (size_t)SKELETON_MAX)));
    return buf_str(&s->text);
}

void skeleton_name(struct str shape, char name[SKELETON_NAME])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = hash64(shape);
    for (int i = 0; i < 16; i++)
        name[i] = digits[hash >> (60 - 4 * i) & 15];
    name[16] = '\0';
}
