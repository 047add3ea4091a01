/* The text of golden cases (tests/cases), where bytes that would not show are written as escapes. */
#ifndef TESTS_UNIT_CASE_TEXT_H
#define TESTS_UNIT_CASE_TEXT_H

#include "base/buf.h"

/* Appends s; \e \t \r \n \\ and \xNN are the bytes they stand for, any other byte behind a backslash
 * stands for itself. */
void case_unescape(struct str s, struct buf *out);

#endif
