#include "base/io/crypto.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

void sha256(struct str bytes, unsigned char digest[SHA256_SIZE])
{
    unsigned size = 0;
    int done = EVP_Digest(bytes.ptr, bytes.len, digest, &size, EVP_sha256(), NULL);
    assert(done == 1 && size == SHA256_SIZE);
}

struct hmac {
    EVP_MAC *mac;
    EVP_MAC_CTX *context; /* has the key */
};

struct hmac *hmac_open(struct str key)
{
    struct hmac *h = mem_new(struct hmac);
    char digest[] = "SHA256";
    const OSSL_PARAM options[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    h->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    assert(h->mac);
    h->context = EVP_MAC_CTX_new(h->mac);
    int done = EVP_MAC_init(h->context, (const unsigned char *)key.ptr, key.len, options);
    assert(done == 1);
    return h;
}

void hmac_close(struct hmac **address)
{
    struct hmac *h = move(*address);
    if (!h)
        return;
    EVP_MAC_CTX_free(h->context);
    EVP_MAC_free(h->mac);
    mem_free(&h);
}

uint64_t hmac_sign(struct hmac *h, struct str text)
{
    unsigned char digest[SHA256_SIZE];
    size_t size;
    uint64_t first = 0;
    bool done = EVP_MAC_init(h->context, NULL, 0, NULL) == 1 &&
                EVP_MAC_update(h->context, (const unsigned char *)text.ptr, text.len) == 1 &&
                EVP_MAC_final(h->context, digest, &size, sizeof digest) == 1;
    assert(done && size == SHA256_SIZE);
    for (size_t i = 0; i < sizeof first; i++)
        first = first << 8 | digest[i];
    return first;
}

bool is_same_secret(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
