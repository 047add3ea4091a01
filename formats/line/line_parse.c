#include "formats/line/line_parse.h"

#include "base/mem.h"

/* What is open of one lane. */
struct open_record {
    struct buf pieces; /* of a line that its runtime has cut */
    struct buf text;
    size_t line, lines;
    size_t pieces_n, piece_line; /* how many, and which line of the file the first is */
    int64_t piece_ns;            /* its time */
    bool is_open, is_cut;
    int64_t time_ns; /* of the envelope, of the first piece; TIME_NONE without one */
    struct multiline_state state;
    struct format_memory format;
    struct line_context context;
    struct zone_clock clock;
};

struct line_parse {
    struct parse_options options;
    enum envelope_kind envelope;
    bool is_begun;
    size_t line; /* number of the last */
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

static void give(struct line_parse *p, enum lane lane)
{
    struct open_record *r = &p->lanes[lane];
    if (!r->is_open)
        return;
    struct parsed record = {
        .line = r->line,
        .lines = r->lines,
        .is_cut = r->is_cut || r->text.over,
        .has_envelope = p->envelope != ENVELOPE_NONE,
        .lane = lane,
        .text = buf_str(&r->text),
        .fields = {.items = p->room, .max = PARSE_FIELDS},
    };
    r->context.is_timed = r->time_ns != TIME_NONE;
    r->context.local_to_utc = zone_clock_to_utc;
    r->context.zone = &r->clock;
    line_facts_of(record.text, &r->context, &record.facts);
    if (r->context.is_timed)
        record.facts.time_ns = r->time_ns;
    record.format =
        line_format_of(p->options.formats, record.text, &r->format, &record.fields, &p->scratch);
    p->options.record(p->options.context, &record);
    buf_reset(&r->text);
    r->text.over = false;
    r->is_open = r->is_cut = false;
}

/* A whole line of a lane, whose pieces are counted. */
static void take_line(struct line_parse *p, enum lane lane, struct str line, bool is_cut)
{
    struct open_record *r = &p->lanes[lane];
    struct str open = r->is_open ? buf_str(&r->text) : (struct str){0};
    if (!r->is_open)
        r->state = (struct multiline_state){0};
    if (!multiline_continues(p->options.rule, &r->state, open, line) || !r->is_open) {
        give(p, lane);
        r->is_open = true;
        r->line = r->piece_line;
        r->lines = 0;
        r->time_ns = r->piece_ns;
    } else {
        buf_add_byte(&r->text, '\n');
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

void line_parse_line(struct line_parse *p, struct str line, bool is_cut)
{
    struct enveloped e = {.text = line, .time_ns = TIME_NONE, .lane = LANE_OUT};
    p->line++;
    if (!p->is_begun && p->options.is_sniffed)
        p->envelope = sniff(p, line);
    p->is_begun = true;
    if (p->envelope != ENVELOPE_NONE && !envelope_open(p->envelope, line, &p->unescaped, &e))
        e = (struct enveloped){.text = line, .time_ns = TIME_NONE, .lane = LANE_OUT};
    struct open_record *r = &p->lanes[e.lane];
    if (r->pieces_n++ == 0) {
        r->piece_line = p->line;
        r->piece_ns = e.time_ns;
    }
    if (e.is_partial || r->pieces.len > 0)
        buf_add(&r->pieces, e.text);
    if (e.is_partial)
        return;
    take_line(p, e.lane, r->pieces.len > 0 ? buf_str(&r->pieces) : e.text,
              is_cut || r->pieces.over);
    buf_reset(&r->pieces);
    r->pieces.over = false;
    r->pieces_n = 0;
}

void line_parse_close(struct line_parse **p)
{
    for (size_t i = 0; *p && i < LANES; i++) {
        struct open_record *r = &(*p)->lanes[i];
        if (r->pieces.len > 0) /* never ended */
            take_line(*p, (enum lane)i, buf_str(&r->pieces), r->pieces.over);
        give(*p, (enum lane)i);
        buf_free(&r->pieces);
        buf_free(&r->text);
    }
    if (*p) {
        buf_free(&(*p)->unescaped);
        buf_free(&(*p)->scratch);
    }
    mem_free(p);
}
