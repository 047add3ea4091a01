#include "formats/line/line_parse.h"

#include "base/mem.h"
#include "formats/block/record.h"

/* What is open of one lane. */
struct open_record {
    struct buf pieces; /* of a line that its runtime has cut */
    struct buf text;
    size_t line, lines;
    size_t pieces_n, piece_line; /* how many, and which line of the file the first is */
    int64_t piece_ns;            /* its time */
    bool is_open, is_cut;
    bool in_parts;           /* the last part that was given has more behind it */
    bool in_long_line;       /* ... within a line */
    struct line_facts first; /* of its first part */
    int64_t time_ns;         /* of the envelope, of the first piece; TIME_NONE without one */
    struct multiline_state state;
    struct format_memory format;
    struct line_context context;
    struct zone_clock clock;
};

struct line_parse {
    struct parse_options options;
    enum envelope_kind envelope;
    bool is_begun, goes_on; /* the last line has more behind it */
    size_t line;            /* number of the last */
    struct buf unescaped, scratch;
    struct open_record lanes[LANES];
    struct field room[PARSE_FIELDS];
};

struct line_parse *line_parse_open(const struct parse_options *options)
{
    struct line_parse *p = mem_new(struct line_parse);
    p->options = *options;
    p->envelope = options->envelope;
    p->unescaped.max = p->scratch.max = 4 * (size_t)PARSE_LINE_MAX;
    for (size_t i = 0; i < LANES; i++) {
        struct open_record *r = &p->lanes[i];
        r->pieces.max = r->text.max = PARSE_LINE_MAX;
        r->format.named = options->format;
        r->clock.zone = options->zone;
        r->context = (struct line_context){.file_time_ns = options->file_time_ns};
    }
    return p;
}

static unsigned part_of(const struct open_record *r, bool goes_on)
{
    if (r->in_parts)
        return goes_on ? RECORD_PART_MIDDLE : RECORD_PART_LAST;
    return goes_on ? RECORD_PART_FIRST : 0;
}

static void find_facts(struct open_record *r, struct str text, struct line_facts *facts)
{
    r->context.is_timed = r->time_ns != TIME_NONE;
    r->context.local_to_utc = zone_clock_to_utc;
    r->context.zone = &r->clock;
    line_facts_of(text, &r->context, facts);
    if (r->context.is_timed)
        facts->time_ns = r->time_ns;
}

static void give(struct line_parse *p, enum lane lane, bool goes_on)
{
    struct open_record *r = &p->lanes[lane];
    if (!r->is_open)
        return;
    struct parsed record = {
        .part = part_of(r, goes_on),
        .line = r->line,
        .lines = r->lines,
        .is_cut = r->is_cut || r->text.over,
        .has_envelope = p->envelope != ENVELOPE_NONE,
        .lane = lane,
        .text = buf_str(&r->text),
        .fields = {.items = p->room, .max = PARSE_FIELDS},
    };
    if (p->options.without_facts)
        r->first = (struct line_facts){.time_ns = r->time_ns};
    else if (!r->in_parts)
        find_facts(r, record.text, &r->first);
    record.facts = r->first;
    if (p->options.formats)
        record.format = line_format_of(p->options.formats, record.text, &r->format, &record.fields,
                                       &p->scratch);
    p->options.record(p->options.context, &record);
    buf_reset(&r->text);
    r->text.over = false;
    r->is_open = r->is_cut = false;
    r->in_parts = goes_on;
}

static void begin(struct open_record *r)
{
    r->is_open = true;
    r->line = r->piece_line;
    r->lines = 0;
    r->time_ns = r->piece_ns;
}

/* The pieces of a line that is too long go as a part. */
static void give_pieces(struct line_parse *p, enum lane lane, bool goes_on)
{
    struct open_record *r = &p->lanes[lane];
    give(p, lane, false);
    begin(r);
    buf_add(&r->text, buf_str(&r->pieces));
    r->lines = r->pieces_n;
    give(p, lane, goes_on);
    buf_reset(&r->pieces);
    r->in_long_line = goes_on;
}

/* Whether another line has no room behind what is open. */
static bool is_full(const struct line_parse *p, const struct open_record *r, struct str line)
{
    return p->options.gives_parts && r->is_open && r->text.len + line.len + 2 > r->text.max;
}

/* A whole line of a lane, whose pieces are counted. */
static void take_line(struct line_parse *p, enum lane lane, struct str line, bool is_cut)
{
    struct open_record *r = &p->lanes[lane];
    struct str open = r->is_open ? buf_str(&r->text) : (struct str){0};
    if (!r->is_open)
        r->state = (struct multiline_state){0};
    bool goes_on = multiline_continues(p->options.rule, &r->state, open, line) && r->is_open;
    bool is_next_part = goes_on && is_full(p, r, line) && r->text.len < r->text.max;
    if (goes_on && !is_full(p, r, line)) {
        buf_add_byte(&r->text, '\n');
    } else {
        if (is_next_part)
            buf_add_byte(&r->text, '\n');
        give(p, lane, is_next_part);
        begin(r);
    }
    buf_add(&r->text, str_slice(line, 0, r->text.max - min_of(r->text.len, r->text.max)));
    r->lines += r->pieces_n;
    r->is_cut |= is_cut;
}

static enum envelope_kind sniff(struct line_parse *p, struct str line)
{
    static const enum envelope_kind kinds[] = {ENVELOPE_DOCKER_JSON, ENVELOPE_CRI};
    struct enveloped e;
    for (size_t i = 0; i < countof(kinds); i++) {
        if (envelope_open(kinds[i], line, &p->unescaped, &e) && e.time_ns != TIME_NONE)
            return kinds[i];
    }
    return ENVELOPE_NONE;
}

/* The last piece of a line has come. */
static void end_line(struct line_parse *p, enum lane lane, struct str piece, bool is_cut)
{
    struct open_record *r = &p->lanes[lane];
    if (r->in_long_line && r->pieces.len == 0)
        buf_add(&r->pieces, piece);
    if (r->in_long_line)
        give_pieces(p, lane, false);
    else
        take_line(p, lane, r->pieces.len > 0 ? buf_str(&r->pieces) : piece,
                  is_cut || r->pieces.over);
    buf_reset(&r->pieces);
    r->pieces.over = false;
    r->pieces_n = 0;
}

void line_parse_line(struct line_parse *p, struct str line, bool is_cut)
{
    struct enveloped e = {.text = line, .time_ns = TIME_NONE, .lane = LANE_OUT};
    bool is_rest = p->goes_on;
    p->line += !is_rest;
    p->goes_on = is_cut && p->options.gives_parts;
    if (!p->is_begun && p->options.is_sniffed)
        p->envelope = sniff(p, line);
    p->is_begun = true;
    if (p->envelope != ENVELOPE_NONE && !is_rest && !p->goes_on &&
        !envelope_open(p->envelope, line, &p->unescaped, &e))
        e = (struct enveloped){.text = line, .time_ns = TIME_NONE, .lane = LANE_OUT};
    e.is_partial |= p->goes_on;
    struct open_record *r = &p->lanes[e.lane];
    if (p->options.gives_parts && r->pieces.len + e.text.len > r->pieces.max)
        give_pieces(p, e.lane, true);
    if (r->pieces_n++ == 0) {
        r->piece_line = p->line;
        r->piece_ns = e.time_ns;
    }
    if (e.is_partial || r->pieces.len > 0)
        buf_add(&r->pieces, e.text);
    if (e.is_partial)
        return;
    end_line(p, e.lane, e.text, is_cut);
}

void line_parse_close(struct line_parse **p)
{
    for (size_t i = 0; *p && i < LANES; i++) {
        struct open_record *r = &(*p)->lanes[i];
        if (r->pieces.len > 0 || r->in_long_line) /* never ended */
            end_line(*p, (enum lane)i, STR(""), false);
        give(*p, (enum lane)i, false);
        buf_free(&r->pieces);
        buf_free(&r->text);
    }
    if (*p) {
        buf_free(&(*p)->unescaped);
        buf_free(&(*p)->scratch);
    }
    mem_free(p);
}
