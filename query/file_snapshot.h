/*
 * Files as the query engine wants to see them: their records (import_file.h), in blocks.
 *
 *     files ─▶ in the order of their first times ─▶ lines of records ─┬▶ nothing can match: passed over
 *                                                                     └▶ level, time ─▶ block ─┬▶ in .memory
 *                                                                                              └▶ in a file without a name
 *
 *  1. Everything is read once, before anything is given: so the records of all files come in the total order, and
 *     standard input and pipes can be searched as well. A file that grows is read up to the size that it had.
 *  2. Memory: .memory, the block that is being filled, and about 100 bytes for each block and stream that is kept.
 *  3. What cannot be read, or is damaged, is a problem of the search, which is then not complete; all else is
 *     searched, also what comes before damage. It is an error if no file can be opened.
 *  4. The origin of a block is what its file is called, and numbers go on from file to file: a line's neighbours are found
 *     across the border of files that are one stream, as those of a rotation are, and not looked for in others.
 *  5. Blocks outside the query's time, and, without context, those in which its pattern cannot be are not kept.
 *     The latter count as read.
 *  6. Of records that are passed over level and time are not looked for, but for the last one's time. So a record behind
 *     them that steps back in time by less than ten seconds may stand a little earlier among those of other streams than
 *     it would if all were kept. Nor is anything looked for if the query asks for neither order nor time nor level.
 */
#ifndef QUERY_FILE_SNAPSHOT_H
#define QUERY_FILE_SNAPSHOT_H

#include "base/config.h"
#include "query/engine/run.h"

struct file_search {
    const struct str_list *paths; /* "-" is standard input */
    const struct query *query;
    const struct config *config;
    const struct zone *zone; /* of times without one; NULL: UTC */
    size_t memory;           /* bytes */
    /* Asked with each block that is kept; true ends the reading. NULL: never. */
    bool (*is_enough)(void *context, const struct snapshot *block);
    void *context;
};

struct file_snapshot;

/* Reads all. What file_search points to lives longer. */
bool file_snapshot_open(struct file_snapshot **f, const struct file_search *search,
                        struct err *err);
void file_snapshot_close(struct file_snapshot **f);
const struct snapshot *file_snapshot_of(const struct file_snapshot *f);
/* Behind the run: problems, and what was read and not kept. */
void file_snapshot_note(const struct file_snapshot *f, struct summary *summary);

#endif
