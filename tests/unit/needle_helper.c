#include "tests/unit/needle_helper.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/grep_helper.h"

static uint64_t state;

void needle_seed(uint64_t seed)
{
    state = seed;
}

unsigned needle_roll(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* ---- lines ---- */

static void put_hex(struct buf *b, unsigned digits)
{
    for (; digits; digits--)
        buf_add_byte(b, "0123456789abcdef"[needle_roll(16)]);
}

static const char *const words[] = {
    "timeout", "Connection",           "user",   "stra\xc3\x9f", "retry", "checkout", "NullPointer",
    "x",       "r\xc3\xa9sum\xc3\xa9", "ABC-77", "a b",          "K"};

static void put_word(struct buf *b)
{
    buf_add(b, str_from(words[needle_roll(countof(words))]));
}

void put_log_line(struct buf *b, unsigned i, bool regular)
{
    switch (needle_roll(regular ? 7 : 12)) {
    case 0:
    case 1:
        buf_print(b, "{\"level\":%u,\"time\":%llu,\"reqId\":\"", 10 * needle_roll(6),
                  1795166521000ull + i * 7);
        put_hex(b, 32);
        buf_print(b, "\",\"msg\":\"");
        put_word(b);
        buf_print(b, " done\",\"ms\":%u.%u}", needle_roll(900), needle_roll(10));
        break;
    case 2:
    case 3:
        buf_print(b, "2026-11-20T%02u:%02u:%02u.%03uZ INFO [worker-%u] ", i / 3600 % 24,
                  i / 60 % 60, i % 60, needle_roll(1000), needle_roll(16));
        put_word(b);
        buf_print(b, ": job %u of ", needle_roll(100000));
        put_word(b);
        break;
    case 4:
    case 5:
        buf_print(b, "192.0.2.%u - - [20/Nov/2026:09:22:%02u +0000] \"GET /", needle_roll(255),
                  i % 60);
        put_word(b);
        buf_print(b, "?id=%u HTTP/1.1\" %u %u", needle_roll(100000), 200 + needle_roll(4) * 100,
                  needle_roll(90000));
        break;
    case 6:
        buf_print(b, "trace=");
        put_hex(b, 8);
        for (int k = 0; k < 3; k++) {
            buf_add_byte(b, '-');
            put_hex(b, 4);
        }
        buf_add_byte(b, '-');
        put_hex(b, 12);
        buf_print(b, " took=%ums ok=%s", needle_roll(5000), needle_roll(2) ? "true" : "false");
        break;
    case 7:
        put_word(b);
        buf_print(b, "Exception: code %u\n    at com.example.", needle_roll(9));
        put_word(b);
        buf_print(b, "(Main.java:%u)\n    ... %u more", needle_roll(400), needle_roll(20));
        break;
    case 8:
        for (unsigned n = needle_roll(6); n; n--) {
            put_word(b);
            buf_add_byte(b, " ,;\t"[needle_roll(4)]);
        }
        break;
    case 9:
        buf_print(b, "%s%llu", needle_roll(2) ? "-" : "",
                  (unsigned long long)needle_roll(1u << 30) * needle_roll(1u << 30));
        break;
    case 10:
        for (unsigned n = needle_roll(40); n; n--)
            buf_add_byte(b, (char)(1 + needle_roll(255) % 255));
        for (size_t k = 0; k < b->len; k++)
            b->ptr[k] = b->ptr[k] == '\n' ? '\r' : b->ptr[k];
        break;
    default:
        break; /* an empty line */
    }
}

/* ---- needles ---- */

static struct str random_line(const struct needle_source *source)
{
    for (;;) {
        struct str line = source->lines[needle_roll((unsigned)source->n)];
        if (line.len)
            return line;
    }
}

/* At most so long, and empty only between the bytes of one character. */
static struct str cut_piece(const struct needle_source *source, struct str line, size_t from,
                            size_t len)
{
    struct str rest = str_slice(line, from, SIZE_MAX);
    if (!source->whole_characters)
        return str_slice(rest, 0, len);
    while (rest.len && ((unsigned char)rest.ptr[0] & 0xc0) == 0x80)
        rest = str_slice(rest, 1, SIZE_MAX);
    return str_cut_utf8(rest, len);
}

static struct str piece_of(const struct needle_source *source, struct str line)
{
    size_t from = needle_roll((unsigned)line.len);
    return cut_piece(source, line, from, 1 + needle_roll(needle_roll(3) ? 12 : 40));
}

static void put_escaped(struct buf *b, enum pattern_kind kind, struct str text)
{
    const char *special = kind == PATTERN_BASIC ? "\\^$.[*" : "\\^$.[|()*+?{";
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(special, text.ptr[i]))
            buf_add_byte(b, '\\');
        buf_add_byte(b, text.ptr[i]);
    }
}

static void put_between(struct buf *b, enum pattern_kind kind, const char *text)
{
    for (; *text; text++) {
        bool is_operator = strchr("+?|(){}", *text);
        put_operator(b, is_operator ? kind : PATTERN_EXTENDED, (const char[]){*text, '\0'});
    }
}

static void change_byte(struct buf *b, size_t at)
{
    if (at < b->len && (unsigned char)b->ptr[at] < 0x80)
        b->ptr[at] = "0aZ_ -"[needle_roll(6)];
}

void put_needle(const struct needle_source *source, struct buf *b)
{
    buf_add(b, piece_of(source, random_line(source)));
    switch (needle_roll(9)) {
    case 0: /* one byte is another */
        change_byte(b, needle_roll((unsigned)b->len + 1));
        break;
    case 1: /* two pieces in one */
        buf_add(b, piece_of(source, random_line(source)));
        break;
    case 2: /* the other case */
        for (size_t i = 0; i < b->len; i++)
            b->ptr[i] = (char)((b->ptr[i] >= 'a' && b->ptr[i] <= 'z') ? b->ptr[i] - 32 : b->ptr[i]);
        break;
    case 3: /* nobody has ever seen it */
        for (unsigned n = 8 + needle_roll(16); n; n--)
            buf_add_byte(b, (char)('a' + needle_roll(26)));
        break;
    default:
        break;
    }
}

void put_needle_regex(const struct needle_source *source, enum pattern_kind kind, struct buf *b)
{
    static const char *const between[] = {".*", ".",      "[0-9]+", "[a-z]*",
                                          "|",  ".{1,9}", "(x|Z)?", "\\w+"};
    struct str line = random_line(source);
    size_t from = needle_roll((unsigned)line.len);
    put_escaped(b, kind, cut_piece(source, line, from, 1 + needle_roll(10)));
    for (unsigned n = needle_roll(3); n; n--) {
        put_between(b, kind, between[needle_roll(countof(between))]);
        from += 1 + needle_roll(12);
        put_escaped(b, kind,
                    from < line.len ? cut_piece(source, line, from, 1 + needle_roll(8))
                                    : piece_of(source, random_line(source)));
    }
}
