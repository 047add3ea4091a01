/*
 * International bank account numbers, ISO 13616: a country, two check digits, and an account of that country's form.
 */
#ifndef FORMATS_REDACT_IBANS_H
#define FORMATS_REDACT_IBANS_H

#include "base/str.h"

enum { IBAN_MAX = 34 };

/* How long those of a country are; 0: it has none. */
size_t iban_len(const char country[2]);
/* Whether the account has the form of its country, and the check digits are right. text is as long as iban_len says. */
bool is_iban(const char *text);

#endif
