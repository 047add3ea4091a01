#include "base/config_live.h"

#include "base/mem.h"

static bool read_whole(const struct live_config *l, struct config **out, struct warnings *w,
                       struct err *err)
{
    struct config *c = mem_new(struct config);
    bool good = config_load(c, l->path, w, err);
    if (good && l->adjust && !l->adjust(c, l->data, err)) {
        config_free(c);
        good = false;
    }
    if (good)
        *out = c;
    else
        mem_free(&c);
    return good;
}

static void drop(struct config **c)
{
    config_free(*c);
    mem_free(c);
}

bool live_config_open(struct live_config *l, struct warnings *w, struct err *err)
{
    if (!read_whole(l, &l->first, w, err))
        return false;
    l->now = l->first;
    return true;
}

void live_config_close(struct live_config *l)
{
    if (l->now && l->now != l->first)
        drop(&l->now);
    if (l->first)
        drop(&l->first);
    l->now = NULL;
}

static bool matters(const struct live_config *l, const char *path)
{
    for (size_t i = 0; l->sections[i]; i++) {
        if (str_starts(str_from(path), str_from(l->sections[i])))
            return true;
    }
    return false;
}

/* Live keys against what was in force, the others against what the program was started with. */
static void report_changes(const struct live_config *l, const struct config *next, struct buf *b)
{
    size_t start = b->len;
    for (size_t i = 0; i < config_table.n; i++) {
        const struct option *row = &config_table.rows[i];
        const struct config *before = row->live ? l->now : l->first;
        struct str text = next->options.rows[i].text;
        if (!row->path || !matters(l, row->path) || str_equal(text, before->options.rows[i].text))
            continue;
        buf_add(b, b->len > start ? STR("; ") : STR(""));
        if (row->live)
            buf_print(b, "%s is now %.*s", row->path, STR_ARG(text.len ? text : STR("empty")));
        else
            buf_print(b, "%s needs a restart", row->path);
    }
    if (b->len == start)
        buf_add(b, STR("nothing has changed"));
}

bool live_config_reload(struct live_config *l, struct warnings *w, struct buf *report,
                        struct err *err)
{
    struct config *next = NULL;
    if (!read_whole(l, &next, w, err))
        return false;
    report_changes(l, next, report);
    l->apply(next, l->data);
    if (l->now != l->first)
        drop(&l->now);
    l->now = next;
    return true;
}
