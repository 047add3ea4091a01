#include "formats/line/text_level.h"

#include "base/mem.h"
#include "formats/line/colours.h"
#include "formats/line/json.h"
#include "formats/line/letters.h"

/* What a byte is to the search for level words. */
enum byte_class {
    LETTER = 1,
    BEFORE_WORD = 2, /* may stand before a level word */
    AFTER_WORD = 4,  /* may stand behind one */
    SEPARATOR = BEFORE_WORD | AFTER_WORD,
};

static const uint8_t classes[256] = {
    ['a' ... 'z'] = LETTER, ['A' ... 'Z'] = LETTER, [' '] = SEPARATOR,  ['\t'] = SEPARATOR,
    ['['] = SEPARATOR,      [']'] = SEPARATOR,      ['|'] = SEPARATOR,  ['>'] = SEPARATOR,
    [','] = SEPARATOR,      [';'] = SEPARATOR,      [':'] = SEPARATOR,  ['('] = BEFORE_WORD,
    ['<'] = BEFORE_WORD,    ['{'] = BEFORE_WORD,    [')'] = AFTER_WORD, ['='] = AFTER_WORD,
    ['.'] = BEFORE_WORD,
};

static inline bool has_class(char c, enum byte_class class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

/* No level word or level key begins with another letter. */
static inline bool may_begin_word(char letter)
{
    const uint32_t first = 1u << ('a' & 31) | 1u << ('c' & 31) | 1u << ('d' & 31) |
                           1u << ('e' & 31) | 1u << ('f' & 31) | 1u << ('i' & 31) |
                           1u << ('l' & 31) | 1u << ('n' & 31) | 1u << ('p' & 31) |
                           1u << ('s' & 31) | 1u << ('t' & 31) | 1u << ('v' & 31) |
                           1u << ('w' & 31);
    return first >> (letter & 31) & 1;
}

static inline bool is_letter(char c)
{
    return has_class(c, LETTER);
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* The byte before or at a place; a blank beyond the ends. */
static inline char byte_before(struct str s, size_t at)
{
    return at > 0 ? s.ptr[at - 1] : ' ';
}

static inline char byte_at(struct str s, size_t at)
{
    return at < s.len ? s.ptr[at] : ' ';
}

static bool is_upper(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] >= 'a')
            return false;
    }
    return true;
}

static bool is_level_key(struct str key)
{
    static const struct str keys[] = {
        STR_INIT("level"),     STR_INIT("lvl"),       STR_INIT("severity"), STR_INIT("loglevel"),
        STR_INIT("log_level"), STR_INIT("log.level"), STR_INIT("levelname")};
    for (size_t i = 0; i < countof(keys); i++) {
        if (str_equal_nocase(key, keys[i]))
            return true;
    }
    return false;
}

/* line[equals] is a '='. Only words and slog's forms count: a bare number after "level=" is more
 * often the level of something else. */
static enum level level_of_pair(struct str line, size_t equals)
{
    enum { LONGEST_KEY = 9, LONGEST_VALUE = 48 };
    size_t from = equals;
    while (from > 0 && equals - from <= LONGEST_KEY &&
           (is_letter(line.ptr[from - 1]) || is_one_of(line.ptr[from - 1], "._")))
        from--;
    if (!is_level_key(str_of(line.ptr + from, equals - from)) ||
        !is_one_of(byte_before(line, from), " \t[({,|;"))
        return LEVEL_UNKNOWN;
    char room[LONGEST_VALUE];
    struct str value =
        without_colours(str_slice(line, equals + 1, LONGEST_VALUE), room, sizeof room);
    take_prefix(&value, STR("\""));
    size_t n = 0;
    while (n < value.len && !is_one_of(value.ptr[n], " \t\",;)]}|\r\n"))
        n++;
    if (n == 0 || is_digit(value.ptr[0]))
        return LEVEL_UNKNOWN;
    return level_of_value(str_of(value.ptr, n), SCALE_AUTO);
}

/* The place after a quoted value that begins behind line[equals], or the one after '='. */
static size_t after_value(struct str line, size_t equals)
{
    if (byte_at(line, equals + 1) != '"')
        return equals + 1;
    const char *end = line.ptr + line.len;
    return (size_t)(json_string_end(line.ptr + equals + 2, end) - line.ptr);
}

static enum level logfmt_level(struct str line)
{
    for (size_t at = 0; at < line.len;) {
        size_t equals = str_find_byte(str_slice(line, at, line.len), '=');
        if (equals == SIZE_MAX)
            break;
        equals += at;
        enum level level = LEVEL_UNKNOWN;
        if (equals > 0 && is_one_of((char)(line.ptr[equals - 1] | 0x20), "lye"))
            level = level_of_pair(line, equals);
        if (level != LEVEL_UNKNOWN)
            return level;
        at = after_value(line, equals);
    }
    return LEVEL_UNKNOWN;
}

/* "[core:error]": only a name stands between the bracket and the colon before head[from]. */
static bool is_after_module(struct str head, size_t from)
{
    if (byte_before(head, from) != ':')
        return false;
    for (from--; from > 0 && head.ptr[from - 1] != '['; from--) {
        char c = head.ptr[from - 1];
        if (!is_letter(c) && !is_digit(c) && c != '_')
            return false;
    }
    return from > 0;
}

/* "[error]", "<info>", "| info |", "\tinfo\t", "[core:error]"; blanks may pad the word. */
static bool is_bracketed(struct str head, size_t from, size_t to)
{
    if (byte_before(head, from) == '\t' && byte_at(head, to) == '\t')
        return true;
    if (byte_at(head, to) == ']' && is_after_module(head, from))
        return true;
    while (from > 0 && head.ptr[from - 1] == ' ')
        from--;
    while (to < head.len && head.ptr[to] == ' ')
        to++;
    switch (byte_before(head, from)) {
    case '[':
        return byte_at(head, to) == ']';
    case '(':
        return byte_at(head, to) == ')';
    case '<':
        return byte_at(head, to) == '>';
    case '|':
        return byte_at(head, to) == '|';
    default:
        return false;
    }
}

/* The place of the bracket before a padded word. */
static size_t opening_before(struct str head, size_t from)
{
    while (from > 0 && head.ptr[from - 1] == ' ')
        from--;
    return from > 0 ? from - 1 : 0;
}

/* What a level word is looked at with. */
struct level_search {
    struct str head;
    size_t front;      /* where the line begins, behind blanks */
    size_t after_time; /* where it goes on behind the time; 0 without one */
};

/* "error: x" at the start, after the time, after "app[12]: ". */
static bool is_announced(const struct level_search *s, size_t from, size_t to)
{
    if (byte_at(s->head, to) != ':' || to == s->head.len)
        return false;
    return from == s->front || (s->after_time && from == s->after_time) ||
           (from >= 3 && memcmp(s->head.ptr + from - 3, "]: ", 3) == 0);
}

/* "] app.ERROR: " as Monolog writes it: a channel between the bracket of the time and the word. */
static bool is_after_channel(struct str head, size_t from, size_t to)
{
    if (byte_at(head, to) != ':' || from < 4)
        return false;
    for (from--; from > 0 && head.ptr[from - 1] != ' '; from--) {
        char c = head.ptr[from - 1];
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-')
            return false;
    }
    return from >= 2 && head.ptr[from - 2] == ']';
}

/* "] PHP Warning:  " and "] PHP Fatal error:  " */
static bool is_after_php(struct str head, size_t from)
{
    enum { BEFORE = 6 };
    return from >= BEFORE && memcmp(head.ptr + from - BEFORE, "] PHP ", BEFORE) == 0;
}

/* "]:ERROR:  ", PostgreSQL with the prefix of RDS */
static bool is_after_process(struct str head, size_t from, size_t to)
{
    return from >= 2 && head.ptr[from - 1] == ':' && head.ptr[from - 2] == ']' &&
           byte_at(head, to) == ':' && byte_at(head, to + 1) == ' ';
}

static enum level level_at(const struct level_search *s, size_t from, size_t to)
{
    struct str word = str_of(s->head.ptr + from, to - from);
    char before = byte_before(s->head, from), after = byte_at(s->head, to);
    if (after == '=')
        return level_of_pair(s->head, to);
    enum level level = level_of_word(word, WORD_COLON);
    if (level == LEVEL_UNKNOWN)
        return LEVEL_UNKNOWN;
    if (is_announced(s, from, to) || is_after_php(s->head, from))
        return level;
    if (is_bracketed(s->head, from, to) && !follows_prose(s->head, opening_before(s->head, from)))
        return level;
    if (is_upper(word) && is_after_process(s->head, from, to))
        return level;
    if (before == '.' && is_upper(word) && is_after_channel(s->head, from, to))
        return level;
    if (before == ':' || before == '.' || !is_upper(word) || follows_prose(s->head, from))
        return LEVEL_UNKNOWN;
    return level_of_word(word, after == ':' ? WORD_COLON : WORD_TOKEN);
}

/* A word of letters begins at head[from] and no letter stands before it. */
static enum level level_of_start(const struct level_search *s, size_t from)
{
    struct str head = s->head;
    size_t to = from + 3;
    if (head.len - from < 3 || !is_letter(head.ptr[from + 1]) || !is_letter(head.ptr[from + 2]))
        return LEVEL_UNKNOWN;
    while (to < head.len && to - from <= LEVEL_WORD_MAX && is_letter(head.ptr[to]))
        to++;
    return has_class(byte_at(head, to), AFTER_WORD) ? level_at(s, from, to) : LEVEL_UNKNOWN;
}

/* Goes from word to word and from '=' to '='; what a quote behind a '=' opens is passed over. */
static enum level level_in_head(const struct level_search *s)
{
    struct str head = s->head;
    size_t limit = min_of(head.len, (size_t)LEVEL_WINDOW), skip_to = s->front;
    uint64_t carry = 0;
    for (size_t base = 0; base < limit; base += 64) {
        struct letter_mask m = letter_mask_of(str_slice(head, base, limit - base));
        uint64_t starts = m.letters & ~(m.letters << 1 | carry);
        carry = m.letters >> 63;
        for (uint64_t left = starts | m.equals; left; left &= left - 1) {
            size_t at = base + (size_t)__builtin_ctzll(left);
            if (at < skip_to)
                continue;
            if (head.ptr[at] == '=') {
                skip_to = after_value(head, at);
                continue;
            }
            if (!may_begin_word(head.ptr[at]) || !has_class(byte_before(head, at), BEFORE_WORD))
                continue;
            enum level level = level_of_start(s, at);
            if (level != LEVEL_UNKNOWN)
                return level;
        }
    }
    return LEVEL_UNKNOWN;
}

/* "123:M 20 Nov 2026 09:22:01.123 # ": the role before the time makes the mark one of Redis. */
static enum level redis_level(struct str head, const struct clock_text *t)
{
    if (t->form != CLOCK_DAY_FIRST || t->from < 4 || !is_digit(head.ptr[t->from - 4]) ||
        head.ptr[t->from - 3] != ':' || !is_one_of(head.ptr[t->from - 2], "MSCX"))
        return LEVEL_UNKNOWN;
    if (byte_at(head, t->to) != ' ' || byte_at(head, t->to + 2) != ' ')
        return LEVEL_UNKNOWN;
    switch (byte_at(head, t->to + 1)) {
    case '.':
        return LEVEL_DEBUG;
    case '-':
        return LEVEL_INFO;
    case '*':
        return LEVEL_NOTICE;
    case '#':
        return LEVEL_WARN;
    default:
        return LEVEL_UNKNOWN;
    }
}

/* Numbers with blanks before them, as many as wanted. */
static bool take_padded_numbers(struct str *s, int wanted)
{
    for (int i = 0; i < wanted; i++) {
        uint64_t value;
        if (!str_starts(*s, STR(" ")))
            return false;
        while (take_prefix(s, STR(" "))) {
        }
        if (!take_u64(s, &value))
            return false;
    }
    return true;
}

/* "NETWORK  [conn1]", the component and the thread of MongoDB. */
static bool is_component(struct str s)
{
    size_t n = 0;
    while (n < s.len &&
           ((s.ptr[n] >= 'A' && s.ptr[n] <= 'Z') || s.ptr[n] == '-' || s.ptr[n] == '_'))
        n++;
    size_t blanks = n;
    while (blanks < s.len && s.ptr[blanks] == ' ')
        blanks++;
    return n > 0 && blanks > n && byte_at(s, blanks) == '[';
}

/* A letter behind the time: "I NETWORK  [conn1] ..." (MongoDB before 4.4), "I | raft: ..." (etcd), and
 * behind two numbers "  702  2395 D Tag: ..." (logcat). */
static enum level letter_level(struct str head, const struct clock_text *t)
{
    struct str rest = str_slice(head, t->to, head.len);
    bool is_logcat = t->form == CLOCK_LOGCAT;
    if (is_logcat && !take_padded_numbers(&rest, 2))
        return LEVEL_UNKNOWN;
    if (byte_at(rest, 0) != ' ' || byte_at(rest, 2) != ' ' || !is_letter(byte_at(rest, 1)))
        return LEVEL_UNKNOWN;
    if (!is_logcat && byte_at(rest, 3) != '|' && !is_component(str_slice(rest, 3, rest.len)))
        return LEVEL_UNKNOWN;
    return level_of_letter(rest.ptr[1]);
}

/* "<34>" at the front: 34; -1 without one. */
static int priority_of(struct str head)
{
    uint64_t value;
    if (!take_prefix(&head, STR("<")) || !take_u64(&head, &value) || value > 191 ||
        !str_starts(head, STR(">")))
        return -1;
    return (int)value;
}

static enum level level_of_clock(struct str head, const struct clock_text *t)
{
    if (t->form == CLOCK_KLOG)
        return level_of_letter(head.ptr[t->from]);
    enum level level = redis_level(head, t);
    return level == LEVEL_UNKNOWN ? letter_level(head, t) : level;
}

static struct level_search search_of(struct str head, const struct clock_text *t)
{
    struct level_search s = {.head = head};
    while (s.front < head.len && is_one_of(head.ptr[s.front], " \t"))
        s.front++;
    if (t) {
        s.after_time = t->to;
        while (s.after_time < head.len && is_one_of(head.ptr[s.after_time], " \t]|:-"))
            s.after_time++;
    }
    return s;
}

enum level text_level(struct str line, struct str head, const struct clock_text *clock_found)
{
    struct level_search search = search_of(head, clock_found);
    int priority = priority_of(head);
    if (priority >= 0 && priority < 8)
        return level_of_number((uint64_t)priority, SCALE_SYSLOG);
    enum level level = clock_found ? level_of_clock(head, clock_found) : LEVEL_UNKNOWN;
    if (level == LEVEL_UNKNOWN)
        level = level_in_head(&search);
    if (level == LEVEL_UNKNOWN)
        level = logfmt_level(line);
    if (level == LEVEL_UNKNOWN && priority >= 0)
        level = level_of_number((uint64_t)priority % 8, SCALE_SYSLOG);
    return level;
}

/* "0/0/1/12/13 404 ": the timers and the status of HAProxy, behind frontend and server. */
static int haproxy_status(struct str rest)
{
    struct str word;
    uint64_t status;
    if (!take_until(&rest, ' ', &word) || !take_until(&rest, ' ', &word) ||
        str_find_byte(word, '/') == SIZE_MAX || !take_until(&rest, ' ', &word))
        return 0;
    for (int i = 0; i < 5; i++) {
        struct str timer;
        int64_t value;
        if (!take_until(&word, '/', &timer))
            return 0;
        take_prefix(&timer, STR("+"));
        if (!str_to_i64(timer, &value))
            return 0;
    }
    bool is_status = word.len == 0 && take_u64(&rest, &status) && byte_at(rest, 0) == ' ';
    return is_status && status >= 100 && status <= 599 ? (int)status : 0;
}

/* What stands behind "[20/Nov/2026:09:22:01.123] " later in the head: behind what syslog put in front. */
static struct str behind_second_time(struct str head, size_t from)
{
    struct str rest = str_slice(head, from, head.len);
    struct clock_text second;
    size_t at = str_find(rest, STR(" ["));
    if (at == SIZE_MAX)
        return (struct str){0};
    rest = str_slice(rest, at + 2, rest.len);
    bool is_time = take_clock(&rest, &second) && second.form == CLOCK_DAY_FIRST;
    return is_time ? rest : (struct str){0};
}

int access_status(struct str head, const struct clock_text *clock_found)
{
    struct str rest = str_slice(head, clock_found->to, head.len);
    if (clock_found->form == CLOCK_SYSLOG)
        rest = behind_second_time(head, clock_found->to);
    if (!take_prefix(&rest, STR("] ")))
        return 0;
    if (!take_prefix(&rest, STR("\"")))
        return haproxy_status(rest);
    const char *end = rest.ptr + rest.len, *quote = json_string_end(rest.ptr, end);
    size_t left = (size_t)(end - quote);
    if (left < 5 || quote[1] != ' ' || !is_digit(quote[2]) || !is_digit(quote[3]) ||
        !is_digit(quote[4]) || (left > 5 && quote[5] != ' '))
        return 0;
    int status = (quote[2] - '0') * 100 + (quote[3] - '0') * 10 + (quote[4] - '0');
    return status >= 100 && status <= 599 ? status : 0;
}
