#include "formats/block/streams.h"

#include "base/hash.h"
#include "base/mem.h"

const char *const stream_group_names[STREAM_GROUPS] = {
    [STREAM_TEXT] = "text",       [STREAM_INDEX] = "index", [STREAM_SMALL_INDEX] = "small_index",
    [STREAM_NUMBERS] = "numbers", [STREAM_HIGH] = "high",   [STREAM_LENGTHS] = "lengths",
    [STREAM_BINARY] = "binary",
};

struct stream_frame {
    struct str stored;
    size_t bytes;
    uint32_t check;
};

/* An id is often found again in other columns, so those stay together for longer. */
static size_t own_min(enum stream_group group)
{
    return group == STREAM_BINARY ? STREAM_BINARY_OWN_MIN : STREAM_OWN_MIN;
}

void stream_writer_free(struct stream_writer *w)
{
    for (size_t i = 0; i < STREAM_GROUPS; i++)
        buf_free(&w->groups[i]);
    buf_free(&w->map), buf_free(&w->own_directory), buf_free(&w->own_frames);
}

void stream_writer_reset(struct stream_writer *w)
{
    for (size_t i = 0; i < STREAM_GROUPS; i++) {
        buf_reset(&w->groups[i]);
        w->groups[i].max = w->bytes_max;
        w->bytes[i] = 0;
    }
    w->map.max = w->own_frames.max = w->bytes_max;
    buf_reset(&w->map), buf_reset(&w->own_directory), buf_reset(&w->own_frames);
    w->unpacked = 0;
    w->is_failed = false;
}

/* Appends one frame, and what the directory says of it. */
static void put_frame(struct stream_writer *w, enum stream_group group, struct str bytes,
                      struct buf *frames, struct buf *directory)
{
    struct err ignored;
    size_t from = frames->len;
    if (bytes.len == 0) { /* nothing, and its check is 0 */
        put_varint(directory, 0);
        put_varint(directory, 0);
        put_u32(directory, 0);
        return;
    }
    bool repeats = group == STREAM_TEXT || group == STREAM_INDEX || group == STREAM_BINARY;
    int level = repeats ? w->better_level : w->level;
    w->is_failed |= !zstd_pack(w->packer, bytes, level, frames, &ignored);
    struct str stored = str_of(frames->ptr + from, frames->len - from);
    put_varint(directory, stored.len);
    put_varint(directory, bytes.len);
    put_u32(directory, (uint32_t)hash64(stored));
}

void stream_put(struct stream_writer *w, enum stream_group group, struct str bytes)
{
    w->unpacked += bytes.len;
    if (bytes.len < own_min(group)) {
        buf_add(&w->groups[group], bytes);
        return;
    }
    size_t before = w->own_frames.len;
    for (size_t at = 0; at < bytes.len; at += STREAM_FRAME_MAX)
        put_frame(w, group, str_slice(bytes, at, STREAM_FRAME_MAX), &w->own_frames,
                  &w->own_directory);
    w->bytes[group] += w->own_frames.len - before;
}

bool stream_writer_finish(struct stream_writer *w, struct buf *out, struct err *err)
{
    defer(buf_free) struct buf frames = {.max = out->max};
    defer(buf_free) struct buf directory = {0};
    defer(buf_free) struct buf map = {.max = out->max};
    for (enum stream_group i = 0; i < STREAM_GROUPS; i++) {
        size_t before = frames.len;
        w->is_failed |= w->groups[i].over;
        put_frame(w, i, buf_str(&w->groups[i]), &frames, &directory);
        w->bytes[i] += frames.len - before;
    }
    buf_add(&directory, buf_str(&w->own_directory));
    put_varint(&map, directory.len);
    buf_add(&map, buf_str(&directory));
    buf_add(&map, buf_str(&w->map));
    defer(buf_free) struct buf packed = {.max = out->max};
    w->is_failed |= !zstd_pack(w->packer, buf_str(&map), w->level, &packed, err);
    put_u32(out, (uint32_t)packed.len);
    put_u32(out, (uint32_t)map.len);
    buf_add(out, buf_str(&packed));
    buf_add(out, buf_str(&frames));
    buf_add(out, buf_str(&w->own_frames));
    if (w->is_failed || map.over || w->map.over || w->own_directory.over || w->own_frames.over ||
        directory.len > STREAM_DIRECTORY_MAX / 2 || out->over)
        return err_set(err, ERR_LIMIT, "no room for the columns of a block");
    return true;
}

/* ---- reading ---- */

static bool read_directory(struct stream_reader *r, struct str directory)
{
    struct reader d = reader_of(directory);
    r->directory = arena_array(r->arena, struct stream_frame, directory.len / 6 + 1);
    while (reader_left(&d) > 0) {
        struct stream_frame *f = &r->directory[r->n_frames++];
        size_t stored = read_varint(&d);
        f->bytes = read_varint(&d);
        f->check = read_u32(&d);
        if (d.bad || stored > r->frames.len || f->bytes > r->left ||
            (f->bytes == 0 && (stored || f->check)))
            return false;
        f->stored = str_slice(r->frames, 0, stored);
        r->frames = str_slice(r->frames, stored, SIZE_MAX);
    }
    return r->n_frames >= STREAM_GROUPS && r->frames.len == 0;
}

bool stream_reader_open(struct stream_reader *r, struct str bytes, struct packer *packer,
                        struct arena *arena, size_t map_max, size_t bytes_max, struct err *err)
{
    enum { HEAD = 8 };
    struct reader head = reader_of(str_slice(bytes, 0, HEAD));
    uint32_t stored = read_u32(&head), size = read_u32(&head);
    *r = (struct stream_reader){.packer = packer, .arena = arena, .left = bytes_max};
    if (head.bad || stored > bytes.len - HEAD || size > map_max || size > bytes_max)
        return err_set(err, ERR_CORRUPT, "the map of columns is cut short or too large");
    char *map = arena_alloc(arena, size + 1);
    if (!zstd_unpack(packer, str_slice(bytes, HEAD, stored), size, map, err))
        return false;
    r->left -= size;
    r->map = reader_of(str_of(map, size));
    r->frames = str_slice(bytes, HEAD + stored, SIZE_MAX);
    struct str directory = read_str(&r->map);
    if (r->map.bad || directory.len > STREAM_DIRECTORY_MAX || !read_directory(r, directory))
        return err_set(err, ERR_CORRUPT, "the frames of columns are not those of the map");
    r->next_own = STREAM_GROUPS;
    return true;
}

bool stream_take(struct stream_reader *r, enum stream_group group, uint64_t size,
                 struct stream *stream)
{
    size_t at = r->used[group];
    uint64_t frames = (size + STREAM_FRAME_MAX - 1) / STREAM_FRAME_MAX;
    bool is_own = size >= own_min(group);
    if (is_own ? size > r->left || frames > r->n_frames - r->next_own
               : size > r->directory[group].bytes - at)
        return false;
    *stream = (struct stream){.at = (uint32_t)at, .size = (uint32_t)size, .group = group};
    if (is_own) {
        stream->own = (uint32_t)r->next_own;
        r->next_own += frames;
    } else {
        r->used[group] += size;
    }
    return true;
}

/* All frames were asked for, and all of the groups: nothing is there that nobody reads. */
bool stream_reader_is_used(const struct stream_reader *r)
{
    for (size_t i = 0; i < STREAM_GROUPS; i++)
        if (r->used[i] != r->directory[i].bytes)
            return false;
    return r->next_own == r->n_frames;
}

size_t stream_group_stored(const struct stream_reader *r, enum stream_group group)
{
    return r->directory[group].stored.len;
}

size_t stream_group_bytes(const struct stream_reader *r, enum stream_group group)
{
    return r->directory[group].bytes;
}

static bool unpack_frame(struct stream_reader *r, const struct stream_frame *f, char *to)
{
    struct err ignored;
    return (uint32_t)hash64(f->stored) == f->check &&
           zstd_unpack(r->packer, f->stored, f->bytes, to, &ignored);
}

static char *alloc_with_slack(struct arena *arena, size_t size)
{
    char *bytes = arena_alloc_raw(arena, size + COPY_SLACK);
    memset(bytes + size, 0, COPY_SLACK);
    return bytes;
}

static bool load_own(struct stream_reader *r, const struct stream *stream, struct str *content)
{
    if (stream->size > r->left)
        return false;
    r->left -= stream->size;
    char *bytes = alloc_with_slack(r->arena, stream->size);
    const struct stream_frame *frame = &r->directory[stream->own];
    for (size_t at = 0; at < stream->size; at += STREAM_FRAME_MAX, frame++) {
        size_t part = min_of(stream->size - at, (size_t)STREAM_FRAME_MAX);
        if (frame->bytes != part || !unpack_frame(r, frame, bytes + at))
            return false;
    }
    *content = str_of(bytes, stream->size);
    return true;
}

bool stream_load(struct stream_reader *r, const struct stream *stream, struct str *content)
{
    struct str *group = &r->groups[stream->group];
    const struct stream_frame *frame = &r->directory[stream->group];
    if (stream->own)
        return load_own(r, stream, content);
    if (!group->ptr) {
        if (frame->bytes > r->left)
            return false;
        r->left -= frame->bytes;
        char *bytes = alloc_with_slack(r->arena, frame->bytes);
        if (frame->bytes && !unpack_frame(r, frame, bytes))
            return false;
        *group = str_of(bytes, frame->bytes);
    }
    *content = str_slice(*group, stream->at, stream->size);
    return true;
}
