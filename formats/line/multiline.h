/*
 * Whether a physical line begins a record or goes on with the one before it. Bytes in, verdict out:
 * who holds the open record, for how long and up to which size is the caller's (shipper/lanes.h).
 *
 *     ERROR could not pay             begins
 *     java.io.IOException: reset      goes on     a type of exception behind an ERROR
 *         at shop.Pay.run(Pay.java)   goes on     a frame
 *     Caused by: ...                  goes on
 *     INFO  next order                begins
 *
 * The kinds of a rule:
 *
 *     NONE      every line begins a record
 *     AUTO      goes on only where the lines of the open record and this one leave no doubt: traces of
 *               all languages below, lines that begin with a tab behind one with a time (PostgreSQL,
 *               syslog), JSON printed over several lines
 *     JAVA ...  traces of that language only, and every indented line goes on
 *     FIRST     every line that the pattern does not match goes on
 *
 *  1. The verdict depends on the rule and on the lines of the open record, on nothing before it: who
 *     reads again from the start of an open record gets the same records.
 *  2. Only the first MULTILINE_PREFIX bytes of a line are looked at, the state has a fixed size, and
 *     the cost is linear in those bytes (PCRE2 has limits of its own).
 *  3. In doubt a line begins a record: of two mistakes a record cut in two is the lesser one.
 *  4. A line comes without its newline; a CR at its end and colours are looked over.
 */
#ifndef FORMATS_LINE_MULTILINE_H
#define FORMATS_LINE_MULTILINE_H

#include "base/err.h"
#include "base/match.h"

enum { MULTILINE_PREFIX = 1024 };

/* clang-format off */
/*    id      name in the configuration and in labels */
#define MULTILINE_KINDS(X) \
    X(NONE,   "none")      \
    X(AUTO,   "auto")      \
    X(JAVA,   "java")      \
    X(PYTHON, "python")    \
    X(GO,     "go")        \
    X(NODE,   "node")      \
    X(RUBY,   "ruby")      \
    X(PHP,    "php")       \
    X(DOTNET, "dotnet")    \
    X(RUST,   "rust")      \
    X(FIRST,  "")
/* clang-format on */

enum multiline_kind {
#define X(id, name) MULTILINE_##id,
    MULTILINE_KINDS(X)
#undef X
        MULTILINE_KIND_COUNT
};

struct multiline; /* a rule; may be shared by the streams of one thread */

/* text: a name of the table, or a pattern (PCRE2) for first lines, which is no plain word. ERR_INPUT says
 * what is wrong. */
bool multiline_open(struct multiline **rule, struct str text, struct err *err);
void multiline_close(struct multiline **rule);
enum multiline_kind multiline_kind(const struct multiline *rule);

/* Of one open record; the zero value is: none is open. */
struct multiline_state {
    uint8_t state; /* what the record is so far; multiline.c */
    uint8_t flags;
    uint16_t lines; /* that the present state has seen, as far as it counts them */
    uint32_t depth; /* of brackets, in JSON over several lines */
};

/* True: the line goes on with the open record. False: it begins one, which is now the open one. open:
 * the open record so far, or at least MULTILINE_PREFIX bytes of its front. */
bool multiline_continues(const struct multiline *rule, struct multiline_state *state,
                         struct str open, struct str line);
/* The open record may go on: false if no line whatever would. */
bool multiline_expects(const struct multiline *rule, const struct multiline_state *state);

#endif
