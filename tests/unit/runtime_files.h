/* Pieces of lines as container runtimes write them, each with a time of its own. */
#ifndef TESTS_UNIT_RUNTIME_FILES_H
#define TESTS_UNIT_RUNTIME_FILES_H

#include "formats/line/envelope.h"

/* Appends one piece in its envelope: a line of the file, or a frame. text is valid UTF-8. */
void put_piece(struct buf *b, enum envelope_kind kind, enum lane lane, struct str text,
               bool is_partial);
/* The time in the last piece that was put. */
int64_t last_piece_ns(void);
/* The next one is so much later. */
void pass_piece_time(int64_t ns);

#endif
