#include "base/io/crypto.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

void sha256(struct str bytes, unsigned char digest[SHA256_SIZE])
{
    unsigned size = 0;
    int done = EVP_Digest(bytes.ptr, bytes.len, digest, &size, EVP_sha256(), NULL);
    assert(done == 1 && size == SHA256_SIZE);
}

bool is_same_secret(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
