#include "collector/store/forwarding.h"

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"
#include "collector/store/store_private.h"

#include <stdarg.h>
#include <stdio.h>

/* A journal as of the last publish. */
struct entry {
    uint64_t number, end, blocks;
    bool is_kept;
};

struct position {
    uint64_t journal, tag, offset; /* tag: low half of the journal's id; 0: not known yet */
    uint64_t blocks;               /* of this journal, before it */
};

struct forward_output {
    struct forwarding *owner;
    const char *name;     /* in the arena */
    struct file at;       /* the position */
    struct position done; /* as it is in that */
    struct position given;
    uint64_t n_given;        /* blocks that are not done */
    int64_t first_ns;        /* of the first of them */
    struct file file;        /* the journal of `given`, as long as is_open */
    bool is_open, is_missed; /* missed: it was not where the list says */
    bool has_failed;         /* to write the position */
    uint64_t skipped, damaged;
};

struct forwarding {
    struct store *store;
    void (*tell)(void *context, const char *text);
    void *context;
    struct arena arena;
    struct forward_output *outputs; /* in the arena */
    size_t n;
    struct entry *entries; /* by number; the last one is written */
    size_t n_entries, capacity;
    uint64_t changes, bytes; /* of the store's kept journals, when the list was made */
};

static __attribute__((format(printf, 2, 3))) void tell(const struct forward_output *o,
                                                       const char *format, ...)
{
    char text[256];
    int n = snprintf(text, sizeof text, "output %s: ", o->name);
    va_list list;
    va_start(list, format);
    if (n >= 0 && (size_t)n < sizeof text)
        vsnprintf(text + n, sizeof text - (size_t)n, format, list);
    va_end(list);
    o->owner->tell(o->owner->context, text);
}

/* ---- the list ---- */

/* The first one that is not before a journal; NULL: there is none. */
static const struct entry *find_entry(const struct forwarding *f, uint64_t journal)
{
    size_t low = 0, high = f->n_entries;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->entries[middle].number < journal)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->n_entries ? &f->entries[low] : NULL;
}

/* That of what is given next; NULL: it is not there. */
static const struct entry *entry_of(const struct forward_output *o)
{
    const struct entry *e = find_entry(o->owner, o->given.journal);
    return e && e->number == o->given.journal ? e : NULL;
}

static void add_entry(struct forwarding *f, const struct entry *e)
{
    mem_grow(f->entries, f->n_entries, f->capacity);
    f->entries[f->n_entries++] = *e;
}

/* What the store has kept and what it holds, each by number. */
static void list_entries(struct forwarding *f)
{
    const struct store *s = f->store;
    size_t k = 0;
    for (size_t i = 0; i <= s->n_journals; i++) {
        const struct store_journal *j = i < s->n_journals ? s->journals[i] : NULL;
        for (; k < s->kept.n && (!j || s->kept.list[k].number < j->number); k++) {
            const struct kept_journal *kept = &s->kept.list[k];
            add_entry(f, &(struct entry){kept->number, kept->bytes, kept->blocks, true});
        }
        if (j && j->path && !j->is_removed)
            add_entry(f, &(struct entry){j->number, j->end, j->n_visible, false});
    }
    f->changes = s->kept.changes;
    f->bytes = s->kept.bytes;
}

/* Adds what of a journal is behind a position. */
static void add_waiting(const struct entry *e, const struct position *p, struct forward_lag *lag)
{
    bool is_same = e->number == p->journal;
    if (e->number < p->journal || (is_same && p->offset >= e->end))
        return;
    lag->bytes += e->end - (is_same ? p->offset : 0);
    lag->blocks += e->blocks - (is_same ? min_of(e->blocks, p->blocks) : 0);
}

/* ---- the position ---- */

/* Of one length, so that each replaces the one before in place. */
static void put_position(struct buf *b, const struct position *p)
{
    buf_print(b, "%020llu %020llu %020llu %020llu ", (unsigned long long)p->journal,
              (unsigned long long)p->tag, (unsigned long long)p->offset,
              (unsigned long long)p->blocks);
    buf_print(b, "%020llu\n", (unsigned long long)hash64(buf_str(b)));
}

static bool parse_position(struct str text, struct position *p)
{
    uint64_t *const fields[] = {&p->journal, &p->tag, &p->offset, &p->blocks};
    defer(buf_free) struct buf again = {0};
    struct str rest = text, field;
    for (size_t i = 0; i < countof(fields); i++)
        if (!take_until(&rest, ' ', &field) || !str_to_u64(field, fields[i]))
            return false;
    put_position(&again, p);
    return str_equal(buf_str(&again), text);
}

static void write_position(struct forward_output *o)
{
    struct err err;
    defer(buf_free) struct buf text = {0};
    put_position(&text, &o->given);
    bool is_written = file_write_at(&o->at, 0, buf_str(&text), &err);
    if (!is_written && !o->has_failed)
        tell(o, "its position cannot be written, a restart will repeat blocks: %s", err.text);
    o->has_failed = !is_written;
    o->done = o->given;
}

static bool is_same_position(const struct position *a, const struct position *b)
{
    return a->journal == b->journal && a->tag == b->tag && a->offset == b->offset &&
           a->blocks == b->blocks;
}

static void go_to(struct forward_output *o, uint64_t journal)
{
    file_close(&o->file);
    o->is_open = false;
    o->given = (struct position){.journal = journal};
}

/* Into the next journal, if this one has been given to its end. */
static bool go_on(struct forward_output *o)
{
    const struct entry *e = entry_of(o);
    const struct entry *last = o->owner->entries + o->owner->n_entries - 1;
    if (!e || e == last || o->given.offset < e->end)
        return false;
    go_to(o, e[1].number);
    return true;
}

/* What is given to its end and done need not be there any more. */
static void settle(struct forward_output *o)
{
    while (go_on(o)) {
    }
    if (o->n_given == 0 && !is_same_position(&o->done, &o->given))
        write_position(o);
}

/* ---- reading ---- */

static void note_damage(struct forward_output *o, uint32_t places, uint64_t offset)
{
    o->damaged += places;
    if (places)
        tell(o, "journal %06llu is damaged at %llu: what stands there is skipped",
             (unsigned long long)o->given.journal, (unsigned long long)offset);
}

/* By the first frame that can be read. */
static bool read_tag(struct forward_output *o, const struct entry *e, struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    struct frame frame;
    journal_reader_start(&r, &o->file, 0, &(struct journal_health){.end = e->end});
    if (journal_next(&r, false, &frame, err))
        o->given.tag = (uint32_t)frame.journal_id;
    return err->code == ERR_NONE;
}

/* ERR_NOT_FOUND: the writer has just moved or removed it; the next publish says so. */
static bool open_file(struct forward_output *o, const struct entry *e, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    const struct store *s = o->owner->store;
    if (o->is_open)
        return true;
    const char *path = e->is_kept ? kept_journal_path(s, e->number, e->blocks, &arena)
                                  : store_journal_path(s, e->number, &arena);
    if (!file_open(&o->file, path, FILE_READ, err))
        return false;
    o->is_open = read_tag(o, e, err);
    if (!o->is_open)
        file_close(&o->file);
    return o->is_open;
}

/* Up to the next block of a journal, or its end. */
static bool seek_in(struct forward_output *o, const struct entry *e, struct frame *frame,
                    struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    bool is_block = false;
    journal_reader_start(&r, &o->file, o->given.offset, &(struct journal_health){.end = e->end});
    while (!is_block && journal_next(&r, false, frame, err))
        is_block = frame->kind == FRAME_BLOCK;
    note_damage(o, r.health.rotten_parts, r.health.first_rotten);
    if (is_block)
        o->given.offset = frame->offset;
    else if (err->code == ERR_NONE)
        o->given.offset = e->end;
    return is_block;
}

/* Up to the next block. False with ERR_NONE: there is none now. */
static bool seek(struct forward_output *o, struct frame *frame, struct err *err)
{
    do {
        const struct entry *e = entry_of(o);
        *err = (struct err){.code = ERR_NONE};
        if (!e || o->is_missed)
            return false;
        if (o->given.offset >= e->end)
            continue;
        o->is_missed = !open_file(o, e, err) && err->code == ERR_NOT_FOUND;
        if (o->is_missed)
            *err = (struct err){.code = ERR_NONE};
        if (!o->is_open)
            return false;
        if (seek_in(o, e, frame, err))
            return true;
        if (err->code != ERR_NONE)
            return false;
    } while (go_on(o));
    return false;
}

bool forward_next(struct forward_output *o, struct buf *out, struct err *err)
{
    struct frame frame;
    while (seek(o, &frame, err)) {
        uint64_t next = frame.next;
        if (frame.length > (out->max ? out->max : BUF_DEFAULT_MAX) - out->len)
            return err_set(err, ERR_LIMIT, "the next block does not fit");
        bool is_whole = journal_load(&o->file, frame.offset, &frame, out, err);
        if (!is_whole && err->code != ERR_CORRUPT)
            return false;
        if (!is_whole)
            note_damage(o, 1, o->given.offset);
        o->given.offset = next;
        o->given.blocks++;
        if (!is_whole)
            continue;
        if (o->n_given++ == 0)
            o->first_ns = frame.time_ns;
        return true;
    }
    return false;
}

void forward_done(struct forward_output *o)
{
    o->n_given = 0;
    settle(o);
}

struct forward_lag forward_lag(struct forward_output *o)
{
    struct forward_lag lag = {.skipped = o->skipped, .damaged = o->damaged, .oldest_ns = TIME_NONE};
    const struct forwarding *f = o->owner;
    struct err ignored;
    struct frame frame;
    for (size_t i = 0; i < f->n_entries; i++)
        add_waiting(&f->entries[i], &o->done, &lag);
    if (o->n_given)
        lag.oldest_ns = o->first_ns;
    else if (seek(o, &frame, &ignored))
        lag.oldest_ns = frame.time_ns;
    return lag;
}

/* ---- publishing ---- */

static void skip(struct forward_output *o, uint64_t blocks)
{
    o->skipped += blocks;
    if (blocks)
        tell(o,
             "%llu blocks are not forwarded: they were removed before it took them "
             "(collector.limits.forward, collector.retention)",
             (unsigned long long)blocks);
}

/* The journals of before that are not there any more. */
static void jump(struct forward_output *o, const struct entry *before, size_t n)
{
    struct forward_lag lost = {0};
    const struct entry *now = find_entry(o->owner, o->given.journal);
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = find_entry(o->owner, before[i].number);
        if (!e || e->number != before[i].number)
            add_waiting(&before[i], &o->given, &lost);
    }
    if (now && now->number != o->given.journal)
        go_to(o, now->number);
    skip(o, lost.blocks);
}

static void list_anew(struct forwarding *f)
{
    struct entry *before = f->entries;
    size_t n = f->n_entries;
    f->entries = NULL;
    f->n_entries = f->capacity = 0;
    list_entries(f);
    for (size_t i = 0; i < f->n; i++)
        jump(&f->outputs[i], before, n);
    mem_free(&before);
}

/* Where the list of now says that it is; if it is not there either, somebody has removed it. */
static void look_again(struct forward_output *o)
{
    struct err err;
    struct forward_lag lost = {0};
    const struct entry *e = entry_of(o);
    o->is_missed = false;
    if (!e || o->given.offset >= e->end || open_file(o, e, &err) || err.code != ERR_NOT_FOUND)
        return;
    add_waiting(e, &o->given, &lost);
    o->given.offset = e->end;
    skip(o, lost.blocks);
}

void forwarding_publish(struct forwarding *f)
{
    struct store *s = f->store;
    const struct store_journal *newest = s->journals[s->n_journals - 1];
    struct entry *last = f->n_entries ? &f->entries[f->n_entries - 1] : NULL;
    uint64_t needed_from = UINT64_MAX;
    if (f->n == 0)
        return;
    if (last && last->number == newest->number && f->changes == s->kept.changes) {
        last->end = newest->end;
        last->blocks = newest->n_visible;
    } else {
        list_anew(f);
    }
    for (size_t i = 0; i < f->n; i++) {
        struct forward_output *o = &f->outputs[i];
        if (o->is_missed)
            look_again(o);
        settle(o);
        needed_from = min_of(needed_from, o->done.journal);
    }
    s->kept.needed_from = needed_from;
}

/* ---- opening ---- */

static bool is_name(const char *name)
{
    struct str s = str_from(name);
    bool good = s.len > 0 && s.len <= 64 && s.ptr[0] != '.';
    for (size_t i = 0; i < s.len; i++)
        good &= is_alnum(s.ptr[i]) || str_find_byte(STR("-_."), s.ptr[i]) != SIZE_MAX;
    return good;
}

static const char *position_path(const struct forwarding *f, const char *name, struct arena *arena)
{
    const char *file = arena_print(arena, "%s%.*s", name, STR_ARG(FORWARD_POSITION)).ptr;
    return kept_path(f->store, file, arena);
}

/* Whose position a file is; otherwise whatever its name is. */
static bool is_configured(const struct forwarding *f, struct str file)
{
    struct str name = str_slice(file, 0, file.len - FORWARD_POSITION.len);
    for (size_t i = 0; i < f->n; i++)
        if (str_equal(name, str_from(f->outputs[i].name)))
            return true;
    return false;
}

/* Positions of outputs that are not configured any more. */
static bool forget_others(const struct forwarding *f, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    if (!folder_list(kept_path(f->store, "", &arena), &arena, &names, &n, err))
        return err->code == ERR_NOT_FOUND;
    for (size_t i = 0; i < n; i++) {
        const char *name = arena_text(&arena, names[i]);
        bool is_new = str_ends(names[i], STR(".new"));
        if (is_new || (str_ends(names[i], FORWARD_POSITION) && !is_configured(f, names[i])))
            if (!file_remove(kept_path(f->store, name, &arena), err))
                return false;
    }
    return true;
}

/* Without outputs. */
static bool remove_folder(const struct forwarding *f, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct store *s = f->store;
    while (s->kept.n)
        if (!kept_remove_first(s, err))
            return false;
    folder_remove_empty(kept_path(s, "", &arena));
    s->kept.needed_from = UINT64_MAX;
    return true;
}

static struct position newest_position(const struct store *s)
{
    const struct store_journal *j = s->journals[s->n_journals - 1];
    return (struct position){j->number, (uint32_t)j->health.journal_id, j->end, j->n_visible};
}

/* Where an output goes on that was at o->done. False: that is no place in this store. */
static bool find_place(struct forward_output *o)
{
    struct err ignored;
    const struct entry *e = find_entry(o->owner, o->done.journal);
    if (!e || (e->number == o->done.journal && o->done.offset > e->end))
        return false;
    go_to(o, e->number);
    if (e->number != o->done.journal) {
        tell(o, "journal %06llu is not there any more: it goes on with %06llu",
             (unsigned long long)o->done.journal, (unsigned long long)e->number);
        return true;
    }
    bool is_other = open_file(o, e, &ignored) && o->done.tag && o->given.tag != o->done.tag;
    o->given = o->done;
    return !is_other;
}

static bool open_output(struct forward_output *o, struct err *err)
{
    enum { POSITION_MAX = 256 };
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf text = {0};
    const struct forwarding *f = o->owner;
    const char *path = position_path(f, o->name, &arena);
    bool is_there = file_load(path, POSITION_MAX, &text, err);
    if (!is_there && err->code == ERR_NOT_FOUND) {
        o->given = o->done = newest_position(f->store);
    } else if (!is_there && err->code != ERR_LIMIT) {
        return false;
    } else if (!is_there || !parse_position(buf_str(&text), &o->done) || !find_place(o)) {
        go_to(o, f->entries[0].number);
        o->done = o->given;
        is_there = false;
        tell(o,
             "its position cannot be read, or is none of this store: it begins with journal %06llu",
             (unsigned long long)o->given.journal);
    }
    buf_reset(&text);
    put_position(&text, &o->done);
    return (is_there || file_replace(path, buf_str(&text), 0600, err)) &&
           file_open(&o->at, path, FILE_WRITE, err);
}

static bool open_outputs(struct forwarding *f, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    if (!folder_make(kept_path(f->store, "", &arena), err))
        return false;
    list_entries(f);
    for (size_t i = 0; i < f->n; i++)
        if (!open_output(&f->outputs[i], err))
            return err_wrap(err, "output %s", f->outputs[i].name);
    forwarding_publish(f);
    return true;
}

static void discard(struct forwarding **address)
{
    struct forwarding *f = *address;
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++) {
        file_close(&f->outputs[i].at);
        file_close(&f->outputs[i].file);
    }
    mem_free(&f->entries);
    arena_free(&f->arena);
    mem_free(address);
}

bool forwarding_open(struct forwarding **out, struct store *s,
                     const struct forwarding_options *options, struct err *err)
{
    defer(discard) struct forwarding *f = mem_new(struct forwarding);
    f->store = s;
    f->tell = options->tell;
    f->context = options->context;
    f->n = options->n;
    f->outputs = arena_array(&f->arena, struct forward_output, options->n);
    for (size_t i = 0; i < f->n; i++) {
        if (!is_name(options->names[i]))
            return err_set(err, ERR_INPUT, "'%s' is no name for an output", options->names[i]);
        f->outputs[i].owner = f;
        f->outputs[i].name = arena_text(&f->arena, str_from(options->names[i]));
    }
    if (!forget_others(f, err) || !(f->n ? open_outputs(f, err) : remove_folder(f, err)))
        return err_wrap(err, "forwarding");
    *out = move(f);
    return true;
}

void forwarding_close(struct forwarding **address)
{
    struct forwarding *f = *address;
    for (size_t i = 0; f && i < f->n; i++) {
        struct err unused;
        file_sync(&f->outputs[i].at, &unused);
    }
    discard(address);
}

struct forward_output *forwarding_output(struct forwarding *f, size_t i)
{
    return &f->outputs[i];
}

uint64_t forwarding_bytes(const struct forwarding *f)
{
    return f->bytes;
}
