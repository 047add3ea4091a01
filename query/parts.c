#include "query/parts.h"

#include "base/file.h"
#include "base/mem.h"

#define SHIPPER_SOCKET "/run/sluice-shipper/shipper.sock"

enum { ANSWER_MS = 10 * 1000 };

static bool is_there(struct str url)
{
    struct stat st;
    struct err unused;
    return take_prefix(&url, STR("unix://")) && path_stat(url.ptr, &st, &unused);
}

static struct str shipper_url(const struct str collector_url, const struct config *c,
                              struct arena *arena)
{
    struct str folder = collector_url;
    bool is_given = c->options.table && options_place(&c->options, "shipper.socket").file &&
                    c->shipper.socket.len;
    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    struct str beside = arena_print(arena, "%.*sshipper.sock", STR_ARG(folder));
    if (!is_given && is_there(beside))
        return beside;
    return arena_print(arena, "unix://%s",
                       c->shipper.socket.len ? c->shipper.socket.ptr : SHIPPER_SOCKET);
}

static bool is_named(const struct str_list *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (str_equal(names->items[i], str_from(name)))
            return true;
    }
    return false;
}

static bool check_names(const struct str_list *names, struct err *err)
{
    for (size_t i = 0; i < names->n; i++) {
        struct str name = names->items[i];
        if (!str_equal(name, STR("collector")) && !str_equal(name, STR("shipper")))
            return err_set(err, ERR_INPUT, "there is no part '%.*s': collector or shipper",
                           STR_ARG(name));
    }
    return true;
}

static void add(struct parts *p, const char *name, struct client *client)
{
    client->idle_ms = ANSWER_MS;
    p->items[p->n++] = (struct part){name, *client};
    *client = (struct client){0};
}

bool parts_find(struct parts *p, const struct str_list *names, const struct str_list *collector,
                const struct config *config, struct warnings *w, struct err *err)
{
    struct client *c = &p->unused;
    if (!check_names(names, err) || !client_init(c, collector, config, w, err))
        return false;
    struct client shipper = {.n_urls = 1};
    shipper.urls = arena_array(&shipper.arena, struct str, 1);
    shipper.urls[0] = shipper_url(c->urls[0], config, &shipper.arena);
    bool shipper_is_there = is_there(shipper.urls[0]);
    if (names->n ? is_named(names, "collector")
                 : collector->n || is_there(c->urls[0]) || !shipper_is_there)
        add(p, "collector", c);
    if (names->n ? is_named(names, "shipper") : shipper_is_there)
        add(p, "shipper", &shipper);
    client_free(&shipper);
    return true;
}

void parts_free(struct parts *p)
{
    for (size_t i = 0; i < p->n; i++)
        client_free(&p->items[i].client);
    client_free(&p->unused);
    p->n = 0;
}
