/*
 * Lines and what is left of them, for tests of what is hidden. Values are made up: random, with check digits that hold.
 */
#ifndef TESTS_UNIT_SECRETS_HELPER_H
#define TESTS_UNIT_SECRETS_HELPER_H

#include "base/buf.h"
#include "formats/redact/redact.h"

/* With secrets and tokens masked, the numbers of people and e-mail addresses kept. */
struct redactor *secrets_redactor(const struct str *keys, size_t n_keys);

/* before and after by turns, NULL at the end; an after of "" stands for: the same as before. Each line is redacted twice,
 * the second time nothing must change (redact.h, invariant 2). */
void check_redacted(const struct redactor *r, const char *const *lines);
void check_kept(const struct redactor *r, const char *const *lines);

struct str redacted(const struct redactor *r, struct str line, struct buf *out);

/* A line of 1 MiB made of the piece again and again takes about 16 times as long as one of 64 KiB. */
void check_linear(const struct redactor *r, const char *piece);

#endif
