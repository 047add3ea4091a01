#include "base/io/loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <uv.h>

static enum err_code code_of(int status)
{
    switch (status) {
    case UV_ENOENT:
        return ERR_NOT_FOUND;
    case UV_EACCES:
    case UV_EPERM:
        return ERR_DENIED;
    case UV_ENOSPC:
        return ERR_FULL;
    case UV_ECANCELED:
        return ERR_CANCELED;
    case UV_EADDRINUSE:
        return ERR_CONFLICT;
    default:
        return ERR_SYSTEM;
    }
}

bool loop_err(struct err *err, int status, const char *fmt, ...)
{
    char what[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(err, code_of(status), "%s: %s", what, uv_strerror(status));
}
