/*
 * The few things of OpenSSL that are not TLS.
 */
#ifndef BASE_IO_CRYPTO_H
#define BASE_IO_CRYPTO_H

#include "base/str.h"

enum { SHA256_SIZE = 32 };

/* FIPS 180-4. */
void sha256(struct str bytes, unsigned char digest[SHA256_SIZE]);
/* Keyed hashes (HMAC-SHA-256, RFC 2104) of many texts with one key. */
struct hmac;

struct hmac *hmac_open(struct str key);
void hmac_close(struct hmac **h);
/* The first 64 bits, most significant byte first. */
uint64_t hmac_sign(const struct hmac *h, struct str text);

/* Takes as long for different bytes as for the same. */
bool is_same_secret(const void *a, const void *b, size_t size);

#endif
