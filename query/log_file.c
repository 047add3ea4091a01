#include "query/log_file.h"

#include "base/buf.h"
#include "base/compress.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"

#include <unistd.h>

enum { READ_BYTES = 256 << 10 };

struct log_file {
    const char *name; /* in the arena */
    struct file file;
    bool is_pipe, is_lent; /* the latter: the descriptor is not ours */
    int64_t changed_ns;
    uint64_t size;             /* invariant 2; UINT64_MAX: to its end */
    uint64_t at;               /* behind what was read from disk */
    struct buf kept;           /* of a pipe, what was read before the rewind */
    bool is_rewound;           /* nothing more is kept */
    struct unpacker *unpacker; /* NULL: it is plain, or nothing was read yet */
    struct str packed;         /* read, and not unpacked yet */
    struct buf room, packed_room;
    bool is_begun, is_over; /* the latter: nothing is left on disk */
    bool has_failed;
    struct err failure; /* what the next read says */
    struct arena arena;
};

/* ---- bytes from disk ---- */

static bool read_pipe(struct log_file *f, char *to, size_t n, size_t *got, struct err *err)
{
    *got = min_of(n, f->kept.len - min_of(f->kept.len, (size_t)f->at));
    if (*got > 0) {
        memcpy(to, f->kept.ptr + f->at, *got);
        return true;
    }
    if (!file_read_next(&f->file, to, n, got, err))
        return false;
    if (!f->is_rewound)
        buf_add(&f->kept, str_of(to, *got));
    return true;
}

static bool read_more(struct log_file *f, struct buf *room, struct str *bytes, struct err *err)
{
    size_t got, n = (size_t)min_of((uint64_t)READ_BYTES, f->size - min_of(f->at, f->size));
    char *to = buf_reserve(room, READ_BYTES);
    bool done = f->is_pipe ? read_pipe(f, to, n, &got, err)
                           : file_read_at(&f->file, f->at, to, n, &got, err);
    if (!done)
        return err_wrap(err, "%s", f->name);
    f->at += got;
    f->is_over = f->is_pipe ? got == 0 : got < READ_BYTES;
    *bytes = str_of(to, got);
    return true;
}

/* ---- opening ---- */

static bool open_unpacker(struct log_file *f, struct str start, struct err *err)
{
    bool is_gzip = str_starts(start, STR("\x1f\x8b"));
    bool is_zstd = str_starts(start, STR("\x28\xb5\x2f\xfd"));
    if (str_starts(start, STR("BZh")) ||
        str_starts(start, STR("\xfd"
                              "7zX")) ||
        str_starts(start, STR("PK\x03\x04")))
        return err_set(err, ERR_INPUT,
                       "%s: packed in a way that is not known here; unpack it first", f->name);
    return (!is_gzip && !is_zstd) ||
           unpacker_open(&f->unpacker, is_gzip ? UNPACK_GZIP : UNPACK_ZSTD, err);
}

static bool open_path(struct log_file *f, const char *path, struct err *err)
{
    struct stat st;
    if (!file_open(&f->file, path, FILE_READ, err) || !file_stat(&f->file, &st, err))
        return false;
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is a folder: name files in it", path);
    f->is_pipe = !S_ISREG(st.st_mode);
    f->size = !f->is_pipe && st.st_size > 0 ? (uint64_t)st.st_size : UINT64_MAX;
    f->changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return true;
}

bool log_file_open(struct log_file **out, const char *path, struct err *err)
{
    defer(log_file_close) struct log_file *f = mem_new(struct log_file);
    f->name = path ? arena_text(&f->arena, str_from(path)) : "standard input";
    f->is_pipe = f->is_lent = !path;
    f->size = UINT64_MAX;
    if (!path)
        f->file.fd_plus_1 = STDIN_FILENO + 1;
    else if (!open_path(f, path, err))
        return false;
    if (f->is_pipe)
        f->changed_ns = time_now();
    *out = move(f);
    return true;
}

static void free_memory(struct log_file *f)
{
    unpacker_close(&f->unpacker);
    buf_free(&f->room);
    buf_free(&f->packed_room);
}

void log_file_close(struct log_file **f)
{
    if (!*f)
        return;
    free_memory(*f);
    buf_free(&(*f)->kept);
    if (!(*f)->is_lent)
        file_close(&(*f)->file);
    arena_free(&(*f)->arena);
    mem_free(f);
}

/* ---- reading ---- */

/* What was unpacked before an error is given first. */
static bool fail_later(struct log_file *f, size_t len, const struct err *err)
{
    f->has_failed = true;
    f->failure = *err;
    return len > 0;
}

static bool unpack_some(struct log_file *f, char *to, size_t room, size_t *got, struct err *err)
{
    if (f->packed.len == 0 && !f->is_over && !read_more(f, &f->packed_room, &f->packed, err))
        return false;
    if (unpacker_step(f->unpacker, &f->packed, to, room, got, err))
        return true;
    return err_wrap(err, err->code == ERR_LIMIT ? "%s: unpack it first (zstd -d --long=31)" : "%s",
                    f->name);
}

static bool read_packed(struct log_file *f, struct str *bytes, struct err *err)
{
    size_t len = 0, got = 1;
    char *to = buf_reserve(&f->room, READ_BYTES);
    while (len < READ_BYTES && (got > 0 || !f->is_over) && !f->has_failed) {
        if (unpack_some(f, to + len, READ_BYTES - len, &got, err))
            len += got;
        else if (!fail_later(f, len, err))
            return false;
    }
    *bytes = str_of(to, len);
    if (len == 0 && !unpacker_is_whole(f->unpacker))
        return err_set(err, ERR_CORRUPT,
                       "%s: its end is missing (what there is of it comes from zcat or zstd -dc)",
                       f->name);
    return true;
}

/* The first bytes say what it is. */
static bool begin(struct log_file *f, struct err *err)
{
    struct str start = {0}, more;
    f->packed_room.max = f->room.max = READ_BYTES + LOG_FILE_HEAD;
    do {
        if (!read_more(f, &f->packed_room, &more, err))
            return false;
        f->packed_room.len += more.len;
        start = buf_str(&f->packed_room);
    } while (more.len > 0 && start.len < LOG_FILE_HEAD);
    f->packed = start;
    buf_reset(&f->packed_room);
    f->is_begun = true;
    return open_unpacker(f, start, err);
}

bool log_file_read(struct log_file *f, struct str *bytes, struct err *err)
{
    if (f->has_failed) {
        *err = f->failure;
        return false;
    }
    if (!f->is_begun && !begin(f, err))
        return fail_later(f, 0, err);
    if (f->unpacker)
        return read_packed(f, bytes, err);
    *bytes = f->packed; /* what was read to begin */
    f->packed.len = 0;
    return bytes->len > 0 || f->is_over || read_more(f, &f->packed_room, bytes, err);
}

void log_file_rewind(struct log_file *f)
{
    free_memory(f);
    f->at = 0;
    f->packed = (struct str){0};
    f->is_begun = f->is_over = f->has_failed = false;
    f->is_rewound = true;
}

bool is_log_file_pipe(const struct log_file *f)
{
    return f->is_pipe;
}

int64_t log_file_changed(const struct log_file *f)
{
    return f->changed_ns;
}
