#include "base/file.h"
#include "base/mem.h"
#include "forward/chain.h"
#include "forward/credentials.h"
#include "forward/lines.h"
#include "forward/parcel.h"
#include "forward/rejects.h"
#include "tests/blocks.h"
#include "tests/test.h"

#include <errno.h>
#include <sys/stat.h>

static struct err err;

/* A format that takes at most so many rows at once, and notes them. */
struct noting {
    struct push_format front;
    size_t most;
    uint32_t rows[64];
    size_t n;
};

static void note_begin(struct push_format *f, const struct push_block *block)
{
    (void)f, (void)block;
}

static size_t note_put(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                       struct buf *body)
{
    struct noting *x = (struct noting *)f;
    (void)max, (void)body;
    x->n = min_of(n, x->most);
    memcpy(x->rows, rows, x->n * sizeof *rows);
    return x->n;
}

static const struct push_kind noting = {.begin = note_begin, .put = note_put};

/* A block of the service api with n records, numbered from 0. */
static void fill(struct parcel *p, int n)
{
    p->bytes.max = BLOCK_MAX;
    make_block(&p->bytes, 7, 1, "api", 0, n);
}

static struct filter *filter_of(const char *text)
{
    struct filter *filter;
    struct str operand = str_from(text);
    REQUIRE_OK(filter_compile(&filter, &operand, 1, &(struct filter_scope){0}, &err));
    return filter;
}

TEST(parcel_gives_every_row_until_it_has_its_fate)
{
    defer(parcel_free) struct parcel p = {0};
    struct noting f = {.front.kind = &noting, .most = 4};
    fill(&p, 6);
    REQUIRE_OK(parcel_open(&p, NULL, false, &err));
    REQUIRE(parcel_put(&p, &f.front, 1 << 20, NULL));
    CHECK_INT(f.n, 4);
    const uint8_t fates[] = {PUSH_TAKEN, PUSH_AGAIN, PUSH_REJECTED, PUSH_AGAIN};
    memcpy(p.fates, fates, sizeof fates);
    struct parcel_counts c = parcel_count(&p);
    CHECK_INT(c.taken, 1);
    CHECK_INT(c.again, 2);
    CHECK_INT(c.rejected, 1);
    CHECK_INT(c.bytes, (int64_t)STR("api number 0").len);
    parcel_settle(&p);
    REQUIRE(parcel_put(&p, &f.front, 1 << 20, NULL));
    const uint32_t next[] = {1, 3, 4, 5};
    CHECK(f.n == 4 && memcmp(f.rows, next, sizeof next) == 0);
    memset(p.fates, PUSH_TAKEN, 4);
    parcel_settle(&p);
    CHECK(is_parcel_done(&p));
    CHECK(!parcel_put(&p, &f.front, 1 << 20, NULL));
}

TEST(parcel_that_is_halved_comes_down_to_one_row)
{
    defer(parcel_free) struct parcel p = {0};
    struct noting f = {.front.kind = &noting, .most = 64};
    fill(&p, 5);
    REQUIRE_OK(parcel_open(&p, NULL, false, &err));
    const size_t expected[] = {5, 2, 1, 1};
    for (size_t i = 0; i < countof(expected); i++) {
        REQUIRE(parcel_put(&p, &f.front, 1 << 20, NULL));
        CHECK_INT(f.n, (int64_t)expected[i]);
        CHECK_INT(f.rows[0], 0);
        parcel_halve(&p);
    }
}

TEST(parcel_that_was_halved_grows_again)
{
    defer(parcel_free) struct parcel p = {0};
    struct noting f = {.front.kind = &noting, .most = 64};
    fill(&p, 12);
    REQUIRE_OK(parcel_open(&p, NULL, false, &err));
    for (size_t n = 12; n > 1; n = f.n) {
        parcel_halve(&p);
        REQUIRE(parcel_put(&p, &f.front, 1 << 20, NULL));
    }
    const size_t expected[] = {1, 2, 4, 5};
    for (size_t i = 0; i < countof(expected); i++) {
        CHECK_INT(f.n, (int64_t)expected[i]);
        memset(p.fates, PUSH_TAKEN, f.n);
        parcel_settle(&p);
        CHECK(parcel_put(&p, &f.front, 1 << 20, NULL) == (i + 1 < countof(expected)));
    }
}

TEST(parcel_of_a_filter_has_what_matches)
{
    defer(parcel_free) struct parcel p = {0};
    defer(filter_close) struct filter *other = filter_of("service=web");
    fill(&p, 6);
    REQUIRE_OK(parcel_open(&p, other, false, &err));
    CHECK(is_parcel_done(&p));
    parcel_reset(&p);
    defer(filter_close) struct filter *same = filter_of("service=api");
    fill(&p, 6);
    REQUIRE_OK(parcel_open(&p, same, false, &err));
    CHECK_INT(p.n_rows, 6);
}

TEST(parcel_that_is_damaged_is_an_error)
{
    defer(parcel_free) struct parcel p = {0};
    fill(&p, 6);
    p.bytes.ptr[p.bytes.len - 1] ^= 1;
    CHECK(!parcel_open(&p, NULL, false, &err));
    CHECK_INT(err.code, ERR_CORRUPT);
}

TEST(chain_sends_a_block_as_it_is)
{
    defer(parcel_free) struct parcel p = {0};
    defer(buf_free) struct buf body = {.max = BLOCK_MAX};
    defer(push_format_close) struct push_format *f = NULL;
    fill(&p, 6);
    chain_open(&f, STR(""));
    REQUIRE_OK(parcel_open(&p, NULL, true, &err));
    f->kind->begin(f, &p.push);
    REQUIRE(parcel_put(&p, f, f->body_max, &body));
    CHECK_STR(buf_str(&body), buf_str(&p.bytes));
}

TEST(chain_of_some_rows_makes_the_same_block_each_time)
{
    defer(buf_free) struct buf first = {.max = BLOCK_MAX};
    const uint32_t rows[] = {1, 4};
    for (int i = 0; i < 3; i++) {
        defer(parcel_free) struct parcel p = {0};
        defer(buf_free) struct buf body = {.max = BLOCK_MAX};
        defer(push_format_close) struct push_format *f = NULL;
        fill(&p, 6);
        chain_open(&f, STR("level=error"));
        REQUIRE_OK(parcel_open(&p, NULL, false, &err));
        f->kind->begin(f, &p.push);
        CHECK_INT(f->kind->put(f, rows, countof(rows), f->body_max, &body), 2);
        buf_add(&first, i ? STR("") : buf_str(&body));
        CHECK_STR(buf_str(&body), buf_str(&first));
    }
    struct block b;
    defer(packer_free) struct packer packer = {0};
    defer(arena_free) struct arena arena = {0};
    REQUIRE_OK(block_verify(&b, buf_str(&first), &packer, &arena, &err));
    CHECK_INT(b.header.records, 2);
    CHECK_INT(b.header.sequence, 1);
    CHECK_INT(b.n_sources, 0);
    CHECK_INT(number_of_line(b.records[1].line), 4);
}

/* The origin of what is sent of a block of which all 6 rows match. */
static struct hash128 origin_with(struct str match)
{
    defer(parcel_free) struct parcel p = {0};
    defer(buf_free) struct buf body = {.max = BLOCK_MAX};
    defer(push_format_close) struct push_format *f = NULL;
    struct block b;
    fill(&p, 6);
    chain_open(&f, match);
    CHECK(parcel_open(&p, NULL, false, &err));
    f->kind->begin(f, &p.push);
    CHECK(parcel_put(&p, f, f->body_max, &body));
    CHECK(block_verify(&b, buf_str(&body), &p.packer, &p.arena, &err));
    CHECK_INT(b.header.sequence, 1);
    CHECK_INT(b.header.records, 6);
    return b.header.origin;
}

TEST(chain_names_what_a_match_leaves_after_the_match)
{
    struct hash128 whole = origin_with(STR("")), errors = origin_with(STR("level=error"));
    CHECK(!hash128_equal(whole, errors));
    CHECK(hash128_equal(errors, origin_with(STR("level=error"))));
    CHECK(!hash128_equal(errors, origin_with(STR("level=warn+"))));
}

/* A block of n records with 3 KiB of fields each: those who read blocks take more of them than our own builder. */
static void fill_with_fields(struct parcel *p, int n)
{
    static char value[LABEL_VALUE_MAX];
    defer(block_builder_free) struct block_builder b = {0};
    defer(buf_free) struct buf text = {0};
    struct label service = {STR("service"), STR("api")}, fields[3];
    struct labels labels = {&service, 1}, none = {0}, all = {fields, countof(fields)};
    memset(value, 'x', sizeof value);
    for (size_t i = 0; i < countof(fields); i++)
        fields[i] = (struct label){str_of(&"abc"[i], 1), str_of(value, sizeof value)};
    put_labels(&text, &all);
    block_builder_stream(&b, &labels, &none, TIME_NONE);
    for (int i = 0; i < n; i++) {
        b.arena.used = 0;
        REQUIRE(
            block_builder_add(&b, &(struct record){.fields = buf_str(&text), .line = STR("x")}));
    }
    p->bytes.max = BLOCK_MAX;
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){7, 1}, 1, 1, &p->bytes, &err));
}

TEST(chain_of_rows_with_too_much_beside_their_lines_makes_no_body)
{
    enum { RECORDS = 600 };
    defer(parcel_free) struct parcel p = {0};
    defer(buf_free) struct buf body = {.max = BLOCK_MAX};
    defer(push_format_close) struct push_format *f = NULL;
    fill_with_fields(&p, RECORDS);
    chain_open(&f, STR("level=error"));
    REQUIRE_OK(parcel_open(&p, NULL, false, &err));
    f->kind->begin(f, &p.push);
    CHECK_INT(f->kind->put(f, p.rows, RECORDS - 1, f->body_max, &body), RECORDS - 1);
    CHECK(body.over);
    buf_reset(&body);
    CHECK_INT(f->kind->put(f, p.rows, 3, f->body_max, &body), 3);
    CHECK(!body.over);
}

/* What the chain makes of an answer about block 1, which has 6 records. */
static struct push_answer answer_of(unsigned status, const char *text)
{
    defer(parcel_free) struct parcel p = {0};
    defer(push_format_close) struct push_format *f = NULL;
    static uint8_t fates[6];
    fill(&p, 6);
    chain_open(&f, STR(""));
    REQUIRE_OK(parcel_open(&p, NULL, true, &err));
    f->kind->begin(f, &p.push);
    struct push_answer answer = {.verdict = PUSH_RETRY, .fates = fates, .n = 6};
    f->kind->read(f, &(struct push_reply){status, str_from(text)}, &answer);
    return answer;
}

TEST(chain_believes_only_a_collector)
{
    struct push_answer a = answer_of(200, "{\"acked\":1}");
    CHECK(a.verdict == PUSH_READ && a.fates[5] == PUSH_TAKEN);
    CHECK_INT(answer_of(200, "{\"acked\":0}").verdict, PUSH_RETRY);
    CHECK_INT(answer_of(200, "<html>welcome</html>").verdict, PUSH_RETRY);
    CHECK_INT(answer_of(503, "busy").verdict, PUSH_RETRY);
    CHECK_INT(
        answer_of(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>").verdict,
        PUSH_RETRY);
    CHECK_INT(answer_of(400, "Bad Request").verdict, PUSH_RETRY);
    CHECK_INT(answer_of(409, "<html>Conflict</html>").verdict, PUSH_RETRY);
    a = answer_of(400, "{\"acked\":0,\"error\":\"damaged\"}\n");
    CHECK(a.verdict == PUSH_READ && a.fates[0] == PUSH_REJECTED);
    a = answer_of(409, "{\"acked\":0,\"error\":\"another one\"}\n");
    CHECK(a.verdict == PUSH_CONFLICT && a.fates[0] == PUSH_REJECTED);
    CHECK_STR(str_from(a.rejects[0].reason), STR("conflict"));
    CHECK_INT(a.rejects[0].rows, 6);
}

TEST(record_lines_have_three_forms)
{
    defer(parcel_free) struct parcel p = {0};
    defer(buf_free) struct buf out = {0};
    fill(&p, 2);
    REQUIRE_OK(parcel_open(&p, NULL, false, &err));
    put_record_line(OUTPUT_FORM_RAW, &p.block, 1, &out);
    CHECK_STR(buf_str(&out), STR("api number 1\n"));
    buf_reset(&out);
    put_record_line(OUTPUT_FORM_LOGFMT, &p.block, 1, &out);
    CHECK_STR(buf_str(&out),
              STR("time=1970-01-01T00:00:00.001000000Z level=trace service=\"api\" host=\"h\" "
                  "line=\"api number 1\"\n"));
    buf_reset(&out);
    put_record_line(OUTPUT_FORM_JSON, &p.block, 1, &out);
    CHECK(str_starts(buf_str(&out), STR("{\"time\":\"1970-01-01T00:00:00.001000000Z\"")));
    CHECK(str_ends(buf_str(&out), STR("\"line\":\"api number 1\"}\n")));
}

static struct str secret_file(const char *name, const char *text)
{
    static char paths[4][256];
    static unsigned n;
    char *path = paths[n++ % countof(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    REQUIRE_OK(file_replace(path, str_from(text), 0600, &err));
    return str_from(path);
}

TEST(credentials_are_one_header)
{
    struct credentials c = {{0}};
    bool changed;
    struct config_other_output token = {.token_file = secret_file("token", "abc\n")};
    REQUIRE_OK(credentials_read(&c, &token, &changed, &err));
    CHECK(changed);
    CHECK_STR(str_from(c.value), STR("Bearer abc"));
    REQUIRE_OK(credentials_read(&c, &token, &changed, &err));
    CHECK(!changed);
    struct config_other_output user = {.user = STR("ann"),
                                       .password_file = secret_file("password", "s e c")};
    REQUIRE_OK(credentials_read(&c, &user, &changed, &err));
    CHECK_STR(str_from(c.value), STR("Basic YW5uOnMgZSBj"));
    struct config_other_output key = {.api_key_file = secret_file("key", "id:key\n")};
    REQUIRE_OK(credentials_read(&c, &key, &changed, &err));
    CHECK_STR(str_from(c.value), STR("ApiKey aWQ6a2V5"));
    struct config_other_output two = {.token_file = secret_file("two", "a\nb\n")};
    CHECK(!credentials_read(&c, &two, &changed, &err));
    CHECK_STR(str_from(c.value), STR("ApiKey aWQ6a2V5"));
    credentials_wipe(&c);
    CHECK_INT(c.value[0], 0);
}

TEST(rejects_take_two_files_at_most)
{
    char folder[256], path[300];
    defer(mem_free) char *line = mem_alloc(REJECTS_FILE_MAX / 2);
    memset(line, 'x', REJECTS_FILE_MAX / 2);
    struct str lines = str_of(line, REJECTS_FILE_MAX / 2);
    snprintf(folder, sizeof folder, "%s/rejects", test_folder());
    for (int i = 0; i < 5; i++)
        REQUIRE_OK(rejects_keep(folder, STR("loki"), lines, &err));
    struct stat st;
    snprintf(path, sizeof path, "%s/loki.ndjson", folder);
    REQUIRE_OK(path_stat(path, &st, &err));
    CHECK_INT(st.st_size, REJECTS_FILE_MAX / 2);
    snprintf(path, sizeof path, "%s/loki.1.ndjson", folder);
    REQUIRE_OK(path_stat(path, &st, &err));
    CHECK_INT(st.st_size, REJECTS_FILE_MAX);
}

static ssize_t write_half(int fd, const void *bytes, size_t n, off_t at)
{
    if (n < 4) {
        errno = ENOSPC;
        return -1;
    }
    return disk_kernel.pwrite(fd, bytes, n / 2, at);
}

TEST(rejects_of_a_full_disk_leave_no_half_line)
{
    struct disk full = disk_kernel;
    char folder[256], path[300];
    defer(buf_free) struct buf bytes = {0};
    snprintf(folder, sizeof folder, "%s/full", test_folder());
    snprintf(path, sizeof path, "%s/loki.ndjson", folder);
    REQUIRE_OK(rejects_keep(folder, STR("loki"), STR("{\"line\":1}\n"), &err));
    full.pwrite = write_half;
    disk = &full;
    CHECK(!rejects_keep(folder, STR("loki"), STR("{\"line\":2}\n"), &err));
    disk = &disk_kernel;
    REQUIRE_OK(rejects_keep(folder, STR("loki"), STR("{\"line\":3}\n"), &err));
    REQUIRE_OK(file_load(path, 100, &bytes, &err));
    CHECK_STR(buf_str(&bytes), STR("{\"line\":1}\n{\"line\":3}\n"));
}
