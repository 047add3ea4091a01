#include "query/show.h"

#include "base/mem.h"
#include "base/say.h"
#include "base/zones.h"
#include "query/engine/time_words.h"

#include <stdlib.h>
#include <unistd.h>

const char *const show_output_words[] = {"text", "raw", "json", NULL};
const char *const show_color_words[] = {"auto", "always", "never", NULL};
const char *const show_time_words[] = {"auto", "short", "iso", "ns", "unix", "none", NULL};

enum {
    TIME_WORD_AUTO,
    TIME_WORD_SHORT,
    TIME_WORD_ISO,
    TIME_WORD_NS,
    TIME_WORD_UNIX,
    TIME_WORD_NONE
};

const struct zone *show_zone(bool utc)
{
    static struct zone *local;
    struct err ignored;
    if (!utc && !local)
        zone_local(&local, &ignored);
    return utc ? NULL : local;
}

static enum print_time time_form(int word, bool terminal)
{
    switch (word) {
    case TIME_WORD_SHORT:
        return TIME_SHORT;
    case TIME_WORD_ISO:
        return TIME_ISO;
    case TIME_WORD_NS:
        return TIME_NS;
    case TIME_WORD_UNIX:
        return TIME_UNIX;
    case TIME_WORD_NONE:
        return TIME_OFF;
    default:
        return terminal ? TIME_SHORT : TIME_ISO;
    }
}

static bool wants_colour(int color, const struct config *config, bool terminal)
{
    int when = color != COLOR_AUTO ? color : (int)config->query.color;
    const char *none = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
    const char *term = getenv("TERM");
    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    if (none && *none)
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return terminal && term && strcmp(term, "dumb") != 0;
}

bool show_resolve(const struct show_flags *f, const struct config *config,
                  const struct query *query, struct print_options *p, struct pattern **pattern,
                  struct err *err)
{
    static const enum print_output outputs[] = {PRINT_TEXT, PRINT_RAW, PRINT_JSON};
    const char *grep_colors = getenv("GREP_COLORS");
    p->output = f->without_names ? PRINT_RAW : outputs[f->output];
    p->terminal = isatty(STDOUT_FILENO);
    p->time = time_form(f->time, p->terminal);
    p->zone = show_zone(f->utc);
    p->with_host = f->with_host;
    p->with_reference = f->reference;
    p->only_matching = f->only_matching;
    p->with_context = query->before || query->after;
    p->colour = p->output != PRINT_JSON && wants_colour(f->color, config, p->terminal);
    p->nul_ends = f->nul_ends;
    p->match_colour = print_match_colour(str_from(grep_colors ? grep_colors : ""));
    if (query->patterns.n == 0 || (!f->only_matching && !p->colour))
        return true;
    if (!pattern_compile(pattern, query->patterns.items, query->patterns.n, query->options, err))
        return false;
    p->pattern = *pattern;
    return true;
}

bool time_flag(const char *flag, struct str text, const struct zone *zone, bool loud, int64_t *ns,
               struct err *err)
{
    bool twice = false, is_until = strcmp(flag, "--until") == 0;
    const struct time_words how = {.now_ns = time_now(), .zone = zone, .is_until = is_until};
    if (text.len == 0)
        return true;
    if (!time_words_parse(text, &how, ns, &twice, err))
        return err_wrap(err, "%s", flag);
    if (twice && loud)
        say("note: %s %.*s was there twice that day; the %s one is meant", flag, STR_ARG(text),
            is_until ? "later" : "earlier");
    return true;
}
