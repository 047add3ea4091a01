#include "tests/unit/made_helper.h"

#include "base/mem.h"
#include "formats/block/chunk_builder.h"
#include "formats/block/grams.h"
#include "tests/test.h"

static uint64_t state = 1;

void made_seed(uint64_t seed)
{
    state = mix_hash(seed + 1) | 1;
}

uint64_t made_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

void free_made(struct made *m)
{
    arena_free(&m->arena);
    buf_free(&m->bytes);
    m->n = 0;
}

void put_made_hex(struct buf *b, size_t n, const char *digits)
{
    for (size_t i = 0; i < n; i++)
        buf_add_byte(b, digits[made_below(16)]);
}

void put_made_word(struct buf *b, size_t n, const char *letters)
{
    for (size_t i = 0; i < n; i++)
        buf_add_byte(b, letters[made_below(strlen(letters))]);
}

void put_made_uuid(struct buf *b, const char *digits)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    for (size_t i = 0; i < countof(groups); i++) {
        buf_print(b, i ? "-" : "");
        put_made_hex(b, groups[i], digits);
    }
}

static void put_value(struct buf *b, unsigned kind)
{
    static const char *const words[] = {"timeout", "Connection", "reset",     "by",
                                        "peer",    "größe",      "deadbeef",  "retry",
                                        "Queue",   "x",          "é\xff\xfe", "café"};
    unsigned a = (unsigned)made_below(256), c = (unsigned)made_below(60);
    switch (kind) {
    case 0:
        buf_print(b, "%llu", (unsigned long long)made_below(100000));
        break;
    case 1:
        put_made_hex(b, 32, MADE_LOW);
        break;
    case 2:
        put_made_hex(b, 16, made_below(2) ? MADE_LOW : MADE_HIGH);
        break;
    case 3:
        put_made_uuid(b, made_below(8) ? MADE_LOW : MADE_HIGH);
        break;
    case 4:
        buf_print(b, "10.%u.%u.7", a, c);
        break;
    case 5:
        buf_print(b, "2026-11-%02uT09:%02u:%02u.%03uZ", 1 + c % 30, c, c, a);
        break;
    case 6:
        buf_print(b, "%02u/Nov/2026:09:%02u:01 +0000", 1 + c % 30, c);
        break;
    case 7:
        buf_print(b, "%u.%02u", a, c);
        break;
    case 8:
        buf_print(b, "/api/v%u/%s/", c % 3, words[a % 12]), put_made_hex(b, 24, MADE_LOW);
        break;
    case 9:
        put_made_word(b, 1 + made_below(30), MADE_ANY);
        break;
    case 10:
        buf_print(b, "req-"), put_made_hex(b, 32, MADE_LOW);
        break;
    case 11:
        buf_print(b, "%s %s", words[a % 12], words[c % 12]);
        break;
    case 12:
        put_made_hex(b, 12 + made_below(150), MADE_LOW);
        break;
    case 13:
        put_made_hex(b, 11 + made_below(22), made_below(2) ? MADE_LOW : MADE_HIGH);
        break;
    case 14:
        put_made_word(b, 11 + made_below(22), "0123456789");
        break;
    case 15:
        buf_print(b, "00-"), put_made_hex(b, 32, MADE_LOW);
        buf_print(b, "-"), put_made_hex(b, 16, MADE_LOW), buf_print(b, "-01");
        break;
    default:
        buf_print(b, "%s", words[a % 12]);
        break;
    }
}

/* A few forms of lines, each with values of its kinds, some long, some of several lines, some like no other. */
static void put_random_line(struct buf *b, uint64_t seed, uint64_t kinds_seed)
{
    enum { KINDS = 17, LIKE_NO_OTHER = 9 };
    static const char *const names[] = {" field=", " \"key\":\"", " took ", "",
                                        " of7 ",   "\n\tat ",     "days "};
    uint64_t form = made_below(12), shape = mix_hash(seed * 100 + form);
    uint64_t kind = mix_hash(kinds_seed * 100 + form);
    size_t n = form == 10 ? 150 : 1 + shape % 6;
    for (size_t i = 0; i < n; i++) {
        shape = mix_hash(shape + i);
        kind = mix_hash(kind + i);
        if (form == LIKE_NO_OTHER)
            put_made_word(b, made_below(12), MADE_ANY " -:=/\n");
        else
            buf_add(b, str_from(names[shape % countof(names)]));
        put_value(b, (unsigned)(made_below(20) ? kind >> 8 : made_below(KINDS)) % KINDS);
    }
    if (form == 11)
        put_made_word(b, 1500, "abcdefgh ");
}

void make_made_lines(struct made *m, uint64_t seed, uint64_t kinds_seed, size_t n)
{
    defer(buf_free) struct buf line = {0};
    for (m->n = 0; m->n < n; m->n++) {
        buf_reset(&line);
        if (made_below(50))
            put_random_line(&line, seed, kinds_seed);
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
}

void make_made_chunk(struct made *m)
{
    struct err err;
    struct block_header header;
    struct chunk_builder b = {0};
    struct chunk_rows rows = {0};
    m->bytes.max = CHUNK_MAX;
    buf_reset(&m->bytes);
    chunk_rows_begin(&rows);
    uint32_t stream = chunk_rows_stream(&rows, &(struct block_stream){0});
    for (size_t i = 0; i < m->n; i++)
        REQUIRE_OK(
            chunk_rows_add(&rows, &(struct record){.line = m->lines[i], .stream = stream},
                           &(struct chunk_from){.origin = {1, 1},
                                                .place = {.sequence = 1, .position = (uint32_t)i}},
                           &err));
    REQUIRE_OK(chunk_build(&b, &rows, 3, &m->bytes, &header, &err));
    chunk_rows_free(&rows);
    chunk_builder_free(&b);
}
