/*
 * Where the shipper looks for files: the patterns it was given and those of containers, the folders that
 * are watched for them, and what is done about a hint.
 *
 *     every SCAN_MS, or a hint about something unknown ─▶ watch folders ─▶ containers ─▶ tailer_scan
 *     a hint about a known file or folder ─▶ tailer_hint
 */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "shipper/discover.h"
#include "shipper/glob.h"
#include "shipper/ship_parts.h"

enum {
    LOOK_PAUSE_MS = 50, /* between looks at everything because of hints */
    MOUNTINFO_MAX = 4 << 20
};

void ship_open_discover(struct ship *s)
{
    struct err ignored;
    defer(buf_free) struct buf mountinfo = {.max = MOUNTINFO_MAX};
    defer(discover_free) struct discover *former = move(s->discover);
    if (!ship_takes_containers(s->options, &s->config->shipper))
        return;
    file_load("/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, &ignored);
    s->discover = discover_new(&s->config->shipper, buf_str(&mountinfo), ship_steady_now(s));
    if (former)
        discover_inherit(s->discover, former);
}

struct stream_rules *ship_new_rules(struct ship *s)
{
    const struct stream_rules_options options = {
        .config = &s->config->shipper,
        .labels = &s->options->labels,
        .zones = &s->zones,
        .discover = s->discover,
        .first_file = s->options->n_globs,
    };
    return stream_rules_new(&options);
}

struct tail_glob *ship_globs(const struct ship *s, struct arena *arena, size_t *n)
{
    const struct tail_glob *found;
    const struct config_shipper *c = &s->config->shipper;
    size_t n_found = s->discover ? discover_globs(s->discover, &found) : 0;
    struct tail_glob *all =
        arena_array(arena, struct tail_glob, s->options->n_globs + c->files_n + n_found + 1);
    *n = 0;
    for (size_t i = 0; i < s->options->n_globs; i++)
        all[(*n)++] = s->options->globs[i];
    for (size_t i = 0; i < c->files_n && !s->options->reads_stdin; i++)
        all[(*n)++] =
            (struct tail_glob){.pattern = c->files[i].path, .service = c->files[i].service};
    for (size_t i = 0; i < n_found; i++)
        all[(*n)++] = found[i];
    return all;
}

void ship_reload_sources(struct ship *s)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    size_t n;
    if (!s->tailer || s->phase > SHIP_RUNNING)
        return;
    ship_open_discover(s);
    struct stream_rules *former = s->rules;
    s->rules = ship_new_rules(s);
    struct tail_glob *globs = ship_globs(s, &arena, &n);
    if (!tailer_set_globs(s->tailer, globs, n, s->discover ? discover_admit : NULL, s->discover,
                          &err))
        log_error("shipper.sources: %s", err.text); /* checked before: ship_sources_check */
    tailer_set_multiline(s->tailer, stream_rules_multiline, s->rules);
    stream_rules_free(&former);
    ship_look_around(s);
}

/* ---- folders ---- */

static void watch_pattern_folder(void *context, struct str folder)
{
    struct ship *s = context;
    watch_folder(s->watch, folder);
}

/* The folders of the files, and those in which folders of a pattern come and go. */
static void watch_pattern(struct ship *s, struct str pattern)
{
    do {
        glob_folders(pattern, watch_pattern_folder, s);
        pattern = path_folder(pattern);
    } while (has_wildcards(pattern));
}

/* Watched before they are listed: what changes after the listing must not wait for the next one, or
 * lines are read before those of a file that was rotated away meanwhile. */
void ship_look_around(struct ship *s)
{
    defer(arena_free) struct arena arena = {0};
    size_t n;
    struct tail_glob *globs = ship_globs(s, &arena, &n);
    for (size_t i = 0; i < n; i++)
        watch_pattern(s, globs[i].pattern);
    watch_sweep(s->watch);
    if (s->discover && discover_look(s->discover, ship_steady_now(s)))
        batcher_ask_again(s->batcher);
    tailer_scan(s->tailer, ship_steady_now(s));
}

/* Folders may have come, in which a container writes that is soon gone. At most half of the time goes
 * into looking. */
void ship_look_if_due(struct ship *s)
{
    int64_t now = time_monotonic();
    if (!s->wants_look || now < s->look_ns || s->phase > SHIP_RUNNING)
        return;
    s->wants_look = false;
    ship_look_around(s);
    s->look_ns = now + max_of(2 * (time_monotonic() - now), LOOK_PAUSE_MS * NS_PER_MS);
}

static bool is_folder(struct str path)
{
    struct stat st;
    struct err ignored;
    return path_stat(path.ptr, &st, &ignored) && S_ISDIR(st.st_mode);
}

void ship_hint(struct ship *s, struct str path)
{
    bool is_known = tailer_hint(s->tailer, path, ship_steady_now(s));
    s->wants_look |= !is_known || is_folder(path);
}

/* ---- for people ---- */

/* Of an ignored file, as if it were read. */
static struct tail_stream stream_of_path(const struct ship *s, struct str path)
{
    const struct tail_glob *globs;
    size_t n = discover_globs(s->discover, &globs);
    struct tail_stream stream = {.file = path};
    for (size_t i = 0; i < n; i++) {
        if (!glob_match_path(globs[i].pattern, path))
            continue;
        stream.place = globs[i].place;
        break;
    }
    return stream;
}

void ship_put_source_name(const struct ship *s, const struct tail_status *t, struct buf *out)
{
    bool is_container = t->stream && t->stream->place != PLACE_FILES;
    if (!s->discover || (t->stream && !is_container)) {
        buf_print(out, "file:%.*s", STR_ARG(t->path));
        return;
    }
    struct tail_stream stream = t->stream ? *t->stream : stream_of_path(s, t->path);
    discover_put_name(s->discover, &stream, out);
}
