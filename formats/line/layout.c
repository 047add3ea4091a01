#include "formats/line/layout.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/clock_text.h"
#include "formats/line/json.h"
#include "formats/line/level.h"
#include "formats/line/logfmt.h"

enum step_kind { STEP_LITERAL, STEP_BLANK, STEP_GROUP, STEP_SLOT };

/* Where reading stands. Functions that take something move .at only if it was there. */
struct reading {
    const char *at;
    const char *line_end; /* of the first line */
    const char *end;      /* of the record */
    const struct layout *layout;
    struct fields *fields;
};

typedef bool take_type(struct reading *r, const struct layout_step *step);

static bool add(struct reading *r, struct str name, const char *from, const char *to,
                enum field_kind kind)
{
    struct field field = {.name = name,
                          .value = str_of(from, (size_t)(to - from)),
                          .parent = FIELD_TOP,
                          .kind = (uint8_t)kind};
    bool is_nothing = from == to || (to - from == 1 && *from == '-');
    if (!is_nothing)
        fields_add(r->fields, &field);
    r->at = to;
    return true;
}

static bool is_stop(const struct layout_step *step, char c)
{
    for (size_t i = 0; i < step->stops_n; i++) {
        if (step->stops[i] == c)
            return true;
    }
    return false;
}

static bool take_word(struct reading *r, const struct layout_step *step)
{
    const char *to = r->at;
    while (to < r->line_end && (unsigned char)*to > ' ') {
        bool is_double_colon = r->line_end - to >= 2 && to[0] == ':' && to[1] == ':';
        if (!is_double_colon && is_stop(step, *to))
            break;
        to += is_double_colon ? 2 : 1;
    }
    return to > r->at && add(r, step->name, r->at, to, FIELD_STRING);
}

static bool take_address(struct reading *r, const struct layout_step *step)
{
    const char *at = r->at;
    while (at < r->line_end && (unsigned char)*at > ' ' && *at != '.' && *at != ':')
        at++;
    return at < r->line_end && (*at == '.' || *at == ':') && take_word(r, step);
}

static bool take_zone(struct reading *r, const struct layout_step *step)
{
    const char *to = r->at;
    while (to < r->line_end && is_upper(*to))
        to++;
    return to - r->at >= 2 && to - r->at <= 5 && add(r, step->name, r->at, to, FIELD_STRING);
}

static const char *blanks_end(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* Do the literals that stand behind a slot begin at `at`? */
static bool are_literals_at(const struct reading *r, const struct layout_step *slot, const char *at)
{
    const struct layout_step *end = r->layout->steps + r->layout->n;
    for (const struct layout_step *step = slot + 1; step < end; step++) {
        if (step->kind != STEP_LITERAL && step->kind != STEP_BLANK)
            break;
        if (at == r->line_end || (step->kind == STEP_BLANK ? !is_blank(*at) : *at != step->literal))
            return false;
        at = step->kind == STEP_BLANK ? blanks_end(at, r->line_end) : at + 1;
    }
    return true;
}

/* What is not there at the first of several blanks is not there at the others. */
static bool take_text(struct reading *r, const struct layout_step *step)
{
    const char *to = r->at;
    if (step->stops_n == 0)
        return add(r, step->name, r->at, r->line_end, FIELD_STRING);
    while (to < r->line_end && !(is_stop(step, *to) && are_literals_at(r, step, to)))
        to = is_blank(*to) ? blanks_end(to, r->line_end) : to + 1;
    return to < r->line_end && add(r, step->name, r->at, to, FIELD_STRING);
}

static bool take_rest(struct reading *r, const struct layout_step *step)
{
    return add(r, step->name, r->at, r->end, FIELD_STRING);
}

static bool take_quoted(struct reading *r, const struct layout_step *step)
{
    const char *to = json_string_end(r->at, r->line_end);
    return to < r->line_end && add(r, step->name, r->at, to, FIELD_STRING);
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static bool take_number(struct reading *r, const struct layout_step *step)
{
    const char *from = r->at + (r->at < r->line_end && *r->at == '-');
    const char *to = skip_digits(from, r->line_end);
    if (to == from)
        return false;
    if (r->line_end - to >= 2 && *to == '.' && is_digit(to[1]))
        to = skip_digits(to + 1, r->line_end);
    return add(r, step->name, r->at, to, FIELD_NUMBER);
}

static bool take_decimal(struct reading *r, const struct layout_step *step)
{
    const char *point = skip_digits(r->at, r->line_end);
    return point < r->line_end && *point == '.' && take_number(r, step);
}

static bool take_count(struct reading *r, const struct layout_step *step)
{
    if (take_number(r, step))
        return true;
    return r->at < r->line_end && *r->at == '-' &&
           add(r, step->name, r->at, r->at + 1, FIELD_NUMBER);
}

/* CLOCK_NONE: of any form but klog's, whose letter is no part of a time. */
static bool take_time_of(struct reading *r, const struct layout_step *step, enum clock_form form)
{
    struct str s = str_of(r->at, (size_t)(r->line_end - r->at));
    struct clock_text clock;
    if (!take_clock(&s, &clock) ||
        (form == CLOCK_NONE ? clock.form == CLOCK_KLOG : clock.form != form))
        return false;
    if (form == CLOCK_ISO && !clock.has_zone)
        return false;
    return add(r, step->name, r->at, s.ptr, FIELD_STRING);
}

static bool take_time(struct reading *r, const struct layout_step *step)
{
    return take_time_of(r, step, CLOCK_NONE);
}

static bool take_bsd(struct reading *r, const struct layout_step *step)
{
    return take_time_of(r, step, CLOCK_SYSLOG);
}

static bool take_slash(struct reading *r, const struct layout_step *step)
{
    return take_time_of(r, step, CLOCK_SLASH);
}

/* As log collectors write it: with "T" and a zone. */
static bool take_iso(struct reading *r, const struct layout_step *step)
{
    enum { DATE = 10 };
    bool has_t = r->line_end - r->at > DATE && r->at[DATE] == 'T';
    return has_t && take_time_of(r, step, CLOCK_ISO);
}

static bool take_ctime(struct reading *r, const struct layout_step *step)
{
    enum { DAY = 4 };
    const char *at = r->at;
    if (r->line_end - at <= DAY || !is_upper(at[0]) || !is_letter(at[1]) || !is_letter(at[2]) ||
        at[3] != ' ')
        return false;
    struct str s = str_of(at + DAY, (size_t)(r->line_end - at - DAY));
    struct clock_text clock;
    return take_clock(&s, &clock) && clock.form != CLOCK_KLOG &&
           add(r, step->name, at, s.ptr, FIELD_STRING);
}

static bool take_hms(struct reading *r, const struct layout_step *step)
{
    const char *at = r->at;
    if (r->line_end - at < 8)
        return false;
    for (int i = 0; i < 8; i++) {
        if (i % 3 == 2 ? at[i] != ':' : !is_digit(at[i]))
            return false;
    }
    at += 8;
    if (r->line_end - at >= 2 && (*at == '.' || *at == ',') && is_digit(at[1]))
        at = skip_digits(at + 1, r->line_end);
    return add(r, step->name, r->at, at, FIELD_STRING);
}

static bool take_klog(struct reading *r, const struct layout_step *step)
{
    struct str s = str_of(r->at, (size_t)(r->line_end - r->at));
    struct clock_text clock;
    if (!take_clock(&s, &clock) || clock.form != CLOCK_KLOG)
        return false;
    add(r, STR("level"), r->at, r->at + 1, FIELD_STRING);
    return add(r, step->name, r->at, s.ptr, FIELD_STRING);
}

/* Behind a word that is not longer than a level may be. */
static const char *level_end(const struct reading *r)
{
    const char *to = r->at;
    while (to < r->line_end && is_letter(*to) && to - r->at <= LEVEL_WORD_MAX)
        to++;
    return to;
}

static bool take_level(struct reading *r, const struct layout_step *step)
{
    const char *to = level_end(r);
    if (to - r->at < 2 ||
        level_of_value(str_of(r->at, (size_t)(to - r->at)), SCALE_AUTO) == LEVEL_UNKNOWN)
        return false;
    to = skip_digits(to, r->line_end); /* DEBUG2 */
    return add(r, step->name, r->at, to, FIELD_STRING);
}

static bool take_upper_level(struct reading *r, const struct layout_step *step)
{
    for (const char *at = r->at, *end = level_end(r); at < end; at++) {
        if (!is_upper(*at))
            return false;
    }
    return take_level(r, step);
}

static bool take_letter(struct reading *r, const struct layout_step *step)
{
    bool is_level = level_end(r) - r->at == 1 && level_of_letter(*r->at) != LEVEL_UNKNOWN;
    return is_level && add(r, step->name, r->at, r->at + 1, FIELD_STRING);
}

static bool take_redis(struct reading *r, const struct layout_step *step)
{
    if (r->at == r->line_end || !memchr(".-*#", *r->at, 4))
        return false;
    struct field field = {
        .name = step->name, .value = str_of(r->at++, 1), .parent = FIELD_TOP, .kind = FIELD_STRING};
    fields_add(r->fields, &field); /* also "-", which means something here */
    return true;
}

static bool take_postgres(struct reading *r, const struct layout_step *step)
{
    static const struct str words[] = {
        STR_INIT("LOG"),      STR_INIT("ERROR"),  STR_INIT("WARNING"),   STR_INIT("FATAL"),
        STR_INIT("PANIC"),    STR_INIT("INFO"),   STR_INIT("NOTICE"),    STR_INIT("DETAIL"),
        STR_INIT("HINT"),     STR_INIT("QUERY"),  STR_INIT("STATEMENT"), STR_INIT("CONTEXT"),
        STR_INIT("LOCATION"), STR_INIT("DEBUG1"), STR_INIT("DEBUG2"),    STR_INIT("DEBUG3"),
        STR_INIT("DEBUG4"),   STR_INIT("DEBUG5"),
    };
    struct str s = str_of(r->at, (size_t)(r->line_end - r->at));
    for (size_t i = 0; i < countof(words); i++) {
        if (str_starts(s, words[i]) && str_starts(str_slice(s, words[i].len, s.len), STR(":  ")))
            return add(r, step->name, r->at, r->at + words[i].len, FIELD_STRING);
    }
    return false;
}

/* name="value" inside an element; the value's escapes are those of the RFC: \" \\ \]. */
static bool take_parameter(struct reading *r, uint32_t parent)
{
    const char *name = r->at, *at = name;
    while (at < r->line_end && (unsigned char)*at > ' ' && *at != '=' && *at != ']' && *at != '"')
        at++;
    if (at == name || r->line_end - at < 2 || at[0] != '=' || at[1] != '"')
        return false;
    const char *value = at + 2;
    struct str name_text = str_of(name, (size_t)(at - name));
    at = json_string_end(value, r->line_end);
    if (at == r->line_end)
        return false;
    struct field field = {.name = name_text,
                          .value = str_of(value, (size_t)(at - value)),
                          .parent = parent,
                          .kind = FIELD_STRING};
    fields_add(r->fields, &field);
    r->at = at + 1;
    return true;
}

/* "[id a="1" b="2"]" */
static bool take_element(struct reading *r)
{
    const char *from = r->at++, *id = r->at;
    while (r->at < r->line_end && (unsigned char)*r->at > ' ' && *r->at != ']' && *r->at != '"')
        r->at++;
    struct field field = {.name = str_of(id, (size_t)(r->at - id)),
                          .value = str_of(from, 0),
                          .parent = FIELD_TOP,
                          .kind = FIELD_OBJECT};
    uint32_t own = (uint32_t)r->fields->n;
    if (field.name.len == 0)
        return false;
    bool is_kept = fields_add(r->fields, &field);
    while (r->at < r->line_end && *r->at == ' ') {
        r->at++;
        if (!take_parameter(r, is_kept ? own : FIELD_TOP))
            return false;
    }
    if (r->at == r->line_end || *r->at != ']')
        return false;
    r->at++;
    if (is_kept)
        r->fields->items[own].value.len = (size_t)(r->at - from);
    return true;
}

static bool take_data(struct reading *r, const struct layout_step *step)
{
    const char *from = r->at;
    (void)step;
    if (from < r->line_end && *from == '-') {
        r->at++;
        return true;
    }
    while (r->at < r->line_end && *r->at == '[') {
        if (!take_element(r))
            return false;
    }
    return r->at > from;
}

static bool take_pairs(struct reading *r, const struct layout_step *step)
{
    (void)step;
    bool is_taken = logfmt_take_pairs(str_of(r->at, (size_t)(r->end - r->at)), r->fields);
    if (is_taken)
        r->at = r->end;
    return is_taken;
}

static const struct {
    struct str name;
    take_type *take;
} types[] = {
    {STR_INIT("word"), take_word},         {STR_INIT("text"), take_text},
    {STR_INIT("rest"), take_rest},         {STR_INIT("message"), take_rest},
    {STR_INIT("quoted"), take_quoted},     {STR_INIT("number"), take_number},
    {STR_INIT("count"), take_count},       {STR_INIT("decimal"), take_decimal},
    {STR_INIT("address"), take_address},   {STR_INIT("zone"), take_zone},
    {STR_INIT("time"), take_time},         {STR_INIT("bsd"), take_bsd},
    {STR_INIT("slash"), take_slash},       {STR_INIT("iso"), take_iso},
    {STR_INIT("ctime"), take_ctime},       {STR_INIT("hms"), take_hms},
    {STR_INIT("klog"), take_klog},         {STR_INIT("level"), take_level},
    {STR_INIT("LEVEL"), take_upper_level}, {STR_INIT("letter"), take_letter},
    {STR_INIT("redis"), take_redis},       {STR_INIT("postgres"), take_postgres},
    {STR_INIT("data"), take_data},         {STR_INIT("pairs"), take_pairs},
};

static bool take_blank(struct reading *r)
{
    const char *from = r->at;
    r->at = blanks_end(from, r->line_end);
    return r->at > from;
}

static bool take_step(struct reading *r, size_t i)
{
    const struct layout_step *step = &r->layout->steps[i];
    switch ((enum step_kind)step->kind) {
    case STEP_BLANK:
        return take_blank(r);
    case STEP_LITERAL:
        if (r->at == r->line_end || *r->at != step->literal)
            return false;
        r->at++;
        return true;
    case STEP_SLOT:
        return types[step->type].take(r, step);
    case STEP_GROUP:
        break;
    }
    return false;
}

static bool take_steps(struct reading *r, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!take_step(r, i))
            return false;
    }
    return true;
}

static void take_group(struct reading *r, size_t from, size_t to)
{
    const struct reading start = *r;
    const struct fields before = *r->fields;
    if (!take_steps(r, from, to)) {
        *r = start;
        *r->fields = before;
    }
}

static bool take_layout(struct reading *r)
{
    for (size_t i = 0; i < r->layout->n;) {
        const struct layout_step *step = &r->layout->steps[i];
        if (step->kind == STEP_GROUP) {
            take_group(r, i + 1, step->group_end);
            i = step->group_end;
        } else if (!take_step(r, i++)) {
            return false;
        }
    }
    return r->at == r->end;
}

bool layout_take(const struct layout *layout, struct str line, struct fields *fields)
{
    const struct fields before = *fields;
    size_t first = str_find_byte(line, '\n');
    if (line.len == 0)
        return false;
    struct reading r = {
        .at = line.ptr,
        .line_end = line.ptr + min_of(first, line.len),
        .end = line.ptr + line.len,
        .layout = layout,
        .fields = fields,
    };
    if (r.line_end < r.end && r.line_end > r.at && r.line_end[-1] == '\r')
        r.line_end--;
    if (take_layout(&r))
        return true;
    *fields = before;
    return false;
}

void layout_free(struct layout *layout)
{
    mem_free(&layout->steps);
    layout->n = 0;
}

static bool type_of(struct str name, uint8_t *type)
{
    for (size_t i = 0; i < countof(types); i++) {
        if (str_equal(types[i].name, name)) {
            *type = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* Behind "<": "name>" or "name:type>". */
static bool read_slot(struct str *text, struct layout_step *step, struct err *err)
{
    struct str inside, name;
    struct str whole = *text;
    size_t end = str_find_byte(*text, '>');
    if (end == SIZE_MAX || end == 0)
        return err_set(err, ERR_INPUT, "'<%.*s': a slot needs a name and '>'", STR_ARG(whole));
    inside = str_slice(*text, 0, end);
    *text = str_slice(*text, end + 1, text->len);
    step->kind = STEP_SLOT;
    take_until(&inside, ':', &name);
    step->name = name;
    if (inside.len == 0) {
        if (!type_of(name, &step->type))
            type_of(STR("word"), &step->type);
        return true;
    }
    return type_of(inside, &step->type) ||
           err_set(err, ERR_INPUT, "'%.*s': no such type", STR_ARG(inside));
}

/* The bytes that may stand behind a slot, for those that look for them. */
static void find_stops(struct layout *layout, size_t slot)
{
    struct layout_step *step = &layout->steps[slot];
    for (size_t i = slot + 1; i < layout->n;) {
        const struct layout_step *next = &layout->steps[i];
        bool is_group = next->kind == STEP_GROUP;
        const struct layout_step *first = is_group ? next + 1 : next;
        if (first->kind == STEP_LITERAL || first->kind == STEP_BLANK)
            step->stops[step->stops_n++] = first->kind == STEP_BLANK ? ' ' : first->literal;
        if (!is_group || step->stops_n == LAYOUT_STOPS)
            return;
        i = next->group_end;
    }
}

static bool read_step(struct layout *layout, struct str *text, size_t *group, struct err *err)
{
    struct layout_step *step = &layout->steps[layout->n++];
    char c = text->ptr[0];
    bool is_doubled = text->len > 1 && text->ptr[1] == c;
    *text = str_slice(*text, 1, text->len);
    *step = (struct layout_step){.kind = STEP_LITERAL, .literal = c};
    if (c == ' ') {
        step->kind = STEP_BLANK;
    } else if ((c == '<' || c == '{' || c == '}') && is_doubled) {
        *text = str_slice(*text, 1, text->len);
    } else if (c == '<') {
        return read_slot(text, step, err);
    } else if (c == '{') {
        step->kind = STEP_GROUP;
        if (*group)
            return err_set(err, ERR_INPUT, "a group inside a group");
        *group = layout->n;
    } else if (c == '}') {
        layout->n--;
        if (!*group)
            return err_set(err, ERR_INPUT, "'}' without '{'");
        layout->steps[*group - 1].group_end = (uint16_t)layout->n;
        *group = 0;
    }
    return true;
}

bool layout_read(struct layout *layout, struct str text, struct err *err)
{
    struct str rest = text;
    size_t group = 0; /* number + 1 of the open one */
    *layout = (struct layout){.steps = mem_array(struct layout_step, text.len + 1)};
    if (text.len > UINT16_MAX)
        return err_set(err, ERR_INPUT, "'%.*s': too long", STR_ARG(text));
    while (rest.len > 0) {
        if (!read_step(layout, &rest, &group, err))
            return false;
    }
    if (group)
        return err_set(err, ERR_INPUT, "'%.*s': a group is not closed", STR_ARG(text));
    for (size_t i = 0; i < layout->n; i++) {
        if (layout->steps[i].kind == STEP_SLOT)
            find_stops(layout, i);
    }
    return true;
}
