/* What Loki answers, in its own words: pkg/validation/validate.go, pkg/distributor and pkg/ingester of 2.9 to 3.7. */
#include "base/mem.h"
#include "formats/push/loki_answer.h"
#include "tests/test.h"

enum { ROWS = 5 };

struct answered {
    struct push_answer answer;
    uint8_t fates[ROWS];
};

static void answer_of(unsigned status, const char *text, size_t rows, struct answered *out)
{
    *out = (struct answered){.answer = {.n = rows}};
    memset(out->fates, 99, sizeof out->fates);
    out->answer.fates = out->fates;
    struct push_reply reply = {status, str_from(text)};
    loki_read_answer(&reply, true, &out->answer);
}

static void check_verdict(unsigned status, const char *text, size_t rows, enum push_verdict verdict)
{
    struct answered a;
    answer_of(status, text, rows, &a);
    if (a.answer.verdict != verdict)
        test_fail(__FILE__, __LINE__, "%u '%s' for %zu rows is %d, not %d", status, text, rows,
                  (int)a.answer.verdict, (int)verdict);
}

/* All rows have this fate, and so many are counted for the reason. */
static void check_read(unsigned status, const char *text, size_t rows, enum push_fate fate,
                       const char *reason, uint64_t count)
{
    struct answered a;
    answer_of(status, text, rows, &a);
    CHECK_INT(a.answer.verdict, PUSH_READ);
    for (size_t i = 0; i < rows; i++)
        CHECK_INT(a.fates[i], fate);
    REQUIRE(a.answer.n_rejects == 1);
    CHECK_STR(str_from(a.answer.rejects[0].reason), str_from(reason));
    CHECK_INT(a.answer.rejects[0].rows, count);
    CHECK(a.answer.detail[0]);
}

TEST(loki_answers_that_take_all)
{
    for (unsigned status = 200; status <= 204; status++) {
        struct answered a;
        answer_of(status, "", ROWS, &a);
        CHECK_INT(a.answer.verdict, PUSH_READ);
        CHECK_INT(a.answer.n_rejects, 0);
        for (size_t i = 0; i < ROWS; i++)
            CHECK_INT(a.fates[i], PUSH_TAKEN);
        CHECK(!a.answer.detail[0]);
    }
    check_verdict(200, "\r\n<!DOCTYPE html><title>Sign in</title>", ROWS, PUSH_RETRY);
    check_verdict(
        260,
        "ingestion blocked for user 'fake' until '2026-11-21T00:00:00Z' with status code '260'",
        ROWS, PUSH_RETRY);
}

TEST(loki_answers_that_refuse_entries)
{
    static const struct {
        const char *text, *reason;
    } refusals[] = {
        {"entry for stream '{a=\"b\"}' has timestamp too old: 2026-11-01T00:00:00Z, oldest "
         "acceptable timestamp is: "
         "2026-11-21T00:00:00Z\n",
         "too_old"},
        {"entry for stream '{a=\"b\"}' has timestamp too new: 2027-11-01T00:00:00Z\n", "too_new"},
        {"Max entry size '256000' bytes exceeded for stream '{a=\"b\"}' while adding an entry with "
         "length '300000' "
         "bytes\n",
         "too_long"},
        {"max entry size '256000' bytes exceeded for stream '{a=\"b\"}' while adding an entry with "
         "length '300000' "
         "bytes\n",
         "too_long"},
        {"entry for stream '{a=\"b\"}' has 16 label names; limit 15\n", "labels"},
        {"stream '{a=\"b\"}' has label name too long: 'x'\n", "labels"},
        {"stream '{a=\"b\"}' has label value too long: 'x'\n", "labels"},
        {"stream '{a=\"b\"}' has duplicate label name: 'x'\n", "labels"},
        {"Error parsing labels '{' with error: 1:2: parse error\n", "labels"},
        {"error parsing labels '{' with error: 1:2: parse error\n", "labels"},
        {"error at least one label pair is required per stream\n", "labels"},
        {"missing required labels 'env' for user 'fake' for stream '{a=\"b\"}' (policy: '')\n",
         "labels"},
        {"stream '{a=\"b\"}' has structured metadata too large: '70000' bytes, limit: '65536' "
         "bytes. Please see\n",
         "metadata"},
        {"stream '{a=\"b\"}' has too many structured metadata labels: '200', limit: '128'. Please "
         "see\n",
         "metadata"},
        {"entry with timestamp 2026-11-01 00:00:00 +0000 UTC ignored, reason: 'entry out of "
         "order',\nuser 'fake', total "
         "ignored: 1 out of 5 for stream: {a=\"b\"}\n",
         "out_of_order"},
    };
    for (size_t i = 0; i < countof(refusals); i++) {
        check_read(400, refusals[i].text, ROWS, PUSH_TAKEN, refusals[i].reason, 1);
        check_read(400, refusals[i].text, 1, PUSH_REJECTED, refusals[i].reason, 1);
    }
}

TEST(loki_answers_tell_how_many_entries)
{
    check_read(400, "3 errors like: entry for stream '{a=\"b\"}' has timestamp too old: x\n", ROWS,
               PUSH_TAKEN, "too_old", 3);
    check_read(400, "18446744073709551615 errors like: x has timestamp too old: x\n", ROWS,
               PUSH_TAKEN, "too_old", ROWS);
    check_read(400,
               "entry with timestamp 2026-11-01 00:00:00 +0000 UTC ignored, reason: 'entry too far "
               "behind, entry timestamp "
               "is: x, oldest acceptable timestamp is: y',\nentry with timestamp 2026-11-01 "
               "00:00:01 +0000 UTC ignored, "
               "reason: 'entry too far behind, oldest acceptable timestamp is: y',\nuser 'fake', "
               "total ignored: 2 out of 5 "
               "for stream: {a=\"b\"}\n",
               ROWS, PUSH_TAKEN, "too_old", 2);
    struct answered a;
    answer_of(400,
              "1 errors like: entry for stream '{a=\"b\"}' has timestamp too old: x; 2 errors "
              "like: max entry size '256000' "
              "bytes exceeded for stream; 1 errors like: something new; 1 errors like: y has "
              "timestamp too old: z\n",
              ROWS, &a);
    CHECK_INT(a.answer.verdict, PUSH_READ);
    REQUIRE(a.answer.n_rejects == 3);
    CHECK_INT(a.answer.rejects[0].rows, 2);
    CHECK_STR(str_from(a.answer.rejects[1].reason), STR("too_long"));
    CHECK_INT(a.answer.rejects[1].rows, 2);
    CHECK_STR(str_from(a.answer.rejects[2].reason), STR("other"));
    CHECK_INT(a.answer.rejects[2].rows, 1);
}

/* push.h 3 */
TEST(loki_answers_without_a_word_about_entries)
{
    check_verdict(400, "couldn't parse labels: 1:2: parse error\n", ROWS, PUSH_SMALLER);
    check_read(400, "couldn't parse labels: 1:2: parse error\n", 1, PUSH_REJECTED, "labels", 1);
    check_verdict(400, "<html>Bad request</html>", ROWS, PUSH_SMALLER);
    check_read(400, "<html>Bad request</html>", 1, PUSH_REJECTED, "other", 1);
    check_verdict(413, "request body too large: 2000000 bytes, limit: 1000000 bytes\n", ROWS,
                  PUSH_SMALLER);
    check_read(413, "request body too large\n", 1, PUSH_REJECTED, "too_long", 1);
    check_verdict(422, "error at least one valid stream is required for ingestion\n", ROWS,
                  PUSH_SMALLER);
    check_read(422, "error at least one valid stream is required for ingestion\n", 1, PUSH_REJECTED,
               "other", 1);
    const char *grpc = "rpc error: code = ResourceExhausted desc = grpc: received message larger "
                       "than max (5 vs. 4)\n";
    check_verdict(500, grpc, ROWS, PUSH_SMALLER);
    check_read(500, grpc, 1, PUSH_REJECTED, "too_long", 1);
}

TEST(loki_answers_that_pass)
{
    static const unsigned later[] = {0,   100, 206, 260, 301, 401, 403, 404, 405,
                                     408, 409, 415, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < countof(later); i++) {
        check_verdict(later[i], "no\n", ROWS, PUSH_RETRY);
        check_verdict(later[i], "entry for stream '{}' has timestamp too old", 1, PUSH_RETRY);
    }
    static const char *const settings[] = {
        "tenant ID 'a/b' contains unsupported character '/'\n",
        "multiple org IDs present\n",
        "cannot parse common params from request: cannot parse accountID from \"t1\"",
        "unsupported path requested: \"/insert/loki/api/v2/push\"",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        "<center><h1>400 Bad Request</h1></center>\n<center>No required SSL certificate was sent"};
    for (size_t i = 0; i < countof(settings); i++)
        check_verdict(400, settings[i], 1, PUSH_RETRY);
    const char *rate = "Ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) "
                       "while attempting to ingest "
                       "'5' lines totaling '1000000' bytes, reduce log volume\n";
    check_verdict(429, rate, ROWS, PUSH_RETRY);
    const char *beyond = "ingestion rate limit exceeded for user fake (limit: 100000 bytes/sec) "
                         "while attempting to ingest "
                         "'5' lines totaling '1000000' bytes, reduce log volume\n";
    check_verdict(429, beyond, ROWS, PUSH_SMALLER);
    check_verdict(429, beyond, 1, PUSH_RETRY);
    check_verdict(429,
                  "Maximum active stream limit exceeded when trying to create stream {a=\"b\"}, "
                  "reduce the number of "
                  "active streams\n",
                  ROWS, PUSH_RETRY);
    const char *stream =
        "entry with timestamp 2026-11-01 00:00:00 +0000 UTC ignored, reason: 'Per stream rate "
        "limit exceeded "
        "(limit: 3MB/sec) while attempting to ingest for stream '{a=\"b\"}' totaling 1MB, consider "
        "splitting',\nuser 'fake', total ignored: 5 out of 5 for stream: {a=\"b\"}\n";
    check_verdict(429, stream, ROWS, PUSH_SMALLER); /* 5 MB of 3 MB a second */
    check_verdict(429, stream, 1, PUSH_RETRY);
    stream = "entry with timestamp 2026-11-01 00:00:00 +0000 UTC ignored, reason: 'Per stream rate "
             "limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{a=\"b\"}' "
             "totaling 80000B, consider splitting',\nuser 'fake', total ignored: 5 out of 5 for "
             "stream: {a=\"b\"}\n";
    check_verdict(429, stream, ROWS, PUSH_RETRY);
    /* the last entry was too old, those before it were too many */
    check_verdict(400, stream, ROWS, PUSH_RETRY);
}

TEST(loki_answers_have_a_safe_detail)
{
    struct answered a;
    answer_of(503, "\x1b[31mnot\r now\x7f\nsecond line", ROWS, &a);
    CHECK_STR(str_from(a.answer.detail), STR("[31mnot now"));
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    memcpy(text + PUSH_DETAIL_MAX - 2, "\xe2\x82\xac", 3);
    answer_of(503, text, ROWS, &a);
    CHECK_INT(strlen(a.answer.detail), PUSH_DETAIL_MAX - 2);
    answer_of(503, "", ROWS, &a);
    CHECK(!a.answer.detail[0]);
}
