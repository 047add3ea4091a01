/*
 * Telephone numbers: "+49 30 901820" and "(415) 555-0132" by their form (find_dialed), and others, "030 901820", if a
 * word near them says so.
 *
 *  1. With '+': a country code that is assigned (ITU, List of ITU-T Recommendation E.164 assigned country codes), and as
 *     many digits as that country's numbers have.
 *  2. Without: North American numbers by the rules of their plan (NANPA: area and exchange begin with 2 to 9 and do not
 *     end with 11); others by a word directly before them, or one near them if they begin with 0. No dates, no times, no IP addresses.
 */
#ifndef FORMATS_REDACT_PHONES_H
#define FORMATS_REDACT_PHONES_H

#include "formats/redact/hunt.h"

/* Ten digits, or a 1 and ten. */
bool is_north_american(const char *digits, size_t n);
extern const char phone_words[];

/* By a word: [from, to) are digits in groups with single separators between them. */
void add_national_phone(struct hunt *h, size_t from, size_t to);

#endif
