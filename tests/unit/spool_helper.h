/* A small shipper's spool in the folder of the test: its state is a number that each change replaces. */
#ifndef TESTS_UNIT_SPOOL_HELPER_H
#define TESTS_UNIT_SPOOL_HELPER_H

#include "shipper/spool_reader.h"

struct spool_state {
    uint64_t value;
    int wholes, changes; /* that the last opening gave */
};
extern struct spool_state spool_state;
extern struct spool_reader *collector; /* of the spool that was opened last */
extern struct hash128 given_origin;    /* of the last block that next_block took */

extern const struct spool_restore spool_restore_state;

/* 9000 bytes; no reader is open. */
struct spool *spool_without_readers(uint64_t file_bytes, bool *is_new);
/* With the collector's reader, started. */
struct spool *spool_opened(uint64_t file_bytes, bool *is_new);
/* The next block, of three lines that are numbered from its sequence on. */
void append_block(struct spool *s, uint64_t value);
void rotate_spool(struct spool *s, uint64_t value);
void sync_spool(struct spool *s);
/* So many blocks, each on disk, and a new file when one is due. */
void fill_spool(struct spool *s, int blocks);
/* The sequence of the next block; 0 if there is none. Checks content, and the origin that the collector gets. */
uint64_t next_block(struct spool_reader *r);

#endif
