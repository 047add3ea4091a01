/* Text as it stands in the JSON of Docker's json-file driver. A header alone, so that fuzz targets and the
 * benchmark have it too. */
#ifndef TESTS_DOCKER_ESCAPE_H
#define TESTS_DOCKER_ESCAPE_H

#include "base/buf.h"

/* As Go's encoder escapes: <, > and & by number too. What is not UTF-8 stays as it is. */
static inline void put_docker_escaped(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            buf_print(b, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_print(b, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if ((unsigned char)c < ' ' || c == '<' || c == '>' || c == '&')
            buf_print(b, "\\u%04x", (unsigned)c);
        else
            buf_add_byte(b, c);
    }
}

#endif
