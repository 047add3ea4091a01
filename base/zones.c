#include "base/zones.h"

#include "base/ascii.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"

enum { NAME_MAX_BYTES = 64, PATH_BYTES = 512 };

struct zone_named {
    struct zone *zone;
    size_t len;
    char name[];
};

static const char *zone_folder(void)
{
    const char *folder = getenv("TZDIR");
    return folder && folder[0] ? folder : ZONE_FOLDER;
}

/* Invariant 1. */
static bool is_zone_name(struct str name)
{
    char before = '/';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!is_alnum(c) && c != '_' && c != '+' && c != '-' && (c != '/' || before == '/'))
            return false;
        before = c;
    }
    return name.len > 0 && name.len <= NAME_MAX_BYTES && before != '/';
}

/* "+02:00", "+0200" or "+02". */
static bool take_offset(struct str text, int32_t *offset_s)
{
    char whole[64];
    int64_t ns;
    int len =
        snprintf(whole, sizeof whole, "1970-01-02T00:00:00%.*s", STR_ARG(str_slice(text, 0, 20)));
    struct str s = str_of(whole, (size_t)len);
    bool is_signed = text.len && (text.ptr[0] == '+' || text.ptr[0] == '-');
    if (!is_signed || !take_rfc3339(&s, &ns) || s.len)
        return false;
    *offset_s = (int32_t)(86400 - ns / NS_PER_S);
    return true;
}

static bool load_zone(struct zone **zone, const char *path, struct err *err)
{
    struct stat st;
    defer(buf_free) struct buf bytes = {.max = ZONE_FILE_MAX};
    if (!path_stat(path, &st, err))
        return false;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_NOT_FOUND, "%s is no file", path);
    if (!file_load(path, ZONE_FILE_MAX, &bytes, err))
        return false;
    return zone_parse(zone, buf_str(&bytes), err) || err_wrap(err, "%s", path);
}

/* A name beside it that is spelt nearly so: "Europe/Berlin" for "Europe/Brelin". */
static bool find_near(struct str name, char near[PATH_BYTES])
{
    struct err ignored;
    defer(arena_free) struct arena arena = {0};
    struct str *names, last = name;
    size_t n;
    while (last.len && str_find_byte(last, '/') != SIZE_MAX)
        last = str_slice(last, str_find_byte(last, '/') + 1, SIZE_MAX);
    struct str region = str_slice(name, 0, name.len - last.len);
    const char *folder = arena_print(&arena, "%s/%.*s", zone_folder(), STR_ARG(region)).ptr;
    if (!folder_list(folder, &arena, &names, &n, &ignored))
        return false;
    const char **texts = arena_array(&arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        texts[i] = arena_text(&arena, names[i]);
    const char *found = nearest_name(last, texts, n);
    if (found)
        snprintf(near, PATH_BYTES, "%.*s%s", STR_ARG(region), found);
    return found && is_zone_name(str_from(near)) && !str_equal(str_from(near), name);
}

static bool not_there(struct str name, struct err *err)
{
    const char *folder = zone_folder();
    struct stat st;
    struct err ignored;
    if (!path_stat(folder, &st, &ignored))
        return err_set(err, ERR_NOT_FOUND,
                       "'%.*s' cannot be looked up: there is no %s; install the package tzdata, or "
                       "write an offset such as +02:00",
                       STR_ARG(name), folder);
    char near[PATH_BYTES];
    if (find_near(name, near))
        return err_set(err, ERR_NOT_FOUND, "there is no time zone '%.*s' in %s; did you mean '%s'?",
                       STR_ARG(name), folder, near);
    return err_set(err, ERR_NOT_FOUND,
                   "there is no time zone '%.*s' in %s; write local, UTC, an offset such as +02:00 "
                   "or a name such as Europe/Berlin",
                   STR_ARG(name), folder);
}

static bool load_named(struct zone **zone, struct str name, struct err *err)
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof path, "%s/%.*s", zone_folder(), STR_ARG(name));
    if (len >= (int)sizeof path)
        return err_set(err, ERR_INPUT, "the path in TZDIR is too long");
    return load_zone(zone, path, err) || (err->code == ERR_NOT_FOUND && not_there(name, err));
}

/* TZ: "", ":Europe/Berlin", "/etc/localtime", "CET-1CEST,M3.5.0,M10.5.0/3". */
static bool zone_of_variable(struct zone **zone, const char *text, struct err *err)
{
    struct str name = str_from(text);
    take_prefix(&name, STR(":"));
    if (name.len == 0) {
        *zone = zone_fixed(0);
        return true;
    }
    if (name.ptr[0] == '/')
        return load_zone(zone, name.ptr, err);
    if (is_zone_name(name) && load_named(zone, name, err))
        return true;
    struct err inner;
    if (zone_posix(zone, name, &inner))
        return true;
    return is_zone_name(name) ? false : err_set(err, ERR_INPUT, "%s", inner.text);
}

bool zone_local(struct zone **zone, struct err *err)
{
    const char *text = getenv("TZ");
    if (text && zone_of_variable(zone, text, err))
        return true;
    if (text)
        err_wrap(err, "TZ");
    else if (load_zone(zone, "/etc/localtime", err))
        return true;
    bool is_usual = !text && err->code == ERR_NOT_FOUND; /* images often have none, and mean UTC */
    *zone = zone_fixed(0);
    return is_usual;
}

static bool open_local(struct zone **zone)
{
    struct err err;
    if (!zone_local(zone, &err))
        log_warn("the local time zone is not known, UTC is taken: %s", err.text);
    return true;
}

bool zone_open(struct zone **zone, struct str name, struct err *err)
{
    int32_t offset_s;
    if (str_equal(name, STR("local")))
        return open_local(zone);
    if (str_equal(name, STR("UTC")) || take_offset(name, &offset_s)) {
        *zone = zone_fixed(str_equal(name, STR("UTC")) ? 0 : offset_s);
        return true;
    }
    if (!is_zone_name(name))
        return err_set(err, ERR_INPUT,
                       "'%.*s' is no time zone; write local, UTC, an offset such as +02:00 or a "
                       "name such as Europe/Berlin",
                       STR_ARG(str_slice(name, 0, NAME_MAX_BYTES)));
    return load_named(zone, name, err);
}

bool zones_get(struct zones *zones, struct str name, const struct zone **zone, struct err *err)
{
    struct zone_named *entry = map_get(&zones->named, name);
    if (!entry) {
        struct zone *opened;
        if (!zone_open(&opened, name, err))
            return false;
        entry = mem_alloc(sizeof *entry + name.len);
        entry->zone = opened;
        entry->len = name.len;
        memcpy(entry->name, name.ptr, name.len);
        map_put(&zones->named, str_of(entry->name, entry->len), entry);
    }
    *zone = entry->zone;
    return true;
}

void zones_close(struct zones *zones)
{
    map_each (&zones->named, found) {
        struct zone_named *entry = found->value;
        zone_close(&entry->zone);
        mem_free(&entry);
    }
    map_free(&zones->named);
    *zones = (struct zones){0};
}
