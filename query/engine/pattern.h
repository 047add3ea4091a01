/*
 * What the words before the operands of a search mean: one or more patterns of one kind, with
 * grep's -i -w -x -v.
 *
 *  1. The unit is the record. "^", "$" and -x look at each physical line in it, and a CR before the
 *     end of a line does not count for them. With .lines the unit is one physical line without its
 *     newline, the caller splits, and CR is an ordinary byte: then the answers are those of grep.
 *  2. A unit that is valid UTF-8 is matched by characters, any other by bytes (as grep does with
 *     LC_ALL=C). Ignoring case never crosses the border of ASCII; only PATTERN_PERL follows PCRE2.
 *  3. A pattern with newlines is several patterns, except for PATTERN_PERL. The empty pattern
 *     matches everything.
 *  4. Spans are the leftmost, longest matches (PATTERN_PERL and back-references: the first in the
 *     order of the pattern). -w and -x hold for each span, -x before -w.
 *  5. The scan skips nothing that could match. It may skip over units only if .invert is off, which
 *     pattern_can_skip tells.
 *
 * A struct pattern holds scratch memory: one thread at a time.
 */
#ifndef QUERY_ENGINE_PATTERN_H
#define QUERY_ENGINE_PATTERN_H

#include "base/match.h"
#include "formats/block/sieve.h"

enum { PATTERN_COUNT_MAX = 1000, PATTERN_SCAN_MAX = 20 };

/* grep's -F -E -G -P */
enum pattern_kind { PATTERN_TEXT, PATTERN_EXTENDED, PATTERN_BASIC, PATTERN_PERL };

struct pattern_options {
    enum pattern_kind kind;
    bool ignore_case, whole_word, whole_line, invert, lines;
};

struct pattern;

/* Patterns together are at most REGEX_PATTERN_MAX bytes. Without any, nothing matches. */
bool pattern_compile(struct pattern **out, const struct str *texts, size_t n,
                     struct pattern_options options, struct err *err);
void pattern_close(struct pattern **pattern);

/* Whether the unit is selected. MATCH_LIMIT: it was too costly to say (base/match.h, 3). */
enum match pattern_matches(struct pattern *pattern, struct str unit);
/* The first match that is not empty and starts at `from` or later, whatever .invert says. */
bool pattern_next_span(struct pattern *pattern, struct str unit, size_t from, struct span *span);

/* Walks over many units that stand behind one another in one buffer. */
struct pattern_scan {
    const struct pattern *pattern;
    struct str many;
    size_t next[PATTERN_SCAN_MAX]; /* next occurrence of each literal that is needed */
};

/* False: every unit must be asked. */
bool pattern_can_skip(const struct pattern *pattern);
/* Literals of which one is in each unit that is selected; 0: nothing is known. They live as long as the pattern. */
size_t pattern_needles(const struct pattern *pattern,
                       struct sieve_needle needles[PATTERN_SCAN_MAX]);
/* Whether a unit is selected if one of them is in it, too. */
bool pattern_is_needles(const struct pattern *pattern);
/* Whether any unit in `many` can match. */
bool pattern_may_match(const struct pattern *pattern, struct str many);
void pattern_scan_init(struct pattern_scan *scan, const struct pattern *pattern, struct str many);
/* An offset >= from before which no match that starts at `from` or later can contain its literal,
 * or SIZE_MAX: units that end at or before it need not be asked. `from` never goes back. */
size_t pattern_scan_next(struct pattern_scan *scan, size_t from);

#endif
