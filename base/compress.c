#include "base/compress.h"

#include "base/mem.h"
#include "base/reader.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    WINDOW_LOG_MAX = 23, /* 8 MiB: what zstd -19 makes; only --ultra and --long go beyond */
    GZIP_WRAPPER = 16,   /* zlib: add to the window bits for gzip instead of zlib */
};

/* ---- packer ---- */

void packer_free(struct packer *p)
{
    ZSTD_freeCCtx(p->compressor);
    ZSTD_freeDCtx(p->decompressor);
    *p = (struct packer){0};
}

static ZSTD_CCtx *compressor_of(struct packer *p)
{
    if (!p->compressor && !(p->compressor = ZSTD_createCCtx()))
        abort(); /* as mem_alloc: the disk is good at every moment */
    return p->compressor;
}

static ZSTD_DCtx *decompressor_of(struct packer *p)
{
    if (!p->decompressor && !(p->decompressor = ZSTD_createDCtx()))
        abort();
    return p->decompressor;
}

/* Room for up to n bytes, or for what the ceiling leaves; NULL if that is nothing. */
static char *reserve_up_to(struct buf *out, size_t n, size_t *room)
{
    size_t max = out->max ? out->max : BUF_DEFAULT_MAX;
    *room = min_of(n, max - out->len);
    return *room ? buf_reserve(out, *room) : NULL;
}

bool zstd_pack(struct packer *p, struct str in, int level, struct buf *out, struct err *err)
{
    assert(level >= 1 && level <= 19);
    size_t room;
    char *at = reserve_up_to(out, ZSTD_compressBound(in.len), &room);
    if (!at)
        return err_set(err, ERR_LIMIT, "zstd: no room for the frame");
    ZSTD_CCtx *context = compressor_of(p);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    size_t size = ZSTD_compress2(context, at, room, in.ptr, in.len);
    if (ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall)
        return err_set(err, ERR_LIMIT, "zstd: the frame is larger than %zu bytes", room);
    if (ZSTD_isError(size))
        return err_set(err, ERR_SYSTEM, "zstd: %s", ZSTD_getErrorName(size));
    out->len += size;
    return true;
}

bool zstd_unpack(struct packer *p, struct str in, size_t exact_size, char *out, struct err *err)
{
    struct reader magic = reader_of(in);
    if (read_u32(&magic) != ZSTD_MAGICNUMBER || /* no skippable frame, none of before RFC 8878 */
        ZSTD_getFrameContentSize(in.ptr, in.len) != exact_size)
        return err_set(err, ERR_CORRUPT, "zstd: not a frame of %zu bytes", exact_size);
    size_t frame = ZSTD_findFrameCompressedSize(in.ptr, in.len);
    if (ZSTD_isError(frame) || frame != in.len)
        return err_set(err, ERR_CORRUPT, "zstd: not one whole frame");
    size_t size = ZSTD_decompressDCtx(decompressor_of(p), out, exact_size, in.ptr, in.len);
    if (ZSTD_isError(size))
        return err_set(err, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(size));
    if (size != exact_size)
        return err_set(err, ERR_CORRUPT, "zstd: %zu bytes, not %zu", size, exact_size);
    return true;
}

bool zstd_unpack_buf(struct packer *p, struct str in, size_t exact_size, struct buf *out,
                     struct err *err)
{
    size_t max = out->max ? out->max : BUF_DEFAULT_MAX;
    if (exact_size > max - out->len)
        return err_set(err, ERR_LIMIT, "zstd: no room for %zu bytes", exact_size);
    char *at = exact_size ? buf_reserve(out, exact_size) : NULL;
    if (!zstd_unpack(p, in, exact_size, at, err))
        return false;
    out->len += exact_size;
    return true;
}

static void free_deflater(struct libdeflate_compressor **c)
{
    libdeflate_free_compressor(*c);
}

bool gzip_pack(struct str in, int level, struct buf *out, struct err *err)
{
    assert(level >= 1 && level <= 12);
    defer(free_deflater) struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    if (!c)
        abort();
    size_t room;
    char *at = reserve_up_to(out, libdeflate_gzip_compress_bound(c, in.len), &room);
    size_t size = at ? libdeflate_gzip_compress(c, in.ptr, in.len, at, room) : 0;
    if (size == 0)
        return err_set(err, ERR_LIMIT, "gzip: larger than %zu bytes", at ? room : 0);
    out->len += size;
    return true;
}

/* ---- unpacker ---- */

enum unpack_state { UNPACK_START, UNPACK_INSIDE, UNPACK_BETWEEN, UNPACK_FAILED };

struct unpacker {
    enum unpack_format format;
    enum unpack_state state;
    bool padding;    /* gzip: zeros were seen behind a member; only zeros may follow */
    bool more_held;  /* zstd: the last call filled its room, so there may be more inside */
    z_stream gzip;   /* if UNPACK_GZIP */
    ZSTD_DCtx *zstd; /* if UNPACK_ZSTD */
};

bool unpacker_open(struct unpacker **out, enum unpack_format format, struct err *err)
{
    defer(unpacker_close) struct unpacker *u = mem_new(struct unpacker);
    u->format = format;
    if (format == UNPACK_GZIP) {
        if (inflateInit2(&u->gzip, MAX_WBITS + GZIP_WRAPPER) != Z_OK)
            return err_set(err, ERR_SYSTEM, "gzip: no memory");
    } else {
        u->zstd = ZSTD_createDCtx();
        if (!u->zstd)
            return err_set(err, ERR_SYSTEM, "zstd: no memory");
        ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    }
    *out = move(u);
    return true;
}

void unpacker_close(struct unpacker **u)
{
    if (!*u)
        return;
    if ((*u)->format == UNPACK_GZIP)
        inflateEnd(&(*u)->gzip);
    ZSTD_freeDCtx((*u)->zstd);
    mem_free(u);
}

void unpacker_reset(struct unpacker *u)
{
    u->state = UNPACK_START;
    u->padding = u->more_held = false;
    if (u->format == UNPACK_GZIP)
        inflateReset(&u->gzip);
    else
        ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
}

bool unpacker_is_whole(const struct unpacker *u)
{
    return u->state == UNPACK_BETWEEN;
}

static bool unpack_failed(struct unpacker *u, enum err_code code, const char *why, struct err *err)
{
    u->state = UNPACK_FAILED;
    return err_set(err, code, "%s: %s", u->format == UNPACK_GZIP ? "gzip" : "zstd", why);
}

/* Between members: skips padding; true in *more if another member begins. */
static bool between_gzip(struct unpacker *u, struct str *in, bool *more, struct err *err)
{
    *more = false;
    while (u->state == UNPACK_BETWEEN && in->len && in->ptr[0] == 0) {
        u->padding = true;
        *in = str_slice(*in, 1, in->len);
    }
    if (in->len == 0 && u->state == UNPACK_BETWEEN)
        return true;
    if (u->padding)
        return unpack_failed(u, ERR_CORRUPT, "bytes behind the end", err);
    if (u->state == UNPACK_BETWEEN)
        inflateReset(&u->gzip);
    u->state = UNPACK_INSIDE;
    *more = true;
    return true;
}

static bool step_gzip(struct unpacker *u, struct str *in, char *out, size_t room, size_t *got,
                      struct err *err)
{
    z_stream *z = &u->gzip;
    while (*got < room) {
        bool more = true;
        if (u->state != UNPACK_INSIDE && in->len && !between_gzip(u, in, &more, err))
            return false;
        if (u->state != UNPACK_INSIDE || !more)
            return true;
        z->next_in = (unsigned char *)in->ptr; /* zlib only reads it */
        z->avail_in = (unsigned)min_of(in->len, (size_t)UINT_MAX);
        z->next_out = (unsigned char *)out + *got;
        z->avail_out = (unsigned)min_of(room - *got, (size_t)UINT_MAX);
        unsigned fed = z->avail_in, free_before = z->avail_out;
        int result = inflate(z, Z_NO_FLUSH);
        *in = str_slice(*in, fed - z->avail_in, in->len);
        *got += free_before - z->avail_out;
        if (result == Z_STREAM_END)
            u->state = UNPACK_BETWEEN;
        else if (result == Z_BUF_ERROR)
            return true; /* needs more input */
        else if (result != Z_OK)
            return unpack_failed(u, ERR_CORRUPT, z->msg ? z->msg : "damaged", err);
        if (in->len == 0 && z->avail_out)
            return true;
    }
    return true;
}

static bool step_zstd(struct unpacker *u, struct str *in, char *out, size_t room, size_t *got,
                      struct err *err)
{
    while (*got < room && (in->len || u->more_held)) {
        ZSTD_inBuffer from = {in->ptr, in->len, 0};
        ZSTD_outBuffer to = {out + *got, room - *got, 0};
        size_t left = ZSTD_decompressStream(u->zstd, &to, &from);
        *in = str_slice(*in, from.pos, in->len);
        *got += to.pos;
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge)
            return unpack_failed(u, ERR_LIMIT, "needs a window of more than 8 MiB", err);
        if (ZSTD_isError(left))
            return unpack_failed(u, ERR_CORRUPT, ZSTD_getErrorName(left), err);
        u->state = left == 0 ? UNPACK_BETWEEN : UNPACK_INSIDE;
        u->more_held = left != 0 && to.pos == to.size;
        if (left != 0 && from.pos == 0 && to.pos == 0)
            break;
    }
    return true;
}

bool unpacker_step(struct unpacker *u, struct str *in, char *out, size_t room, size_t *got,
                   struct err *err)
{
    assert(room > 0);
    *got = 0;
    if (u->state == UNPACK_FAILED)
        return err_set(err, ERR_CORRUPT, "the stream is damaged");
    if (u->format == UNPACK_GZIP)
        return step_gzip(u, in, out, room, got, err);
    return step_zstd(u, in, out, room, got, err);
}
