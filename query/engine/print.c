#include "query/engine/print.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/line/level.h"
#include "query/engine/print_tally.h"

void printer_init(struct printer *p, struct print_options options)
{
    *p = (struct printer){.options = options, .end = options.nul_ends ? STR("\0") : STR("\n")};
    if (p->options.match_colour.len == 0)
        p->options.match_colour = STR("01;31");
}

struct str print_match_colour(struct str grep_colors)
{
    struct str item, found = STR("01;31");
    while (take_until(&grep_colors, ':', &item)) {
        if (!take_prefix(&item, STR("ms=")) && !take_prefix(&item, STR("mt=")))
            continue;
        bool valid = item.len > 0 && item.len < 32;
        for (size_t i = 0; i < item.len; i++)
            valid = valid && ((item.ptr[i] >= '0' && item.ptr[i] <= '9') || item.ptr[i] == ';');
        found = valid ? item : found;
    }
    return found;
}

struct str print_service(const struct labels *labels)
{
    static const struct str names[] = {STR_INIT("service"), STR_INIT("container"), STR_INIT("pod"),
                                       STR_INIT("unit"), STR_INIT("file")};
    for (size_t i = 0; i < countof(names); i++) {
        struct str value = label_value(labels, names[i]);
        if (value.len)
            return value;
    }
    return STR("-");
}

/* Of several of a compose service; 0: none, or the first. */
static uint64_t replica_of(const struct labels *labels)
{
    uint64_t number;
    bool is_number = str_to_u64(label_value(labels, STR("number")), &number);
    return is_number && number > 1 ? number : 0;
}

void put_service_name(struct buf *out, const struct labels *labels)
{
    uint64_t replica = replica_of(labels);
    buf_add(out, print_service(labels));
    if (replica)
        buf_print(out, "/%llu", (unsigned long long)replica);
}

/* ---- the terminal ---- */

/* Length of a colour sequence at the front: ESC [ digits and semicolons m. */
static size_t colour_length(struct str s)
{
    if (!str_starts(s, STR("\x1b[")))
        return 0;
    size_t n = 2;
    while (n < s.len && ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || s.ptr[n] == ';'))
        n++;
    return n < s.len && s.ptr[n] == 'm' ? n + 1 : 0;
}

/* A whole character beyond ASCII at the front, or 0. The controls U+0080 to U+009F are none. */
static size_t character_length(struct str s)
{
    for (size_t n = 2; n <= 4 && n <= s.len; n++) {
        if (!is_utf8(str_of(s.ptr, n)))
            continue;
        return (unsigned char)s.ptr[0] == 0xc2 && (unsigned char)s.ptr[1] < 0xa0 ? 0 : n;
    }
    return 0;
}

static void put_shown(struct buf *out, unsigned char c)
{
    if (c < 0x20 || c == 0x7f)
        buf_print(out, "^%c", c ^ 0x40);
    else
        buf_print(out, "\\x%02x", c);
}

static bool is_line_end_cr(struct str s)
{
    return s.ptr[0] == '\r' && (s.len == 1 || s.ptr[1] == '\n');
}

/* Invariant 2. `at_end`: what follows s in the line is its end. */
static void put_escaped(struct buf *out, struct str s, bool at_end, bool colour, bool *coloured)
{
    while (s.len) {
        unsigned char c = (unsigned char)s.ptr[0];
        size_t n = 1;
        if ((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t') {
            buf_add_byte(out, (char)c);
        } else if (is_line_end_cr(s) && (at_end || s.len > 1)) {
            n = 1;
        } else if (colour && (n = colour_length(s)) > 0) {
            buf_add(out, str_slice(s, 0, n));
            *coloured = true;
        } else if (c >= 0x80 && (n = character_length(s)) > 0) {
            buf_add(out, str_slice(s, 0, n));
        } else {
            n = 1;
            put_shown(out, c);
        }
        s = str_slice(s, n, SIZE_MAX);
    }
}

static void put_bytes(const struct printer *p, struct buf *out, struct str s, bool at_end)
{
    bool coloured = false;
    if (!p->options.terminal) {
        buf_add(out, s);
        return;
    }
    put_escaped(out, s, at_end, p->options.colour, &coloured);
    if (coloured)
        buf_add(out, STR("\x1b[0m"));
}

static void put_coloured(const struct printer *p, struct buf *out, struct str numbers, struct str s,
                         bool at_end)
{
    if (p->options.colour)
        buf_print(out, "\x1b[%.*sm", STR_ARG(numbers));
    put_bytes(p, out, s, at_end);
    if (p->options.colour)
        buf_add(out, STR("\x1b[0m"));
}

/* ---- columns ---- */

/* Written by hand: times are most of the work of printing. */
static char *write_digits(char *at, int value, int width, char end)
{
    for (int i = width; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    at[width] = end;
    return at + width + 1;
}

/* As many digits of the fraction as there are: 3, 6 or 9. */
static char *write_fraction(char *at, int ns, bool whole)
{
    int digits = !whole || ns % 1000000 == 0 ? 3 : ns % 1000 == 0 ? 6 : 9;
    static const int units[] = {1000000, 1000, 1};
    return write_digits(at, ns / units[digits / 3 - 1], digits, '\0') - 1;
}

static char *write_offset(char *at, int offset)
{
    int minutes = (offset < 0 ? -offset : offset) / 60;
    if (offset == 0) {
        *at = 'Z';
        return at + 1;
    }
    *at++ = offset < 0 ? '-' : '+';
    at = write_digits(at, minutes / 60, 2, ':');
    return write_digits(at, minutes % 60, 2, '\0') - 1;
}

static void put_local(struct buf *out, const struct zone *zone, int64_t ns, bool iso)
{
    char text[48], *at = text;
    struct civil c = zone_civil(zone, ns);
    at = write_digits(at, c.year, 4, '-');
    at = write_digits(at, c.month, 2, '-');
    at = write_digits(at, c.day, 2, iso ? 'T' : ' ');
    at = write_digits(at, c.hour, 2, ':');
    at = write_digits(at, c.minute, 2, ':');
    at = write_digits(at, c.second, 2, '.');
    at = write_fraction(at, c.ns, iso);
    if (iso)
        at = write_offset(at, zone_offset(zone, ns));
    buf_add(out, str_of(text, (size_t)(at - text)));
}

static void put_ns(struct buf *out, int64_t ns)
{
    if (ns < 0)
        buf_add_byte(out, '-');
    buf_add_number(out, ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns);
}

static void put_unix(struct buf *out, int64_t ns)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    buf_print(out, "%s%llu.%09llu", ns < 0 ? "-" : "", (unsigned long long)(size / NS_PER_S),
              (unsigned long long)(size % NS_PER_S));
}

/* "+0.012345", in seconds. */
static void put_offset(struct buf *out, int64_t ns)
{
    uint64_t us = (uint64_t)(ns < 0 ? -ns : ns) / NS_PER_US;
    buf_print(out, "%c%llu.%06llu", ns < 0 ? '-' : '+', (unsigned long long)(us / 1000000),
              (unsigned long long)(us % 1000000));
}

void print_time(const struct print_options *o, struct buf *out, int64_t ns)
{
    switch (o->time) {
    case TIME_ISO:
        put_local(out, o->zone, ns, true);
        break;
    case TIME_SHORT:
        put_local(out, o->zone, ns, false);
        break;
    case TIME_NS:
        put_ns(out, ns);
        break;
    case TIME_UNIX:
        put_unix(out, ns);
        break;
    case TIME_OFFSET:
        put_offset(out, ns - o->origin_ns);
        break;
    case TIME_OFF:
        return;
    }
    buf_add_byte(out, ' ');
}

void print_text(const struct printer *p, struct buf *out, struct str text)
{
    put_bytes(p, out, text, true);
}

/* The same service has the same colour everywhere, whatever the replica. */
static void put_service(const struct printer *p, struct buf *out, const struct labels *labels)
{
    static const struct str colours[] = {STR_INIT("32"), STR_INIT("33"), STR_INIT("34"),
                                         STR_INIT("35"), STR_INIT("36"), STR_INIT("92"),
                                         STR_INIT("94"), STR_INIT("95"), STR_INIT("96")};
    struct str service = print_service(labels);
    struct str colour = colours[hash64(service) % countof(colours)];
    if (replica_of(labels) == 0) {
        put_coloured(p, out, colour, service, true);
        return;
    }
    defer(buf_free) struct buf name = {0};
    put_service_name(&name, labels);
    put_coloured(p, out, colour, buf_str(&name), true);
}

static void put_column(const struct printer *p, struct buf *out, struct str value)
{
    put_bytes(p, out, value.len ? value : STR("-"), true);
    buf_add_byte(out, ' ');
}

static void put_head(const struct printer *p, struct buf *out, const struct result *r)
{
    const struct print_options *o = &p->options;
    const struct labels *labels = &r->stream->labels;
    if (o->with_reference) {
        put_result_reference(out, r);
        buf_add_byte(out, ' ');
    }
    if (o->output == PRINT_RAW)
        return;
    print_time(o, out, r->event_ns);
    if (o->with_host)
        put_column(p, out, label_value(labels, STR("host")));
    put_service(p, out, labels);
    if (o->with_host) {
        struct str stream = label_value(labels, STR("stream"));
        struct str place = stream.len ? stream : label_value(labels, STR("file"));
        buf_add_byte(out, ' ');
        put_bytes(p, out, place.len ? place : STR("-"), true);
    }
    buf_add_byte(out, !o->with_context ? ' ' : r->is_match ? ':' : '-');
    if (o->with_id_kind && r->is_match && r->id_kind > ID_EXACT)
        buf_print(out, "(%s) ", id_kind_name(r->id_kind));
}

/* ---- lines ---- */

static bool has_spans(const struct printer *p, const struct result *r)
{
    return p->options.pattern && p->options.colour && r->is_match;
}

static void put_line(const struct printer *p, struct buf *out, const struct result *r)
{
    struct span s;
    size_t from = 0;
    struct str line = r->line;
    while (has_spans(p, r) && pattern_next_span(p->options.pattern, line, from, &s)) {
        put_bytes(p, out, str_slice(line, from, s.from - from), false);
        put_coloured(p, out, p->options.match_colour, str_slice(line, s.from, s.to - s.from),
                     s.to == line.len);
        from = s.to;
    }
    put_bytes(p, out, str_slice(line, from, SIZE_MAX), true);
}

static void print_matches(struct printer *p, const struct result *r, struct buf *out)
{
    struct span s;
    size_t from = 0;
    if (!r->is_match || !p->options.pattern)
        return;
    for (; pattern_next_span(p->options.pattern, r->line, from, &s); from = s.to) {
        put_head(p, out, r);
        put_coloured(p, out, p->options.match_colour, str_slice(r->line, s.from, s.to - s.from),
                     s.to == r->line.len);
        buf_add(out, p->end);
    }
}

static void close_line(struct printer *p, struct buf *out)
{
    if (p->is_open)
        buf_add(out, p->end);
    p->is_open = false;
}

/* Raw: whether this is the next part of the line that is open. */
static bool continues_open(const struct printer *p, const struct result *r)
{
    bool is_later = r->flags & (RECORD_PART_MIDDLE | RECORD_PART_LAST);
    bool is_next = r->sequence == p->open_sequence ? r->position == p->open_position + 1
                                                   : r->sequence > p->open_sequence;
    return p->is_open && is_later && is_next && hash128_equal(r->stream->id, p->open_stream);
}

static void print_line(struct printer *p, const struct result *r, struct buf *out)
{
    bool raw = p->options.output == PRINT_RAW;
    bool goes_on = raw && continues_open(p, r);
    if (!goes_on) {
        close_line(p, out);
        if (p->options.with_context && p->has_printed && !r->goes_on) {
            buf_add(out, STR("--"));
            buf_add(out, p->end);
        }
        put_head(p, out, r);
    }
    put_line(p, out, r);
    p->is_open = true;
    p->open_stream = r->stream->id;
    p->open_sequence = r->sequence;
    p->open_position = r->position;
    if (!raw || !(r->flags & (RECORD_PART_FIRST | RECORD_PART_MIDDLE)))
        close_line(p, out);
}

static void print_listed(struct printer *p, const struct result *r, struct buf *out)
{
    const struct labels *labels = &r->stream->labels;
    for (size_t i = 0; i < labels->n; i++) {
        if (i)
            buf_add_byte(out, ' ');
        put_bytes(p, out, labels->items[i].name, true);
        buf_add_byte(out, '=');
        put_bytes(p, out, labels->items[i].value, true);
    }
    buf_add(out, p->end);
}

/* ---- JSON ---- */

static void put_key(struct buf *out, const char *key)
{
    buf_add(out, STR(",\""));
    buf_add(out, str_from(key));
    buf_add(out, STR("\":"));
}

/* A value whose bytes are not UTF-8 has another key, which ends in "_base64". */
static void put_json_value(struct buf *out, const char *key, struct str s)
{
    if (is_utf8(s)) {
        put_key(out, key);
        put_json(out, s);
    } else {
        buf_print(out, ",\"%s_base64\":", key);
        buf_add_byte(out, '"');
        put_base64(out, s);
        buf_add_byte(out, '"');
    }
}

/* Names and values of labels that are not UTF-8 are shown with \x.. as on a terminal. */
void print_json_text(struct buf *out, struct str s)
{
    bool unused = false;
    defer(buf_free) struct buf shown = {0};
    if (!is_utf8(s)) {
        put_escaped(&shown, s, false, false, &unused);
        s = buf_str(&shown);
    }
    put_json(out, s);
}

static void put_json_labels(struct buf *out, const char *key, const struct labels *labels)
{
    put_key(out, key);
    buf_add_byte(out, '{');
    for (size_t i = 0; i < labels->n; i++) {
        if (i)
            buf_add_byte(out, ',');
        print_json_text(out, labels->items[i].name);
        buf_add_byte(out, ':');
        print_json_text(out, labels->items[i].value);
    }
    buf_add_byte(out, '}');
}

static void put_json_id(struct buf *out, const struct result *r)
{
    if (r->id.len == 0 || r->id_kind == ID_NONE)
        return;
    put_json_value(out, "requestId", r->id);
    buf_print(out, ",\"id_kind\":\"%s\"", id_kind_name(r->id_kind));
}

static void put_json_fields(struct buf *out, struct str fields)
{
    if (fields.len == 0)
        return;
    defer(arena_free) struct arena arena = {0};
    struct reader in = reader_of(fields);
    struct labels labels = read_labels(&in, &arena);
    if (!in.bad)
        put_json_labels(out, "fields", &labels);
}

static void put_json_part(struct buf *out, uint16_t flags)
{
    const char *part = flags & RECORD_PART_FIRST    ? "first"
                       : flags & RECORD_PART_MIDDLE ? "middle"
                       : flags & RECORD_PART_LAST   ? "last"
                                                    : NULL;
    if (part)
        buf_print(out, ",\"part\":\"%s\"", part);
    if (flags & RECORD_NO_NEWLINE)
        buf_add(out, STR(",\"no_newline\":true"));
}

static void print_json_object(struct printer *p, const struct result *r, struct str line,
                              struct buf *out)
{
    const struct labels *labels = &r->stream->labels;
    struct str host = label_value(labels, STR("host"));
    buf_add(out, STR("{\"time\":\""));
    put_rfc3339(out, r->event_ns, 9);
    buf_add(out, STR("\",\"time_ns\":\""));
    put_ns(out, r->event_ns);
    buf_add(out, STR("\",\"service\":"));
    print_json_text(out, print_service(labels));
    if (host.len) {
        buf_add(out, STR(",\"host\":"));
        print_json_text(out, host);
    }
    put_json_labels(out, "labels", labels);
    if (r->level != LEVEL_UNKNOWN)
        buf_print(out, ",\"level\":\"%s\"", level_name(r->level));
    if (r->flags & RECORD_LEVEL_DERIVED)
        buf_add(out, STR(",\"level_derived\":true"));
    put_json_id(out, r);
    put_json_fields(out, r->fields);
    buf_add(out, STR(",\"ref\":\""));
    put_result_reference(out, r);
    buf_add_byte(out, '"');
    put_json_part(out, r->flags);
    if (!r->is_match)
        buf_add(out, STR(",\"context\":true"));
    put_json_value(out, "line", line);
    buf_add_byte(out, '}');
    buf_add(out, p->end);
}

static void print_json(struct printer *p, const struct result *r, struct buf *out)
{
    struct span s;
    if (!p->options.only_matching) {
        print_json_object(p, r, r->line, out);
        return;
    }
    if (!r->is_match || !p->options.pattern)
        return;
    for (size_t from = 0; pattern_next_span(p->options.pattern, r->line, from, &s); from = s.to)
        print_json_object(p, r, str_slice(r->line, s.from, s.to - s.from), out);
}

static void print_listed_json(struct printer *p, const struct result *r, struct buf *out)
{
    buf_add(out, STR("{\"service\":"));
    print_json_text(out, print_service(&r->stream->labels));
    put_json_labels(out, "labels", &r->stream->labels);
    buf_add_byte(out, '}');
    buf_add(out, p->end);
}

void printer_add(struct printer *p, const struct result *r, struct buf *out)
{
    bool json = p->options.output == PRINT_JSON;
    if (r->tally)
        (json ? print_tally_json : print_tally_text)(r->tally, &p->options.tallies, out);
    else if (r->is_listed)
        (json ? print_listed_json : print_listed)(p, r, out);
    else if (json)
        print_json(p, r, out);
    else if (p->options.only_matching)
        print_matches(p, r, out);
    else
        print_line(p, r, out);
    p->has_printed = true;
}

void printer_end(struct printer *p, struct buf *out)
{
    close_line(p, out);
}
