#include "forward/credentials.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

/* The first line; a header cannot hold control characters. */
static bool take_secret(struct str text, const char *from, struct buf *out, struct err *err)
{
    if (str_ends(text, STR("\n")))
        text.len--;
    if (str_ends(text, STR("\r")))
        text.len--;
    if (text.len == 0)
        return err_set(err, ERR_INPUT, "%s is empty", from);
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return err_set(err, ERR_INPUT, "%s holds more than one line", from);
    }
    buf_add(out, text);
    return true;
}

static bool read_secret(const char *key, struct str path, struct buf *out, struct err *err)
{
    defer(buf_wipe) struct buf content = {.max = CREDENTIALS_MAX + 1};
    return (file_load(path.ptr, CREDENTIALS_MAX, &content, err) &&
            take_secret(buf_str(&content), path.ptr, out, err)) ||
           err_wrap(err, "%s", key);
}

static void put_base64_of(struct buf *out, const char *scheme, struct str text)
{
    buf_print(out, "%s ", scheme);
    put_base64(out, text);
}

static bool put_basic(const struct config_other_output *c, struct buf *out, struct err *err)
{
    defer(buf_wipe) struct buf pair = {.max = 2 * CREDENTIALS_MAX};
    buf_add(&pair, c->user);
    buf_add_byte(&pair, ':');
    if (!read_secret("password_file", c->password_file, &pair, err))
        return false;
    put_base64_of(out, "Basic", buf_str(&pair));
    return true;
}

static bool put_api_key(const struct config_other_output *c, struct buf *out, struct err *err)
{
    defer(buf_wipe) struct buf key = {.max = CREDENTIALS_MAX};
    bool is_read = c->api_key_variable ? take_secret(str_from(getenv(c->api_key_variable)),
                                                     c->api_key_variable, &key, err)
                                       : read_secret("api_key_file", c->api_key_file, &key, err);
    if (!is_read)
        return false;
    if (str_find_byte(buf_str(&key), ':') != SIZE_MAX)
        put_base64_of(out, "ApiKey", buf_str(&key));
    else
        buf_print(out, "ApiKey %.*s", STR_ARG(buf_str(&key)));
    return true;
}

static bool put_value(const struct config_other_output *c, struct buf *out, struct err *err)
{
    if (c->token_file.len) {
        buf_add(out, STR("Bearer "));
        return read_secret("token_file", c->token_file, out, err);
    }
    if (c->password_file.len)
        return put_basic(c, out, err);
    return (c->api_key_file.len == 0 && !c->api_key_variable) || put_api_key(c, out, err);
}

bool credentials_read(struct credentials *c, const struct config_other_output *config,
                      bool *changed, struct err *err)
{
    defer(buf_wipe) struct buf value = {.max = sizeof c->value - 1};
    *changed = false;
    if (!put_value(config, &value, err))
        return false;
    if (value.over)
        return err_set(err, ERR_LIMIT, "the secret is longer than %d bytes", CREDENTIALS_MAX);
    if (str_equal(buf_str(&value), str_from(c->value)))
        return true;
    credentials_wipe(c);
    if (value.len)
        memcpy(c->value, value.ptr, value.len);
    *changed = true;
    return true;
}

void credentials_wipe(struct credentials *c)
{
    mem_wipe(c->value, sizeof c->value);
}
