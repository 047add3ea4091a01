#include "tests/unit/grep_helper.h"

#include "base/mem.h"
#include "tests/test.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLAGS_MAX = 16, NUMBER_MAX = 16 };

/* "-Fiwxvo" */
static void write_flags(const struct grep_case *c, char flags[FLAGS_MAX])
{
    const struct pattern_options *o = &c->options;
    snprintf(flags, FLAGS_MAX, "-%c%s%s%s%s%s", "FEGP"[o->kind], o -> ignore_case ? "i" : "",
             o->whole_word ? "w" : "", o->whole_line ? "x" : "", o->invert ? "v" : "",
             c->only_matching ? "o" : "");
}

/* "-m3", in an argv; nothing for 0. */
static void add_number(char **argv, size_t *n, char text[NUMBER_MAX], char letter, uint32_t value)
{
    if (value == 0)
        return;
    snprintf(text, NUMBER_MAX, "-%c%u", letter, value);
    argv[(*n)++] = text;
}

void read_to_end(FILE *file, struct buf *out)
{
    REQUIRE(file);
    for (size_t n = 1; n;) {
        char *at = buf_reserve(out, 65536);
        REQUIRE(at);
        n = fread(at, 1, 65536, file);
        out->len += n;
    }
}

int run_grep(const struct grep_case *c, const char *lines_path, const char *out_path,
             struct buf *out)
{
    char flags[FLAGS_MAX], locale[32], pattern[4096];
    write_flags(c, flags);
    snprintf(locale, sizeof locale, "LC_ALL=%s", c->locale);
    snprintf(pattern, sizeof pattern, "%.*s", STR_ARG(buf_str(&c->pattern)));
    char program[] = "grep", lines[] = "-an", option[] = "-e", *path = strdup(lines_path);
    char numbers[3][NUMBER_MAX], *env[] = {locale, NULL}, *argv[10] = {program, lines, flags};
    size_t n = 3;
    add_number(argv, &n, numbers[0], 'm', c->max);
    add_number(argv, &n, numbers[1], 'B', c->before);
    add_number(argv, &n, numbers[2], 'A', c->after);
    argv[n++] = option;
    argv[n++] = pattern;
    argv[n++] = path;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out_path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    int status = -1;
    REQUIRE(posix_spawnp(&pid, program, &actions, NULL, argv, env) == 0);
    REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    posix_spawn_file_actions_destroy(&actions);
    free(path);
    FILE *printed = fopen(out_path, "rb");
    read_to_end(printed, out);
    fclose(printed);
    return WEXITSTATUS(status);
}

void put_operator(struct buf *b, enum pattern_kind kind, const char *sign)
{
    if (kind == PATTERN_BASIC)
        buf_add_byte(b, '\\');
    buf_add(b, str_from(sign));
}

static bool matches_empty(const struct grep_case *c)
{
    struct err err;
    struct pattern *p;
    struct pattern_options options = {.kind = c->options.kind, .lines = true};
    struct str text = buf_str(&c->pattern);
    if (!pattern_compile(&p, &text, 1, options, &err))
        return false;
    bool empty = pattern_matches(p, STR("")) == MATCH_FOUND;
    pattern_close(&p);
    return empty;
}

void make_fair(struct grep_case *c)
{
    struct pattern_options *o = &c->options;
    bool is_unfair = (c->only_matching && (o->whole_line || o->kind == PATTERN_TEXT)) ||
                     c->before || c->after || c->max || matches_empty(c);
    o->whole_word = o->whole_word && !is_unfair;
}

static bool is_within(struct str few, struct str many)
{
    struct str line, other;
    while (take_until(&few, '\n', &line)) {
        do {
            if (!take_until(&many, '\n', &other))
                return false;
        } while (!str_equal(line, other));
    }
    return true;
}

bool is_same_as_grep(const struct grep_case *c, struct str expected, struct str ours,
                     int *differences)
{
    if (str_equal(expected, ours))
        return true;
    if (!c->options.whole_word)
        return false;
    ++*differences;
    return c->options.invert ? is_within(ours, expected) : is_within(expected, ours);
}

void fail_as_grep(const struct grep_case *c, const char *what, const struct buf *expected,
                  const struct buf *ours)
{
    char flags[FLAGS_MAX];
    size_t i = 0, start = 0;
    struct str a = buf_str(expected), b = buf_str(ours);
    for (; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++)
        start = a.ptr[i] == '\n' ? i + 1 : start;
    write_flags(c, flags);
    a = str_slice(a, start, 60);
    b = str_slice(b, start, 60);
    test_fail(__FILE__, __LINE__, "%s %s %s -m%u -B%u -A%u '%.*s': grep %.*s | ours %.*s", what,
              c->locale, flags, c->max, c->before, c->after, STR_ARG(buf_str(&c->pattern)),
              STR_ARG(a), STR_ARG(b));
}

uint64_t number_of_a_run(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}
