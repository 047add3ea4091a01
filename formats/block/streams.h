/*
 * Runs of bytes that belong to columns, packed in frames: small ones of one group together, since what is
 * alike packs well together, a large one in frames of its own, so that who wants it need not unpack others.
 *
 *     streams   := map:u32 unpacked:u32 map frames
 *     map       := directory:str, and what the columns say of themselves
 *     directory := (stored:varint bytes:varint check:u32)*      a frame for each group, then the own ones
 *
 * A stream of STREAM_OWN_MIN bytes or more (BINARY: of STREAM_BINARY_OWN_MIN) has own frames, of STREAM_FRAME_MAX bytes each and the last with
 * the rest; all others stand in the frame of their group, one behind the other. Both sides know the size
 * of a stream and go through them in one order, so a stream has nothing in front of it.
 * check is the low half of the XXH3-64 of the stored bytes.
 */
#ifndef FORMATS_BLOCK_STREAMS_H
#define FORMATS_BLOCK_STREAMS_H

#include "base/arena.h"
#include "base/compress.h"
#include "base/reader.h"

enum stream_group {
    STREAM_TEXT,
    STREAM_INDEX,       /* of dictionaries */
    STREAM_SMALL_INDEX, /* of those with few values */
    STREAM_NUMBERS,     /* the lowest byte of each */
    STREAM_HIGH,        /* the others */
    STREAM_LENGTHS,     /* the lowest byte of lengths of texts */
    STREAM_BINARY,
    STREAM_GROUPS
};

extern const char *const stream_group_names[STREAM_GROUPS];

enum {
    STREAM_OWN_MIN = 32 << 10,
    STREAM_BINARY_OWN_MIN = 128 << 10, /* in STREAM_BINARY */
    STREAM_FRAME_MAX = 1 << 20,
    STREAM_DIRECTORY_MAX = 64 << 10, /* bytes */
};

/* Zero but for the first four. */
struct stream_writer {
    struct packer *packer;
    int level, better_level; /* better: of the groups in which long runs come again */
    size_t bytes_max;        /* of each of the buffers; 0 = BUF_DEFAULT_MAX */
    struct buf map;
    struct buf groups[STREAM_GROUPS];
    struct buf own_directory, own_frames;
    uint64_t bytes[STREAM_GROUPS]; /* stored, of each group, own frames included */
    size_t unpacked;               /* of all streams */
    bool is_failed;
};

void stream_writer_free(struct stream_writer *w);
void stream_writer_reset(struct stream_writer *w);
void stream_put(struct stream_writer *w, enum stream_group group, struct str bytes);
/* map, directory and frames, whole. False: it does not fit. */
bool stream_writer_finish(struct stream_writer *w, struct buf *out, struct err *err);

/* Where the content of a stream is. */
struct stream {
    uint32_t at, size; /* in the group */
    uint32_t own;      /* its first frame; 0 = it has none */
    uint32_t group;    /* enum stream_group */
};

struct stream_reader {
    struct reader map;
    struct packer *packer;
    struct arena *arena;
    struct str frames; /* stored */
    struct stream_frame *directory;
    size_t n_frames, next_own;
    struct str groups[STREAM_GROUPS]; /* unpacked; .ptr NULL before */
    size_t used[STREAM_GROUPS];
    size_t left; /* bytes that may yet be unpacked */
};

/* The map has at most map_max bytes, and with all that is unpacked later at most bytes_max. */
bool stream_reader_open(struct stream_reader *r, struct str bytes, struct packer *packer,
                        struct arena *arena, size_t map_max, size_t bytes_max, struct err *err);
/* The next stream, of that size. False: it is not there. */
bool stream_take(struct stream_reader *r, enum stream_group group, uint64_t size,
                 struct stream *stream);
/* Every stream was taken: nothing is there that nobody reads. */
bool stream_reader_is_used(const struct stream_reader *r);

/* Of the frame of a group: stored, and unpacked. */
size_t stream_group_stored(const struct stream_reader *r, enum stream_group group);
size_t stream_group_bytes(const struct stream_reader *r, enum stream_group group);

enum { COPY_SLACK = 16 };

/* Unpacks it. False: it is damaged. COPY_SLACK bytes behind the content may be read. */
bool stream_load(struct stream_reader *r, const struct stream *stream, struct str *content);

#endif
