/* Standard output of the commands that ask. */
#ifndef QUERY_OUTPUT_H
#define QUERY_OUTPUT_H

#include "base/buf.h"

/* Call first: a collector that leaves must not end the program. output_write raises SIGPIPE itself. */
void output_begin(void);
/* Writes all and empties the buffer. A closed pipe ends the program silently, as it ends grep; another
 * error ends it with status 2 and a word on standard error. */
void output_write(const char *command, struct buf *out);
/* Ends the program as output_write would if nobody reads any more; for who has nothing to write. */
void output_check(void);
/* Columns of the terminal; 0: it is none. */
size_t output_width(void);

#endif
