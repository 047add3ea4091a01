#include "base/config_live.h"

#include "base/log.h"
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

/* Changes, one behind the other. */
struct report {
    struct buf *b;
    size_t start;
};

static void report_change(struct report *r, struct str key, const char *what, struct str value)
{
    buf_add(r->b, r->b->len > r->start ? STR("; ") : STR(""));
    buf_print(r->b, "%.*s %s%.*s", STR_ARG(key), what, STR_ARG(value));
}

static void put_entry(struct buf *b, const struct yaml *entry)
{
    if (entry)
        yaml_print(b, entry);
    else
        buf_add(b, STR("off"));
}

static void report_entry(struct report *r, struct str prefix, struct str name,
                         const struct yaml *before, const struct yaml *next)
{
    defer(buf_free) struct buf key = {0}, was = {0}, is = {0};
    put_entry(&was, before);
    put_entry(&is, next);
    if (str_equal(buf_str(&was), buf_str(&is)))
        return;
    buf_print(&key, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name));
    report_change(r, buf_str(&key), "is now ", buf_str(&is));
}

static void report_entries(struct report *r, const char *path, const struct yaml *before,
                           const struct yaml *next)
{
    struct str prefix = str_slice(str_from(path), 0, strlen(path) - 1);
    yaml_each (next, entry)
        report_entry(r, prefix, entry->key, yaml_get(before, entry->key), entry);
    yaml_each (before, entry) {
        if (!yaml_get(next, entry->key))
            report_entry(r, prefix, entry->key, entry, NULL);
    }
}

/* Live keys against what was in force, the others against what the program was started with. */
static void report_changes(const struct live_config *l, const struct config *next, struct buf *b)
{
    struct report r = {b, b->len};
    for (size_t i = 0; i < config_table.n; i++) {
        const struct option *row = &config_table.rows[i];
        const struct config *before = row->live ? l->now : l->first;
        struct str text = next->options.rows[i].text;
        if (!row->path || !matters(l, row->path) || str_equal(text, before->options.rows[i].text))
            continue;
        if (row->type == OPTION_ENTRIES)
            report_entries(&r, row->path, options_entries(&before->options, i),
                           options_entries(&next->options, i));
        else if (row->live)
            report_change(&r, str_from(row->path), "is now ", text.len ? text : STR("empty"));
        else
            report_change(&r, str_from(row->path), "needs a restart", STR(""));
    }
    if (b->len == r.start)
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

bool live_config_reload_logged(struct live_config *l, struct buf *report, struct err *err)
{
    struct warnings w = {0};
    bool good = live_config_reload(l, &w, report, err);
    warnings_log(&w);
    if (good)
        log_info("configuration read again: %.*s", STR_ARG(buf_str(report)));
    else
        log_error("the new configuration is wrong, the old one stays: %s", err->text);
    return good;
}
