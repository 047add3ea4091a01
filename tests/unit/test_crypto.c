/* base/io/crypto: published vectors. */
#include "base/io/crypto.h"
#include "base/mem.h"
#include "tests/test.h"

static uint64_t signed_with(struct str key, struct str text)
{
    defer(hmac_close) struct hmac *hmac = hmac_open(key);
    uint64_t first = hmac_sign(hmac, text);
    CHECK(hmac_sign(hmac, text) == first); /* signing does not change it */
    return first;
}

/* RFC 4231, test cases 2 and 6: the second key is longer than a block. */
TEST(crypto_hmac_as_rfc_4231)
{
    char key[131];
    memset(key, 0xaa, sizeof key);
    CHECK(signed_with(STR("Jefe"), STR("what do ya want for nothing?")) == 0x5bdcc146bf60754e);
    CHECK(signed_with(str_of(key, sizeof key),
                      STR("Test Using Larger Than Block-Size Key - Hash Key First")) ==
          0x60e431591ee0b67f);
}
