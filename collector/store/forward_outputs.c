/* Which outputs there are, and their positions on disk. */
#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"
#include "collector/store/forwarding_private.h"

/* ---- the position ---- */

/* Of one length, so that each replaces the one before in place. */
void forward_put_position(struct buf *b, const struct forward_position *p)
{
    buf_print(b, "%020llu %020llu %020llu %020llu ", (unsigned long long)p->journal,
              (unsigned long long)p->tag, (unsigned long long)p->offset,
              (unsigned long long)p->blocks);
    buf_print(b, "%020llu\n", (unsigned long long)hash64(buf_str(b)));
}

static bool parse_position(struct str text, struct forward_position *p)
{
    uint64_t *const fields[] = {&p->journal, &p->tag, &p->offset, &p->blocks};
    defer(buf_free) struct buf again = {0};
    struct str rest = text, field;
    for (size_t i = 0; i < countof(fields); i++)
        if (!take_until(&rest, ' ', &field) || !str_to_u64(field, fields[i]))
            return false;
    forward_put_position(&again, p);
    return str_equal(buf_str(&again), text);
}

/* ---- opening ---- */

static bool is_name(struct str name)
{
    bool good = name.len > 0 && name.len <= 64;
    for (size_t i = 0; i < name.len && good; i++)
        good = is_alnum(name.ptr[i]) || name.ptr[i] == '-' || name.ptr[i] == '_';
    return good;
}

static const char *position_path(const struct forward_output *o, struct arena *arena)
{
    const char *file = arena_print(arena, "%s%.*s", o->name, STR_ARG(FORWARD_POSITION)).ptr;
    return kept_path(o->owner->store, file, arena);
}

/* Behind all that was published. */
static struct forward_position newest_position(const struct forwarding *f)
{
    if (f->n_entries == 0)
        return (struct forward_position){0};
    const struct forward_entry *e = &f->entries[f->n_entries - 1];
    return (struct forward_position){e->number, e->tag, e->end, e->blocks};
}

/* Where an output goes on that was at o->done. False: that is no place in this store. */
static bool find_place(struct forward_output *o)
{
    struct err ignored;
    const struct forward_entry *e = forward_find(o->owner, o->done.journal);
    if (!e || (e->number == o->done.journal && o->done.offset > e->end))
        return false;
    forward_go_to(o, e->number);
    if (e->number != o->done.journal) {
        forward_tell(o, "journal %06llu is not there any more: it goes on with %06llu",
                     (unsigned long long)o->done.journal, (unsigned long long)e->number);
        return true;
    }
    bool is_other = forward_open_file(o, e, &ignored) && o->done.tag && o->given.tag != o->done.tag;
    o->given = o->done;
    return !is_other;
}

/* The position is on disk then: from here on it is only written in place. */
static bool open_position(struct forward_output *o, struct err *err)
{
    enum { POSITION_MAX = 256 };
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf text = {0};
    const struct forwarding *f = o->owner;
    const char *path = position_path(o, &arena);
    bool is_there = file_load(path, POSITION_MAX, &text, err);
    if (!is_there && err->code == ERR_NOT_FOUND) {
        o->given = newest_position(f);
    } else if (!is_there && err->code != ERR_LIMIT) {
        return false;
    } else if (!is_there || !parse_position(buf_str(&text), &o->done) || !find_place(o)) {
        is_there = false;
        forward_go_to(o, f->n_entries ? f->entries[0].number : 0);
        forward_tell(o,
                     "its position is damaged or of another store: it begins with journal %06llu",
                     (unsigned long long)o->given.journal);
    }
    buf_reset(&text);
    forward_put_position(&text, &o->given);
    if (!is_there && !file_replace(path, buf_str(&text), 0600, err))
        return false;
    o->done = is_there ? o->done : o->given;
    return file_open(&o->at, path, FILE_WRITE, err);
}

static void close_output(struct forward_output **address)
{
    struct forward_output *o = *address;
    if (!o)
        return;
    file_close(&o->at);
    file_close(&o->file);
    arena_free(&o->arena);
    mem_free(address);
}

static bool open_output(struct forwarding *f, struct str name, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(close_output) struct forward_output *o = mem_new(struct forward_output);
    if (!is_name(name))
        return err_set(err, ERR_INPUT, "'%.*s' is no name for an output", STR_ARG(name));
    o->owner = f;
    o->name = arena_text(&o->arena, name);
    if (!folder_make(kept_path(f->store, "", &arena), err) || !open_position(o, err))
        return err_wrap(err, "output %s", o->name);
    mem_grow(f->outputs, f->n, f->capacity);
    f->outputs[f->n++] = move(o);
    return true;
}

static size_t find_output(const struct forwarding *f, struct str name)
{
    size_t i = 0;
    while (i < f->n && !str_equal(str_from(f->outputs[i]->name), name))
        i++;
    return i;
}

/* What was given and is not done is given again. */
static void rewind_output(struct forward_output *o)
{
    const struct forward_entry *e = forward_find(o->owner, o->done.journal);
    bool is_there = e && e->number == o->done.journal;
    forward_go_to(o, e ? e->number : o->done.journal);
    if (is_there)
        o->given = o->done;
    else
        forward_skip(o, o->n_given);
    o->n_given = 0;
    o->is_missed = false;
}

bool forwarding_take(struct forwarding *f, struct str name, struct forward_output **o,
                     struct err *err)
{
    size_t i = find_output(f, name);
    if (i == f->n && !open_output(f, name, err))
        return false;
    *o = f->outputs[i];
    rewind_output(*o);
    return true;
}

void forwarding_forget(struct forwarding *f, struct str name)
{
    defer(arena_free) struct arena arena = {0};
    struct err unused;
    size_t i = find_output(f, name);
    if (i == f->n)
        return;
    file_remove(position_path(f->outputs[i], &arena), &unused);
    close_output(&f->outputs[i]);
    f->outputs[i] = f->outputs[--f->n];
    if (f->n == 0)
        folder_remove_empty(kept_path(f->store, "", &arena)); /* or with the last journal there */
}

/* Positions of outputs that are not configured any more. */
static bool forget_others(const struct store *s, const struct forwarding_options *options,
                          struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *files;
    size_t n;
    if (!folder_list(kept_path(s, "", &arena), &arena, &files, &n, err))
        return err->code == ERR_NOT_FOUND;
    for (size_t i = 0; i < n; i++) {
        bool is_position = str_ends(files[i], FORWARD_POSITION), is_configured = false;
        for (size_t k = 0; k < options->n && is_position && !is_configured; k++)
            is_configured = str_equal(arena_print(&arena, "%.*s%.*s", STR_ARG(options->names[k]),
                                                  STR_ARG(FORWARD_POSITION)),
                                      files[i]);
        bool goes = str_ends(files[i], STR(".new")) || (is_position && !is_configured);
        if (goes && !file_remove(kept_path(s, arena_text(&arena, files[i]), &arena), err))
            return false;
    }
    return true;
}

static void discard(struct forwarding **address)
{
    struct forwarding *f = *address;
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        close_output(&f->outputs[i]);
    mem_free(&f->outputs);
    mem_free(&f->entries);
    mem_free(address);
}

/* Without outputs. */
static bool remove_folder(struct store *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    while (s->kept.n)
        if (!kept_remove_first(s, err))
            return false;
    folder_remove_empty(kept_path(s, "", &arena));
    return true;
}

bool forwarding_open(struct forwarding **out, struct store *s,
                     const struct forwarding_options *options, struct err *err)
{
    defer(discard) struct forwarding *f = mem_new(struct forwarding);
    f->store = s;
    f->tell = options->tell;
    f->context = options->context;
    if (!forget_others(s, options, err) || (options->n == 0 && !remove_folder(s, err)))
        return err_wrap(err, "forwarding");
    forward_list(f);
    for (size_t i = 0; i < options->n; i++)
        if (!open_output(f, options->names[i], err))
            return false;
    forwarding_publish(f);
    *out = move(f);
    return true;
}

void forwarding_close(struct forwarding **address)
{
    struct forwarding *f = *address;
    for (size_t i = 0; f && i < f->n; i++) {
        struct err unused;
        file_sync(&f->outputs[i]->at, &unused);
    }
    discard(address);
}

uint64_t forwarding_bytes(const struct forwarding *f)
{
    return f->bytes;
}
