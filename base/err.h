/*
 * Errors: one convention for the whole tree.
 *
 * Whatever can fail returns bool, true = done; on false *err says why. The text is built from the
 * inside out: the failing call says what it saw, each caller that knows more puts context in front.
 *
 *     if (!segment_open(&seg, path, err))
 *         return err_wrap(err, "load store %s", dir);
 *     => load store /var/lib/logs: open 7.seg: block 3: checksum mismatch
 *
 * Codes exist only for those who branch on them. Only the function that decides what to do about a
 * failure logs it. Bugs are asserts and stay in release builds.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* clang-format off */
/*       name            meaning */
#define ERR_CODES(X)                                                                               \
    X(ERR_NONE,          "no error")                                                               \
    X(ERR_SYSTEM,        "the kernel or a library refused; errno or its text is in the message")   \
    X(ERR_CORRUPT,       "bytes on disk or wire are not what their writer wrote")                  \
    X(ERR_INPUT,         "what a person or a peer gave cannot be right; do not retry")             \
    X(ERR_LIMIT,         "a bound was reached")                                                    \
    X(ERR_FULL,          "no room on the disk; nothing was changed, retry later")                  \
    X(ERR_NOT_FOUND,     "the named thing does not exist")                                         \
    X(ERR_AGAIN,         "not now; retry later")                                                   \
    X(ERR_CONFLICT,      "the other side holds something else under this name")                    \
    X(ERR_DENIED,        "not allowed: a token or a permission is missing")                        \
    X(ERR_CANCELED,      "the one who asked has left")
/* clang-format on */

enum err_code {
#define X(name, meaning) name,
    ERR_CODES(X)
#undef X
};

struct err {
    enum err_code code;
    char text[252]; /* always NUL-terminated; a longer text is cut and ends in "..." */
};

/* clang-format off */
/* Each replaces or extends *err and is false, so that it can stand in a return. They are macros so
 * that compilers and analysers see the false. */
#define err_set(err, code, ...) ({ err_put((err), (code), __VA_ARGS__); false; })
/* Adds ": <strerror(errno)>"; ENOSPC and EDQUOT become ERR_FULL, ENOENT becomes ERR_NOT_FOUND. */
#define err_sys(err, ...)       ({ err_put_sys((err), __VA_ARGS__); false; })
/* Puts "<fmt>: " in front; keeps the code. */
#define err_wrap(err, ...)      ({ err_put_front((err), __VA_ARGS__); false; })

/* clang-format on */

void err_put(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void err_put_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_put_front(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
