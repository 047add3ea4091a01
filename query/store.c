/* What can be done with the files of a store, whether a collector has it or not. */
#include "base/file.h"
#include "base/front.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "base/say.h"
#include "collector/store/parts.h"
#include "collector/store/retention_rules.h"
#include "query/client.h"
#include "query/commands.h"
#include "query/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EXIT_INCOMPLETE = 3 };
enum form { FORM_TEXT, FORM_JSON };
enum by { BY_DAY, BY_SERVICE };

struct store_flags {
    struct str config, store;
    struct str_list collector;
    int64_t days;
    int output, by;
    bool wait, help;
};

static const char *const output_words[] = {"text", "json", NULL};
static const char *const by_words[] = {"day", "service", NULL};

#define FIELD(name) .field = offsetof(struct store_flags, name)

/* clang-format off */
static const struct option rows[] = {
    FRONT_CONFIG,
    {.flag = "store", .type = OPTION_PATH, FIELD(store), .value_name = "FOLDER",
     .help = "the store (default collector.data of the configuration)"},
    {.flag = "collector", .type = OPTION_STRINGS, FIELD(collector), .value_name = "URL",
     .help = "merge, archive: which collector to ask"},
    {.flag = "days", .type = OPTION_INTEGER, FIELD(days), .least = 1, .most = 100000, .value_name = "NUM",
     .help = "du: only the last so many"},
    {.flag = "by", .type = OPTION_WORD, FIELD(by), .words = by_words, .initial = "day", .value_name = "WHAT",
     .help = "du: day, or service"},
    {.flag = "wait", .type = OPTION_BOOLEAN, FIELD(wait), .help = "merge, archive: until it is done"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "store", &table,
    STR_INIT("usage: sluice store verify [OPTIONS]\n"
             "       sluice store du [OPTIONS]\n"
             "       sluice store plan [OPTIONS]\n"
             "       sluice store merge [OPTIONS]\n"
             "       sluice store archive [OPTIONS]\n"
             "       sluice store backup [OPTIONS] FOLDER\n"
             "       sluice store restore [OPTIONS] BACKUP\n"
             "       sluice store export [OPTIONS] [SERVICE | NAME=VALUE]...\n"
             "       sluice store import [OPTIONS] FILE... [NAME=VALUE]...\n\n"
             "verify   reads everything and checks it; 3 if something is damaged\n"
             "du       sizes by day: lines, and what they take on disk; how it grows.\n"
             "         --by service: of each service, its share, and its growth\n"
             "plan     what retention will remove, when, and why; the rules are those of the\n"
             "         configuration\n"
             "merge    has a collector merge all its journals now. It does so by itself when\n"
             "         they are large or nothing comes for a while\n"
             "archive  has it pack all days that are over once more. It does so by itself\n"
             "         after collector.retention.archive_after\n"
             "backup   a consistent copy of a store, running or not, with a manifest of\n"
             "         checksums. Again into the same folder only what is new is copied.\n"
             "         sluice grep --store FOLDER searches it in place.\n"
             "restore  of a backup into --store, which must not exist or be empty\n"
             "export   records as JSON or lines; sluice store export --help tells more\n"
             "import   old log files, and exports; sluice store import --help tells more\n\n")};

/* ---- verify ---- */

static void tell(void *context, const char *text)
{
    (void)context;
    say("sluice store: %s", text);
}

static int verify(const struct store_flags *f)
{
    struct err err;
    struct store_verdict v;
    if (!store_verify(f->store.ptr, tell, NULL, &v, &err))
        return front_fail(&front, "%s", err.text);
    if (f->output == FORM_JSON)
        printf("{\"parts\":%llu,\"blocks\":%llu,\"records\":%llu,\"line_bytes\":%llu,\"damaged\":%"
               "llu}\n",
               (unsigned long long)v.parts, (unsigned long long)v.blocks,
               (unsigned long long)v.records, (unsigned long long)v.line_bytes,
               (unsigned long long)v.damaged);
    else
        printf("%llu files, %llu blocks, %llu records, %llu bytes of lines: %llu damaged places\n",
               (unsigned long long)v.parts, (unsigned long long)v.blocks,
               (unsigned long long)v.records, (unsigned long long)v.line_bytes,
               (unsigned long long)v.damaged);
    return v.damaged ? EXIT_INCOMPLETE : 0;
}

/* ---- du ---- */

struct amount {
    uint64_t files, records, line_bytes, bytes;
};

static void print_amount(const struct store_flags *f, const char *day, const struct amount *a)
{
    char lines[16], stored[16];
    if (f->output == FORM_JSON) {
        printf("{\"day\":\"%s\",\"files\":%llu,\"records\":%llu,\"line_bytes\":%llu,\"stored_"
               "bytes\":%llu}\n",
               day, (unsigned long long)a->files, (unsigned long long)a->records,
               (unsigned long long)a->line_bytes, (unsigned long long)a->bytes);
        return;
    }
    printf("%-10s %6llu files %12llu records %10s of lines %10s on disk %6.1f %%\n", day,
           (unsigned long long)a->files, (unsigned long long)a->records,
           human_size(a->line_bytes, lines), human_size(a->bytes, stored),
           a->line_bytes ? 100.0 * (double)a->bytes / (double)a->line_bytes : 0);
}

static int by_day(const void *a, const void *b)
{
    const struct store_part *x = a, *y = b;
    return (x->oldest_arrival_ns > y->oldest_arrival_ns) -
           (x->oldest_arrival_ns < y->oldest_arrival_ns);
}

/* What came on the whole days before today, and how long that goes on. */
struct growth {
    uint64_t bytes;
    unsigned days;
};

static void print_growth(const struct store_flags *f, const struct config *config,
                         const struct growth *g, uint64_t total)
{
    struct err unknown;
    uint64_t free_bytes, size, each = g->days ? g->bytes / g->days : 0;
    char text[16];
    if (each == 0 || !disk_space(f->store.ptr, &free_bytes, &size, &unknown))
        return;
    uint64_t keep_free = share_of(config->collector.keep_free, size);
    uint64_t max_size = config->collector.max_size;
    uint64_t room = free_bytes - min_of(free_bytes, keep_free);
    bool is_by_size = max_size && max_size - min_of(max_size, total) < room;
    room = is_by_size ? max_size - min_of(max_size, total) : room;
    const char *limit = is_by_size ? "max_size" : "keep_free";
    if (f->output == FORM_JSON)
        printf("{\"grows_per_day\":%llu,\"full_in_days\":%llu,\"limit\":\"%s\"}\n",
               (unsigned long long)each, (unsigned long long)(room / each), limit);
    else
        printf(
            "grows by %s a day (the last %u whole day%s); full in %llu days, if nothing is removed "
            "before (%s)\n",
            human_size(each, text), g->days, g->days == 1 ? "" : "s",
            (unsigned long long)(room / each), limit);
}

static int du(const struct store_flags *f, const struct config *config)
{
    enum { GROWTH_DAYS = 7 };
    struct err err;
    size_t n;
    defer(view_close) struct view *v = NULL;
    if (!view_open_folder(&v, f->store.ptr, &err))
        return front_fail(&front, "%s", err.text);
    const struct store_part *found = view_parts(v, &n);
    struct store_part *parts = view_allocate(v, (n + 1) * sizeof *parts);
    if (n) {
        memcpy(parts, found, n * sizeof *parts);
        qsort(parts, n, sizeof *parts, by_day);
    }
    struct amount all = {0};
    struct growth growth = {0};
    int64_t today = time_now() / NS_PER_DAY;
    for (size_t i = 0, end; i < n; i = end) {
        struct amount day = {0};
        int64_t number = parts[i].oldest_arrival_ns / NS_PER_DAY;
        for (end = i; end < n; end++) {
            if (parts[end].records && parts[end].oldest_arrival_ns / NS_PER_DAY != number)
                break;
            day.files++;
            day.records += parts[end].records;
            day.line_bytes += parts[end].line_bytes;
            day.bytes += parts[end].bytes;
        }
        char text[DAY_TEXT];
        day_text(parts[i].oldest_arrival_ns, text);
        if (day.records && (f->days == 0 || today - number < f->days))
            print_amount(f, text, &day);
        if (number < today && today - number <= GROWTH_DAYS) {
            growth.bytes += day.bytes;
            growth.days++;
        }
        all.files += day.files;
        all.records += day.records;
        all.line_bytes += day.line_bytes;
        all.bytes += day.bytes;
    }
    print_amount(f, "total", &all);
    print_growth(f, config, &growth, all.bytes);
    return 0;
}

/* ---- plan ---- */

static void print_planned(const struct store_flags *f, const struct store_planned *p)
{
    defer(buf_free) struct buf when = {0};
    char size[16];
    if (p->when_ns == INT64_MAX)
        buf_add(&when, STR("never"));
    else
        put_rfc3339(&when, p->when_ns, 0);
    if (f->output == FORM_JSON)
        printf("{\"file\":\"%s\",\"records\":%llu,\"stored_bytes\":%llu,\"goes\":\"%s\",\"why\":\"%"
               "s\"}\n",
               p->part->name, (unsigned long long)p->part->records,
               (unsigned long long)p->part->bytes, buf_text(&when), p->why);
    else
        printf("%-20s  %-42s %12llu records %10s  %s\n", buf_text(&when), p->part->name,
               (unsigned long long)p->part->records, human_size(p->part->bytes, size), p->why);
}

/* What retention will remove, in its order, as things are now. */
static int plan(const struct store_flags *f, const struct config *config)
{
    struct err err;
    size_t n;
    uint64_t free_bytes, size;
    defer(arena_free) struct arena arena = {0};
    defer(view_close) struct view *v = NULL;
    const struct store_planned *planned;
    if (!disk_space(f->store.ptr, &free_bytes, &size, &err))
        return front_fail(&front, "%s", err.text);
    const struct store_retention rules =
        retention_of(config, share_of(config->collector.keep_free, size), &arena);
    if (!view_open_folder(&v, f->store.ptr, &err) ||
        !view_plan(v, &rules, time_now(), &planned, &n, &err))
        return front_fail(&front, "%s", err.text);
    for (size_t i = 0; i < n; i++)
        if (planned[i].part->records)
            print_planned(f, &planned[i]);
    return 0;
}

/* ---- merge, archive ---- */

static bool ask_whether_merging(struct client *client, bool *is_merging, struct err *err)
{
    defer(buf_free) struct buf answer = {.max = 64 << 10};
    if (!client_call(client, "GET", "/api/v1/status?output=json", &answer, err))
        return false;
    *is_merging = str_find(buf_str(&answer), STR("\"merging\":true")) != SIZE_MAX;
    return true;
}

static int merge(const struct store_flags *f, const struct config *config, const char *path)
{
    struct err err;
    struct warnings w = {0};
    defer(client_free) struct client client = {0};
    defer(buf_free) struct buf answer = {0};
    if (!client_init(&client, &f->collector, config, &w, &err) ||
        !client_call(&client, "POST", path, &answer, &err))
        return front_fail(&front, "%s", err.text);
    for (bool is_merging = f->wait; is_merging;) {
        nanosleep(&(struct timespec){.tv_nsec = 200 * NS_PER_MS}, NULL);
        if (!ask_whether_merging(&client, &is_merging, &err))
            return front_fail(&front, "%s", err.text);
    }
    return 0;
}

/* ---- copies ---- */

static int say_copied(const struct store_flags *f, const char *what, const struct store_copied *c)
{
    if (f->output == FORM_JSON)
        printf("{\"files\":%llu,\"bytes\":%llu,\"linked\":%llu,\"kept\":%llu}\n",
               (unsigned long long)c->files, (unsigned long long)c->bytes,
               (unsigned long long)c->linked, (unsigned long long)c->kept);
    else
        printf("%s: %llu files, %llu bytes; %llu linked, %llu were there already\n", what,
               (unsigned long long)c->files, (unsigned long long)c->bytes,
               (unsigned long long)c->linked, (unsigned long long)c->kept);
    return 0;
}

static int back_up(const struct store_flags *f, struct str to)
{
    struct err err;
    struct store_copied copied;
    if (!store_back_up(f->store.ptr, to.ptr, &copied, &err))
        return front_fail(&front, "%s", err.text);
    return say_copied(f, "backed up", &copied);
}

static int restore(const struct store_flags *f, struct str from)
{
    struct err err;
    struct store_copied copied;
    if (!store_restore(from.ptr, f->store.ptr, &copied, &err))
        return front_fail(&front, "%s", err.text);
    return say_copied(f, "restored", &copied);
}

int command_store(int argc, char **argv)
{
    struct store_flags f;
    struct options given;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    if (argc > 0 && strcmp(argv[0], "export") == 0) /* with flags of their own */
        return command_store_export(argc - 1, argv + 1);
    if (argc > 0 && strcmp(argv[0], "import") == 0)
        return command_store_import(argc - 1, argv + 1);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status))
        return status;
    struct str what = given.operands.n ? given.operands.items[0] : STR("");
    bool is_copy = str_equal(what, STR("backup")) || str_equal(what, STR("restore"));
    if (given.operands.n != (is_copy ? 2u : 1u))
        return front_fail(
            &front, "say what: verify, du, plan, merge, archive, backup FOLDER, restore BACKUP, "
                    "export or import FILE");
    if (!front_config(&front, &config, f.config, false, &status))
        return status;
    if (f.store.len == 0)
        f.store = config.collector.data;
    if (str_equal(what, STR("verify")))
        return verify(&f);
    if (str_equal(what, STR("du")) && f.by == BY_SERVICE)
        return print_services(&front, f.store.ptr, f.days, f.output == FORM_JSON);
    if (str_equal(what, STR("du")))
        return du(&f, &config);
    if (str_equal(what, STR("plan")))
        return plan(&f, &config);
    if (str_equal(what, STR("merge")))
        return merge(&f, &config, "/api/v1/store/merge");
    if (str_equal(what, STR("archive")))
        return merge(&f, &config, "/api/v1/store/archive");
    if (is_copy)
        return str_equal(what, STR("backup")) ? back_up(&f, given.operands.items[1])
                                              : restore(&f, given.operands.items[1]);
    return front_fail(&front,
                      "there is no '%.*s'; say verify, du, plan, merge, archive, backup, restore, "
                      "export or import",
                      STR_ARG(what));
}
