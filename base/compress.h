/*
 * Compression: the only door to zlib, libdeflate, zstd and snappy.
 *
 * Two things are offered, both pure (bytes in, bytes out) and both bounded by what the caller says,
 * never by what the compressed bytes claim:
 *
 *   packer     whole pieces, for blocks and columns: one zstd frame that carries its content size.
 *              A frame is only inflated into memory of exactly the size that the caller expects.
 *
 *   unpacker   streams, for .gz and .zst files and for bodies: bytes are fed as they come and taken
 *              out in portions of the caller's size, so a bomb costs the portion and nothing more.
 *
 *         feed, take             end of a member            feed the next member
 *     START ───────▶ INSIDE ──────────────────────▶ BETWEEN ────────────────────▶ INSIDE
 *                      │ bytes that cannot be right    │ zeros: padding of gzip, ignored
 *                      ▼                               ▼ anything else
 *                    error (and for ever after)      error
 *
 * Invariants
 *   1. No call writes more than the room it was given. Memory is fixed per object: a packer at most
 *      what the level needs for the piece, an unpacker 48 KiB (gzip) or 8 MiB + 256 KiB (zstd,
 * whose frames with a larger window are refused with ERR_LIMIT).
 *   2. zstd_unpack succeeds only if the input is one whole frame, without a byte behind it, which
 *      declares and has exactly the expected size. Frames of RFC 8878 only: skippable ones and those of
 *      zstd before 0.8 are refused.
 *   3. unpacker_is_whole says whether all that was fed is a sequence of at least one whole member
 *      (RFC 1952 2.2; concatenated zstd frames), so a stream that was cut short is told from one
 * that ended. Checksums are verified where the format has them.
 *   4. The same bytes give the same result however they are divided into calls.
 */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

#include "base/buf.h"
#include "base/err.h"

/* Contexts that are kept between pieces. The zero value is valid; one thread at a time. */
struct packer {
    struct ZSTD_CCtx_s *compressor;   /* made at the first use */
    struct ZSTD_DCtx_s *decompressor; /* made at the first use */
};

void packer_free(struct packer *p); /* back to the zero value */

/* Appends one frame with its content size and without a checksum. Level 1 to 19. ERR_LIMIT if it
 * does not fit under out->max; *out is then as it was. */
bool zstd_pack(struct packer *p, struct str in, int level, struct buf *out, struct err *err);
/* Inflates into out[0 .. exact_size). ERR_CORRUPT for anything else than invariant 2 allows. */
bool zstd_unpack(struct packer *p, struct str in, size_t exact_size, char *out, struct err *err);
/* The same, appended to a buffer; exact_size over its ceiling is ERR_LIMIT. */
bool zstd_unpack_buf(struct packer *p, struct str in, size_t exact_size, struct buf *out,
                     struct err *err);
/* Appends one gzip member, by libdeflate: half the time of zlib. Level 1 to 12; ERR_LIMIT as above. */
bool gzip_pack(struct str in, int level, struct buf *out, struct err *err);

/* Snappy (format_description.txt of github.com/google/snappy), one block without a frame. Its library is opened at
 * the first use: that of C++, which it needs, costs 1 ms of every start. ERR_SYSTEM if it is not there. */
bool snappy_load(struct err *err);
bool snappy_pack(struct str in, struct buf *out, struct err *err); /* appends */
/* Appends. ERR_LIMIT if it is more than out may hold, ERR_CORRUPT if it is no block. */
bool snappy_unpack(struct str in, struct buf *out, struct err *err);

enum unpack_format { UNPACK_GZIP, UNPACK_ZSTD };

struct unpacker;

bool unpacker_open(struct unpacker **u, enum unpack_format format, struct err *err);
void unpacker_close(struct unpacker **u);
void unpacker_reset(struct unpacker *u); /* as just opened, keeping the memory */
/* Takes bytes from the front of *in and writes at most room bytes (> 0) to out; *got says how many.
 * Goes on until the room is full or *in is empty, so *got < room means "feed more". With an empty
 * *in it gives what is still held inside. After an error every call fails until a reset. */
bool unpacker_step(struct unpacker *u, struct str *in, char *out, size_t room, size_t *got,
                   struct err *err);
bool unpacker_is_whole(const struct unpacker *u); /* invariant 3 */

#endif
