#include "formats/line/trace_line.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/colours.h"
#include "formats/line/letters.h"
#include "formats/line/multiline.h"

enum {
    TROUBLE_WINDOW = 192, /* bytes of a first line in which words of trouble are looked for */
    TIME_WINDOW = 64,
};

static bool is_name_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '$';
}

char last_byte(struct str s)
{
    return s.len ? s.ptr[s.len - 1] : 0;
}

size_t name_length(struct str s, const char *besides)
{
    size_t n = 0;
    while (n < s.len && (is_name_byte(s.ptr[n]) || strchr(besides, s.ptr[n])) && s.ptr[n])
        n++;
    return n;
}

struct str without_front(struct str s)
{
    size_t n = 0;
    while (n < s.len && is_blank(s.ptr[n]))
        n++;
    return str_slice(s, n, s.len);
}

struct str without_end(struct str s)
{
    while (s.len && (is_blank(s.ptr[s.len - 1]) || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

struct trace_line trace_look_at(struct str line, struct str open, char *room)
{
    struct trace_line l = {.open = str_slice(open, 0, TROUBLE_WINDOW),
                           .is_long = line.len > MULTILINE_PREFIX};
    line = str_slice(line, 0, MULTILINE_PREFIX);
    if (str_find_byte(line, '\x1b') != SIZE_MAX)
        line = without_colours(line, room, MULTILINE_PREFIX);
    l.line = without_end(line);
    l.text = without_front(l.line);
    l.is_indented = l.text.len < l.line.len;
    return l;
}

/* "digits: " or "digits)" and the like; the length of the digits. */
size_t digits_length(struct str s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.ptr[n]))
        n++;
    return n;
}

/* 09:22:01 */
static bool has_time_of_day(struct str line)
{
    line = str_slice(line, 0, TIME_WINDOW);
    for (size_t from = 2, at; from + 5 < line.len; from += at + 1) {
        at = str_find_byte(str_slice(line, from, line.len - from - 5), ':');
        if (at == SIZE_MAX)
            return false;
        const char *p = line.ptr + from + at;
        if (is_digit(p[-2]) && is_digit(p[-1]) && is_digit(p[1]) && is_digit(p[2]) && p[3] == ':' &&
            is_digit(p[4]) && is_digit(p[5]))
            return true;
    }
    return false;
}

/* The words that count, by their first letters or their last ones; in any case. */
static const struct str trouble_starts[] = {
    STR_INIT("warn"),      STR_INIT("err"),      STR_INIT("fatal"), STR_INIT("fail"),
    STR_INIT("crit"),      STR_INIT("severe"),   STR_INIT("panic"), STR_INIT("except"),
    STR_INIT("unhandled"), STR_INIT("uncaught"),
};
static const struct str trouble_ends[] = {STR_INIT("exception"), STR_INIT("error"),
                                          STR_INIT("throwable")};

static bool is_word_of_trouble(struct str word)
{
    for (size_t i = 0; i < countof(trouble_starts); i++)
        if (str_equal_nocase(str_slice(word, 0, trouble_starts[i].len), trouble_starts[i]))
            return true;
    for (size_t i = 0; i < countof(trouble_ends); i++)
        if (word.len > trouble_ends[i].len &&
            str_equal_nocase(str_slice(word, word.len - trouble_ends[i].len, word.len),
                             trouble_ends[i]))
            return true;
    return false;
}

/* Do the two letters at p stand in this set of pairs? Bits by the second, places by the first. */
static bool has_pair(const uint32_t pairs[32], const char *p)
{
    return pairs[p[0] & 31] >> (p[1] & 31) & 1;
}

/* By its first two letters or its last two; few words get further. */
static bool may_be_trouble(struct str word)
{
#define PAIR(a, b) [(a)&31] = 1u << ((b)&31)
    static const uint32_t first[32] = {PAIR('w', 'a'),
                                       PAIR('f', 'a'),
                                       PAIR('c', 'r'),
                                       PAIR('s', 'e'),
                                       PAIR('p', 'a'),
                                       PAIR('u', 'n'),
                                       ['e' & 31] = 1u << ('r' & 31) | 1u << ('x' & 31)};
    static const uint32_t last[32] = {['o' & 31] = 1u << ('n' & 31) | 1u << ('r' & 31),
                                      PAIR('l', 'e')};
#undef PAIR
    return word.len >= 3 &&
           (has_pair(first, word.ptr) || (word.len > 5 && has_pair(last, word.ptr + word.len - 2)));
}

/* Words are found by the masks of their letters. */
static bool has_trouble(struct str line)
{
    line = str_slice(line, 0, TROUBLE_WINDOW);
    for (size_t base = 0; base < line.len;) {
        uint64_t letters = letter_mask_of(str_slice(line, base, line.len)).letters;
        size_t next = 64;
        while (letters) {
            size_t at = (size_t)__builtin_ctzll(letters);
            uint64_t behind = ~(letters >> at);
            size_t n = behind ? (size_t)__builtin_ctzll(behind) : 64;
            if (at > 0 && at + n >= 64) {
                next = at; /* it may go on in the next 64 bytes */
                break;
            }
            struct str word = str_of(line.ptr + base + at, n);
            if (may_be_trouble(word) && is_word_of_trouble(word))
                return true;
            letters = at + n >= 64 ? 0 : letters >> (at + n) << (at + n);
        }
        base += next;
    }
    return false;
}

static struct str first_line(const struct trace_line *l)
{
    return str_slice(l->open, 0, str_find_byte(l->open, '\n'));
}

bool is_time_told(const struct trace_line *l)
{
    return has_time_of_day(first_line(l));
}

bool is_trouble_told(const struct trace_line *l)
{
    return has_trouble(first_line(l));
}

/* "java.io.IOException: reset", "TypeError: x", "App\Shop\PayError", "KeyError". */
bool is_error_name(struct str text)
{
    size_t n = name_length(text, ".\\:");
    while (n && text.ptr[n - 1] == ':')
        n--;
    struct str name = str_of(text.ptr, n);
    if (n < 5 || (n < text.len && text.ptr[n] != ':' && text.ptr[n] != ' '))
        return false;
    bool is_qualified =
        str_find_byte(name, '.') != SIZE_MAX || str_find_byte(name, '\\') != SIZE_MAX;
    size_t short_from = n;
    while (short_from && is_name_byte(text.ptr[short_from - 1]))
        short_from--;
    if (short_from == n || !is_upper(text.ptr[short_from]))
        return false;
    bool has_message = n == text.len || text.ptr[n] == ':';
    if (str_ends(name, STR("Exception")) || str_ends(name, STR("Error")) ||
        str_ends(name, STR("Throwable")))
        return has_message || str_starts(str_slice(text, n, text.len), STR(" ["));
    return is_qualified && n < text.len && text.ptr[n] == ':' &&
           digits_length(str_slice(text, n + 1, 1)) == 0 && name_length(name, "") < n &&
           (str_ends(name, STR("Failure")) || str_ends(name, STR("Exit")) ||
            str_ends(name, STR("OOM")) || str_ends(name, STR("Fault")) ||
            str_ends(name, STR("Interrupt")));
}
