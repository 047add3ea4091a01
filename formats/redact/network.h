/*
 * Addresses of machines. Those that are nobody's stay: private, loopback, link-local, multicast, documentation (RFC 6890).
 */
#ifndef FORMATS_REDACT_NETWORK_H
#define FORMATS_REDACT_NETWORK_H

#include "formats/redact/hunt.h"

/* "00-1a-2b-3c-4d-5e", if that is all of a run of letters, digits, '_' and '-'. Of digits only it is a time. */
void add_dashed_mac(struct hunt *h, size_t from, size_t to);

#endif
