/*
 * Shows blocks as they are stored: header, streams, and of lines that are columns the shapes and columns.
 * It stands at the root because it reads what shippers and collectors wrote alike.
 *
 *     a file that begins with a block: that block
 *     a journal, or a file of a spool: each block in it
 */
#include "block_dump.h"

#include "base/file.h"
#include "base/front.h"
#include "base/journal.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "formats/block/block.h"
#include "formats/block/columns.h"

#include <stdio.h>

enum { EXIT_WRONG = 2, FRAME_BLOCK = 2, OUT_MAX = 64 << 20, TEXT_SHOWN = 160 };
enum form { FORM_TEXT, FORM_JSON };

struct flags {
    int output;
    bool headers, help;
};

static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "headers", .type = OPTION_BOOLEAN, FIELD(headers),
     .help = "only what the header says of each block"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json (an object a block)"},
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "block", &table,
    STR_INIT("usage: sluice block dump [OPTIONS] FILE\n\n"
             "Shows the blocks in a journal of a collector (DATA/journal/N), in a file of a\n"
             "spool (STATE/spool/N) or in a file that is one block: header, streams, and of\n"
             "lines that are stored as columns the shapes and columns. Sizes are bytes; those\n"
             "of columns are unpacked.\n\n")};

static const char *const kind_names[COLUMN_KINDS] = {
    [COLUMN_TEXT] = "text",       [COLUMN_DICT] = "dictionary", [COLUMN_INTEGER] = "integer",
    [COLUMN_DECIMAL] = "decimal", [COLUMN_HEX] = "hex",         [COLUMN_UUID] = "uuid",
    [COLUMN_IPV4] = "ipv4",       [COLUMN_TIME] = "time",       [COLUMN_SAME] = "same",
};

/* A block that is being shown. */
struct dump {
    struct flags flags;
    struct packer packer;
    struct arena arena;
    struct buf out;
    size_t shown;
    struct block block;
    struct columns columns;
};

static bool has_columns(const struct dump *d)
{
    return d->block.header.encoding == BLOCK_COLUMNS;
}

static void put_time(struct buf *out, int64_t ns)
{
    put_rfc3339(out, ns, 6);
}

/* Static text with a mark and the column for each slot. */
static void put_shape_text(struct dump *d, const struct columns_shape *shape, size_t most)
{
    defer(buf_free) struct buf text = {0};
    const char *at = shape->text;
    for (size_t i = 0; i < shape->n_slots; i++) {
        const struct columns_slot *slot = &d->columns.slots[shape->slots + i];
        buf_add(&text, str_of(at, slot->text));
        buf_print(&text, "\xe2\x90\xa3%u", slot->column);
        at += slot->text;
    }
    buf_add(&text, str_of(at, shape->rest));
    put_json(&d->out, str_cut_utf8(buf_str(&text), most));
}

/* What stands in front of a column in the first shape that has it. */
static struct str name_of(const struct dump *d, uint32_t column)
{
    for (size_t i = 0; i < d->columns.n_shapes; i++) {
        const struct columns_shape *shape = &d->columns.shapes[i];
        const char *at = shape->text;
        for (size_t k = 0; k < shape->n_slots; k++) {
            const struct columns_slot *slot = &d->columns.slots[shape->slots + k];
            if (slot->column == column)
                return str_of(at, slot->text);
            at += slot->text;
        }
    }
    return STR("");
}

static size_t bytes_of(const struct column *c)
{
    size_t bytes = c->bytes.size;
    for (size_t i = 0; c->kind != COLUMN_SAME && i < c->numbers.width; i++)
        bytes += c->numbers.planes[i].size;
    return bytes + (c->distinct ? bytes_of(c->distinct) : 0);
}

static const char *kind_of(const struct column *c)
{
    return kind_names[c->distinct ? c->distinct->kind : c->kind];
}

/* ---- for people ---- */

static void put_header_text(struct dump *d)
{
    const struct block_header *h = &d->block.header;
    char origin[HASH128_TEXT];
    struct buf *out = &d->out;
    hash128_text(h->origin, origin);
    buf_print(out, "%sblock %llu of %s, %s\n", d->shown ? "\n" : "",
              (unsigned long long)h->sequence, origin, has_columns(d) ? "columns" : "plain");
    buf_print(out, "  records   %u, %llu bytes of lines\n  event     ", h->records,
              (unsigned long long)h->line_bytes);
    put_time(out, h->least_event_ns);
    buf_add(out, STR(" to "));
    put_time(out, h->greatest_event_ns);
    buf_print(out,
              "\n  stored    %u: header %d, directory %u (of %u), records %u (of %u), lines %u\n",
              h->length, BLOCK_HEADER, h->directory_stored, h->directory_bytes, h->columns_stored,
              h->columns_bytes, h->lines_stored);
}

static void put_streams_text(struct dump *d)
{
    for (size_t i = 0; i < d->block.n_streams; i++) {
        buf_add(&d->out, i ? STR("            ") : STR("  streams   "));
        for (size_t k = 0; k < d->block.streams[i].labels.n; k++) {
            const struct label *label = &d->block.streams[i].labels.items[k];
            buf_print(&d->out, "%s%.*s=", k ? " " : "", STR_ARG(label->name));
            put_json(&d->out, label->value);
        }
        buf_add_byte(&d->out, '\n');
    }
}

static void put_columns_text(struct dump *d)
{
    struct buf *out = &d->out;
    const struct columns *c = &d->columns;
    buf_print(out, "  frames    ");
    for (enum stream_group i = 0; i < STREAM_GROUPS; i++)
        buf_print(out, "%s%s %zu (of %zu)", i ? ", " : "", stream_group_names[i],
                  stream_group_stored(&c->reader, i), stream_group_bytes(&c->reader, i));
    buf_print(out, "; %zu own\n  shapes    %zu for %zu segments; %u stand alone\n",
              c->reader.n_frames - STREAM_GROUPS, c->n_shapes, c->n_segments,
              c->counts[0] + c->counts[1]);
    for (size_t i = 0; i < c->n_shapes; i++) {
        buf_print(out, "  %8u  ", c->counts[i + COLUMNS_FIRST_SHAPE]);
        put_shape_text(d, &c->shapes[i], TEXT_SHOWN);
        buf_add_byte(out, '\n');
    }
    buf_print(out, "  columns   kind        values  distinct  except     bytes  behind\n");
    for (size_t i = 0; i < c->n_columns; i++) {
        const struct column *column = &c->columns[i];
        if (column->n == 0)
            continue;
        buf_print(out, "  %7zu   %-10s %7zu  ", i, kind_of(column), column->n);
        if (column->distinct)
            buf_print(out, "%8zu", column->distinct->n);
        else
            buf_print(out, "%8s", "-");
        buf_print(out, "  %6zu  %8zu  ",
                  column->n_exceptions + (column->distinct ? column->distinct->n_exceptions : 0),
                  bytes_of(column));
        put_json(out, str_cut_utf8(name_of(d, (uint32_t)i), TEXT_SHOWN));
        buf_add_byte(out, '\n');
    }
}

/* ---- for programs ---- */

static void put_header_json(struct dump *d)
{
    const struct block_header *h = &d->block.header;
    char origin[HASH128_TEXT];
    struct buf *out = &d->out;
    hash128_text(h->origin, origin);
    buf_print(out,
              "{\"sequence\":%llu,\"origin\":\"%s\",\"encoding\":\"%s\",\"records\":%u,\"line_"
              "bytes\":%llu,"
              "\"least_event\":\"",
              (unsigned long long)h->sequence, origin, has_columns(d) ? "columns" : "plain",
              h->records, (unsigned long long)h->line_bytes);
    put_time(out, h->least_event_ns);
    buf_add(out, STR("\",\"greatest_event\":\""));
    put_time(out, h->greatest_event_ns);
    buf_print(
        out,
        "\",\"stored\":%u,\"directory_stored\":%u,\"directory_bytes\":%u,\"records_stored\":%u,"
        "\"records_bytes\":%u,\"lines_stored\":%u",
        h->length, h->directory_stored, h->directory_bytes, h->columns_stored, h->columns_bytes,
        h->lines_stored);
}

static void put_streams_json(struct dump *d)
{
    buf_add(&d->out, STR(",\"streams\":["));
    for (size_t i = 0; i < d->block.n_streams; i++) {
        buf_add(&d->out, i ? STR(",{") : STR("{"));
        for (size_t k = 0; k < d->block.streams[i].labels.n; k++) {
            const struct label *label = &d->block.streams[i].labels.items[k];
            if (k)
                buf_add_byte(&d->out, ',');
            put_json(&d->out, label->name);
            buf_add_byte(&d->out, ':');
            put_json(&d->out, label->value);
        }
        buf_add_byte(&d->out, '}');
    }
    buf_add_byte(&d->out, ']');
}

static void put_columns_json(struct dump *d)
{
    struct buf *out = &d->out;
    const struct columns *c = &d->columns;
    buf_print(out, ",\"segments\":%zu,\"alone\":%u,\"groups\":{", c->n_segments,
              c->counts[0] + c->counts[1]);
    for (enum stream_group i = 0; i < STREAM_GROUPS; i++)
        buf_print(out, "%s\"%s\":{\"stored\":%zu,\"bytes\":%zu}", i ? "," : "",
                  stream_group_names[i], stream_group_stored(&c->reader, i),
                  stream_group_bytes(&c->reader, i));
    buf_add(out, STR("},\"shapes\":["));
    for (size_t i = 0; i < c->n_shapes; i++) {
        buf_print(out, "%s{\"segments\":%u,\"text\":", i ? "," : "",
                  c->counts[i + COLUMNS_FIRST_SHAPE]);
        put_shape_text(d, &c->shapes[i], SIZE_MAX);
        buf_add_byte(out, '}');
    }
    buf_add(out, STR("],\"columns\":["));
    for (size_t i = 0, n = 0; i < c->n_columns; i++) {
        const struct column *column = &c->columns[i];
        if (column->n == 0)
            continue;
        buf_print(out, "%s{\"column\":%zu,\"kind\":\"%s\",\"values\":%zu,", n++ ? "," : "", i,
                  kind_of(column), column->n);
        if (column->distinct)
            buf_print(out, "\"distinct\":%zu,", column->distinct->n);
        buf_print(out, "\"exceptions\":%zu,\"bytes\":%zu,\"behind\":",
                  column->n_exceptions + (column->distinct ? column->distinct->n_exceptions : 0),
                  bytes_of(column));
        put_json(out, name_of(d, (uint32_t)i));
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, ']');
}

/* ---- blocks ---- */

static bool read_columns(struct dump *d, struct err *err)
{
    const struct block_header *h = &d->block.header;
    return columns_open(&d->columns, block_stored_lines(&d->block), h->records, h->line_bytes,
                        &d->packer, &d->arena, err);
}

static bool show_block(struct dump *d, struct str bytes, struct err *err)
{
    bool is_json = d->flags.output == FORM_JSON, is_whole = !d->flags.headers;
    arena_reset(&d->arena);
    buf_reset(&d->out);
    if (!block_open(&d->block, bytes, &d->packer, &d->arena, err) ||
        (is_whole && has_columns(d) && !read_columns(d, err)))
        return false;
    (is_json ? put_header_json : put_header_text)(d);
    if (is_whole)
        (is_json ? put_streams_json : put_streams_text)(d);
    if (is_whole && has_columns(d))
        (is_json ? put_columns_json : put_columns_text)(d);
    if (is_json)
        buf_add(&d->out, STR("}\n"));
    fwrite(d->out.ptr, 1, d->out.len, stdout);
    d->shown++;
    return true;
}

static bool is_block(struct str bytes)
{
    struct reader r = reader_of(bytes);
    return read_u32(&r) == BLOCK_MAGIC;
}

/* A spool has a change of its state in front of the block. */
static struct str block_in(struct str payload)
{
    struct reader r = reader_of(payload);
    if (is_block(payload))
        return payload;
    read_str(&r);
    return str_of(r.at, r.bad ? 0 : reader_left(&r));
}

static bool show_journal(struct dump *d, const struct file *file, struct err *err)
{
    struct journal_reader r;
    struct frame frame;
    if (!journal_reader_open(&r, file, UINT64_MAX, err))
        return err_wrap(err, "neither a block nor a journal");
    bool good = true;
    while (good && journal_next(&r, true, &frame, err)) {
        struct str bytes = block_in(buf_str(&r.payload));
        if (frame.kind == FRAME_BLOCK && is_block(bytes))
            good = show_block(d, bytes, err);
    }
    good = good && err->code == ERR_NONE;
    journal_reader_free(&r);
    return good;
}

static bool show_file(struct dump *d, const char *path, struct err *err)
{
    struct file file = {0};
    char head[4];
    size_t got;
    if (!file_open(&file, path, FILE_READ, err))
        return false;
    bool good = file_read_at(&file, 0, head, sizeof head, &got, err);
    if (good && is_block(str_of(head, got))) {
        defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
        good = file_load(path, BLOCK_MAX, &bytes, err) && show_block(d, buf_str(&bytes), err);
    } else if (good) {
        good = show_journal(d, &file, err);
    }
    file_close(&file);
    return good;
}

int command_block(int argc, char **argv)
{
    struct err err = {0};
    struct dump d = {.out = {.max = OUT_MAX}};
    struct options given;
    defer(arena_free) struct arena arena = {0};
    int status;
    if (!front_read(&front, &d.flags, &given, &arena, argc, argv, &status))
        return status;
    if (given.operands.n != 2 || !str_equal(given.operands.items[0], STR("dump")))
        return front_fail(&front, "say what and which: sluice block dump FILE");
    bool good = show_file(&d, given.operands.items[1].ptr, &err);
    packer_free(&d.packer);
    arena_free(&d.arena);
    buf_free(&d.out);
    if (!good)
        say("sluice block: %.*s: %s", STR_ARG(given.operands.items[1]), err.text);
    return good ? 0 : EXIT_WRONG;
}
