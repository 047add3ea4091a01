#include "redaction/redacting.h"

#include "base/ascii.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/io/crypto.h"
#include "base/mem.h"
#include "base/text.h"

enum { SECRET_MIN = 32, KEYS_MAX = 16, KEY_NAME_MAX = 16, KEY_FILE_MAX = 4096 };

struct key {
    char name[KEY_NAME_MAX + 1];
    struct hmac *hmac;
};

struct redacting {
    struct redactor *redactors[KEYS_MAX]; /* each with its key; without any, one */
    struct key keys[KEYS_MAX];
    size_t n_keys;
};

static uint64_t sign(void *hmac, struct str text)
{
    return hmac_sign(hmac, text);
}

/* ---- keys ---- */

static bool is_key_name(struct str name)
{
    bool ok = name.len > 0 && name.len <= KEY_NAME_MAX;
    for (size_t i = 0; ok && i < name.len; i++)
        ok = is_alnum(name.ptr[i]);
    return ok;
}

static bool take_key(struct redacting *r, struct str line, struct err *err)
{
    size_t blank = str_find_byte(line, ' ');
    struct str name = str_slice(line, 0, blank),
               secret = str_trim(str_slice(line, name.len, SIZE_MAX));
    if (!is_key_name(name))
        return err_set(err, ERR_INPUT, "the name of a key is 1 to %d letters and digits",
                       KEY_NAME_MAX);
    if (secret.len < SECRET_MIN)
        return err_set(err, ERR_INPUT, "key '%.*s' has less than %d characters", STR_ARG(name),
                       SECRET_MIN);
    if (r->n_keys == KEYS_MAX)
        return err_set(err, ERR_LIMIT, "there are more than %d keys", KEYS_MAX);
    for (size_t i = 0; i < r->n_keys; i++) {
        if (str_equal(name, str_from(r->keys[i].name)))
            return err_set(err, ERR_INPUT, "key '%.*s' is there twice", STR_ARG(name));
    }
    struct key *key = &r->keys[r->n_keys++];
    memcpy(key->name, name.ptr, name.len);
    key->hmac = hmac_open(secret);
    return true;
}

static bool take_keys(struct redacting *r, const char *path, struct str text, struct err *err)
{
    for (size_t n = 1; text.len; n++) {
        size_t end = str_find_byte(text, '\n');
        struct str line = str_trim(str_slice(text, 0, end));
        text = str_slice(text, end == SIZE_MAX ? text.len : end + 1, SIZE_MAX);
        if (line.len && line.ptr[0] != '#' && !take_key(r, line, err))
            return err_wrap(err, "%s:%zu", path, n);
    }
    return r->n_keys > 0 ||
           err_set(err, ERR_INPUT,
                   "%s: there is no key in it; a line is a name, a blank, and %d or "
                   "more random characters",
                   path, SECRET_MIN);
}

static void put_new_key(struct buf *text)
{
    struct hash128 random[2];
    char digits[HASH128_TEXT];
    random_bytes(random, sizeof random);
    buf_add(text, STR("k1 "));
    for (size_t i = 0; i < countof(random); i++) {
        hash128_text(random[i], digits);
        buf_add(text, str_from(digits));
    }
    buf_add_byte(text, '\n');
    mem_wipe(random, sizeof random);
    mem_wipe(digits, sizeof digits);
}

/* Unless it is there by now: a file gets a name only once. */
static bool make_keys(const char *path, struct arena *arena, struct err *err)
{
    defer(buf_wipe) struct buf text = {.max = KEY_FILE_MAX};
    struct hash128 random;
    char digits[HASH128_TEXT];
    struct stat st;
    struct err ignored;
    random_bytes(&random, sizeof random);
    hash128_text(random, digits);
    const char *unnamed = arena_print(arena, "%s.%s", path, digits).ptr;
    put_new_key(&text);
    if (!folder_make_above(path, err) || !file_replace(unnamed, buf_str(&text), 0600, err))
        return false;
    bool is_made = file_link(unnamed, path, err) || path_stat(path, &st, &ignored);
    return file_remove(unnamed, err) && is_made && folder_sync_above(path, err);
}

static bool load_keys(struct redacting *r, struct str path, bool is_own, enum redact_keys keys,
                      struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_wipe) struct buf text = {.max = KEY_FILE_MAX};
    const char *name = arena_text(&arena, path);
    bool is_loaded = file_load(name, KEY_FILE_MAX, &text, err);
    if (!is_loaded && keys == KEYS_MADE && is_own && err->code == ERR_NOT_FOUND) {
        if (!make_keys(name, &arena, err))
            return err_wrap(err, "make the key of redaction");
        is_loaded = file_load(name, KEY_FILE_MAX, &text, err);
    }
    if (is_loaded)
        return take_keys(r, name, buf_str(&text), err);
    bool may_lack =
        keys == KEYS_OPTIONAL && (err->code == ERR_NOT_FOUND || err->code == ERR_DENIED);
    return may_lack || err_wrap(err, "the keys of redaction");
}

/* ---- redactors ---- */

static void fill_options(struct redact_options *o, const struct config_redact *config,
                         struct redact_pattern *patterns)
{
    redact_options_init(o);
    for (size_t i = 0; i < REDACT_RULES; i++)
        o->actions[i] = (enum redact_action)config->actions[i];
    for (size_t i = 0; i < config->patterns_n; i++)
        patterns[i] =
            (struct redact_pattern){.name = config->patterns[i].name,
                                    .match = config->patterns[i].match,
                                    .action = (enum redact_action)config->patterns[i].action};
    o->patterns = patterns;
    o->n_patterns = config->patterns_n;
    o->keys = config->keys.items;
    o->n_keys = config->keys.n;
    o->allow = config->allow.items;
    o->n_allow = config->allow.n;
}

static bool open_redactors(struct redacting *r, const struct config_redact *config, struct err *err)
{
    struct redact_options options;
    defer(arena_free) struct arena arena = {0};
    fill_options(&options, config,
                 arena_array(&arena, struct redact_pattern, config->patterns_n + 1));
    for (size_t i = 0; i == 0 || i < r->n_keys; i++) {
        if (r->n_keys) {
            options.key_id = str_from(r->keys[i].name);
            options.sign = sign;
            options.sign_context = r->keys[i].hmac;
        }
        if (!redactor_open(&r->redactors[i], &options, err))
            return err_wrap(err, "shipper.redact");
    }
    return true;
}

bool redacting_open(struct redacting **out, const struct config_redact *config, struct str state,
                    enum redact_keys keys, struct err *err)
{
    *out = NULL;
    if (config->is_off)
        return true;
    defer(arena_free) struct arena arena = {0};
    defer(redacting_close) struct redacting *r = mem_new(struct redacting);
    bool is_own = config->key_file.len == 0;
    struct str path =
        is_own ? arena_print(&arena, "%.*s/redact.key", STR_ARG(state)) : config->key_file;
    if (!load_keys(r, path, is_own, keys, err) || !open_redactors(r, config, err))
        return false;
    *out = move(r);
    return true;
}

static void free_keys(struct redacting *r)
{
    for (size_t i = 0; i < r->n_keys; i++)
        hmac_close(&r->keys[i].hmac);
    r->n_keys = 0;
}

void redacting_close(struct redacting **address)
{
    struct redacting *r = move(*address);
    if (!r)
        return;
    for (size_t i = 0; i < KEYS_MAX; i++)
        redactor_close(&r->redactors[i]);
    free_keys(r);
    mem_free(&r);
}

/* One that may not be read is somebody else's to check. */
static bool check_key_file(const struct config_redact *config, struct err *err)
{
    defer(free_keys) struct redacting r = {0};
    if (config->is_off || config->key_file.len == 0 ||
        load_keys(&r, config->key_file, false, KEYS_NEEDED, err) || err->code == ERR_DENIED)
        return true;
    return err_wrap(err, "shipper.redact.key_file");
}

bool redacting_check(const struct config_redact *config, struct err *err)
{
    struct redact_options options;
    struct err inner;
    for (size_t i = 0; i < config->patterns_n; i++) {
        struct redact_pattern pattern;
        struct config_redact one = {.patterns = &config->patterns[i], .patterns_n = 1};
        defer(redactor_close) struct redactor *r = NULL;
        fill_options(&options, &one, &pattern);
        if (!redactor_open(&r, &options, &inner))
            return place_err(config->patterns[i].given->at, err, "shipper.redact.patterns: %s",
                             inner.text);
    }
    if (!check_key_file(config, err))
        return false;
    defer(redactor_close) struct redactor *r = NULL;
    struct config_redact rest = *config;
    rest.patterns_n = 0;
    fill_options(&options, &rest, NULL);
    return redactor_open(&r, &options, err) || err_wrap(err, "shipper.redact");
}

const struct redactor *redacting_redactor(const struct redacting *r)
{
    return r ? r->redactors[0] : NULL;
}

bool redacting_has_key(const struct redacting *r)
{
    return r->n_keys > 0;
}

const char *redacting_note(const struct redacting *r)
{
    for (unsigned i = 0; r && !redacting_has_key(r) && i < REDACT_RULES; i++) {
        if (redact_action_of(r->redactors[0], i) == REDACT_TOKEN)
            return "the keys of redaction cannot be read: marks ([email]) stand where the shipper "
                   "puts tokens; see shipper.redact.key_file";
    }
    return NULL;
}

void redacting_put_tokens(const struct redacting *r, unsigned rule, struct str value,
                          struct buf *out)
{
    for (size_t i = 0; i < r->n_keys; i++) {
        if (redact_put_token(r->redactors[i], rule, value, out))
            buf_add_byte(out, '\n');
    }
}
