/*
 * Numbers with a letter or two among their digits, found by the digits.
 */
#ifndef FORMATS_REDACT_MIXED_H
#define FORMATS_REDACT_MIXED_H

#include "formats/redact/hunt.h"

/* Spanish DNI, "12345678Z", "12.345.678-Z", and NIE, "X1234567L": digits are those of [from, to). */
bool add_dni(struct hunt *h, size_t from, size_t to, struct str digits);
/* NIR of the departments 2A and 2B, "1 85 05 2A 006 084 36", at what follows the letter. */
bool add_corsican_nir(struct hunt *h, size_t from, size_t to, struct str digits);

#endif
