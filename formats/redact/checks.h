/*
 * Check digits of numbers that are issued to people: arithmetic, and nothing else. Where a number may stand, how it is
 * grouped, and which of its parts have a meaning is told in forms.c.
 *
 *  1. Digits are the bytes '0' to '9' without anything between them; the caller has made sure of it. What has not as many
 *     as such a number has is none.
 *  2. All of them find every change of one digit, but for the last one of is_medicare, which is not covered, and a few
 *     changes of a CPF: its remainders 0 and 10 have the same check digit.
 */
#ifndef FORMATS_REDACT_CHECKS_H
#define FORMATS_REDACT_CHECKS_H

#include "base/str.h"

/* ISO/IEC 7812-1 annex B, "Luhn": payment cards, Canadian SIN. */
bool is_luhn(const char *digits, size_t n);

/* ISO/IEC 7064. mod 97: the number modulo 97, a letter is two digits ('A' is 10), other bytes are skipped. */
unsigned mod_97(struct str text, unsigned so_far);
bool is_mod_11_10(const char *digits, size_t n);

/* J. Verhoeff, "Error detecting decimal codes", 1969: Aadhaar. */
bool is_verhoeff(const char *digits, size_t n);

/* NHS data dictionary, "NHS NUMBER": 10 digits, weights 10 to 2, modulo 11. */
bool is_nhs(const char *digits, size_t n);
/* "11-proef" of the Dutch BSN: 9 digits, weights 9 to 2 and -1, modulo 11. */
bool is_bsn(const char *digits, size_t n);
/* Australian taxation office: 9 digits, weights 1 4 3 7 5 8 6 9 10; 8 digits: 10 7 8 4 6 3 5 1; modulo 11. */
bool is_tfn(const char *digits, size_t n);
/* Medicare Australia: 8 digits, weights 1 3 7 9 1 3 7 9, modulo 10 is the ninth. The tenth is the issue. */
bool is_medicare(const char *digits, size_t n);
/* Receita Federal: two digits modulo 11, of nine and of ten digits. */
bool is_cpf(const char *digits, size_t n);
/* Ministerstwo Cyfryzacji: weights 1 3 7 9 1 3 7 9 1 3, modulo 10. */
bool is_pesel(const char *digits, size_t n);
/* INSEE: 97 less the number modulo 97 is the key. Of Corsicans 2A counts as 19, 2B as 18. */
bool is_nir(const char *digits, size_t n);

/* Ministerio del Interior: the number modulo 23 chooses it. */
char dni_letter(unsigned number);
/* Decreto ministeriale of 23 December 1976: the last letter of a codice fiscale, of the 15 letters and digits before it. */
char fiscal_code_letter(const char text[15]);

#endif
