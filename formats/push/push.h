/*
 * Records as other systems take them. A format makes bodies of the rows of a block and says what an answer
 * means for each of them; who sends them is forward/output.h. Pure: bytes in, bytes out.
 *
 *     block ─▶ begin ─▶ rows ─▶ put ─▶ body ─▶ (network) ─▶ answer ─▶ read ─▶ the fate of each row
 *                        ▲                                              │
 *                        └───────── AGAIN, or all in another form ──────┘
 *
 *  1. What a row is to the other side (Loki: stream, time and line; Elasticsearch: _id) depends on the block
 *     and the row's place in it alone: not on the other rows of a body, on time, or on what was answered before.
 *     So what was taken when an answer got lost is known again.
 *  2. put takes at least one row; body grows beyond max only by a single one.
 *  3. read says TAKEN or REJECTED only where the answer says so. What it cannot read is RETRY; a request
 *     that is refused without a word about rows is SMALLER down to one row, which alone is then REJECTED.
 *  4. Hostile answers cost time linear in their length, and nothing else.
 *  5. begin and put are called on one thread at a time, read while neither runs.
 */
#ifndef FORMATS_PUSH_PUSH_H
#define FORMATS_PUSH_PUSH_H

#include "formats/block/block.h"

/* Opened, with records and lines. */
struct push_block {
    const struct block *block;
    struct hash128 identity; /* of its content, whoever stamped it: push_identity */
};

/* XXH3-128 of a block without origin, number and checks, which a conflict may change. */
struct hash128 push_identity(struct str block);

enum push_fate { PUSH_TAKEN, PUSH_AGAIN, PUSH_REJECTED };

enum push_verdict {
    PUSH_READ,       /* each row has its fate */
    PUSH_RETRY,      /* the same body later: it is not its fault */
    PUSH_SMALLER,    /* the same rows in more bodies */
    PUSH_OTHER_FORM, /* the same rows at once: the format has learned what the other side takes */
    PUSH_CONFLICT    /* other rows of this name were there: as READ, if the name cannot change */
};

/* What was answered. */
struct push_reply {
    unsigned status;
    struct str body;
};

enum { PUSH_REASONS_MAX = 8, PUSH_DETAIL_MAX = 200 };

struct push_reject {
    const char *reason; /* a word, static: "too_old", "too_long", "other" */
    uint64_t rows;
};

/* n and fates (room for n) are the caller's; else zero. */
struct push_answer {
    enum push_verdict verdict;
    uint8_t *fates; /* enum push_fate, of the rows as they were put */
    size_t n;
    bool is_pressed; /* rows go AGAIN for want of room or the like: not at once */
    struct push_reject rejects[PUSH_REASONS_MAX]; /* of this answer; one reason once */
    size_t n_rejects;
    char detail[PUSH_DETAIL_MAX]; /* in the other side's words, for people; empty: none */
};

/* Adds rows to a reason; the last place is "other". */
void push_count_reject(struct push_answer *answer, const char *reason, uint64_t rows);
void push_set_fates(struct push_answer *answer, enum push_fate fate); /* of all rows */
/* The first line, cut, without control bytes. */
void push_set_detail(struct push_answer *answer, struct str text);

/* Does a 400 come from what stands in front, which wants https or a certificate? Then it is not the fault of rows. */
bool is_push_to_wrong_door(struct str body);

struct push_format;

struct push_kind {
    void (*begin)(struct push_format *f, const struct push_block *block);
    /* rows: indices of records, rising. How many of them were taken from the front. */
    size_t (*put)(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                  struct buf *body);
    void (*read)(struct push_format *f, const struct push_reply *reply, struct push_answer *answer);
    void (*close)(struct push_format *f); /* frees it */
};

/* The front of what a format keeps. Strings live as long as it. */
struct push_format {
    const struct push_kind *kind;
    const char *path;             /* of the request, with its query, behind the URL */
    const char *content_type;     /* fixed, as is the encoding */
    const char *content_encoding; /* NULL: none */
    size_t body_max;              /* what is asked of put at first; bytes before compression */
    uint64_t reply_max;           /* bytes of the longest answer that can be read */
};

void push_format_close(struct push_format **f); /* accepts a NULL variable */

#endif
