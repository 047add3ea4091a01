#include "base/compress.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <pthread.h>
#include <snappy-c.h>

/* Its header gives types only. */
#define SNAPPY_FUNCTIONS(X)                                                \
    X(snappy_status, compress, (const char *, size_t, char *, size_t *))   \
    X(snappy_status, uncompress, (const char *, size_t, char *, size_t *)) \
    X(size_t, max_compressed_length, (size_t))                             \
    X(snappy_status, uncompressed_length, (const char *, size_t, size_t *))

static struct {
    pthread_once_t once;
    struct err err; /* why it is not there */
#define X(type, name, arguments) type(*name) arguments;
    SNAPPY_FUNCTIONS(X)
#undef X
} lib = {.once = PTHREAD_ONCE_INIT};

static void load_library(void)
{
    void *library = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        err_set(&lib.err, ERR_SYSTEM, "snappy needs libsnappy: %s", dlerror());
        return;
    }
#define X(type, name, arguments)                           \
    *(void **)&lib.name = dlsym(library, "snappy_" #name); \
    if (!lib.name)                                         \
        err_set(&lib.err, ERR_SYSTEM, "libsnappy has no snappy_" #name);
    SNAPPY_FUNCTIONS(X)
#undef X
}

bool snappy_load(struct err *err)
{
    pthread_once(&lib.once, load_library);
    if (lib.err.code)
        *err = lib.err;
    return !lib.err.code;
}

bool snappy_pack(struct str in, struct buf *out, struct err *err)
{
    if (!snappy_load(err))
        return false;
    size_t size = lib.max_compressed_length(in.len);
    char *at = buf_reserve(out, size);
    if (!at)
        return err_set(err, ERR_LIMIT, "snappy: no room for %zu bytes", size);
    snappy_status status = lib.compress(in.ptr, in.len, at, &size);
    assert(status == SNAPPY_OK);
    out->len += size;
    return true;
}

bool snappy_unpack(struct str in, struct buf *out, struct err *err)
{
    if (!snappy_load(err))
        return false;
    size_t size, room = (out->max ? out->max : BUF_DEFAULT_MAX) - out->len;
    if (lib.uncompressed_length(in.ptr, in.len, &size) != SNAPPY_OK)
        return err_set(err, ERR_CORRUPT, "snappy: not a block");
    if (size > room)
        return err_set(err, ERR_LIMIT, "snappy: no room for %zu bytes", size);
    char *at = buf_reserve(out, max_of(size, (size_t)1));
    if (!at || lib.uncompress(in.ptr, in.len, at, &size) != SNAPPY_OK)
        return err_set(err, ERR_CORRUPT, "snappy: not a block of %zu bytes", size);
    out->len += size;
    return true;
}
