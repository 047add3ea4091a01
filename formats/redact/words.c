#include "formats/redact/words.h"

#include "base/mem.h"
#include "formats/line/byte_sets.h"
#include "formats/redact/hunt.h"

/* A bit for how a word begins: by its first two letters. */
static uint64_t beginning_of(const char *word)
{
    unsigned second = is_letter(word[1]) ? (unsigned)word[1] & 31 : 0;
    return 1ull << (((unsigned)word[0] * 7 + second) & 63);
}

/* How long the mark of something hidden is that stands at i: "[card]", "[card:1111]" without what is behind ':'; 0: none
 * does. */
static size_t mark_at(struct str text, size_t i)
{
    size_t to = i + 1;
    if (text.ptr[i] != '[')
        return 0;
    while (to < text.len &&
           ((is_letter(text.ptr[to]) && text.ptr[to] & 0x20) || text.ptr[to] == '_'))
        to++;
    return to < text.len && (text.ptr[to] == ']' || text.ptr[to] == ':') ? to - i : 0;
}

void words_read(struct words *w, struct str text, bool is_cut_before, bool is_cut_behind)
{
    size_t from = 0, to = min_of(text.len, (size_t)WORDS_LEN_MAX), n = 0;
    char last = ' ';
    while (is_cut_before && from < to && is_letter(text.ptr[from]))
        from++;
    while (is_cut_behind && to > from && is_letter(text.ptr[to - 1]))
        to--;
    w->text[n++] = ' ';
    for (size_t i = from; i < to; last = text.ptr[i++]) {
        char c = text.ptr[i];
        bool is_hump = is_letter(last) && last & 0x20 && !(c & 0x20);
        if ((!is_letter(c) || is_hump) && w->text[n - 1] != ' ')
            w->text[n++] = ' ';
        if (is_letter(c))
            w->text[n++] = (char)(c | 0x20);
        i += mark_at(text, i);
    }
    if (w->text[n - 1] != ' ')
        w->text[n++] = ' ';
    w->len = n;
    w->beginnings = 0;
    for (size_t i = 1; i + 1 < n; i++)
        w->beginnings |= w->text[i - 1] == ' ' ? beginning_of(w->text + i) : 0;
}

/* Whether the word, of len bytes, is the one at i. */
static bool is_word_at(const struct words *w, size_t i, const char *word, size_t len)
{
    for (size_t k = 0; k < len; k++) {
        if (word[k] == '_')
            i += i < w->len && w->text[i] == ' ';
        else if (i >= w->len || w->text[i++] != word[k])
            return false;
    }
    return i < w->len && w->text[i] == ' ';
}

static bool has_word(const struct words *w, const char *word, size_t len)
{
    for (size_t i = 1; i < w->len; i++) {
        if (w->text[i] == word[0] && w->text[i - 1] == ' ' && is_word_at(w, i, word, len))
            return true;
    }
    return false;
}

bool words_have(const struct words *w, const char *list)
{
    for (const char *next = list; *next; next += *next == '|') {
        const char *word = next;
        while (*next && *next != '|')
            next++;
        if (w->beginnings & beginning_of(word) && has_word(w, word, (size_t)(next - word)))
            return true;
    }
    return false;
}

/* Whether a list has the word at i. */
static bool is_listed(const struct words *w, size_t i, const char *list)
{
    for (const char *next = list; *next; next += *next == '|') {
        const char *word = next;
        while (*next && *next != '|')
            next++;
        size_t len = (size_t)(next - word);
        if ((len == 1 || word[1] == w->text[i + 1]) && is_word_at(w, i, word, len))
            return true;
    }
    return false;
}

/* The first word that is in the lists, or is not. */
static bool has_word_that(const struct words *w, const char *const lists[26], bool is_in)
{
    for (size_t i = 1; i < w->len; i++) {
        if (w->text[i - 1] != ' ')
            continue;
        const char *list = lists[w->text[i] - 'a'];
        if ((list && is_listed(w, i, list)) == is_in)
            return true;
    }
    return false;
}

bool words_have_of(const struct words *w, const char *const lists[26])
{
    return has_word_that(w, lists, true);
}

bool words_are_of(const struct words *w, const char *const lists[26])
{
    return !has_word_that(w, lists, false);
}

bool word_is_of(struct str word, const char *const lists[26])
{
    const char *next = is_letter(byte_at(word, 0)) ? lists[(word.ptr[0] | 0x20) - 'a'] : NULL;
    while (next && *next) {
        const char *end = strchrnul(next, '|');
        if (str_equal_nocase(word, str_of(next, (size_t)(end - next))))
            return true;
        next = end + (*end == '|');
    }
    return false;
}

/* ---- heads ---- */

enum { HEAD_LEN = 4 }; /* bytes of a uint32_t */

/* Of n letters, at most HEAD_LEN; so many bytes can be read. */
static uint32_t head_of(const char *letters, size_t n)
{
    uint32_t head;
    memcpy(&head, letters, sizeof head);
    return (head | 0x20202020u) & UINT32_MAX >> 8 * (HEAD_LEN - n);
}

static unsigned hash_of_head(uint32_t head)
{
    return head * 0x9e3779b1u >> 18;
}

static void add_head(struct word_heads *heads, const char *letters, size_t n)
{
    unsigned hash = hash_of_head(head_of(letters, n));
    heads->bits[hash / 64] |= 1ull << hash % 64;
}

/* Of "tax_id" it is that of "tax" and of "taxid". */
void word_heads_add(struct word_heads *heads, const char *list)
{
    for (const char *next = list; *next; next += *next == '|') {
        char letters[HEAD_LEN] = {0};
        size_t n = 0;
        for (; *next && *next != '|'; next++) {
            if (*next == '_')
                add_head(heads, letters, n);
            else if (n < HEAD_LEN)
                letters[n++] = *next;
        }
        add_head(heads, letters, n);
    }
}

bool word_heads_may_be_in(const struct word_heads *heads, struct str text)
{
    char bytes[BYTE_SETS_WIDTH + HEAD_LEN] = {0};
    struct letter_sets sets;
    assert(text.len <= BYTE_SETS_WIDTH);
    if (text.len)
        memcpy(bytes, text.ptr, text.len);
    letter_sets_of(bytes, &sets);
    uint64_t small = sets.letter & ~sets.upper;
    uint64_t begins = sets.letter & (~(sets.letter << 1) | (sets.upper & small << 1));
    uint64_t ends = ~sets.letter | begins;
    for (uint64_t left = begins; left; left &= left - 1) {
        unsigned at = (unsigned)__builtin_ctzll(left);
        unsigned n = 1 + (unsigned)__builtin_ctzll(ends >> at >> 1 | 1 << (HEAD_LEN - 1));
        unsigned hash = hash_of_head(head_of(bytes + at, n));
        if (heads->bits[hash / 64] >> hash % 64 & 1)
            return true;
    }
    return false;
}
