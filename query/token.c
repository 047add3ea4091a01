#include "base/ascii.h"
#include "query/commands.h"

#include "base/front.h"
#include "base/mem.h"
#include "query/client.h"

#include <stdio.h>

struct token_flags {
    struct str config;
    struct str_list collector;
    struct str note;
    bool help;
};

#define FIELD(name) .field = offsetof(struct token_flags, name)

static const struct option rows[] = {
    FRONT_CONFIG,
    {.flag = "collector",
     .type = OPTION_STRINGS,
     FIELD(collector),
     .value_name = "URL",
     .help = "which collector to ask"},
    {.flag = "note",
     .type = OPTION_STRING,
     FIELD(note),
     .value_name = "TEXT",
     .help = "one word kept beside the token, to know it again"},
    FRONT_HELP,
};

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "token", &table,
    STR_INIT("usage: sluice token [OPTIONS] read|write|admin\n\n"
             "Makes a token for access over TCP and prints it once. Asked over the\n"
             "collector's socket, as root or as the collector's own user.\n\n")};

/* Letters, digits, '-', '_' and '.' only: it stands in a URL and in the tokens file. */
static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return s.len <= 100;
}

int command_token(int argc, char **argv)
{
    struct err err;
    struct warnings w = {0};
    struct token_flags f;
    struct options given;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(client_free) struct client client = {0};
    defer(buf_wipe) struct buf answer = {0};
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status))
        return status;
    if (given.operands.n != 1)
        return front_fail(&front,
                          "say which: sluice token read, sluice token write or sluice token admin");
    if (!is_word(given.operands.items[0]) || !is_word(f.note))
        return front_fail(&front, "a role or note has letters, digits, - _ and . only");
    if (!front_config(&front, &config, f.config, false, &status))
        return status;
    const char *path = arena_print(&arena, "/api/v1/tokens?role=%s&note=%.*s",
                                   given.operands.items[0].ptr, STR_ARG(f.note))
                           .ptr;
    if (!client_init(&client, &f.collector, &config, &w, &err) ||
        !client_call(&client, "POST", path, &answer, &err))
        return front_fail(&front, "%s", err.text);
    fwrite(answer.ptr, 1, answer.len, stdout);
    return 0;
}
