#include "query/engine/tail_form.h"

#include "base/form.h"
#include "base/mem.h"
#include "query/engine/results.h"

#include <stdio.h>

void tail_form_init(struct tail_form *form)
{
    *form = (struct tail_form){0};
    query_init(&form->query);
    form->query.last = TAIL_LAST_DEFAULT;
}

void tail_form_free(struct tail_form *form)
{
    query_free(&form->query);
    *form = (struct tail_form){0};
}

bool tail_form_check(const struct tail_form *form, struct err *err)
{
    const struct query *q = &form->query;
    const char *what = q->until_ns != TIME_NONE ? "until"
                       : q->newest              ? "newest"
                       : q->has_max             ? "max"
                       : q->before || q->after  ? "context"
                       : q->want                ? "want"
                       : q->explain             ? "explain"
                                                : NULL;
    if (what)
        return err_set(err, ERR_INPUT, "%s needs an end, and following has none", what);
    return query_check(q, err);
}

/* ---- keys ---- */

/* "1763626921000000000.STREAM.ORIGIN.17.3.0" and back. */
static void put_order_key(struct buf *out, const struct order_key *key)
{
    char stream[HASH128_TEXT], origin[HASH128_TEXT];
    hash128_text(key->stream, stream);
    hash128_text(key->origin, origin);
    buf_print(out, "%lld.%s.%s.%llu.%u.%u", (long long)key->order_ns, stream, origin,
              (unsigned long long)key->sequence, key->position, key->line_number);
}

static bool parse_u32(struct str text, uint32_t *value)
{
    uint64_t wide;
    if (!str_to_u64(text, &wide) || wide > UINT32_MAX)
        return false;
    *value = (uint32_t)wide;
    return true;
}

static bool order_key_parse(struct str text, struct order_key *key)
{
    enum { PARTS = 6 };
    struct str parts[PARTS], part;
    struct order_key k;
    size_t n = 0;
    while (take_until(&text, '.', &part)) {
        if (n == PARTS)
            return false;
        parts[n++] = part;
    }
    if (n != PARTS || !str_to_i64(parts[0], &k.order_ns) || !hash128_parse(parts[1], &k.stream) ||
        !hash128_parse(parts[2], &k.origin) || !str_to_u64(parts[3], &k.sequence) ||
        !parse_u32(parts[4], &k.position) || !parse_u32(parts[5], &k.line_number))
        return false;
    *key = k;
    return true;
}

/* ---- the form ---- */

void tail_form_encode(const struct tail_form *form, struct buf *out)
{
    struct query query = form->query;
    query.last = 0;
    query_encode(&query, out);
    char last[24];
    snprintf(last, sizeof last, "%llu", (unsigned long long)form->query.last);
    put_form_pair(out, "last", form->all ? STR("all") : str_from(last));
    if (form->cursor.len)
        put_form_pair(out, "cursor", form->cursor);
    if (form->cursor.len && form->has_key) {
        defer(buf_free) struct buf key = {0};
        put_order_key(&key, &form->key);
        put_form_pair(out, "behind", buf_str(&key));
    }
}

static bool take_last(struct tail_form *form, struct str value, struct err *err)
{
    form->all = str_equal(value, STR("all"));
    form->query.last = 0;
    if (form->all || (str_to_u64(value, &form->query.last) && form->query.last <= INT64_MAX))
        return true;
    return err_set(err, ERR_INPUT, "last=%.*s: is neither a number nor all",
                   (int)min_of(value.len, (size_t)60), value.ptr);
}

static bool take_cursor(struct tail_form *form, struct str value, struct err *err)
{
    if (value.len > RESULT_PLACE_MAX)
        return err_set(err, ERR_INPUT, "cursor: is longer than any cursor");
    form->cursor = arena_copy(&form->query.arena, value);
    return true;
}

static bool take_key(struct tail_form *form, struct str value, struct err *err)
{
    form->has_key = order_key_parse(value, &form->key);
    return form->has_key ? true : err_set(err, ERR_INPUT, "behind: is not the key of a result");
}

static bool take_pair(struct tail_form *form, struct query_pairs *pairs, struct str name,
                      struct str value, struct err *err)
{
    if (str_equal(name, STR("last")))
        return take_last(form, value, err);
    if (str_equal(name, STR("cursor")))
        return take_cursor(form, value, err);
    if (str_equal(name, STR("behind")))
        return take_key(form, value, err);
    return query_take_pair(&form->query, pairs, name, value, err);
}

bool tail_form_decode(struct tail_form *form, struct str text, struct err *err)
{
    if (text.len > QUERY_FORM_MAX)
        return err_set(err, ERR_LIMIT, "query is longer than %d bytes", QUERY_FORM_MAX);
    defer(arena_free) struct arena arena = {0};
    struct query_pairs pairs = {0};
    struct str name, value;
    take_prefix(&text, STR("?"));
    while (take_query_pair(&text, &arena, &name, &value)) {
        if (!take_pair(form, &pairs, name, value, err))
            return false;
    }
    if (form->has_key && form->cursor.len == 0)
        return err_set(err, ERR_INPUT, "behind has no meaning without cursor");
    return tail_form_check(form, err);
}
