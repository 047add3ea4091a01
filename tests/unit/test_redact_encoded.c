/* formats/redact/encoded. */
#include "formats/redact/encoded.h"

#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/redact_helper.h"
#include "tests/unit/secrets_helper.h"

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
    CHECK_INT(escape_at(STR("%0A"), 0).byte, '\n');
    CHECK_INT(escape_at(STR("%00"), 0).len, 0);
    CHECK_INT(escape_at(STR("a41"), 0).len, 0);
    CHECK_INT(escape_at(STR("%2540"), 0).byte, '@');
    CHECK_INT(escape_at(STR("%2540"), 0).len, 5);
    CHECK_INT(escape_at(STR("%254"), 0).byte, '%');
    CHECK_INT(escape_at(STR("%2500"), 0).len, 3);
    CHECK_STR(decode_escapes(STR("a%2520%2541"), room, sizeof room), STR("a A"));
    CHECK_STR(decode_escapes(STR("a%20b%2"), room, sizeof room), STR("a b%2"));
    CHECK_STR(decode_escapes(STR("1234%356789"), room, sizeof room), STR("12345678"));
}

#define RANDOM_VALUE "Zk3hfD92ksQ7xLm4Tv"

/* encoded.h, invariant 3: a quote of the line's own ends what an encoded one began. */
TEST(redact_encoded_quotes_in_json)
{
    static const char *const lines[] = {
        "[\"%22password%22:\",12345,\"x%3D1\"]",
        "",
        "{\"b\":\"[\\\"%22password%22:\\\",12345,\\\"x%3D1\\\"]\"}",
        "",
        "{\"a\":\"x%3D1%22password%22%3A\",   \"b\":\"plain\"}",
        "",
        "{\"q\":\"%7B%22password%22%3A%22hunter2\",\"n\":1}",
        "{\"q\":\"%7B%22password%22%3A%22[secret]\",\"n\":1}",
        "{\"q\":\"%7B%22password%22%3A%22hun%5C%22ter2%22%7D\",\"n\":1}",
        "{\"q\":\"%7B%22password%22%3A%22[secret]%22%7D\",\"n\":1}",
        "{\"m\":\"{\\\"q\\\":\\\"%7B%22password%22%3A%22hunter2%22%7D\\\"}\"}",
        "{\"m\":\"{\\\"q\\\":\\\"%7B%22password%22%3A%22[secret]%22%7D\\\"}\"}",
        "{\n \"a\": \"password='hunter2\", \"b\": \"y'\"}",
        "{\n \"a\": \"password='[secret]\", \"b\": \"y'\"}",
        "{\n \"a\": \"%22password%22%3A\",\n   \"b\": 12345, \"c\": \"d\"}",
        "",
        "[\n\"%22password%22:\",12345,\"x%3D1\"]",
        "",
        "{\"q\":\"[\\\"%22password%22:%22hunter2\\\",1]\"}",
        "{\"q\":\"[\\\"%22password%22:%22[secret]\\\",1]\"}",
        "{\"q\":\"%22password%22%3A%22hunter2%5C\",\"n\":1}",
        "{\"q\":\"%22password%22%3A%22[secret]\",\"n\":1}",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

/* A decoded line is looked at from its begin: what was looked at in the line says nothing about it. */
TEST(redact_encoded_is_a_line_of_its_own)
{
    static const struct str keys[] = {STR_INIT("**.birthday")};
    static const char *const lines[] = {
        "q=%7B%22tokens%22%3A%5B%22" RANDOM_VALUE "%22%5D%7D {\"tokens\":[\"" RANDOM_VALUE "\"]}",
        "q=%7B%22tokens%22%3A%5B%22[secret]%22%5D%7D {\"tokens\":[\"[secret]\"]}",
        "GET /x?q=%7B%22birthday%22%3A%221990-01-01%22%7D&n=1",
        "GET /x?q=%7B%22birthday%22%3A%22[secret]%22%7D&n=1",
        "{\"q\":\"%7B%22birthday%22%3A%221990-01-01%22%7D\",\"birthday\":\"1990\"}",
        "{\"q\":\"%7B%22birthday%22%3A%22[secret]%22%7D\",\"birthday\":\"[secret]\"}",
        "GET /cb?next=%2Fx%3Fbirthday%3D1990-01-01%26n%3D1",
        "GET /cb?next=%2Fx%3Fbirthday%3D[secret]%26n%3D1",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(keys, 1);
    check_redacted(r, lines);
}

TEST(redact_encoded_tokens_and_keys)
{
    static const char *const lines[] = {
        "GET /x?u=%2Fy%3Fx%3Da%253Dghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "GET /x?u=%2Fy%3Fx%3Da%253D[secret]",
        "key=-----BEGIN%20PRIVATE%20KEY-----%0D%0AMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj%0D%"
        "0AAgEA"
        "AQ%3D%3D%0D%0A-----END%20PRIVATE%20KEY-----&n=1",
        "key=-----BEGIN%20PRIVATE%20KEY-----%0D%0A[secret]%0D%0A-----END%20PRIVATE%20KEY-----&n=1",
        "{\"q\":\"k=-----BEGIN+EC+PRIVATE+KEY-----%0AMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj%"
        "0AAgEA%0A"
        "-----END+EC+PRIVATE+KEY-----\"}",
        "{\"q\":\"k=-----BEGIN+EC+PRIVATE+KEY-----%0A[secret]%0A-----END+EC+PRIVATE+KEY-----\"}",
        "xml=%3Cuser%3E%3Cpassword%3Ehunter2%3C%2Fpassword%3E%3C%2Fuser%3E",
        "xml=%3Cuser%3E%3Cpassword%3E[secret]%3C%2Fpassword%3E%3C%2Fuser%3E",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}
