#include "shipper/spool_reader.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/reader.h"
#include "shipper/spool_parts.h"

#include <stdio.h>

/* Of a line in a position file: sequence, origin, check, newline. */
enum {
    POSITION_CHECKED = 20 + 1 + HASH128_TEXT - 1,
    POSITION_BYTES = POSITION_CHECKED + 1 + 16 + 1,
    POSITION_AT = 512, /* offset of the second one: a sector that is torn is its alone */
};

struct spool_reader {
    struct spool *spool;
    struct spool_reader *next;
    const char *name;
    struct file position;  /* open once it was written; never that of the collector */
    struct hash128 origin; /* that its blocks are given under; not that of the collector */
    uint64_t acknowledged; /* sequence */
    uint64_t given;        /* sequence: the last since opening or rewinding, else acknowledged */
    size_t cursor_file;    /* index: where the next block is looked for */
    uint64_t cursor_offset;
    uint64_t skipped;
    uint64_t bout_skipped; /* blocks since it has fallen behind; 0: it has not */
    bool skips;
    bool is_unread; /* its position is: the disk was at fault */
    bool is_unkept; /* its position cannot be written; said once */
};

/* ---- positions ---- */

static const char *position_path(const struct spool *s, struct str name, struct arena *a)
{
    return arena_print(a, "%s/outputs/%.*s", s->options.folder, STR_ARG(name)).ptr;
}

static struct str position_text(uint64_t sequence, struct hash128 origin,
                                char text[POSITION_BYTES + 1])
{
    char hex[HASH128_TEXT];
    hash128_text(origin, hex);
    snprintf(text, POSITION_BYTES + 1, "%020llu %s", (unsigned long long)sequence, hex);
    snprintf(text + POSITION_CHECKED, POSITION_BYTES + 1 - POSITION_CHECKED, " %016llx\n",
             (unsigned long long)hash64(str_of(text, POSITION_CHECKED)));
    return str_of(text, POSITION_BYTES);
}

static bool parse_line(struct str bytes, uint64_t *sequence, struct hash128 *origin)
{
    char text[POSITION_BYTES + 1];
    uint64_t number;
    struct hash128 hash;
    if (!str_to_u64(str_slice(bytes, 0, 20), &number) ||
        !hash128_parse(str_slice(bytes, 21, HASH128_TEXT - 1), &hash) ||
        !str_equal(bytes, position_text(number, hash, text)))
        return false;
    *sequence = number;
    *origin = hash;
    return true;
}

/* The second line counts if it is whole and of the origin of the first. */
static bool parse_position(struct str bytes, uint64_t *sequence, struct hash128 *origin)
{
    uint64_t later;
    struct hash128 under;
    if (!parse_line(str_slice(bytes, 0, POSITION_BYTES), sequence, origin))
        return false;
    if (parse_line(str_slice(bytes, POSITION_AT, POSITION_BYTES), &later, &under) &&
        hash128_equal(under, *origin))
        *sequence = max_of(*sequence, later);
    return true;
}

/* The first line: what was sent under an origin is known by it, so it is durable before anything is. */
static bool write_origin(struct spool_reader *r, struct err *err)
{
    char text[POSITION_BYTES + 1];
    defer(arena_free) struct arena a = {0};
    const char *path = position_path(r->spool, str_from(r->name), &a);
    file_close(&r->position);
    return folder_make_above(path, err) &&
           file_replace(path, position_text(r->acknowledged, r->origin, text), 0600, err);
}

/* The second one, in place. */
static bool write_position(struct spool_reader *r, struct err *err)
{
    char text[POSITION_BYTES + 1];
    defer(arena_free) struct arena a = {0};
    const char *path = position_path(r->spool, str_from(r->name), &a);
    if (!is_file_open(&r->position) && !file_open(&r->position, path, FILE_WRITE, err))
        return err->code == ERR_NOT_FOUND && write_origin(r, err);
    return file_write_at(&r->position, POSITION_AT, position_text(r->acknowledged, r->origin, text),
                         err);
}

/* Without it a restart sends again what was acknowledged since: no reason to stop. */
static void note_kept(struct spool_reader *r, bool is_kept, const struct err *err)
{
    if (!is_kept && !r->is_unkept)
        log_error("outputs.%s: its position cannot be kept, so a restart will send blocks again: "
                  "%s",
                  r->name, err->text);
    if (is_kept && r->is_unkept)
        log_info("outputs.%s: its position is kept again", r->name);
    r->is_unkept = !is_kept;
}

static void keep_position(struct spool_reader *r)
{
    struct err err;
    note_kept(r, write_position(r, &err), &err);
}

/* Invariant 3. What was refused must not come back when there are as many blocks again. */
static void refuse_position(struct spool_reader *r, const char *why)
{
    struct err err;
    log_warn("outputs.%s: its position %s; it begins with the oldest block of the spool", r->name,
             why);
    if (!write_origin(r, &err))
        log_error("outputs.%s: its position: %s", r->name, err.text);
}

/* False: it cannot be read now. It is believed to be there still. */
static bool load_position(struct spool_reader *r, struct err *err)
{
    uint64_t sequence;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf bytes = {0};
    const char *path = position_path(r->spool, str_from(r->name), &a);
    bool is_loaded = file_load(path, POSITION_AT + POSITION_BYTES, &bytes, err);
    if (!is_loaded && err->code == ERR_SYSTEM)
        return false;
    if (!is_loaded && err->code == ERR_NOT_FOUND)
        note_kept(r, write_origin(r, err), err);
    else if (!is_loaded || !parse_position(buf_str(&bytes), &sequence, &r->origin))
        refuse_position(r, "cannot be read");
    else if (sequence > r->spool->last)
        refuse_position(r, "is that of a newer spool");
    else
        r->given = r->acknowledged = max_of(r->acknowledged, sequence);
    return true;
}

static bool has_reader(const struct spool *s, struct str name)
{
    const struct spool_reader *r = s->readers;
    while (r && !str_equal(str_from(r->name), name))
        r = r->next;
    return r;
}

/* Position files whose readers are not open. */
static bool forget_closed(const struct spool *s, const char *why, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    struct str *names;
    size_t n, forgotten = 0;
    const char *folder = position_path(s, STR(""), &a);
    if (!folder_list(folder, &a, &names, &n, err))
        return err->code == ERR_NOT_FOUND;
    for (size_t i = 0; i < n; i++) {
        if (has_reader(s, names[i]))
            continue;
        log_info("outputs.%.*s: %s: its position is forgotten", STR_ARG(names[i]), why);
        if (!file_remove(position_path(s, names[i], &a), err))
            return false;
        forgotten++;
    }
    return forgotten == 0 || folder_sync(folder, err);
}

bool spool_forget_positions(struct spool *s, struct err *err)
{
    assert(!s->readers);
    return forget_closed(s, "the spool begins anew", err);
}

/* ---- opening ---- */

static struct spool_reader *add_reader(struct spool *s, const char *name, uint64_t acknowledged)
{
    struct spool_reader *r = mem_new(struct spool_reader);
    r->spool = s;
    r->origin = s->origin;
    r->name = arena_text(&s->arena, str_from(name));
    r->given = r->acknowledged = acknowledged;
    r->next = s->readers;
    s->readers = r;
    return r;
}

struct spool_reader *spool_reader_open_collector(struct spool *s)
{
    s->collector = add_reader(s, "collector", s->collected);
    return s->collector;
}

struct spool_reader *spool_reader_open(struct spool *s, const char *name)
{
    struct err unused; /* the first block that is asked for asks again */
    struct spool_reader *r = add_reader(s, name, spool_floor(s));
    r->is_unread = !load_position(r, &unused);
    return r;
}

void spool_reader_forget(struct spool_reader **address)
{
    struct err err;
    struct spool_reader *r = move(*address);
    struct spool *s = r->spool;
    struct spool_reader **at = &s->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    file_close(&r->position);
    mem_free(&r);
    if (!forget_closed(s, "it is not configured any more", &err))
        log_error("positions of outputs: %s", err.text);
    spool_make_room(s);
}

void spool_reader_set_skips(struct spool_reader *r, bool skips)
{
    r->skips = skips;
    spool_make_room(r->spool);
}

void spool_start_readers(struct spool *s)
{
    struct err err;
    if (!forget_closed(s, "it is not configured any more", &err))
        log_error("positions of outputs: %s", err.text);
    s->is_started = true;
    spool_make_room(s);
}

void spool_free_readers(struct spool *s)
{
    while (s->readers) {
        struct spool_reader *r = s->readers;
        s->readers = r->next;
        file_close(&r->position);
        mem_free(&r);
    }
}

/* ---- what goes ---- */

const struct spool_reader *spool_slowest(const struct spool *s)
{
    const struct spool_reader *slowest = s->readers;
    for (const struct spool_reader *r = slowest; r; r = r->next)
        slowest = r->acknowledged < slowest->acknowledged ? r : slowest;
    return slowest;
}

const char *spool_awaited(const struct spool *s)
{
    const struct spool_reader *awaited = spool_slowest(s);
    for (const struct spool_reader *r = s->readers; r; r = r->next) {
        bool is_behind = r->acknowledged < awaited->acknowledged;
        if (!r->skips && (awaited->skips || is_behind))
            awaited = r;
    }
    return awaited ? awaited->name : "";
}

static void move_cursors(struct spool *s, size_t gone)
{
    for (struct spool_reader *r = s->readers; r; r = r->next) {
        if (r->cursor_file < gone)
            r->cursor_offset = 0;
        r->cursor_file -= min_of(gone, r->cursor_file);
    }
}

/* The oldest files, as far as nobody lacks them; never the newest. */
static void remove_files(struct spool *s)
{
    const struct spool_reader *slowest = spool_slowest(s);
    size_t gone = 0;
    if (!slowest || !s->is_started || s->n_files == 0)
        return;
    while (gone + 1 < s->n_files && s->files[gone].last <= slowest->acknowledged) {
        defer(arena_free) struct arena a = {0};
        struct err err;
        if (!file_remove(spool_file_path(s, s->files[gone].number, &a), &err))
            break; /* tried again with the next acknowledgement */
        file_close(&s->files[gone].file);
        gone++;
    }
    memmove(s->files, s->files + gone, (s->n_files - gone) * sizeof *s->files);
    s->n_files -= gone;
    move_cursors(s, gone);
}

/* A bout lasts from the first file that is passed over until the reader is at the newest one. */
static void note_bout(struct spool_reader *r)
{
    const struct spool *s = r->spool;
    if (!r->bout_skipped || r->acknowledged + 1 < s->files[s->n_files - 1].first)
        return;
    log_info("outputs.%s: it has caught up; %llu blocks were passed over", r->name,
             (unsigned long long)r->bout_skipped);
    r->bout_skipped = 0;
}

static void move_to(struct spool_reader *r, uint64_t sequence)
{
    if (sequence <= r->acknowledged)
        return;
    r->acknowledged = sequence;
    r->given = max_of(r->given, sequence);
    if (r == r->spool->collector)
        r->spool->collected = sequence;
    else
        keep_position(r);
}

static void pass_over(struct spool_reader *r, uint64_t last)
{
    uint64_t skipped = last - min_of(last, r->given);
    if (skipped && !r->bout_skipped)
        log_warn("outputs.%s: the spool is full and this output is behind: it passes over the "
                 "oldest blocks, from %llu on",
                 r->name, (unsigned long long)r->given + 1);
    r->skipped += skipped;
    r->bout_skipped += skipped;
    move_to(r, last);
}

/* Invariant 4. False: there is no file to pass over, or somebody waits for it. */
static bool pass_over_oldest(struct spool *s)
{
    const uint64_t last = s->n_files ? s->files[0].last : 0;
    bool is_lacking = false;
    if (s->n_files < 2 || !s->is_started)
        return false;
    for (const struct spool_reader *r = s->readers; r; r = r->next) {
        if (r->acknowledged < last && !r->skips)
            return false;
        is_lacking |= r->acknowledged < last;
    }
    for (struct spool_reader *r = s->readers; r; r = r->next) {
        if (r->acknowledged < last)
            pass_over(r, last);
    }
    return is_lacking;
}

void spool_make_room(struct spool *s)
{
    remove_files(s);
    while (spool_bytes(s) >= s->options.size && pass_over_oldest(s))
        remove_files(s);
}

void spool_give_up_oldest(struct spool *s)
{
    if (pass_over_oldest(s))
        remove_files(s);
}

void spool_reader_acknowledge(struct spool_reader *r, uint64_t sequence)
{
    move_to(r, sequence);
    spool_make_room(r->spool);
    note_bout(r);
}

void spool_reader_acknowledge_given(struct spool_reader *r)
{
    spool_reader_acknowledge(r, r->given);
}

/* ---- reading ---- */

/* Damage up to this offset, seen by the first reader that comes there. */
static void count_damage(struct spool *s, struct spool_file *f, uint64_t upto, uint32_t parts)
{
    if (upto <= f->judged)
        return;
    f->judged = upto;
    s->damaged += parts;
}

/* The block in a frame, stamped; false if it is not one to send. */
static bool take_block(const struct spool_reader *r, struct buf *payload, struct str *block,
                       uint64_t *sequence, uint32_t *damaged)
{
    const struct spool *s = r->spool;
    struct err err;
    struct block_header h;
    struct reader bytes = reader_of(buf_str(payload));
    read_str(&bytes);
    if (bytes.bad || !block_peek(str_of(bytes.at, reader_left(&bytes)), &h, &err) ||
        h.length != reader_left(&bytes)) {
        ++*damaged; /* its hash holds, so it was written like this */
        return false;
    }
    if (h.sequence <= r->acknowledged || h.sequence >= spool_bound(s, r->cursor_file))
        return false;
    char *start = payload->ptr + (bytes.at - payload->ptr);
    struct hash128 origin = r == s->collector ? s->origin : r->origin;
    if (!hash128_equal(h.origin, origin))
        block_restamp(start, reader_left(&bytes), origin, h.sequence);
    *block = str_of(start, reader_left(&bytes));
    *sequence = h.sequence;
    return true;
}

/* Looks for the next block in the file under the cursor, and moves the cursor behind it. */
static bool next_in_file(struct spool_reader *reader, struct buf *out, struct err *err)
{
    struct spool *s = reader->spool;
    struct spool_file *f = &s->files[reader->cursor_file];
    const struct journal_health health = {.end = f->end};
    defer(journal_reader_free) struct journal_reader r = {0};
    struct frame frame;
    journal_reader_start(&r, &f->file, reader->cursor_offset, &health);
    while (journal_next(&r, true, &frame, err)) {
        struct str block;
        uint64_t sequence;
        bool is_one = frame.kind == FRAME_BLOCK &&
                      take_block(reader, &r.payload, &block, &sequence, &r.health.rotten_parts);
        count_damage(s, f, frame.next, r.health.rotten_parts);
        r.health.rotten_parts = 0;
        if (is_one) {
            size_t max = out->max ? out->max : BUF_DEFAULT_MAX;
            if (block.len > max - out->len)
                return err_set(err, ERR_LIMIT, "the next block does not fit");
            buf_add(out, block);
            reader->cursor_offset = frame.next;
            reader->given = sequence;
            return true;
        }
        reader->cursor_offset = frame.next;
    }
    count_damage(s, f, f->end, r.health.rotten_parts);
    if (err->code == ERR_NONE)
        reader->cursor_offset = f->end;
    return false;
}

bool spool_reader_next(struct spool_reader *r, struct buf *out, uint64_t *sequence, struct err *err)
{
    const struct spool *s = r->spool;
    if (r->is_unread && !load_position(r, err))
        return false;
    r->is_unread = false;
    *err = (struct err){.code = ERR_NONE};
    for (; r->cursor_file < s->n_files; r->cursor_file++, r->cursor_offset = 0) {
        if (s->files[r->cursor_file].last > r->acknowledged && next_in_file(r, out, err)) {
            if (sequence)
                *sequence = r->given;
            return true;
        }
        if (err->code != ERR_NONE)
            return false;
        if (r->cursor_file + 1 == s->n_files)
            break; /* stay on the newest: more will come */
    }
    return false;
}

void spool_reader_rewind(struct spool_reader *r)
{
    r->cursor_file = 0;
    r->cursor_offset = 0;
    r->given = r->acknowledged;
}

bool spool_reader_renew(struct spool_reader *r, struct err *err)
{
    const struct hash128 former = r->origin;
    assert(r != r->spool->collector);
    random_bytes(&r->origin, sizeof r->origin);
    if (!write_origin(r, err)) {
        r->origin = former;
        return err_wrap(err, "a new origin cannot be kept");
    }
    spool_reader_rewind(r);
    return true;
}

/* ---- numbers ---- */

/* Of a file that the position is in: the share that its blocks are of all in it. */
static uint64_t waiting_bytes(const struct spool_reader *r, const struct spool_file *f)
{
    uint64_t before = f->first ? f->first - 1 : 0;
    if (r->acknowledged <= before || f->last <= before)
        return f->end;
    return (uint64_t)((double)f->end * (double)(f->last - r->acknowledged) /
                      (double)(f->last - before));
}

struct spool_reader_numbers spool_reader_count(const struct spool_reader *r)
{
    const struct spool *s = r->spool;
    struct spool_reader_numbers n = {
        .acknowledged = r->acknowledged,
        .blocks = s->last - min_of(s->last, r->acknowledged),
        .oldest_ns = TIME_NONE,
        .skipped = r->skipped,
    };
    for (size_t i = 0; i < s->n_files; i++) {
        const struct spool_file *f = &s->files[i];
        if (f->last <= r->acknowledged)
            continue;
        n.bytes += waiting_bytes(r, f);
        n.oldest_ns = n.oldest_ns == TIME_NONE ? f->first_time_ns : n.oldest_ns;
    }
    return n;
}
