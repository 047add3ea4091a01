#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(struct err *err)
{
    memcpy(err->text + sizeof err->text - 4, "...", 4);
}

__attribute__((format(printf, 3, 0))) static void print_text(struct err *err, enum err_code code,
                                                             const char *fmt, va_list args)
{
    int n = vsnprintf(err->text, sizeof err->text, fmt, args);
    if (n >= (int)sizeof err->text)
        mark_cut(err);
    err->code = code;
}

void err_put(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    print_text(err, code, fmt, args);
    va_end(args);
}

static enum err_code code_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case ENOENT:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    default:
        return ERR_SYSTEM;
    }
}

void err_put_sys(struct err *err, const char *fmt, ...)
{
    int number = errno;
    va_list args;
    va_start(args, fmt);
    print_text(err, code_of_errno(number), fmt, args);
    va_end(args);
    size_t len = strlen(err->text);
    char why[128];
    int n = snprintf(err->text + len, sizeof err->text - len, ": %s",
                     strerror_r(number, why, sizeof why));
    if (n >= (int)(sizeof err->text - len))
        mark_cut(err);
}

void err_put_front(struct err *err, const char *fmt, ...)
{
    struct err inner = *err;
    va_list args;
    va_start(args, fmt);
    print_text(err, inner.code, fmt, args);
    va_end(args);
    size_t len = strlen(err->text);
    int n = snprintf(err->text + len, sizeof err->text - len, ": %s", inner.text);
    if (n >= (int)(sizeof err->text - len))
        mark_cut(err);
}
