#include "query/log_file.h"

#include "base/compress.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"

enum { READ_BYTES = 256 << 10 };

struct log_file {
    const char *path; /* in the arena */
    struct file file;
    int64_t changed_ns;
    uint64_t at;               /* behind what was read from disk */
    struct unpacker *unpacker; /* NULL: it is plain */
    struct str packed;         /* read, and not unpacked yet */
    char *room, *packed_room;
    bool is_over; /* nothing is left on disk */
    struct arena arena;
};

static bool read_more(struct log_file *f, char *to, struct str *bytes, struct err *err)
{
    size_t got;
    if (!file_read_at(&f->file, f->at, to, READ_BYTES, &got, err))
        return err_wrap(err, "%s", f->path);
    f->at += got;
    f->is_over = got < READ_BYTES;
    *bytes = str_of(to, got);
    return true;
}

static bool open_unpacker(struct log_file *f, struct err *err)
{
    char start[4];
    size_t got;
    if (!file_read_at(&f->file, 0, start, sizeof start, &got, err))
        return err_wrap(err, "%s", f->path);
    struct str magic = str_of(start, got);
    bool is_gzip = str_starts(magic, STR("\x1f\x8b"));
    bool is_zstd = str_starts(magic, STR("\x28\xb5\x2f\xfd"));
    if (str_starts(magic, STR("BZh")) ||
        str_starts(magic, STR("\xfd"
                              "7zX")) ||
        str_starts(magic, STR("PK\x03\x04")))
        return err_set(err, ERR_INPUT,
                       "%s: packed in a way that is not known here; unpack it first", f->path);
    return (!is_gzip && !is_zstd) ||
           unpacker_open(&f->unpacker, is_gzip ? UNPACK_GZIP : UNPACK_ZSTD, err);
}

bool log_file_open(struct log_file **out, const char *path, struct err *err)
{
    struct stat st;
    defer(log_file_close) struct log_file *f = mem_new(struct log_file);
    f->path = arena_text(&f->arena, str_from(path));
    f->room = arena_alloc_raw(&f->arena, READ_BYTES);
    f->packed_room = arena_alloc_raw(&f->arena, READ_BYTES);
    if (!file_open(&f->file, path, FILE_READ, err) || !file_stat(&f->file, &st, err))
        return false;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is no file: it must be one that can be read twice",
                       path);
    f->changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    if (!open_unpacker(f, err))
        return false;
    *out = move(f);
    return true;
}

void log_file_close(struct log_file **f)
{
    if (!*f)
        return;
    unpacker_close(&(*f)->unpacker);
    file_close(&(*f)->file);
    arena_free(&(*f)->arena);
    mem_free(f);
}

static bool read_packed(struct log_file *f, struct str *bytes, struct err *err)
{
    size_t len = 0, got = 1;
    while (len < READ_BYTES && (got > 0 || !f->is_over)) {
        if (f->packed.len == 0 && !f->is_over && !read_more(f, f->packed_room, &f->packed, err))
            return false;
        if (!unpacker_step(f->unpacker, &f->packed, f->room + len, READ_BYTES - len, &got, err))
            return err->code == ERR_LIMIT
                       ? err_wrap(err, "%s: unpack it first (zstd -d --long=31)", f->path)
                       : err_wrap(err, "%s", f->path);
        len += got;
    }
    *bytes = str_of(f->room, len);
    if (len == 0 && !unpacker_is_whole(f->unpacker))
        return err_set(err, ERR_CORRUPT,
                       "%s: its end is missing; unpack what there is and import that", f->path);
    return true;
}

bool log_file_read(struct log_file *f, struct str *bytes, struct err *err)
{
    return f->unpacker ? read_packed(f, bytes, err) : read_more(f, f->room, bytes, err);
}

int64_t log_file_changed(const struct log_file *f)
{
    return f->changed_ns;
}
