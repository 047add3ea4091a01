/*
 * Private keys as text (RFC 7468, RFC 4880 section 6): what stands between BEGIN and END is hidden, the two stay.
 *
 *     -----BEGIN RSA PRIVATE KEY-----         in one record, its lines apart by newlines, blanks, or \n as JSON and
 *     MIIEpAIBAAKCAQEA0Z…                     others write them; or in a record for each line
 *     …
 *     -----END RSA PRIVATE KEY-----
 *
 *  1. A record is of a key that began in an earlier one if base64 that is as long as lines of keys are stands in it: at its
 *     begin, behind what stood in front of BEGIN (a time; {"msg":"), or else as a word of its own. Shorter base64 may
 *     be the last line. That ends the key, as does END, another BEGIN, eight records in a row that have none of it,
 *     or PEM_LINES that have.
 *  2. Public keys and certificates are not touched.
 */
#ifndef FORMATS_REDACT_PEM_H
#define FORMATS_REDACT_PEM_H

#include "formats/redact/hunt.h"

enum { PEM_LINES = 1000 };

/* What of the record belongs to a key that has begun in stream; asked for each record, before the finders. */
void find_pem_rest(struct hunt *h);

#endif
