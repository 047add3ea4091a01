#include "formats/line/facts.h"

#include "base/mem.h"
#include "formats/line/colours.h"
#include "formats/line/json.h"
#include "formats/line/text_level.h"

/* How much of a line of text is looked at; an access log's request may be this long. */
enum { HEAD_BYTES = 512 };

enum { RANK_NONE = 9 };

enum key_role { ROLE_LEVEL, ROLE_TIME, ROLE_MONGO_LEVEL, ROLE_JOURNAL_LEVEL };

/*
 * The keys that give a level or a time, in any case, by length. MongoDB's "s" counts only behind
 * its "t":{"$date":...}; journald's PRIORITY only as it writes it, a string in upper case.
 */
static const struct json_key {
    struct str outer, key;
    uint8_t role;  /* enum key_role */
    uint8_t rank;  /* rule 3 */
    uint8_t scale; /* enum level_scale */
} json_keys[] = {
    {{0}, STR_INIT("level"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("severity"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("lvl"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("@l"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("levelname"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("level_name"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("log.level"), ROLE_LEVEL, 0, SCALE_AUTO},
    {STR_INIT("log"), STR_INIT("level"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("loglevel"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("log_level"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("severitytext"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("severity_text"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("error_severity"), ROLE_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("s"), ROLE_MONGO_LEVEL, 0, SCALE_AUTO},
    {{0}, STR_INIT("levelno"), ROLE_LEVEL, 1, SCALE_PYTHON},
    {{0}, STR_INIT("severitynumber"), ROLE_LEVEL, 1, SCALE_OTEL},
    {{0}, STR_INIT("severity_number"), ROLE_LEVEL, 1, SCALE_OTEL},
    {{0}, STR_INIT("PRIORITY"), ROLE_JOURNAL_LEVEL, 1, SCALE_SYSLOG},
    {{0}, STR_INIT("time"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("ts"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("timestamp"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("@timestamp"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("@t"), ROLE_TIME, 0, 0},
    {STR_INIT("t"), STR_INIT("$date"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("eventtime"), ROLE_TIME, 0, 0},
    {{0}, STR_INIT("asctime"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("datetime"), ROLE_TIME, 1, 0},
    {STR_INIT("datetime"), STR_INIT("date"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("date"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("t"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("time_iso8601"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("time_local"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("start_time"), ROLE_TIME, 1, 0},
    {{0}, STR_INIT("__realtime_timestamp"), ROLE_TIME, 1, 0},
};

/* What a JSON line has said so far. */
struct json_facts {
    struct clock_guide guide;
    int64_t time_ns;
    enum level level;
    uint8_t level_rank, time_rank; /* of what was taken; RANK_NONE before */
    bool any, is_mongo, is_clef;   /* any member; t.$date and @t were there */
    bool is_timed;                 /* only the level is asked for */
};

static bool may_be_key(struct str key)
{
    /* By the first letter (bit 0: '@', 5: 'e' ...): most keys end here. */
    const uint32_t first = 1u << 0 | 1u << ('a' & 31) | 1u << ('d' & 31) | 1u << ('e' & 31) |
                           1u << ('l' & 31) | 1u << ('p' & 31) | 1u << ('s' & 31) |
                           1u << ('t' & 31) | 1u << ('_' & 31) | 1u << ('$' & 31);
    return key.len > 0 && key.len <= 20 && (first >> (key.ptr[0] & 31) & 1);
}

static const struct json_key *key_of(const struct json_member *m)
{
    if (!may_be_key(m->key))
        return NULL;
    for (size_t i = 0; i < countof(json_keys); i++) {
        const struct json_key *k = &json_keys[i];
        if (k->key.len == m->key.len && k->outer.len == m->outer.len &&
            str_equal_nocase(k->key, m->key) && str_equal_nocase(k->outer, m->outer))
            return k;
    }
    return NULL;
}

static enum level level_of_member(const struct json_member *m, enum level_scale scale)
{
    enum { LONGEST = 64 };
    char room[LONGEST];
    if ((m->kind != JSON_STRING && m->kind != JSON_NUMBER) || m->value.len > LONGEST)
        return LEVEL_UNKNOWN;
    return level_of_value(without_colours(m->value, room, sizeof room), scale);
}

/* Words and pino's numbers are sure; other numbers give way to a word under another key. */
static uint8_t rank_of_level(const struct json_key *k, const struct json_member *m)
{
    uint64_t number;
    bool sure = !str_to_u64(m->value, &number) || (number >= 10 && number < 70);
    return k->rank == 0 && !sure ? 1 : k->rank;
}

static void take_level(struct json_facts *f, const struct json_key *k, const struct json_member *m)
{
    uint8_t rank = rank_of_level(k, m);
    if (rank >= f->level_rank)
        return;
    enum level level = level_of_member(m, k->scale);
    if (level == LEVEL_UNKNOWN)
        return;
    f->level = level;
    f->level_rank = rank;
}

static int64_t time_of_member(const struct json_member *m, const struct clock_guide *guide)
{
    int64_t ns;
    if (m->kind != JSON_STRING && m->kind != JSON_NUMBER)
        return TIME_NONE;
    struct str value = str_trim(str_slice(m->value, 0, CLOCK_WINDOW));
    if (epoch_to_ns(value, &ns))
        return ns;
    struct clock_text t;
    if (m->kind != JSON_STRING || !take_clock(&value, &t))
        return TIME_NONE;
    bool whole = value.len == 0 || value.ptr[0] == ' ' || value.ptr[0] == '['; /* zone names */
    if (!whole)
        return TIME_NONE;
    return clock_resolve(&t, guide);
}

static void take_time(struct json_facts *f, const struct json_key *k, const struct json_member *m)
{
    if (k->rank >= f->time_rank)
        return;
    int64_t ns = f->is_timed ? TIME_NONE : time_of_member(m, &f->guide);
    if (ns == TIME_NONE && !f->is_timed)
        return;
    f->time_ns = ns;
    f->time_rank = k->rank;
    f->is_mongo |= k->outer.len == 1;
    f->is_clef |= str_equal(k->key, STR("@t"));
}

static void take_member(struct json_facts *f, const struct json_member *m)
{
    const struct json_key *k = key_of(m);
    f->any = true;
    if (!k)
        return;
    switch ((enum key_role)k->role) {
    case ROLE_LEVEL:
        take_level(f, k, m);
        break;
    case ROLE_TIME:
        take_time(f, k, m);
        break;
    case ROLE_MONGO_LEVEL:
        if (f->is_mongo && m->value.len <= 2)
            take_level(f, k, m);
        break;
    case ROLE_JOURNAL_LEVEL:
        if (m->kind == JSON_STRING && str_equal(m->key, k->key))
            take_level(f, k, m);
        break;
    }
}

/* Serilog leaves "@l" out where it would be "Information"; known only when all was read. */
static void conclude_clef(struct json_facts *f, const struct json_scan *scan)
{
    if (f->is_clef && scan->done && f->level_rank == RANK_NONE)
        f->level = LEVEL_INFO;
}

static bool facts_of_json(struct str line, const struct clock_guide *guide, bool is_timed,
                          struct line_facts *facts)
{
    struct json_facts f = {
        .guide = *guide,
        .time_ns = TIME_NONE,
        .level_rank = RANK_NONE,
        .time_rank = RANK_NONE,
        .is_timed = is_timed,
    };
    struct json_scan scan;
    struct json_member m;
    if (!json_open(&scan, line))
        return false;
    while ((f.level_rank > 0 || (f.time_rank > 0 && !is_timed)) && json_next(&scan, &m))
        take_member(&f, &m);
    if (!f.any)
        return false;
    conclude_clef(&f, &scan);
    *facts =
        (struct line_facts){.time_ns = f.time_ns, .level = (uint8_t)f.level, .kind = LINE_JSON};
    return true;
}

static void facts_of_text(struct str line, const struct clock_guide *guide, bool is_timed,
                          struct line_facts *facts)
{
    char room[HEAD_BYTES];
    struct str head = str_slice(line, 0, HEAD_BYTES);
    if (str_find_byte(head, '\x1b') != SIZE_MAX)
        head = without_colours(head, room, sizeof room);
    struct clock_text t;
    bool timed = find_clock(head, &t);
    *facts =
        (struct line_facts){.time_ns = timed && !is_timed ? clock_resolve(&t, guide) : TIME_NONE};
    int status = timed ? access_status(head, &t) : 0;
    if (status == 0) {
        facts->level = (uint8_t)text_level(line, head, timed ? &t : NULL);
    } else if (status >= 400) {
        facts->level = status >= 500 ? LEVEL_ERROR : LEVEL_WARN;
        facts->level_derived = true;
    }
}

void line_facts_of(struct str line, struct line_context *context, struct line_facts *facts)
{
    struct clock_guide guide = {
        .near_ns = context->file_time_ns ? context->file_time_ns : context->arrival_ns,
        .previous_ns = context->previous_ns,
        .local_to_utc = context->local_to_utc,
        .zone = context->zone,
    };
    take_prefix(&line, STR("\xef\xbb\xbf"));
    line = str_trim(line);
    if (!facts_of_json(line, &guide, context->is_timed, facts))
        facts_of_text(line, &guide, context->is_timed, facts);
    if (facts->time_ns != TIME_NONE)
        context->previous_ns = facts->time_ns;
}
