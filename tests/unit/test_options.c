#include "base/mem.h"
#include "base/options.h"
#include "base/time.h"
#include "tests/test.h"

enum mode { MODE_FIXED, MODE_EXTENDED };

struct sample {
    bool on, quiet, ignore_case;
    int64_t count, span;
    uint64_t size, ceiling;
    struct share share;
    struct rate rate;
    struct str name, path, secret, listen;
    enum mode mode;
    struct str_list patterns, words;
    struct str_pairs labels;
    const struct yaml *items;
};

static const char *const modes[] = {"fixed", "extended", NULL};
static const char *const whens[] = {"auto", "always", "never", NULL};

/* clang-format off */
static const struct option rows[] = {
    {.type = OPTION_HEADING, .help = "Patterns"},
    {.path = "on", .type = OPTION_BOOLEAN, .field = offsetof(struct sample, on), .initial = "true"},
    {.flag = "regexp", .letter = 'e', .type = OPTION_STRINGS, .value_name = "PATTERN",
     .field = offsetof(struct sample, patterns), .help = "a pattern; may be given several times"},
    {.flag = "ignore-case", .letter = 'i', .type = OPTION_BOOLEAN,
     .field = offsetof(struct sample, ignore_case), .help = "upper and lower case are the same"},
    {.flag = "fixed-strings", .letter = 'F', .type = OPTION_WORD, .words = modes, .initial = "fixed",
     .implied = "fixed", .field = offsetof(struct sample, mode), .help = "patterns are plain text"},
    {.flag = "extended-regexp", .letter = 'E', .type = OPTION_WORD, .words = modes,
     .initial = "fixed", .implied = "extended", .field = offsetof(struct sample, mode),
     .help = "patterns are extended regular expressions, as those of grep -E, which has many words"},
    {.type = OPTION_HEADING, .help = "Output"},
    {.path = "limits.count", .flag = "max-count", .letter = 'm', .type = OPTION_INTEGER,
     .initial = "8", .value_name = "NUM", .field = offsetof(struct sample, count), .least = 1,
     .most = 100, .help = "stop after so many records"},
    {.flag = "quiet", .letter = 'q', .type = OPTION_BOOLEAN, .field = offsetof(struct sample, quiet),
     .help = "print nothing"},
    {.flag = "color", .type = OPTION_WORD, .words = whens, .initial = "auto", .implied = "always",
     .optional_value = true, .value_name = "WHEN", .field = OPTION_NOWHERE, .help = "colours"},
    {.letter = 'a', .type = OPTION_BOOLEAN, .field = OPTION_NOWHERE},
    {.path = "limits.size", .type = OPTION_SIZE, .field = offsetof(struct sample, size),
     .initial = "64KiB", .least = 1024, .most = 1 << 30},
    {.path = "limits.ceiling", .type = OPTION_SIZE, .field = offsetof(struct sample, ceiling),
     .initial = "", .off = "off"},
    {.path = "limits.share", .type = OPTION_SHARE, .field = offsetof(struct sample, share),
     .initial = "5%", .off = "off"},
    {.path = "limits.span", .flag = "since", .type = OPTION_DURATION, .initial = "1s",
     .field = offsetof(struct sample, span), .least = NS_PER_MS, .most = NS_PER_DAY,
     .value_name = "TIME", .help = "how far back"},
    {.path = "limits.rate", .type = OPTION_RATE, .field = offsetof(struct sample, rate)},
    {.path = "name", .type = OPTION_STRING, .field = offsetof(struct sample, name), .initial = "x"},
    {.path = "path", .type = OPTION_PATH, .field = offsetof(struct sample, path)},
    {.path = "secret_file", .type = OPTION_SECRET, .field = offsetof(struct sample, secret)},
    {.path = "listen", .type = OPTION_STRING, .field = offsetof(struct sample, listen),
     .initial = "127.0.0.1:1", .off = "off"},
    {.path = "words", .type = OPTION_STRINGS, .field = offsetof(struct sample, words),
     .initial = "[a, b]"},
    {.path = "labels", .type = OPTION_PAIRS, .field = offsetof(struct sample, labels),
     .initial = "{}"},
    {.path = "items", .type = OPTION_MAPS, .field = offsetof(struct sample, items), .initial = "[]",
     .off = "off"},
    {.path = "source", .type = OPTION_SWITCH, .not_built = true, .field = OPTION_NOWHERE,
     .initial = "{}", .off = "off"},
    {.path = "source.paths", .type = OPTION_STRINGS, .not_built = true, .field = OPTION_NOWHERE,
     .initial = "[auto]"},
    {.path = "source.mode", .type = OPTION_WORD, .not_built = true, .field = OPTION_NOWHERE,
     .initial = "auto", .off = "never", .words = whens},
};
/* clang-format on */

static const struct option_hint hints[] = {
    {"-t", "times are always shown; see --time"}, {"--include", "use service=NAME"}, {0}};
static const struct option_table table = {rows, countof(rows), hints};

static struct arena arena;
static struct sample sample;
static struct options options;
static struct err err;

static const char *read_yaml(const char *text)
{
    struct yaml *root;
    options_defaults(&options, &table, &sample, &arena);
    if (!yaml_read(str_from(text), "f.yml", &arena, &root, &err) ||
        !options_read_yaml(&options, root, &err))
        return err.text;
    return "";
}

#define YAML(text, expected) CHECK_STR(str_from(read_yaml(text)), STR(expected))

#define ARGV(...)                                                           \
    ({                                                                      \
        const char *argv_[] = {"command" __VA_OPT__(, ) __VA_ARGS__, NULL}; \
        read_argv(countof(argv_) - 2, argv_ + 1);                           \
    })

static const char *read_argv(int argc, const char **argv)
{
    options_defaults(&options, &table, &sample, &arena);
    return options_read_argv(&options, argc, (char **)(uintptr_t)argv, &err) ? "" : err.text;
}

TEST(options_have_typed_defaults)
{
    YAML("", "");
    CHECK(sample.on && !sample.quiet);
    CHECK_INT(sample.size, 65536);
    CHECK_INT(sample.ceiling, 0);
    CHECK_INT(sample.share.percent, 5);
    CHECK_INT(sample.span, NS_PER_S);
    CHECK_INT(sample.rate.per_second, 0);
    CHECK_STR(sample.name, STR("x"));
    CHECK_INT(sample.words.n, 2);
    CHECK_STR(sample.words.items[1], STR("b"));
    CHECK_INT(sample.items->n, 0);
    arena_free(&arena);
}

TEST(options_read_every_type)
{
    YAML("on: false\nname: 'off'\npath: /a b\nsecret_file: /s\nlisten: off\n"
         "limits: {count: 9, size: 2MiB, ceiling: 20GB, share: 1GiB, span: 1h30m, rate: 2MiB/s}\n"
         "words: one\nlabels: {z: 1, a: true}\nitems:\n  - {k: v}\nsource: off\n",
         "");
    CHECK(!sample.on);
    CHECK_INT(sample.count, 9);
    CHECK_INT(sample.size, 2 << 20);
    CHECK_INT(sample.ceiling, 20000000000);
    CHECK(sample.share.percent == 0 && sample.share.bytes == 1 << 30);
    CHECK_INT(sample.span, 5400 * NS_PER_S);
    CHECK(sample.rate.per_second == 2 << 20 && sample.rate.is_bytes);
    CHECK_STR(sample.name, STR("off"));
    CHECK_STR(sample.path, STR("/a b"));
    CHECK_INT(sample.listen.len, 0);
    CHECK(sample.words.n == 1 && str_equal(sample.words.items[0], STR("one")));
    CHECK(sample.labels.n == 2 && str_equal(sample.labels.items[0].name, STR("a")));
    CHECK_STR(sample.labels.items[0].value, STR("true"));
    CHECK(sample.items->n == 1);
    YAML("items: off\nlimits: {ceiling: off, share: off, rate: 20/s}\nlisten: \"off\"", "");
    CHECK(sample.items == NULL && sample.share.percent == 0 && sample.ceiling == 0);
    CHECK(sample.rate.per_second == 20 && !sample.rate.is_bytes);
    CHECK_STR(sample.listen, STR("off"));
    YAML("limits:\nsource:\nsecret_file: ''\n", "");
    arena_free(&arena);
}

TEST(options_say_where_and_what_would_be_right)
{
    YAML("on: yes", "f.yml:1:5: on: 'yes' is not true or false (only these two, without quotes)");
    YAML("on: 'true'",
         "f.yml:1:5: on: 'true' is not true or false (only these two, without quotes)");
    YAML("limits:\n  count: 101", "f.yml:2:10: limits.count: '101' is not between 1 and 100");
    YAML("limits: {count: 1.5}", "f.yml:1:17: limits.count: '1.5' is not a whole number");
    YAML("limits: {size: 64}",
         "f.yml:1:16: limits.size: '64' has no unit; write 64MiB, 64GiB or 64MB");
    YAML("limits: {size: 64kib}",
         "f.yml:1:16: limits.size: '64kib': the unit is written KiB: 64KiB");
    YAML("limits: {size: 2G}",
         "f.yml:1:16: limits.size: '2G' has no known unit; write 2MiB, 2GiB or 2MB");
    YAML("limits: {size: 2GiB}", "f.yml:1:16: limits.size: '2GiB' is not between 1KiB and 1GiB");
    YAML("limits: {size: \"\"}",
         "f.yml:1:16: limits.size: '' is not a size; write 64KiB, 20MB or 1GiB");
    YAML("limits: {share: 101%}",
         "f.yml:1:17: limits.share: '101%' is not a whole percentage from 0% to 100%");
    YAML("limits: {span: 30}",
         "f.yml:1:16: limits.span: '30' has no unit; write 30s, 30m, 30h or 30d");
    YAML("limits: {span: 2d}", "f.yml:1:16: limits.span: '2d' is not between 1ms and 1d");
    YAML("limits: {rate: 20}", "f.yml:1:16: limits.rate: '20' is not a rate; write 2MiB/s or 20/s");
    YAML("limits: {span: off}",
         "f.yml:1:16: limits.span: 'off' is not a duration; write 10m, 1h30m or 2d");
    YAML("name: [a]", "f.yml:1:7: name: expected a text");
    YAML("words: {a: b}", "f.yml:1:8: words: expected a list such as [a, b]");
    YAML("labels: {a: [b]}", "f.yml:1:9: labels: expected a map such as {env: prod}");
    YAML("items: [a]", "f.yml:1:8: items: expected a list of maps");
    YAML("name:",
         "f.yml:1:6: name: has no value; remove the line, or write \"\" for an empty text");
    YAML("limits: 3", "f.yml:1:9: limits: expected a map of keys and values");
    arena_free(&arena);
}

TEST(options_suggest_the_nearest_key)
{
    YAML("nane: x", "f.yml:1:1: unknown key 'nane'; did you mean 'name'?");
    YAML("limits:\n  conut: 3", "f.yml:2:3: unknown key 'limits.conut'; did you mean 'count'?");
    YAML("limit: {}", "f.yml:1:1: unknown key 'limit'; did you mean 'limits'?");
    YAML("count: 3", "f.yml:1:1: unknown key 'count'; did you mean 'limits.count'?");
    YAML("zzzzzz: 3", "f.yml:1:1: unknown key 'zzzzzz'");
    YAML("'': 3", "f.yml:1:1: unknown key ''");
    YAML("limits.count: 3",
         "f.yml:1:1: write 'limits.count' as maps, without dots: {limits: {...}}");
    arena_free(&arena);
}

TEST(options_that_are_not_built_hold_their_default_only)
{
    YAML("source: {paths: [auto], mode: auto}", "");
    YAML("source: {paths: auto, mode: never}", "f.yml:1:17: source.paths: not built yet in this "
                                               "version; remove the line or leave it at its "
                                               "default");
    YAML("source: {paths: ['auto'], mode: never}", "");
    YAML("source: off", "");
    YAML("source: {mode: always}", "f.yml:1:16: source.mode: not built yet in this version; remove "
                                   "the line or leave it at its "
                                   "default");
    YAML("source: {mode: {first: x}}", "f.yml:1:16: source.mode: not built yet in this version; "
                                       "remove the line or leave it at its "
                                       "default");
    YAML("source: {mode: alway}", "f.yml:1:16: source.mode: 'alway' is not auto, always or never");
    YAML("source: on", "f.yml:1:9: source: expected a map, or off");
    arena_free(&arena);
}

TEST(options_read_gnu_command_lines)
{
    CHECK_STR(str_from(ARGV("-iqm5", "x", "-e", "one", "--regexp=two", "-ethree", "y", "--", "-i")),
              STR(""));
    CHECK(sample.ignore_case && sample.quiet && sample.on);
    CHECK_INT(sample.count, 5);
    CHECK_INT(sample.patterns.n, 3);
    CHECK_STR(sample.patterns.items[0], STR("one"));
    CHECK_STR(sample.patterns.items[2], STR("three"));
    CHECK_INT(options.operands.n, 3);
    CHECK_STR(options.operands.items[1], STR("y"));
    CHECK_STR(options.operands.items[2], STR("-i"));
    CHECK_STR(str_from(ARGV("-m", "7", "--max-count", "8", "-E", "-", "-F", "-a", "--color",
                            "--color=never", "-e", "")),
              STR(""));
    CHECK_INT(sample.count, 8);
    CHECK_INT(sample.mode, MODE_FIXED);
    CHECK(sample.patterns.n == 1 && sample.patterns.items[0].len == 0);
    CHECK_STR(options.operands.items[0], STR("-"));
    CHECK_STR(str_from(ARGV("-FE", "--since", "2h")), STR(""));
    CHECK_INT(sample.mode, MODE_EXTENDED);
    CHECK_INT(sample.span, 7200 * NS_PER_S);
    CHECK_STR(str_from(ARGV()), STR(""));
    arena_free(&arena);
}

#define BAD(expected, ...) CHECK_STR(str_from(ARGV(__VA_ARGS__)), STR(expected))

TEST(options_refuse_bad_command_lines)
{
    BAD("-t: times are always shown; see --time", "-it");
    BAD("--include: use service=NAME", "--include=x");
    BAD("unknown option -z", "-z");
    BAD("unknown option --quite; did you mean --quiet?", "--quite");
    BAD("unknown option --max", "--max", "3");
    BAD("unknown option --max-coun; did you mean --max-count?", "--max-coun=3");
    BAD("-m needs a value: -m NUM", "x", "-m");
    BAD("--regexp needs a value: --regexp PATTERN", "--regexp");
    BAD("--quiet takes no value", "--quiet=true");
    BAD("--max-count: limits.count: 'x' is not a whole number", "--max-count", "x");
    BAD("-m: limits.count: '0' is not between 1 and 100", "-m0");
    BAD("--color: 'red' is not auto, always or never", "--color=red");
    BAD("--since: limits.span: '5' has no unit; write 5s, 5m, 5h or 5d", "--since=5");
    arena_free(&arena);
}

TEST(options_help_is_aligned)
{
    defer(buf_free) struct buf b = {0};
    options_help(&table, &b);
    CHECK_STR(
        buf_str(&b),
        STR("Patterns:\n"
            "  -e, --regexp PATTERN      a pattern; may be given several times\n"
            "  -i, --ignore-case         upper and lower case are the same\n"
            "  -F, --fixed-strings       patterns are plain text\n"
            "  -E, --extended-regexp     patterns are extended regular expressions, as those\n"
            "                            of grep -E, which has many words\n"
            "\nOutput:\n"
            "  -m, --max-count NUM       stop after so many records (default 8)\n"
            "  -q, --quiet               print nothing\n"
            "      --color[=WHEN]        colours\n"
            "      --since TIME          how far back (default 1s)\n"));
}

TEST(options_show_where_values_came_from)
{
    defer(buf_free) struct buf b = {0};
    YAML("limits:\n  size: 2MiB\nwords: [x, 'y z']\nsource: off\n", "");
    const char *argv[] = {"-m", "3"};
    REQUIRE_OK(options_read_argv(&options, 2, (char **)(uintptr_t)argv, &err));
    for (size_t i = 0; i < options.table->n; i++) {
        if (options.table->rows[i].path)
            option_show(&options, i, STR(""), &b);
    }
    struct str shown = buf_str(&b);
    CHECK(str_find(shown, STR("on: true                                                "
                              "# default\n")) != SIZE_MAX);
    CHECK(str_find(shown, STR("\nlimits.size: 2MiB                                       "
                              "# f.yml:2\n")) != SIZE_MAX);
    CHECK(str_find(shown, STR("\nwords: [x, \"y z\"]  ")) != SIZE_MAX);
    CHECK(str_find(shown, STR("\nlimits.ceiling: \"\"  ")) != SIZE_MAX);
    CHECK(str_find(shown, STR("\nsource: off  ")) != SIZE_MAX);
    CHECK(str_find(shown, STR("\nlimits.count: 3                                         "
                              "# -m\n")) != SIZE_MAX);
    CHECK(!options_err(&options, "limits.size", &err, "is %d too much", 1));
    CHECK_STR(str_from(err.text), STR("f.yml:2:9: limits.size: is 1 too much"));
    options_err(&options, "name", &err, "is bad");
    CHECK_STR(str_from(err.text), STR("name: is bad"));
    arena_free(&arena);
}

TEST(quantity_reads_and_prints_sizes)
{
    static const struct {
        struct str text;
        uint64_t bytes;
    } sizes[] = {
        {STR_INIT("0B"), 0},
        {STR_INIT("1B"), 1},
        {STR_INIT("500B"), 500},
        {STR_INIT("1kB"), 1000},
        {STR_INIT("64KiB"), 65536},
        {STR_INIT("1536KiB"), 1536 << 10},
        {STR_INIT("20MB"), 20000000},
        {STR_INIT("3TB"), 3000000000000},
        {STR_INIT("8388607TiB"), (uint64_t)8388607 << 40},
    };
    for (size_t i = 0; i < countof(sizes); i++) {
        uint64_t bytes = 1;
        REQUIRE_OK(parse_size(sizes[i].text, &bytes, &err));
        CHECK_INT(bytes, sizes[i].bytes);
        defer(buf_free) struct buf b = {0};
        put_size(&b, bytes);
        CHECK_STR(buf_str(&b), sizes[i].text);
    }
    uint64_t bytes = 7;
    CHECK(!parse_size(STR("8388608TiB"), &bytes, &err) && strstr(err.text, "too large"));
    CHECK(!parse_size(STR("1.5GiB"), &bytes, &err) && strstr(err.text, "whole numbers"));
    CHECK(!parse_size(STR("-1B"), &bytes, &err) && !parse_size(STR("1 B"), &bytes, &err));
    CHECK(!parse_size(STR("GiB"), &bytes, &err) && bytes == 7);
    struct rate rate;
    CHECK(!parse_rate(STR("/s"), &rate, &err) && !parse_rate(STR("s"), &rate, &err));
    CHECK(!parse_rate(STR("2MiB/m"), &rate, &err) && !parse_rate(STR("xMiB/s"), &rate, &err));
    struct share share;
    CHECK(!parse_share(STR("%"), &share, &err) && !parse_share(STR("-1%"), &share, &err));
}

TEST(quantity_share_does_not_overflow)
{
    CHECK_INT(share_of((struct share){.percent = 5}, 1000), 50);
    CHECK_INT(share_of((struct share){.percent = 5}, 119), 5);
    CHECK(share_of((struct share){.percent = 100}, UINT64_MAX) == UINT64_MAX);
    CHECK_INT(share_of((struct share){.bytes = 7}, 1000), 7);
}
