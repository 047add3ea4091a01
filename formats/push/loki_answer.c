#include "formats/push/loki_answer.h"

#include "base/ascii.h"
#include "base/mem.h"

/* Words of Loki's refusals. Where versions differ in the case of the first letter, it is left out. */
static const struct {
    struct str words;
    const char *reason;
} refusals[] = {
    {STR_INIT("has timestamp too old"), "too_old"},
    {STR_INIT("entry too far behind"), "too_old"},
    {STR_INIT("has timestamp too new"), "too_new"},
    {STR_INIT("ax entry size"), "too_long"},
    {STR_INIT("entry out of order"), "out_of_order"},
    {STR_INIT(" label names; limit"), "labels"},
    {STR_INIT("has label name too long"), "labels"},
    {STR_INIT("has label value too long"), "labels"},
    {STR_INIT("has duplicate label name"), "labels"},
    {STR_INIT("rror parsing labels"), "labels"},
    {STR_INIT("at least one label pair is required"), "labels"},
    {STR_INIT("missing required labels"), "labels"},
    {STR_INIT("has structured metadata too large"), "metadata"},
    {STR_INIT("too many structured metadata labels"), "metadata"},
};

/* What 400 says of a request that nobody mends by sending less: a wrong tenant or URL, here or at VictoriaLogs. */
static const struct str settings[] = {
    STR_INIT("no org id"),
    STR_INIT("org IDs present"),
    STR_INIT("tenant ID "),
    STR_INIT("cannot parse common params"),
    STR_INIT("unsupported path requested"),
};

static bool has_words(struct str text, struct str words)
{
    return str_find(text, words) != SIZE_MAX;
}

static bool is_about_settings(struct str text)
{
    for (size_t i = 0; i < countof(settings); i++) {
        if (has_words(text, settings[i]))
            return true;
    }
    return is_push_to_wrong_door(text);
}

/* NULL if it is none that is known. */
static const char *refusal_of(struct str text)
{
    for (size_t i = 0; i < countof(refusals); i++) {
        if (has_words(text, refusals[i].words))
            return refusals[i].reason;
    }
    return NULL;
}

/* The number behind these words, in bytes if a unit follows it; 0 if they are not there. */
static uint64_t number_behind(struct str text, struct str words)
{
    static const struct str units[] = {STR_INIT("KB"), STR_INIT("MB"), STR_INIT("GB")};
    uint64_t number = 0;
    size_t at = str_find(text, words);
    struct str rest = str_slice(text, at == SIZE_MAX ? at : at + words.len, SIZE_MAX);
    take_prefix(&rest, STR("'"));
    take_u64(&rest, &number);
    for (size_t i = 0; i < countof(units); i++)
        number = str_starts(rest, units[i]) ? min_of(number, UINT32_MAX) << 10 * (i + 1) : number;
    return number;
}

/* The number that a text ends with; 1 if there is none. */
static uint64_t number_before(struct str text)
{
    size_t at = text.len;
    while (at > 0 && is_digit(text.ptr[at - 1]))
        at--;
    uint64_t number;
    return str_to_u64(str_slice(text, at, SIZE_MAX), &number) ? number : 1;
}

static void count(struct push_answer *answer, const char *reason, uint64_t rows)
{
    uint64_t before = 0;
    for (size_t i = 0; i < answer->n_rejects; i++)
        before += answer->rejects[i].rows;
    uint64_t left = answer->n > before ? answer->n - before : 0;
    push_count_reject(answer, reason, min_of(rows, left));
}

/* "2 errors like: ...; 1 errors like: ...", or one without its number. */
static void count_refusals(struct str text, struct push_answer *answer)
{
    static const struct str words = STR_INIT(" errors like: ");
    size_t at = str_find(text, words);
    if (at == SIZE_MAX)
        count(answer, refusal_of(text), 1);
    while (at != SIZE_MAX) {
        uint64_t rows = number_before(str_slice(text, 0, at));
        text = str_slice(text, at + words.len, SIZE_MAX);
        at = str_find(text, words);
        const char *reason = refusal_of(str_slice(text, 0, at));
        count(answer, reason ? reason : "other", rows);
    }
}

/* Of entries, all others being stored. False if it is something else. */
static bool read_refusals(struct str text, struct push_answer *answer)
{
    const char *reason = refusal_of(text);
    if (!reason)
        return false;
    uint64_t ignored = number_behind(text, STR("total ignored: "));
    if (ignored)
        count(answer, reason, ignored);
    else
        count_refusals(text, answer);
    answer->verdict = PUSH_READ;
    push_set_fates(answer, answer->n == 1 ? PUSH_REJECTED : PUSH_TAKEN);
    return true;
}

/* Refused without a word about entries. */
static void read_whole(unsigned status, struct str text, struct push_answer *answer)
{
    if (answer->n > 1) {
        answer->verdict = PUSH_SMALLER;
        return;
    }
    bool is_long = status == 413 || has_words(text, STR("larger than max"));
    answer->verdict = PUSH_READ;
    push_set_fates(answer, PUSH_REJECTED);
    push_count_reject(answer,
                      is_long                                ? "too_long"
                      : has_words(text, STR("parse labels")) ? "labels"
                                                             : "other",
                      answer->n);
}

/* What is sent again is weighed again, with all that is stored already. So what is more than a burst, of which it is
 * only known that it is hardly less than what a second may have, would never be taken as a whole. */
static bool is_beyond_burst(struct str text)
{
    uint64_t limit = number_behind(text, STR("(limit: "));
    uint64_t bytes = number_behind(text, STR(" totaling "));
    uint64_t entries = max_of(number_behind(text, STR("total ignored: ")), (uint64_t)1);
    return bytes > limit / entries;
}

static void read_rate(struct str text, struct push_answer *answer)
{
    answer->verdict = answer->n > 1 && is_beyond_burst(text) ? PUSH_SMALLER : PUSH_RETRY;
}

static void read_bad_request(unsigned status, struct str text, bool has_metadata,
                             struct push_answer *answer)
{
    if (has_metadata && has_words(text, STR("this feature is disallowed")))
        answer->verdict = PUSH_OTHER_FORM;
    else if (has_words(text, STR("er stream rate limit exceeded")))
        read_rate(text, answer); /* some are too old, and some of the others not yet stored */
    else if (status != 400 || (!read_refusals(text, answer) && !is_about_settings(text)))
        read_whole(status, text, answer);
}

/* Such as one to log in at, which gateways give with status 200: nothing was taken. */
static bool is_page(struct str body)
{
    return str_starts(str_trim(body), STR("<"));
}

void loki_read_answer(const struct push_reply *reply, bool has_metadata, struct push_answer *answer)
{
    unsigned status = reply->status;
    answer->verdict = PUSH_RETRY;
    if (status >= 200 && status <= 204 && !is_page(reply->body)) {
        answer->verdict = PUSH_READ;
        push_set_fates(answer, PUSH_TAKEN);
        return;
    }
    push_set_detail(answer, reply->body);
    if (status == 400 || status == 413 || status == 422)
        read_bad_request(status, reply->body, has_metadata, answer);
    else if (status == 429)
        read_rate(reply->body, answer);
    else if (status >= 500 && has_words(reply->body, STR("essage larger than max")))
        read_whole(status, reply->body, answer);
}
