#include "collector/store/kept.h"

#include "base/mem.h"
#include "collector/store/forwarding.h"
#include "collector/store/store_private.h"

void kept_free(struct kept *k)
{
    mem_free(&k->list);
    *k = (struct kept){0};
}

const char *kept_path(const struct store *s, const char *name, struct arena *arena)
{
    return arena_print(arena, "%s/forward%s%s", s->options.folder, *name ? "/" : "", name).ptr;
}

const char *kept_journal_path(const struct store *s, uint64_t number, uint64_t blocks,
                              struct arena *arena)
{
    char name[JOURNAL_NAME];
    store_journal_name(number, name);
    return arena_print(arena, "%s/forward/%s-%llu", s->options.folder, name,
                       (unsigned long long)blocks)
        .ptr;
}

static void list(struct kept *k, const struct kept_journal *added)
{
    mem_grow(k->list, k->n, k->capacity);
    size_t at = k->n++;
    for (; at > 0 && k->list[at - 1].number > added->number; at--)
        k->list[at] = k->list[at - 1];
    k->list[at] = *added;
    k->bytes += added->bytes;
}

static bool parse_name(struct str name, struct kept_journal *kept)
{
    struct str number;
    return take_until(&name, '-', &number) && store_journal_number(number, &kept->number) &&
           str_to_u64(name, &kept->blocks);
}

void kept_load(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct err ignored;
    struct str *names;
    size_t n;
    if (!folder_list(kept_path(s, "", &arena), &arena, &names, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        struct kept_journal kept = {0};
        struct stat st;
        if (str_ends(names[i], FORWARD_POSITION))
            s->kept.needed_from = 0;
        if (!parse_name(names[i], &kept) ||
            !path_stat(kept_journal_path(s, kept.number, kept.blocks, &arena), &st, &ignored))
            continue;
        kept.bytes = (uint64_t)st.st_size;
        kept.newest_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S;
        list(&s->kept, &kept);
        s->last_number = max_of(s->last_number, kept.number);
    }
}

static bool count_blocks(const struct file *f, uint64_t end, struct kept_journal *kept,
                         struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    struct frame frame;
    if (!journal_reader_open(&r, f, end, err))
        return false;
    if (end != UINT64_MAX)
        r.health.end = r.limit;
    while (journal_next(&r, false, &frame, err)) {
        kept->blocks += frame.kind == FRAME_BLOCK;
        kept->newest_ns = frame.time_ns;
    }
    kept->bytes = r.health.end;
    return err->code == ERR_NONE;
}

/* Cuts off what does not count. */
static bool make_whole(const struct store *s, const char *path, uint64_t end,
                       struct kept_journal *kept, struct err *err)
{
    defer(file_close) struct file f = {0};
    return file_open(&f, path, FILE_WRITE, err) &&
           count_blocks(&f, min_of(end, store_limit_of(s, kept->number)), kept, err) &&
           file_truncate(&f, kept->bytes, err) && file_sync(&f, err);
}

static bool keep(struct store *s, uint64_t number, const char *path, uint64_t end, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct kept_journal kept = {.number = number};
    if (!make_whole(s, path, end, &kept, err))
        return false;
    if (kept.blocks == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no block in it");
    if (!folder_make(kept_path(s, "", &arena), err) ||
        !file_rename(path, kept_journal_path(s, number, kept.blocks, &arena), err))
        return false;
    list(&s->kept, &kept);
    s->kept.changes++;
    return true;
}

bool store_retire_journal(struct store *s, uint64_t number, const char *path, uint64_t end,
                          uint64_t *freed, struct err *err)
{
    *freed = 0;
    if (number >= s->kept.needed_from) {
        if (keep(s, number, path, end, err))
            return true;
        /* A disk that is too full to give it another name has to become less full. */
        bool may_go =
            err->code == ERR_NOT_FOUND || err->code == ERR_CORRUPT || err->code == ERR_FULL;
        if (!may_go)
            return false;
    }
    if (!store_remove_file(s, path, err))
        return false;
    *freed = end == UINT64_MAX ? 0 : end;
    s->kept.changes++;
    return true;
}

bool kept_remove_first(struct store *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct kept *k = &s->kept;
    if (!s->rehearsal &&
        !store_remove_file(s, kept_journal_path(s, k->list[0].number, k->list[0].blocks, &arena),
                           err))
        return false;
    k->bytes -= k->list[0].bytes;
    memmove(k->list, k->list + 1, --k->n * sizeof *k->list);
    k->changes++;
    if (k->n == 0 && !s->rehearsal)
        folder_remove_empty(kept_path(s, "", &arena)); /* no position is there either */
    return true;
}
