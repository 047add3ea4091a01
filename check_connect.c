#include "check_connect.h"

#include "base/mem.h"
#include "forward/connect.h"
#include "forward/credentials.h"

struct targets {
    struct connect_target items[2 * OUTPUTS_MAX + 1];
    size_t n;
    struct arena arena;
};

static bool is_url_secret(const struct config_other_output *output)
{
    const struct yaml *url = output->given ? yaml_get(output->given, STR("url")) : NULL;
    return url && url->secret && output->url.len > 0;
}

/* err: why it cannot be asked; NULL if it can. */
static void add_target(struct targets *t, const char *section,
                       const struct config_other_output *output, const char *login,
                       const struct err *err)
{
    t->items[t->n++] = (struct connect_target){
        .path = arena_print(&t->arena, "%s.%.*s", section, STR_ARG(output->name)).ptr,
        .config = output,
        .login = str_from(arena_text(&t->arena, str_from(login))),
        .hides_url = is_url_secret(output),
        .obstacle = err ? arena_text(&t->arena, str_from(err->text)) : NULL,
    };
}

static void add_collector(struct targets *t, const struct config *c, struct warnings *w)
{
    struct err err;
    defer(buf_wipe) struct buf token = {.max = CONFIG_TOKEN_MAX},
                               login = {.max = CONFIG_TOKEN_MAX + 8};
    struct config_other_output *output = arena_new(&t->arena, struct config_other_output);
    if (!c->output.on)
        return;
    *output = (struct config_other_output){.name = STR("collector"),
                                           .kind = OUTPUT_COLLECTOR,
                                           .url = c->output.url,
                                           .ca_file = c->output.ca_file};
    bool is_read = config_token(c, &token, w, &err);
    if (is_read && token.len)
        buf_print(&login, "Bearer %.*s", STR_ARG(buf_str(&token)));
    add_target(t, "outputs", output, buf_text(&login), is_read ? NULL : &err);
}

static void add_outputs(struct targets *t, const char *section, const struct config_outputs *all)
{
    struct err err;
    bool changed;
    for (size_t i = 0; i < all->n; i++) {
        struct credentials login = {0};
        bool is_read = credentials_read(&login, &all->items[i], &changed, &err);
        add_target(t, section, &all->items[i], login.value, is_read ? NULL : &err);
        credentials_wipe(&login);
    }
}

bool check_connect(const struct config *c, struct warnings *w, struct buf *lines)
{
    struct err err;
    struct targets t = {0};
    add_collector(&t, c, w);
    add_outputs(&t, "outputs", &c->outputs);
    add_outputs(&t, "collector.outputs", &c->collector.outputs);
    size_t failures = connect_ask(t.items, t.n, lines, &err);
    if (failures == SIZE_MAX)
        buf_print(lines, "%s\n", err.text);
    if (t.n == 0)
        buf_add(lines, STR("there are no outputs\n"));
    for (size_t i = 0; i < t.n; i++)
        mem_wipe((void *)(uintptr_t)t.items[i].login.ptr, t.items[i].login.len);
    arena_free(&t.arena);
    return failures == 0;
}
