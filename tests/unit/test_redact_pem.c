/* Private keys: formats/redact/pem.h. The keys are random base64. */
#include "base/mem.h"
#include "formats/redact/pem.h"
#include "tests/test.h"
#include "tests/unit/secrets_helper.h"

#define LINE_1       "MIIEowIBAAKCAQEAu5XfTq0x1cVb7Yh3nZ8kLw2Rj4Gm6Ps9Dt0Ea1Fi5Ho7Jl2N"
#define LINE_2       "Qz8Xc3Vb6Nm1As4Df7Gh0Jk2Lp5Oi9Uy3Tr6Ew8Qa1Sz4Xd7Cf0Vg2Bh5Nj9Mk3"
#define LAST         "b6Nm1As4Df7Gh0="
#define BEGIN(label) "-----BEGIN " label "-----"
#define DONE(label)  "-----END " label "-----"

static void restart(struct redact_stream *stream)
{
    defer(buf_free) struct buf state = {0};
    if (!stream->in_key)
        return;
    put_redact_stream(&state, stream);
    struct reader reader = reader_of(buf_str(&state));
    CHECK(read_redact_stream(&reader, stream) && reader_left(&reader) == 0);
}

/* Also with a restart behind each line. */
static void check_stream(const char *const *lines)
{
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(redaction_free) struct redaction room = {.n = 0};
    struct redact_stream once = {.in_key = false}, twice = {.in_key = false},
                         restarted = {.in_key = false};
    for (; *lines; lines += 2) {
        defer(buf_free) struct buf out = {0};
        buf_add(&out, redact_line(r, &room, &once, str_from(lines[0])));
        CHECK_STR(buf_str(&out), str_from(*lines[1] ? lines[1] : lines[0]));
        CHECK_STR(redact_line(r, &room, &restarted, str_from(lines[0])), buf_str(&out));
        CHECK_STR(redact_line(r, &room, &twice, buf_str(&out)), buf_str(&out));
        restart(&restarted);
    }
}

TEST(redact_pem_in_one_record)
{
    static const char *const lines[] = {
        BEGIN("RSA PRIVATE KEY") "\n" LINE_1 "\n" LINE_2 "\n" LAST "\n" DONE("RSA PRIVATE KEY"),
        BEGIN("RSA PRIVATE KEY") "\n[secret]\n" DONE("RSA PRIVATE KEY"),
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n" LINE_1 "\\n" LAST
                                         "\\n" DONE("PRIVATE KEY") "\\n\",\"b\":1}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n[secret]\\n" DONE("PRIVATE KEY") "\\n\",\"b\":1}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN("EC PRIVATE KEY") "\\\\n" LINE_1 "\\\\n" DONE(
            "EC PRIVATE KEY") "\\\"}\"}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN("EC PRIVATE KEY") "\\\\n[secret]\\\\n" DONE(
            "EC PRIVATE KEY") "\\\"}\"}",
        "key " BEGIN("OPENSSH PRIVATE KEY") " " LINE_1 " " LINE_2
                                            " " DONE("OPENSSH PRIVATE KEY") " end",
        "key " BEGIN("OPENSSH PRIVATE KEY") " [secret] " DONE("OPENSSH PRIVATE KEY") " end",
        BEGIN("RSA PRIVATE KEY") "\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0123\n\n" LINE_1
                                 "\n" DONE("RSA PRIVATE KEY"),
        BEGIN("RSA PRIVATE KEY") "\n[secret]\n" DONE("RSA PRIVATE KEY"),
        BEGIN("PGP PRIVATE KEY BLOCK") "\nVersion: x\n\n" LINE_1
                                       "\n=abcd\n" DONE("PGP PRIVATE KEY BLOCK"),
        BEGIN("PGP PRIVATE KEY BLOCK") "\n[secret]\n" DONE("PGP PRIVATE KEY BLOCK"),
        BEGIN("PGP PRIVATE KEY BLOCK") "\nComment: User-ID: Bob <bob@x.org>\nComment: Bob's "
                                       "\"key\"\n\n" LINE_1 "\n" DONE("PGP PRIVATE KEY BLOCK"),
        BEGIN("PGP PRIVATE KEY BLOCK") "\n[secret]\n" DONE("PGP PRIVATE KEY BLOCK"),
        "{\"a\":\"" BEGIN("PGP PRIVATE KEY BLOCK") "\\nComment: Bob's \\\"key\\\"\\n\\n" LINE_1
                                                   "\\n" DONE("PGP PRIVATE KEY BLOCK") "\"}",
        "{\"a\":\"" BEGIN("PGP PRIVATE KEY BLOCK") "\\n[secret]\\n" DONE(
            "PGP PRIVATE KEY BLOCK") "\"}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\nComment: Bob's\",\"b\":\"x\\ny\"}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n[secret]\",\"b\":\"x\\ny\"}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN(
            "PRIVATE KEY") "\\\\nComment: \\\\\\\"x\\\\\\\"\\\",\\\"b\\\":1}\"}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN("PRIVATE KEY") "\\\\n[secret]\\\",\\\"b\\\":1}\"}",
        DONE("CERTIFICATE") BEGIN("RSA PRIVATE KEY") "\n" LINE_1 "\n-" DONE("RSA PRIVATE KEY"),
        DONE("CERTIFICATE") BEGIN("RSA PRIVATE KEY") "\n[secret]\n-" DONE("RSA PRIVATE KEY"),
        "-" BEGIN("PRIVATE KEY") "\n" LINE_1,
        "-" BEGIN("PRIVATE KEY") "\n[secret]",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\nMIIE\\/a\\u002B" LINE_2
                                         "\\n" DONE("PRIVATE KEY") "\"}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n[secret]\\n" DONE("PRIVATE KEY") "\"}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n" LINE_1 "\",\"b\":1}",
        "{\"a\":\"" BEGIN("PRIVATE KEY") "\\n[secret]\",\"b\":1}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN("PRIVATE KEY") "\\\\n" LINE_1 "\\\",\\\"b\\\":1}\"}",
        "{\"a\":\"{\\\"k\\\":\\\"" BEGIN("PRIVATE KEY") "\\\\n[secret]\\\",\\\"b\\\":1}\"}",
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_redacted(r, lines);
}

TEST(redact_pem_keeps_what_is_public)
{
    static const char *const lines[] = {
        BEGIN("CERTIFICATE") "\n" LINE_1 "\n" DONE("CERTIFICATE"),
        BEGIN("PUBLIC KEY") "\n" LINE_1 "\n" DONE("PUBLIC KEY"),
        BEGIN("RSA PUBLIC KEY") "\\n" LINE_1 "\\n" DONE("RSA PUBLIC KEY"),
        "expected " BEGIN("PRIVATE KEY") " in file x.pem",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "------------",
        BEGIN("PRIVATE KEY"),
        BEGIN("PRIVATE KEY") DONE("PRIVATE KEY"),
        NULL,
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    check_unchanged(r, lines);
}

TEST(redact_pem_over_records)
{
    check_stream((const char *[]){"start", "", BEGIN("RSA PRIVATE KEY"), "", LINE_1, "[secret]",
                                  LINE_2, "[secret]", LAST, "[secret]", DONE("RSA PRIVATE KEY"), "",
                                  LINE_1, "", NULL});
    check_stream((const char *[]){"key: " BEGIN("EC PRIVATE KEY"), "", "  " LINE_1 "\r",
                                  "  [secret]\r", "  " LINE_2, "  [secret]",
                                  "  " DONE("EC PRIVATE KEY"), "", "  done", "", NULL});
    check_stream((const char *[]){BEGIN("RSA PRIVATE KEY"), "", "Proc-Type: 4,ENCRYPTED",
                                  "[secret]", "", "", LINE_1, "[secret]", DONE("RSA PRIVATE KEY"),
                                  "", NULL});
    check_stream((const char *[]){"12:00:01 INFO " BEGIN("PRIVATE KEY"), "",
                                  "12:00:01 INFO " LINE_1, "12:00:01 INFO [secret]",
                                  "12:00:01 INFO " LAST, "12:00:01 INFO [secret]",
                                  "12:00:02 INFO started", "", NULL});
    check_stream((const char *[]){"x " BEGIN("PRIVATE KEY") "\n" LINE_1 "\n" LINE_2,
                                  "x " BEGIN("PRIVATE KEY") "\n[secret]",
                                  LINE_1 "\n" LAST "\n" DONE("PRIVATE KEY") "\nend",
                                  "[secret]\n" DONE("PRIVATE KEY") "\nend", LINE_2, "", NULL});
}

/* Nothing of the text in front of a key is kept over a restart but its shape. */
TEST(redact_pem_over_a_restart)
{
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(redaction_free) struct redaction room = {.n = 0};
    defer(buf_free) struct buf state = {0};
    struct redact_stream stream = {.in_key = false};
    redact_line(r, &room, &stream, STR("pw Hunter27 " BEGIN("PRIVATE KEY")));
    put_redact_stream(&state, &stream);
    CHECK_STR(str_slice(buf_str(&state), 4, SIZE_MAX), STR("aa aaaaaa00 "));
    for (size_t len = 0; len < state.len; len++) {
        struct reader cut = reader_of(str_slice(buf_str(&state), 0, len));
        CHECK(!read_redact_stream(&cut, &stream));
    }
    state.ptr[3] = 17;
    struct reader long_one = reader_of(buf_str(&state));
    CHECK(!read_redact_stream(&long_one, &stream));
}

TEST(redact_pem_in_a_record_a_line)
{
    check_stream((const char *[]){
        "{\"t\":1,\"msg\":\"" BEGIN("PRIVATE KEY") "\"}", "",
        "{\"t\":2,\"msg\":\"" LINE_1 "\",\"n\":1}", "{\"t\":2,\"msg\":\"[secret]\",\"n\":1}",
        "{\"t\":3,\"msg\":\"Zm9v\\n\"}", "{\"t\":3,\"msg\":\"[secret]\\n\"}",
        "{\"t\":4,\"msg\":\"" LINE_1 "\"}", "", NULL});
    check_stream((const char *[]){"{\"log\":\"{\\\"m\\\":\\\"" BEGIN("PRIVATE KEY") "\\\"}\"}", "",
                                  "{\"log\":\"{\\\"m\\\":\\\"" LINE_1 "\\\"}\"}",
                                  "{\"log\":\"{\\\"m\\\":\\\"[secret]\\\"}\"}", NULL});
    check_stream((const char *[]){"level=info msg=\"" BEGIN("PRIVATE KEY") "\" n=1", "",
                                  "level=info msg=" LINE_1 " n=2", "level=info msg=[secret] n=2",
                                  "level=info msg=\"" LAST "\" n=3",
                                  "level=info msg=\"[secret]\" n=3", NULL});
    check_stream((const char *[]){
        "12:00:01.120 INFO " BEGIN("PRIVATE KEY"), "", "12:00:01.121 INFO Comment: Bob's \"key\"",
        "12:00:01.121 INFO [secret]", "12:00:01.121 INFO " LINE_1, "12:00:01.121 INFO [secret]",
        "12:00:01.122 INFO b6Nm1A", "12:00:01.122 INFO [secret]", NULL});
}

TEST(redact_pem_between_other_records)
{
    check_stream((const char *[]){BEGIN("PRIVATE KEY"),
                                  "",
                                  "GET / 200",
                                  "",
                                  LINE_1,
                                  "[secret]",
                                  "listening on port 80",
                                  "",
                                  "ready",
                                  "",
                                  "{\"level\":30,\"id\":\"0123456789abcdef0123456789abcdef\"}",
                                  "",
                                  "at /usr/local/lib/site/packages/Thing/inner",
                                  "",
                                  "{\"m\":\"" LINE_2 "\"}",
                                  "{\"m\":\"[secret]\"}",
                                  "m=" LINE_2 " n=1",
                                  "m=[secret] n=1",
                                  LINE_1,
                                  "[secret]",
                                  DONE("PRIVATE KEY"),
                                  "",
                                  LINE_1,
                                  "",
                                  NULL});
}

/* Rule 1: a lost END does not hide what comes after. */
TEST(redact_pem_ends)
{
    check_stream((const char *[]){BEGIN("PRIVATE KEY"), "", LINE_1, "[secret]",
                                  BEGIN("CERTIFICATE"), "", LINE_1, "", DONE("CERTIFICATE"), "",
                                  NULL});
    check_stream((const char *[]){BEGIN("PRIVATE KEY"),
                                  "",
                                  LINE_1,
                                  "[secret]",
                                  "a 1",
                                  "",
                                  "a 2",
                                  "",
                                  "a 3",
                                  "",
                                  "a 4",
                                  "",
                                  "a 5",
                                  "",
                                  "a 6",
                                  "",
                                  "a 7",
                                  "",
                                  "a 8",
                                  "",
                                  "a 9",
                                  "",
                                  LINE_1,
                                  "",
                                  NULL});
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    defer(redaction_free) struct redaction room = {.n = 0};
    struct redact_stream stream = {.in_key = true};
    for (int i = 0; i < PEM_LINES; i++)
        CHECK_STR(redact_line(r, &room, &stream, STR(LINE_1)), STR("[secret]"));
    CHECK_STR(redact_line(r, &room, &stream, STR(LINE_1)), STR(LINE_1));
}

TEST_SLOW(redact_pem_is_linear, 60)
{
    static const char *const pieces[] = {
        "-",
        BEGIN("PRIVATE KEY"),
        BEGIN("PRIVATE KEY") LINE_1,
        BEGIN("PRIVATE KEY") LINE_1 "\"",
        "-----BEGIN ",
        "\\n",
        BEGIN("PRIVATE KEY") "\\n",
        BEGIN("PRIVATE KEY") " ",
        BEGIN("PRIVATE KEY") LINE_1 "-----",
        BEGIN("PRIVATE KEY") "\\nComment: \\\"x\\\"\\n",
        "\\nVersion: x",
        "\\\\\\/",
        LINE_1 "=",
    };
    defer(redactor_close) struct redactor *r = secrets_redactor(NULL, 0);
    for (size_t i = 0; i < countof(pieces); i++)
        check_linear(r, pieces[i]);
}
