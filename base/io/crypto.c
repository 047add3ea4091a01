#include "base/io/crypto.h"

#include "base/mem.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Update */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

void sha256(struct str bytes, unsigned char digest[SHA256_SIZE])
{
    unsigned size = 0;
    int done = EVP_Digest(bytes.ptr, bytes.len, digest, &size, EVP_sha256(), NULL);
    assert(done == 1 && size == SHA256_SIZE);
}

/* RFC 2104: what has been hashed of the key, inside and outside. EVP_MAC would take longer to copy that than to hash a
 * short text. */
struct hmac {
    SHA256_CTX inner, outer;
};

struct hmac *hmac_open(struct str key)
{
    struct hmac *h = mem_new(struct hmac);
    unsigned char block[SHA256_CBLOCK] = {0}, padded[SHA256_CBLOCK];
    if (key.len > sizeof block)
        sha256(key, block);
    else if (key.len)
        memcpy(block, key.ptr, key.len);
    for (int is_outer = 0; is_outer < 2; is_outer++) {
        SHA256_CTX *hash = is_outer ? &h->outer : &h->inner;
        for (size_t i = 0; i < sizeof block; i++)
            padded[i] = block[i] ^ (is_outer ? 0x5c : 0x36);
        SHA256_Init(hash);
        SHA256_Update(hash, padded, sizeof padded);
    }
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(padded, sizeof padded);
    return h;
}

void hmac_close(struct hmac **address)
{
    struct hmac *h = move(*address);
    if (!h)
        return;
    OPENSSL_cleanse(h, sizeof *h);
    mem_free(&h);
}

uint64_t hmac_sign(const struct hmac *h, struct str text)
{
    unsigned char digest[SHA256_SIZE];
    uint64_t first = 0;
    SHA256_CTX hash = h->inner;
    SHA256_Update(&hash, text.ptr, text.len);
    SHA256_Final(digest, &hash);
    hash = h->outer;
    SHA256_Update(&hash, digest, sizeof digest);
    SHA256_Final(digest, &hash);
    for (size_t i = 0; i < sizeof first; i++)
        first = first << 8 | digest[i];
    return first;
}

bool is_same_secret(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
