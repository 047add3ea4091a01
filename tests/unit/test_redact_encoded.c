/* formats/redact/encoded. */
#include "formats/redact/encoded.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"

TEST(redact_encoded_separators)
{
    check_masked("GET /x?card=4111%201111%201111%201111&a=1", "GET /x?card=[card]&a=1");
    check_masked("card=4111+1111+1111+1111&a=1", "card=[card]&a=1");
    check_masked("iban=DE89%203704%200044%200532%200130%2000&a=b%20c", "iban=[iban]&a=b%20c");
    check_masked("ssn=078-05-1121&ssn=078%2005%201121", "ssn=[ssn]&ssn=[ssn]");
    check_masked("nino=AB+12+34+56+C&x=1", "nino=[uk_nino]&x=1");
    check_masked("phone=%2B49+30+901820&x=%2B1%20%28415%29%20555-0132", "phone=[phone]&x=[phone]");
    check_masked("ip=2a00%3A1450%3A4001%3A81b%3A%3A200e mac=00%3A1a%3A2b%3a3c%3A4d%3a5e",
                 "ip=[ip] mac=[mac]");
}

/* In a URL that is a parameter of another they are encoded twice. */
TEST(redact_encoded_twice)
{
    check_masked("next=%2Fx%3Fcard%3D4111%25201111%25201111%25201111%26a%3Db",
                 "next=%2Fx%3Fcard%3D[card]%26a%3Db");
    check_masked("GET /x?u=%2Fy%3Fphone%3D%252B49%252030%2520901820%26a%3D1",
                 "GET /x?u=%2Fy%3Fphone%3D[phone]%26a%3D1");
}

TEST(redact_encoded_stays)
{
    check_plain("GET /search?q=red%20shoes%2042&page=2%201 HTTP/1.1");
    check_plain("GET /x?card=4111%201111%201111%201112 HTTP/1.1");
    check_plain("2026-01-02T10:20:30.123456+02:00 a+b+c 1+2+3 %%% %2 100% %20");
    check_plain("q=%zz1%201%2");
}

TEST(redact_escapes)
{
    char room[8];
    CHECK_INT(escape_at(STR("%41"), 0).byte, 'A');
    CHECK_INT(escape_at(STR("%41"), 0).len, 3);
    CHECK_INT(escape_at(STR("%2b"), 0).byte, '+');
    CHECK_INT(escape_at(STR("%4"), 0).len, 0);
    CHECK_INT(escape_at(STR("%0A"), 0).len, 0);
    CHECK_INT(escape_at(STR("a41"), 0).len, 0);
    CHECK_INT(escape_at(STR("%2540"), 0).byte, '@');
    CHECK_INT(escape_at(STR("%2540"), 0).len, 5);
    CHECK_INT(escape_at(STR("%254"), 0).byte, '%');
    CHECK_INT(escape_at(STR("%2500"), 0).len, 3);
    CHECK_STR(decode_escapes(STR("a%2520%2541"), room, sizeof room), STR("a A"));
    CHECK_STR(decode_escapes(STR("a%20b%2"), room, sizeof room), STR("a b%2"));
    CHECK_STR(decode_escapes(STR("1234%356789"), room, sizeof room), STR("12345678"));
}
