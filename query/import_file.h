/*
 * What a file of old lines says, as records:
 *
 *     file ─┬─▶ lines ─▶ envelope, multi-line, facts (line_parse.h) ─▶ records with times of their own
 *           └─▶ lines of `sluice store export` (JSON) ──────────────▶ records as they were
 *
 * It is read twice: the first look tells what it is, what it holds as a hash, and the first time in it.
 *
 *  1. A record without a time has that of the one before it in its lane, else the first of the file, else that of
 *     the file's last change.
 *     A time without a year is one of the year before that.
 *  2. A record longer than PARSE_LINE_MAX comes in parts; no byte is left out.
 *  3. A file that changes between the two is refused.
 *  4. Of an export all that its JSON says is taken: a line that is none, or breaks a bound, is an error with file
 *     and line. An object with "end" (of /api/v1/query) is passed over.
 */
#ifndef QUERY_IMPORT_FILE_H
#define QUERY_IMPORT_FILE_H

#include "base/hash.h"
#include "base/zone.h"
#include "formats/block/record.h"
#include "formats/line/envelope.h"
#include "formats/line/multiline.h"

struct import_rules {
    const struct multiline *rule;
    const struct zone *zone; /* of times without one; NULL: UTC */
};

struct import_file {
    const char *path;       /* the caller's */
    struct hash128 content; /* of the unpacked bytes */
    uint64_t bytes;
    int64_t first_ns; /* the first time in it, TIME_NONE: there is none */
    int64_t changed_ns;
    bool is_export;
};

struct import_record {
    struct record record; /* without .order_ns and .stream */
    struct labels labels; /* of an export */
    bool has_lane;        /* it came in an envelope: .lane */
    enum lane lane;
};

bool import_file_look(struct import_file *f, const char *path, const struct import_rules *rules,
                      struct err *err);
/* False from take ends it. */
bool import_file_read(const struct import_file *f, const struct import_rules *rules,
                      bool (*take)(void *context, const struct import_record *record,
                                   struct err *err),
                      void *context, struct err *err);

/* One line of an export; the bytes live in the arena and in the line. */
bool import_read_json(struct str line, struct import_record *record, struct arena *arena,
                      struct err *err);

#endif
