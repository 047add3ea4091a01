#include "query/import_file.h"

#include "base/mem.h"
#include "formats/line/line_parse.h"
#include "query/log_file.h"

/* No line is younger than its file, so times without a year lie in the year before the file's last change
 * (a day is for other zones); line_parse.h takes the year that is nearest. */
#define YEAR_GUIDE_NS (181 * NS_PER_DAY)

enum { JSON_LINE_MAX = 8 << 20, HEAD_LOOKED_AT = 64 };

/* ---- bytes to lines ---- */

struct lines {
    struct buf open; /* what came of a line so far */
    size_t max;      /* of a piece that is given */
    /* is_cut: there is more of it. False ends it all. */
    bool (*take)(void *context, struct str line, bool is_cut, struct err *err);
    void *context;
};

static bool give(struct lines *l, struct str piece, bool is_cut, struct err *err)
{
    if (l->open.len == 0)
        return l->take(l->context, piece, is_cut, err);
    buf_add(&l->open, piece);
    bool done = l->take(l->context, buf_str(&l->open), is_cut, err);
    buf_reset(&l->open);
    return done;
}

static bool split(struct lines *l, struct str bytes, struct err *err)
{
    while (bytes.len > 0) {
        size_t end = str_find_byte(bytes, '\n'), room = l->max - l->open.len;
        size_t len = min_of(min_of(end, bytes.len), room);
        bool is_whole = end == len, is_full = !is_whole && len == room;
        struct str piece = str_slice(bytes, 0, len);
        if (!is_whole && !is_full) {
            buf_add(&l->open, piece);
            return true;
        }
        if (!give(l, piece, is_full, err))
            return false;
        bytes = str_slice(bytes, len + is_whole, SIZE_MAX);
    }
    return true;
}

/* ---- a file of text ---- */

static const char *name_of(const struct import_file *f)
{
    return f->path ? f->path : "standard input";
}

struct text {
    const struct import_file *file;
    const struct import_rules *rules;
    struct line_parse *parse;
    struct text_facts facts;
    bool (*take)(void *context, const struct import_record *record, struct err *err);
    void *context;
    struct err *err;
    bool has_failed, has_no_newline; /* the latter: what comes now is the file's end */
    int64_t first_ns;                /* found by the first look */
};

static void see_time(void *context, const struct parsed *r)
{
    struct text *t = context;
    if (t->first_ns == TIME_NONE)
        t->first_ns = r->facts.time_ns;
}

/* Of lines that have none before them. */
static int64_t usual_time(const struct import_file *f)
{
    return f->first_ns != TIME_NONE ? f->first_ns : f->changed_ns;
}

static void see_record(void *context, const struct parsed *r)
{
    struct text *t = context;
    bool has_no_newline = t->has_no_newline && !r->has_envelope;
    struct import_record record = {
        .record = {.event_ns = r->facts.time_ns,
                   .flags = (uint16_t)(r->part | (has_no_newline ? RECORD_NO_NEWLINE : 0u)),
                   .line = r->text},
        .has_lane = r->has_envelope,
        .lane = r->lane,
    };
    if (t->has_failed)
        return;
    if (!t->rules->without_facts)
        text_facts_find(&t->facts, r->lane, &record.record);
    t->has_failed = !t->take(t->context, &record, t->err);
    if (t->has_failed)
        err_wrap(t->err, "%s: line %zu", name_of(t->file), r->line);
}

static bool take_text(void *context, struct str line, bool is_cut, struct err *err)
{
    (void)err;
    struct text *t = context;
    line_parse_line(t->parse, line, is_cut);
    return !t->has_failed;
}

void import_file_facts(const struct import_file *f, const struct import_rules *rules,
                       struct text_facts *facts)
{
    text_facts_init(facts, rules->zone, f->changed_ns - YEAR_GUIDE_NS, usual_time(f));
}

static struct line_parse *open_parse(const struct import_file *f, const struct import_rules *rules,
                                     bool without_facts, parsed_record *record, struct text *t)
{
    return line_parse_open(&(struct parse_options){.rule = rules->rule,
                                                   .zone = rules->zone,
                                                   .is_sniffed = true,
                                                   .gives_parts = true,
                                                   .without_facts = without_facts,
                                                   .file_time_ns = f->changed_ns - YEAR_GUIDE_NS,
                                                   .record = record,
                                                   .context = t});
}

/* ---- an export ---- */

struct json {
    const struct import_file *file;
    size_t line;
    struct arena arena;
    bool (*take)(void *context, const struct import_record *record, struct err *err);
    void *context;
};

static bool take_json(void *context, struct str line, bool is_cut, struct err *err)
{
    struct json *j = context;
    struct import_record record;
    j->line++;
    arena_reset(&j->arena);
    if (str_trim(line).len == 0 || str_starts(line, STR("{\"end\":")))
        return true;
    bool done = is_cut ? err_set(err, ERR_INPUT, "it is longer than any line of an export")
                       : import_read_json(line, &record, &j->arena, err) &&
                             j->take(j->context, &record, err);
    return done ? true : err_wrap(err, "%s: line %zu", name_of(j->file), j->line);
}

/* {"time":"2026-11-20T09:22:01.123456789Z","time_ns":" */
static bool is_export(struct str head)
{
    return str_starts(head, STR("{\"time\":\"")) &&
           str_find(str_slice(head, 0, HEAD_LOOKED_AT), STR("\",\"time_ns\":\"")) != SIZE_MAX;
}

/* ---- looking and reading ---- */

/* All bytes of a file go to lines, if they are wanted (still), and into a hash. */
struct pass {
    struct log_file *file;
    bool is_lent;                /* the file is not ours */
    struct hash128_stream *hash; /* NULL: none is made */
    struct lines lines;
    uint64_t bytes;
    char last; /* byte */
};

static void end_pass(struct pass *p)
{
    struct hash128_stream *hash = move(p->hash);
    if (hash)
        hash128_end(&hash);
    if (!p->is_lent)
        log_file_close(&p->file);
    buf_free(&p->lines.open);
}

static bool next_bytes(struct pass *p, struct str *bytes, struct err *err)
{
    if (!log_file_read(p->file, bytes, err))
        return false;
    if (p->hash)
        hash128_add(p->hash, *bytes);
    p->bytes += bytes->len;
    if (bytes->len)
        p->last = bytes->ptr[bytes->len - 1];
    return true;
}

static bool begin_pass(struct pass *p, const struct import_file *f, struct err *err)
{
    *p = (struct pass){.file = f->opened, .is_lent = f->opened != NULL, .last = '\n'};
    if (p->is_lent)
        return true;
    p->hash = hash128_begin();
    if (!log_file_open(&p->file, f->path, err))
        return false;
    return !is_log_file_pipe(p->file) ||
           err_set(err, ERR_INPUT, "%s is no file: it must be one that can be read twice", f->path);
}

/* All of it, or without a hash as much as says something. */
static bool look(struct import_file *f, struct pass *pass, const struct import_rules *rules,
                 struct err *err)
{
    struct str bytes;
    struct text text = {.first_ns = TIME_NONE};
    f->changed_ns = log_file_changed(pass->file);
    pass->lines = (struct lines){
        .open.max = 2 * PARSE_LINE_MAX, .max = PARSE_LINE_MAX, .take = take_text, .context = &text};
    text.parse = open_parse(f, rules, false, see_time, &text);
    bool done = true, is_enough = false;
    while (!is_enough && (done = next_bytes(pass, &bytes, err)) && bytes.len) {
        f->is_export |= pass->bytes == bytes.len && is_export(bytes);
        if (text.first_ns == TIME_NONE && !split(&pass->lines, bytes, err))
            break;
        is_enough = !pass->hash && (text.first_ns != TIME_NONE || pass->bytes >= IMPORT_PEEK_BYTES);
    }
    line_parse_close(&text.parse);
    f->first_ns = text.first_ns;
    return done;
}

bool import_file_look(struct import_file *f, const char *path, const struct import_rules *rules,
                      struct err *err)
{
    defer(end_pass) struct pass pass = {0};
    *f = (struct import_file){.path = path};
    if (!begin_pass(&pass, f, err) || !look(f, &pass, rules, err))
        return false;
    f->bytes = pass.bytes;
    f->content = hash128_end(&pass.hash);
    return true;
}

bool import_file_peek(struct import_file *f, const char *path, const struct import_rules *rules,
                      struct err *err)
{
    defer(end_pass) struct pass pass = {0};
    *f = (struct import_file){.path = path};
    if (!log_file_open(&f->opened, path, err) || !begin_pass(&pass, f, err))
        return false;
    f->is_pipe = is_log_file_pipe(f->opened);
    bool done = look(f, &pass, rules, err) || pass.bytes > 0;
    log_file_rewind(f->opened);
    return done;
}

int import_file_by_time(const void *a, const void *b)
{
    int64_t x = usual_time(a), y = usual_time(b);
    return (x > y) - (x < y);
}

void import_file_close(struct import_file *f)
{
    log_file_close(&f->opened);
}

static bool read_pass(const struct import_file *f, struct pass *pass, struct err *err)
{
    struct str bytes;
    do
        if (!next_bytes(pass, &bytes, err) || !split(&pass->lines, bytes, err))
            return false;
    while (bytes.len);
    bool has_rest = pass->last != '\n';
    if (has_rest && f->is_export && !give(&pass->lines, STR(""), false, err))
        return false;
    if (pass->hash && !hash128_equal(hash128_end(&pass->hash), f->content))
        return err_set(err, ERR_CONFLICT,
                       "%s changed while it was read: import it when nobody writes it any more",
                       f->path);
    return true;
}

static bool read_text(const struct import_file *f, const struct import_rules *rules,
                      struct text *text, struct err *err)
{
    defer(end_pass) struct pass pass = {0};
    if (!begin_pass(&pass, f, err))
        return false;
    pass.lines = (struct lines){
        .open.max = 2 * PARSE_LINE_MAX, .max = PARSE_LINE_MAX, .take = take_text, .context = text};
    text->err = err;
    text->rules = rules;
    import_file_facts(f, rules, &text->facts);
    text->parse = open_parse(f, rules, true, see_record, text);
    bool done = read_pass(f, &pass, err);
    bool has_rest = pass.last != '\n';
    if (has_rest && !text->has_failed)
        give(&pass.lines, STR(""), false, err);
    text->has_no_newline = has_rest; /* the record that is open now */
    line_parse_close(&text->parse);
    return done && !text->has_failed;
}

static void end_json(struct json *j)
{
    arena_free(&j->arena);
}

bool import_file_read(const struct import_file *f, const struct import_rules *rules,
                      bool (*take)(void *, const struct import_record *, struct err *),
                      void *context, struct err *err)
{
    struct text text = {.file = f, .take = take, .context = context};
    if (!f->is_export)
        return read_text(f, rules, &text, err);
    defer(end_pass) struct pass pass = {0};
    defer(end_json) struct json json = {.file = f, .take = take, .context = context};
    if (!begin_pass(&pass, f, err))
        return false;
    pass.lines = (struct lines){
        .open.max = 2 * JSON_LINE_MAX, .max = JSON_LINE_MAX, .take = take_json, .context = &json};
    return read_pass(f, &pass, err);
}
