/*
 * Hiding secrets and personal data in lines of logs.
 *
 *     line ─▶ scan.h: places where one may be, in one pass
 *          ─▶ finders (hunt.h): is it one? ─▶ findings ─▶ no two overlap ─▶ replace.h
 *
 *     password=hunter2 from bob@example.com    ─▶    password=[secret] from [email:k1:4f9c2ad10c6be7a3]
 *
 * What is found: values by their form, if what validates them does (check digits, prefixes, lengths) and, where a
 * form is weak, by a word near it; values by the name they stand under, in JSON, logfmt, query strings, headers and
 * text; and what the user's own patterns say.
 *
 *  1. A line without a finding stays as it is, byte for byte; of others only the findings change.
 *  2. A mark is no finding: redacting twice is redacting once, but where a mark in the place of a value makes something
 *     else of what stands around it, which only text that is not JSON can have.
 *  3. What was valid JSON is valid JSON afterwards: a number or an object that goes leaves a string.
 *  4. Time is linear in the length of the line, whatever is in it, but for the user's patterns, which are bounded in
 *     steps (base/match.h); a line on which one gives up is searched for the others.
 *  5. No value gets into an error, a count, or anywhere but a finding's place in the line.
 *  6. A redactor does not change: threads may share it, each with a redaction of its own. But for its patterns, and
 *     sign_context, which are one thread's.
 *  7. A private key over several records is hidden in each of them, and so is a value that is known by its front and cut
 *     with a part of a long line; what has begun is in struct redact_stream.
 */
#ifndef FORMATS_REDACT_REDACT_H
#define FORMATS_REDACT_REDACT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"
#include "base/redact_rules.h"

struct redact_pattern {
    struct str name;  /* letters, digits, '_' and '-': its mark */
    struct str match; /* Perl's syntax */
    enum redact_action action;
};

struct redact_options {
    enum redact_action actions[REDACT_RULES];
    const struct str *keys; /* paths (paths.h), beside the built-in names */
    size_t n_keys;
    const struct str *allow; /* values that are no findings of any rule; '*' stands for anything */
    size_t n_allow;
    const struct redact_pattern *patterns;
    size_t n_patterns;
    struct str key_id; /* "k1", in tokens */
    /* A keyed hash of 64 bits, for tokens. NULL: REDACT_TOKEN does what REDACT_MASK does. */
    uint64_t (*sign)(void *context, struct str text);
    void *sign_context;
};

/* With the rules' own actions. */
void redact_options_init(struct redact_options *options);

struct redactor;

/* options and all they point to are copied, but for sign_context. ERR_INPUT names the key or pattern. */
bool redactor_open(struct redactor **out, const struct redact_options *options, struct err *err);
void redactor_close(struct redactor **redactor);

struct finding {
    size_t from, to;
    bool is_joined; /* of several that overlap */
    unsigned rule;  /* enum redact_rule, or REDACT_RULES + the index of a pattern */
    const char
        *kind; /* what exactly: "github token", "value of a key"; static, or the pattern's name */
};

/* Of one stream, invariant 7. The zero value is its beginning. */
struct redact_stream {
    bool has_more; /* set by the caller: the record is a part, which the next one goes on with */
    bool in_value; /* the last one ended in a value */
    uint8_t rule;  /* ... of this rule */
    bool in_key;
    uint16_t key_lines; /* records of it so far */
    uint8_t strangers;  /* records since that are none of it */
    uint8_t before_len; /* 0: nothing, or not known */
    bool is_shape;      /* .before is one */
    char before[16];    /* what stood in front of its BEGIN, and does so in front of its lines */
};

/* Over a restart: of the text in front only its shape is kept, 'a' for letters and '0' for digits. False: not one. */
void put_redact_stream(struct buf *b, const struct redact_stream *stream);
bool read_redact_stream(struct reader *r, struct redact_stream *stream);

/* Where one ends in the decoded line, and in the line. */
struct redact_escape {
    uint32_t decoded_to, to;
};

/* Room to work in and what was counted; of one thread. The zero value is empty. */
struct redaction {
    struct buf text;
    struct finding *findings; /* of the last line; owned */
    size_t n, capacity;
    struct buf decoded; /* of the last line, if it was (encoded.h), and where in it escapes were */
    struct redact_escape *escapes;
    size_t n_escapes, escapes_capacity;
    uint64_t counts[REDACT_RULES]; /* what redact_count has counted of each rule */
    uint64_t own_count;            /* ... of the user's patterns */
    uint64_t gave_up;              /* lines on which a pattern did */
};

void redaction_free(struct redaction *r);

/* The findings of a line, in their order, none overlapping. stream may be NULL: the line stands alone. */
void redact_find(const struct redactor *redactor, struct redaction *r, struct redact_stream *stream,
                 struct str line);
/* The line without what was found in it: itself, or in r->text until the next call. */
struct str redact_line(const struct redactor *redactor, struct redaction *r,
                       struct redact_stream *stream, struct str line);

/* The findings of the last line count: for who may look at a line again before it is taken. */
void redact_count(struct redaction *r);
uint64_t redaction_total(const struct redaction *r); /* of all that was counted */

/* The token of a value as it would be in a line: "[email:k1:...]". False: there is no key. */
bool redact_put_token(const struct redactor *redactor, unsigned rule, struct str value,
                      struct buf *out);
struct str redact_rule_name(const struct redactor *redactor, unsigned rule);
enum redact_action redact_action_of(const struct redactor *redactor, unsigned rule);

#endif
