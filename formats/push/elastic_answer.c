/*
 * What the other side says to a body.
 *
 *     {"errors":true,"items":[{"create":{"status":201}},
 *         {"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"…"}}}]}
 *
 *     status of an item    means
 *     200 201 409          taken: 409, it was there. But not where "failure_store" is "used" and it had fields
 *     401 403 404 408 429 5xx
 *                          again: a right, an index, room or a node is missing, which is not its fault
 *     other 4xx            again without fields, if it had some; else rejected
 *
 * A request that is refused as a whole comes in smaller ones, and at last in one of a single row, for which that is said
 * as above: 413 is too_long. Errors of waits_for[] count as the second row whatever their status is: a closed or locked index is 400 or 403 in one
 * version and 429 in another.
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/line/json.h"
#include "formats/line/json_text.h"
#include "formats/push/elastic_parts.h"

#include <stdio.h>

enum { OK = 200, CREATED = 201, BAD_REQUEST = 400, CONFLICT = 409, TOO_LARGE = 413 };
enum { REASON_BYTES_MAX = 2000, FATE_WITHOUT_FIELDS = PUSH_REJECTED + 1 };

static const struct str waits_for[] = {
    STR_INIT("cluster_block_exception"),   STR_INIT("index_closed_exception"),
    STR_INIT("index_not_found_exception"), STR_INIT("invalid_index_name_exception"),
    STR_INIT("security_exception"),        STR_INIT("validation_exception"),
};

/* How reasons of an illegal_argument_exception begin that are none of the document: the cluster has all the shards it
 * may have, by versions before 7.8; the pipeline of the index is not there. */
static const struct str waits_for_words[] = {
    STR_INIT("Validation Failed: "),
    STR_INIT("pipeline with id ["),
};

static const struct {
    struct str type;
    const char *reason;
} reasons[] = {
    {STR_INIT("document_parsing_exception"), "mapping"},
    {STR_INIT("mapper_parsing_exception"), "mapping"},
    {STR_INIT("strict_dynamic_mapping_exception"), "mapping"},
    {STR_INIT("illegal_argument_exception"), "mapping"},
    {STR_INIT("max_bytes_length_exceeded_exception"), "too_long"},
    {STR_INIT("fail_processor_exception"), "pipeline"},
    {STR_INIT("ingest_processor_exception"), "pipeline"},
};

/* What follows in a reason is of the document. */
static const struct str previews[] = {
    STR_INIT("Preview of field's value"),   STR_INIT("The prefix of the first immense term"),
    STR_INIT("for key starting with"),      STR_INIT("For input string"),
    STR_INIT("failed to parse date field"),
};

struct error {
    struct str type, reason; /* as written in JSON */
};

struct item {
    unsigned status;
    struct error error;
    bool is_in_failure_store;
};

static bool is_ok(unsigned status)
{
    return status >= OK && status < 300;
}

static bool waits(const struct error *error)
{
    for (size_t i = 0; i < countof(waits_for); i++)
        if (str_equal(error->type, waits_for[i]))
            return true;
    bool is_argument = str_equal(error->type, STR("illegal_argument_exception"));
    for (size_t i = 0; is_argument && i < countof(waits_for_words); i++)
        if (str_starts(error->reason, waits_for_words[i]))
            return true;
    return false;
}

/* ---- what people are told ---- */

static struct str without_preview(struct str reason)
{
    for (size_t i = 0; i < countof(previews); i++)
        reason = str_slice(reason, 0, str_find(reason, previews[i]));
    return str_trim(reason);
}

/* Of a string of the answer, whose closing quote stands behind it. */
static struct str meaning(struct str text, char room[REASON_BYTES_MAX + JSON_TEXT_SLACK])
{
    const char *at = text.ptr;
    if (text.len >= REASON_BYTES_MAX)
        return STR("");
    char *end = text.len ? json_unescape(&at, text.ptr + text.len + 1, room) : NULL;
    return end ? str_of(room, (size_t)(end - room)) : STR("");
}

/* The first of an answer stands. */
static void set_detail(struct push_answer *answer, const struct error *error)
{
    char room[REASON_BYTES_MAX + JSON_TEXT_SLACK];
    struct buf b = {.ptr = answer->detail, .capacity = PUSH_DETAIL_MAX, .max = PUSH_DETAIL_MAX};
    if (answer->detail[0])
        return;
    struct str type = str_slice(error->type, 0, PUSH_DETAIL_MAX / 3);
    struct str reason = without_preview(meaning(error->reason, room));
    buf_add(&b, type);
    if (type.len && reason.len)
        buf_add(&b, STR(": "));
    buf_add(&b, str_cut_utf8(reason, PUSH_DETAIL_MAX - 1 - b.len));
    for (size_t i = 0; i < b.len; i++)
        if ((unsigned char)b.ptr[i] < 0x20)
            b.ptr[i] = ' ';
    answer->detail[b.len] = 0;
}

static const char *reason_of(const struct error *error)
{
    if (str_find(error->reason, STR("immense ")) != SIZE_MAX)
        return "too_long";
    for (size_t i = 0; i < countof(reasons); i++)
        if (str_equal(error->type, reasons[i].type))
            return reasons[i].reason;
    return "other";
}

/* ---- reading ---- */

static void take_error_member(const struct json_member *m, struct error *error)
{
    if (m->kind != JSON_STRING)
        return;
    if (str_equal(m->key, STR("type")))
        error->type = m->value;
    else if (str_equal(m->key, STR("reason")))
        error->reason = m->value;
}

static void read_error(const struct json_member *m, struct error *error)
{
    struct json_scan scan;
    struct json_member member;
    if (m->kind == JSON_STRING)
        error->reason = m->value;
    else if (m->kind == JSON_OBJECT && json_open(&scan, m->value))
        while (json_next(&scan, &member))
            if (!member.outer.ptr)
                take_error_member(&member, error);
}

static bool is_at_end(const struct json_scan *scan)
{
    return !scan->bad && scan->done &&
           str_trim(str_of(scan->at, (size_t)(scan->end - scan->at))).len == 0;
}

static bool read_item(struct str text, struct item *item)
{
    struct json_scan scan;
    struct json_member m;
    uint64_t status = 0;
    *item = (struct item){0};
    if (!json_open(&scan, text))
        return false;
    while (json_next(&scan, &m)) {
        if (!m.outer.ptr)
            continue;
        if (str_equal(m.key, STR("status")) && m.kind == JSON_NUMBER)
            str_to_u64(m.value, &status);
        else if (str_equal(m.key, STR("error")))
            read_error(&m, &item->error);
        else if (str_equal(m.key, STR("failure_store")))
            item->is_in_failure_store = str_equal(m.value, STR("used"));
    }
    item->status = (unsigned)min_of(status, (uint64_t)1000);
    return is_at_end(&scan);
}

static bool waits_by_status(unsigned status)
{
    static const unsigned others[] = {401, 403, 404, 408, 429};
    for (size_t i = 0; i < countof(others); i++)
        if (status == others[i])
            return true;
    return status >= 500 && status < 600;
}

/* False: it cannot be. */
static bool decide(const struct item *item, bool had_fields, struct push_answer *answer,
                   uint8_t *fate)
{
    bool is_taken = item->status == CONFLICT || is_ok(item->status);
    if (is_taken && !(item->is_in_failure_store && had_fields)) {
        *fate = PUSH_TAKEN;
        return true;
    }
    if (!is_taken)
        set_detail(answer, &item->error);
    if (!is_taken && (waits_by_status(item->status) || waits(&item->error))) {
        *fate = PUSH_AGAIN;
        answer->is_pressed = true;
        return true;
    }
    *fate = had_fields ? FATE_WITHOUT_FIELDS : PUSH_REJECTED;
    if (!had_fields)
        push_count_reject(answer, reason_of(&item->error), 1);
    return is_taken || (item->status >= BAD_REQUEST && item->status < 500);
}

/* An object from the front of *rest, behind a comma unless it is the first. Empty: there is none. */
static struct str take_item(struct str *rest, bool is_first)
{
    struct str text = str_trim(*rest);
    if (!is_first && !take_prefix(&text, STR(",")))
        return (struct str){0};
    text = str_trim(text);
    if (byte_at(text, 0) != '{')
        return (struct str){0};
    const char *end = json_container_end(text.ptr, text.ptr + text.len);
    if (!end)
        return (struct str){0};
    size_t len = (size_t)(end - text.ptr);
    *rest = str_slice(text, len, SIZE_MAX);
    return str_of(text.ptr, len);
}

/* array: with its brackets. */
static bool read_items(struct str array, const struct elastic_rows *rows,
                       struct push_answer *answer)
{
    struct str rest = str_slice(array, 1, array.len < 2 ? 0 : array.len - 2), text;
    size_t n = 0;
    while ((text = take_item(&rest, n == 0)).len > 0) {
        struct item item;
        if (n == rows->n || !read_item(text, &item))
            return false;
        bool had_fields = rows->items[n] & ELASTIC_HAD_FIELDS;
        if (!decide(&item, had_fields, answer, &answer->fates[n]))
            return false;
        n++;
    }
    return n == rows->n && str_trim(rest).len == 0 && str_ends(array, STR("]"));
}

/* ---- the whole ---- */

struct reply {
    struct str items; /* with its brackets; empty: there is none */
    bool is_without_errors;
    struct error error;
};

static bool read_members(struct str body, struct reply *reply)
{
    struct json_scan scan;
    struct json_member m;
    *reply = (struct reply){0};
    if (!json_open(&scan, body))
        return false;
    while (json_next(&scan, &m)) {
        if (m.outer.ptr && str_equal(m.outer, STR("error")))
            take_error_member(&m, &reply->error);
        else if (m.outer.ptr)
            continue;
        else if (str_equal(m.key, STR("errors")) && m.kind == JSON_BOOL)
            reply->is_without_errors = str_equal(m.value, STR("false"));
        else if (str_equal(m.key, STR("items")) && m.kind == JSON_ARRAY)
            reply->items = m.value;
        else if (str_equal(m.key, STR("error")))
            read_error(&m, &reply->error);
    }
    return is_at_end(&scan);
}

/* False: none goes again without its fields. *is_all: all go again. */
static bool settle_fields(struct elastic_rows *rows, struct push_answer *answer, bool *is_all)
{
    bool is_any = false;
    *is_all = true;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t row = rows->items[i] & ~ELASTIC_HAD_FIELDS;
        bool is_it = answer->fates[i] == FATE_WITHOUT_FIELDS;
        if (is_it) {
            rows->without_fields[row / 8] |= (uint8_t)(1u << row % 8);
            answer->fates[i] = PUSH_AGAIN;
        }
        is_any = is_any || is_it;
        *is_all = *is_all && answer->fates[i] == PUSH_AGAIN;
    }
    return is_any;
}

/* The same body would be refused again. */
static enum push_verdict settle(struct elastic_rows *rows, struct push_answer *answer)
{
    bool is_all;
    return settle_fields(rows, answer, &is_all) && is_all ? PUSH_OTHER_FORM : PUSH_READ;
}

static enum push_verdict read_fates(const struct reply *reply, struct elastic_rows *rows,
                                    struct push_answer *answer)
{
    if (reply->items.len == 0 && reply->is_without_errors)
        push_set_fates(answer, PUSH_TAKEN);
    else if (!read_items(reply->items, rows, answer))
        return PUSH_RETRY;
    return settle(rows, answer);
}

static enum push_verdict read_refusal(unsigned status, const struct error *error,
                                      struct elastic_rows *rows, struct push_answer *answer)
{
    bool is_about_body = status == TOO_LARGE || (status == BAD_REQUEST && !waits(error));
    if (!is_about_body)
        return PUSH_RETRY;
    if (answer->n > 1)
        return PUSH_SMALLER;
    bool had_fields = rows->items[0] & ELASTIC_HAD_FIELDS;
    answer->fates[0] = had_fields ? FATE_WITHOUT_FIELDS : PUSH_REJECTED;
    if (!had_fields)
        push_count_reject(answer, status == TOO_LARGE ? "too_long" : reason_of(error), 1);
    return settle(rows, answer);
}

void elastic_read_reply(const struct push_reply *from, struct elastic_rows *rows,
                        struct push_answer *answer)
{
    struct reply reply;
    assert(answer->n == rows->n && rows->n > 0);
    bool is_whole = read_members(from->body, &reply);
    if (!is_ok(from->status) && !is_whole && is_push_to_wrong_door(from->body)) {
        push_set_detail(answer, from->body);
        answer->verdict = PUSH_RETRY;
        return;
    }
    if (!is_ok(from->status)) {
        set_detail(answer, &reply.error);
        answer->verdict = read_refusal(from->status, &reply.error, rows, answer);
        return;
    }
    answer->verdict = is_whole ? read_fates(&reply, rows, answer) : PUSH_RETRY;
    if (answer->verdict == PUSH_RETRY) {
        answer->n_rejects = 0;
        snprintf(answer->detail, PUSH_DETAIL_MAX, "the answer is none of the _bulk API");
    }
}
