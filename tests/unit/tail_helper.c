#include "tests/unit/tail_helper.h"

#include "base/compress.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/reader.h"
#include "shipper/glob.h"
#include "tests/test.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- files ---- */

const char *path_of(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

static void write_with(const char *name, int flags, struct str bytes)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | flags, 0644);
    REQUIRE(fd >= 0);
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);
        REQUIRE(n > 0);
        done += (size_t)n;
    }
    close(fd);
}

void write_file(const char *name, struct str bytes)
{
    write_with(name, O_TRUNC, bytes);
}

void append_file(const char *name, struct str bytes)
{
    write_with(name, O_APPEND, bytes);
}

void append_text(const char *name, const char *text)
{
    append_file(name, str_from(text));
}

void rename_file(const char *from, const char *to)
{
    REQUIRE(rename(path_of(from), path_of(to)) == 0);
}

void remove_file(const char *name)
{
    REQUIRE(unlink(path_of(name)) == 0);
}

void truncate_file(const char *name, uint64_t size)
{
    REQUIRE(truncate(path_of(name), (off_t)size) == 0);
}

struct str load_file(const char *name, struct buf *out)
{
    struct err err;
    buf_reset(out);
    out->max = (size_t)64 << 20;
    REQUIRE_OK(file_load(path_of(name), out->max, out, &err));
    return buf_str(out);
}

void copy_file(const char *from, const char *to)
{
    defer(buf_free) struct buf bytes = {0};
    write_file(to, load_file(from, &bytes));
}

void pack_file(const char *from, const char *to)
{
    struct err err;
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0}, packed = {.max = (size_t)64 << 20};
    load_file(from, &bytes);
    if (str_ends(str_from(to), STR(".zst")))
        REQUIRE_OK(zstd_pack(&packer, buf_str(&bytes), 3, &packed, &err));
    else
        REQUIRE_OK(gzip_pack(buf_str(&bytes), 1, &packed, &err));
    write_file(to, buf_str(&packed));
    struct stat st;
    REQUIRE(stat(path_of(from), &st) == 0);
    struct timespec times[] = {st.st_atim, st.st_mtim};
    REQUIRE(utimensat(AT_FDCWD, path_of(to), times, 0) == 0); /* as gzip and zstd do */
}

/* ---- listening ---- */

struct heard *tail_heard(struct tail_test *t, const char *file)
{
    for (size_t i = 0; i < t->n_heard; i++)
        if (strcmp(t->heard[i].file, file) == 0)
            return &t->heard[i];
    REQUIRE(t->n_heard < countof(t->heard));
    struct heard *h = &t->heard[t->n_heard++];
    h->file = strdup(file);
    h->raw.max = h->shape.max = (size_t)64 << 20;
    return h;
}

struct str tail_raw(struct tail_test *t, const char *file)
{
    return buf_str(&tail_heard(t, file)->raw);
}

struct str tail_shape(struct tail_test *t, const char *file)
{
    return buf_str(&tail_heard(t, file)->shape);
}

static struct heard *heard_lane(struct tail_test *t, const struct tail_line *line)
{
    char name[300];
    snprintf(name, sizeof name, "%.*s%s", STR_ARG(path_name(line->stream->file)),
             line->lane == LANE_ERR ? "!" : "");
    return tail_heard(t, name);
}

bool tail_hear(void *context, const struct tail_line *line)
{
    struct tail_test *t = context;
    if (t->refuse_after && t->taken == t->refuse_after) {
        t->taken = 0;
        return false;
    }
    t->taken++;
    struct heard *h = line->stream->attached[line->lane];
    if (!h)
        line->stream->attached[line->lane] = h = heard_lane(t, line);
    bool has_newline = !(line->flags & (TAIL_FIRST | TAIL_MIDDLE | TAIL_NO_NEWLINE | TAIL_MORE));
    if (!(line->flags & TAIL_OF_LANE) && line->to)
        CHECK_INT(line->to - line->from, line->bytes.len + has_newline);
    buf_add(&h->raw, line->bytes);
    if (has_newline)
        buf_add_byte(&h->raw, '\n');
    buf_print(&h->shape, "[");
    for (unsigned i = 0; i < 8; i++)
        if (line->flags & ~(unsigned)TAIL_OF_LANE & 1u << i)
            buf_add_byte(&h->shape, "FMLNCD_+"[i]);
    buf_print(&h->shape, "%zu]", line->bytes.len);
    h->records++;
    h->time_ns = line->time_ns;
    return true;
}

static void note_move(void *context, const struct tail_move *move)
{
    struct tail_test *t = context;
    buf_print(&t->moves, "%llu-%llu ", (unsigned long long)move->from,
              (unsigned long long)move->to);
}

static void note_drop(void *context, const struct tail_drop *drop)
{
    struct tail_test *t = context;
    buf_print(&t->drops, "%.*s %llu-%llu %.*s\n", STR_ARG(path_name(drop->path)),
              (unsigned long long)drop->from, (unsigned long long)drop->to, STR_ARG(drop->reason));
}

/* ---- driving ---- */

void tail_read_all(struct tail_test *t)
{
    struct tail_sink sink = {tail_hear, t};
    size_t turns = 0;
    while (tailer_read(t->tailer, t->now_ns, &sink))
        REQUIRE(++turns < 1000000); /* it must come to an end */
}

void tail_scan(struct tail_test *t)
{
    tailer_scan(t->tailer, t->now_ns);
}

static const struct multiline *rule_of(void *context, const struct tail_stream *stream)
{
    const struct tail_test *t = context;
    CHECK(stream->file.len > 0);
    return t->rule;
}

void tail_start(struct tail_test *t)
{
    struct err err;
    if (t->multiline && !t->rule)
        REQUIRE_OK(multiline_open(&t->rule, str_from(t->multiline), &err));
    struct tail_glob glob = {.pattern = str_from(path_of(t->pattern ? t->pattern : "*.log")),
                             .envelope = t->envelope};
    struct tailer_options options = {
        .host = STR("host"),
        .globs = &glob,
        .n_globs = 1,
        .max_line = t->max_line,
        .quantum = t->quantum,
        .max_open = t->max_open,
        .held_bytes = t->held_bytes,
        .joined_bytes = t->joined_bytes,
        .start_at_end = t->start_at_end,
        .max_age_ns = t->max_age_ns,
        .admit = t->admit,
        .admit_context = t->admit_context,
        .multiline = t->rule ? rule_of : NULL,
        .multiline_context = t,
    };
    if (!t->now_ns)
        t->now_ns = time_now();
    REQUIRE_OK(tailer_open(&t->tailer, &options, &err));
    struct reader r = reader_of(buf_str(&t->checkpoint));
    while (reader_left(&r)) {
        struct str one = read_bytes(&r, read_u32(&r));
        REQUIRE_OK(tailer_restore(t->tailer, one, &err));
    }
    tail_scan(t);
}

void tail_stop(struct tail_test *t)
{
    tailer_close(&t->tailer);
}

void tail_pass(struct tail_test *t, int64_t ns)
{
    t->now_ns += ns;
    tail_scan(t);
    tail_read_all(t);
}

void tail_save(struct tail_test *t)
{
    defer(buf_free) struct buf one = {0};
    t->checkpoint.max = (size_t)64 << 20;
    tailer_take_moves(t->tailer, note_move, t);
    tailer_take_drops(t->tailer, note_drop, t);
    if (t->checkpoint.len > (size_t)1 << 20)
        buf_reset(&t->checkpoint);
    if (t->checkpoint.len)
        tailer_put_delta(t->tailer, &one);
    else
        tailer_put_full(t->tailer, &one);
    REQUIRE(!one.over);
    put_u32(&t->checkpoint, (uint32_t)one.len);
    buf_add(&t->checkpoint, buf_str(&one));
}

void tail_free(struct tail_test *t)
{
    tailer_close(&t->tailer);
    multiline_close(&t->rule);
    for (size_t i = 0; i < t->n_heard; i++) {
        mem_free(&t->heard[i].file);
        buf_free(&t->heard[i].raw);
        buf_free(&t->heard[i].shape);
    }
    buf_free(&t->checkpoint), buf_free(&t->moves), buf_free(&t->drops);
}

struct state_question {
    const char *name;
    char state[32];
};

static void answer_state(void *context, const struct tail_status *status)
{
    struct state_question *q = context;
    if (str_equal(path_name(status->path), str_from(q->name)) &&
        !str_equal(status->state, STR("truncated")) && !str_equal(status->state, STR("gone")))
        snprintf(q->state, sizeof q->state, "%.*s", STR_ARG(status->state));
}

const char *tail_state(struct tail_test *t, const char *name)
{
    static struct state_question q;
    q = (struct state_question){.name = name};
    tailer_each(t->tailer, answer_state, &q);
    return q.state;
}

void tail_restart(struct tail_test *t)
{
    tail_stop(t);
    for (size_t i = 0; i < t->n_heard; i++)
        buf_reset(&t->heard[i].raw), buf_reset(&t->heard[i].shape);
    tail_start(t);
    tail_read_all(t);
}
