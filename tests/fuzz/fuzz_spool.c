/*
 * Any bytes (and frames.h) as files of a spool, divided by "--next--", the last one also as the position of
 * an output: it opens, gives both readers what can be given, takes more, and opens again, where it was if
 * nothing was damaged. The folder is in memory where there is one.
 */
#include "shipper/spool_reader.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4, BYTES_MAX = 256 << 10 };

static int no_sync(int fd)
{
    return fd < 0 ? -1 : 0;
}

static struct spool_reader *collector, *output;

static void remove_folder(void)
{
    char path[80];
    snprintf(path, sizeof path, "%s/outputs/loki", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/outputs", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/LOCK", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/spool", folder);
    rmdir(path);
    rmdir(folder);
}

static void make_spool_folder(void)
{
    static struct disk quick;
    struct err err;
    char path[80];
    if (!make_folder(remove_folder))
        return;
    quick = disk_kernel;
    quick.fsync = quick.fdatasync = no_sync;
    disk = &quick;
    snprintf(path, sizeof path, "%s/spool", folder);
    bool good = folder_make(path, &err);
    snprintf(path, sizeof path, "%s/outputs", folder);
    good = good && folder_make(path, &err);
    assert(good);
}

static void clear_folder(void)
{
    struct err err;
    struct str *names;
    size_t n;
    defer(arena_free) struct arena arena = {0};
    bool good = folder_list(arena_print(&arena, "%s/spool", folder).ptr, &arena, &names, &n, &err);
    assert(good);
    for (size_t i = 0; i < n; i++)
        unlink(arena_print(&arena, "%s/spool/%.*s", folder, STR_ARG(names[i])).ptr);
}

static void put_file(struct str bytes, int number)
{
    struct err err;
    char path[100];
    defer(file_close) struct file f = {0};
    defer(buf_free) struct buf better = {0};
    buf_add(&better, bytes);
    improve_frames(&better);
    snprintf(path, sizeof path, "%s/spool/%06d", folder, number);
    bool good =
        file_open(&f, path, FILE_CREATE, &err) && file_write_at(&f, 0, buf_str(&better), &err);
    assert(good);
}

static void put_position(struct str bytes)
{
    struct err err;
    char path[100];
    defer(file_close) struct file f = {0};
    snprintf(path, sizeof path, "%s/outputs/loki", folder);
    bool good = file_open(&f, path, FILE_OPEN_MAKE, &err) && file_truncate(&f, 0, &err) &&
                file_write_at(&f, 0, bytes, &err);
    assert(good);
}

static void put_files(struct str bytes)
{
    const struct str divider = STR("--next--");
    for (int number = 1; number <= FILES_MAX; number++) {
        size_t at = str_find(bytes, divider);
        put_file(str_slice(bytes, 0, at), number);
        if (at == SIZE_MAX)
            break;
        bytes = str_slice(bytes, at + divider.len, SIZE_MAX);
    }
    put_position(bytes);
}

/* A state may be anything that does not begin with '!'. */
static bool restore(void *context, struct str state, struct err *err)
{
    (void)context;
    bool bad = state.len && state.ptr[0] == '!';
    return bad ? err_set(err, ERR_CORRUPT, "the state is not one") : true;
}

static struct spool *open_spool(bool *is_new)
{
    struct err err;
    struct spool *s = NULL;
    const struct spool_restore how = {restore, restore, NULL};
    const struct spool_options options = {.folder = folder, .size = 1 << 20};
    bool good = spool_open(&s, &options, &how, 1, is_new, &err);
    assert(good); /* whatever is in the files */
    collector = spool_reader_open_collector(s);
    output = spool_reader_open(s, "loki");
    spool_start_readers(s);
    return s;
}

/* All that can be sent, under one origin; sequences rise. The last, or 0. */
static uint64_t send_all(const struct spool *s, struct spool_reader *r)
{
    struct err err;
    uint64_t sequence, last = 0;
    struct hash128 origin = spool_origin(s);
    defer(buf_free) struct buf out = {0};
    while (spool_reader_next(r, &out, &sequence, &err)) {
        struct block_header h;
        bool good = block_peek(buf_str(&out), &h, &err);
        assert(good && h.sequence == sequence);
        if (r == output && last == 0)
            origin = h.origin; /* as the position has it */
        assert(hash128_equal(h.origin, origin));
        last = sequence;
        buf_reset(&out);
    }
    assert(err.code == ERR_NONE);
    return last;
}

static void take_more(struct spool *s)
{
    struct err err;
    if (is_spool_rotation_due(s)) {
        bool rotated = spool_rotate(s, STR("whole"), 2, &err);
        assert(rotated);
        spool_publish(s, 2);
    }
    bool good = spool_append(s, STR("change"), STR(""), 3, &err) && spool_sync(s, &err);
    assert(good);
    spool_publish(s, 3);
    good = spool_change_origin(s, (struct hash128){4, 5}, 4, &err);
    assert(good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_new;
    if (size > BYTES_MAX)
        return 0;
    make_spool_folder();
    put_files(str_of(data, size));
    struct spool *s = open_spool(&is_new);
    bool is_damaged = spool_count(s).damaged > 0;
    uint64_t last = send_all(s, collector);
    spool_reader_acknowledge(collector, last / 2);
    send_all(s, output);
    spool_reader_acknowledge_given(output);
    take_more(s);
    uint64_t next = spool_next_sequence(s);
    send_all(s, collector);
    send_all(s, output);
    spool_close(&s, 5);
    s = open_spool(&is_new);
    struct hash128 origin = spool_origin(s);
    bool is_same = !is_new && spool_next_sequence(s) == next && origin.low == 4 && origin.high == 5;
    assert(is_same || is_damaged);
    send_all(s, collector);
    send_all(s, output);
    struct err err;
    bool good = spool_reader_renew(output, &err);
    assert(good);
    send_all(s, output);
    spool_close(&s, 6);
    clear_folder();
    return 0;
}
