/*
 * Where sieve_build.c has the values of a chunk from: a loaded column, or texts that count as values of column 0.
 *
 *  1. A needle that stands in a line stands in one value, or across values that are next to each other in one segment,
 *     or it has a newline. For that, what is near the places at which lines are cut into segments is taken as texts.
 */
#ifndef FORMATS_BLOCK_SIEVE_SOURCE_H
#define FORMATS_BLOCK_SIEVE_SOURCE_H

#include "formats/block/chunk.h"
#include "formats/block/stamp.h"

struct sieve_source {
    const struct column *column; /* of the kind TEXT, or one that is no text; NULL: */
    struct str *texts;
    size_t n_texts;
    struct stamp stamp; /* .is_odd: most of it is ids, and it is not little */
};

/* All lines of plain ones, which have been read. */
struct sieve_source source_of_lines(const struct block *block, struct arena *arena);
/* The distinct values of a column that is there. False: it is damaged. */
bool source_of_column(struct sieve_source *source, struct columns *c, size_t column);
/* What is near the cuts. False: a column is damaged. */
bool source_of_cuts(struct sieve_source *source, struct columns *c, struct arena *arena);

/* Sets .stamp. */
void source_stamp(struct sieve_source *s);
/* Whether there can be any, by the stamp: grams in windows of so many bytes; ids. */
bool has_source_grams(const struct sieve_source *s, size_t window_bytes);
bool has_source_ids(const struct sieve_source *s);
/* Calls take with each value in which there may be grams or ids. */
void source_each(const struct sieve_source *s, void (*take)(void *context, struct str text),
                 void *context);

#endif
