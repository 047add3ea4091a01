/*
 * What a file of old lines says, as records:
 *
 *     file ─┬─▶ lines ─▶ envelope, multi-line, facts (line_parse.h) ─▶ records with times of their own
 *           └─▶ lines of `sluice store export` (JSON) ──────────────▶ records as they were
 *
 * It is read twice: the first look tells what it is, what it holds as a hash, and the first time in it. Or, for a
 * search, the first look is one at its beginning, and no hash is made.
 *
 *  1. A record without a time has that of the one before it in its lane, else the first of the file, else that of
 *     the file's last change. In a beginning the first time is looked for in the first IMPORT_PEEK_BYTES.
 *     A time without a year is one of the year before that.
 *  2. A record longer than PARSE_LINE_MAX comes in parts; no byte is left out.
 *  3. A file that changes between the two is refused, if there is a hash.
 *  4. Of an export all that its JSON says is taken: a line that is none, or breaks a bound, is an error with file
 *     and line. An object with "end" (of /api/v1/query) is passed over.
 */
#ifndef QUERY_IMPORT_FILE_H
#define QUERY_IMPORT_FILE_H

#include "base/hash.h"
#include "formats/line/multiline.h"
#include "query/text_facts.h"

enum { IMPORT_PEEK_BYTES = 1 << 20 };

struct log_file;

struct import_rules {
    const struct multiline *rule;
    const struct zone *zone; /* of times without one; NULL: UTC */
    bool without_facts;      /* records of text come without level and time (text_facts.h) */
};

struct import_file {
    const char *path;       /* the caller's; NULL: standard input */
    struct hash128 content; /* of the unpacked bytes */
    uint64_t bytes;
    int64_t first_ns; /* the first time in it, TIME_NONE: there is none */
    int64_t changed_ns;
    bool is_export, is_pipe;
    struct log_file *opened; /* by import_file_peek; then .content and .bytes are not known */
};

struct import_record {
    struct record record; /* without .order_ns and .stream */
    struct labels labels; /* of an export */
    bool has_lane;        /* it came in an envelope, as all of its file or none: .lane */
    enum lane lane;
};

bool import_file_look(struct import_file *f, const char *path, const struct import_rules *rules,
                      struct err *err);
/* At the beginning only, of anything but a folder; what is damaged behind it shows when it is read. Also after false,
 * import_file_close. */
bool import_file_peek(struct import_file *f, const char *path, const struct import_rules *rules,
                      struct err *err);
void import_file_close(struct import_file *f);
/* False from take ends it. What was peeked at is read once; what comes before damage is given. */
bool import_file_read(const struct import_file *f, const struct import_rules *rules,
                      bool (*take)(void *context, const struct import_record *record,
                                   struct err *err),
                      void *context, struct err *err);

/* For the records of the file, if they come without. */
void import_file_facts(const struct import_file *f, const struct import_rules *rules,
                       struct text_facts *facts);
/* For qsort, of structs that begin with a struct import_file: rotated ones in the order in which they were written. */
int import_file_by_time(const void *a, const void *b);

/* One line of an export; the bytes live in the arena and in the line. */
bool import_read_json(struct str line, struct import_record *record, struct arena *arena,
                      struct err *err);

#endif
