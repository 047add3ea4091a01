/* Files of golden cases (tests/cases): lines, in which bytes that would not show are written as escapes. */
#ifndef TESTS_UNIT_CASE_TEXT_H
#define TESTS_UNIT_CASE_TEXT_H

#include "base/buf.h"

#include <stdio.h>

struct case_file {
    const char *path;
    FILE *file;
    int line; /* number of the last, from 1 */
    char text[4096];
};

/* The test ends if there is none. */
void case_open(struct case_file *f, const char *path);
/* The next line without its newline, good until the one after it; at the end the file is closed. */
bool case_next(struct case_file *f, struct str *line);

/* Appends s; \e \t \r \n \\ and \xNN are the bytes they stand for, any other byte behind a backslash
 * stands for itself. */
void case_unescape(struct str s, struct buf *out);

#endif
