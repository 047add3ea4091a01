#include "base/say.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LONGEST = 2048 };

/* Also the C1 codes, which UTF-8 writes as C2 80 to C2 9F. */
static bool is_control(const char *text, size_t i)
{
    unsigned char c = (unsigned char)text[i];
    bool is_c1 = i > 0 && (unsigned char)text[i - 1] == 0xc2 && c >= 0x80 && c <= 0x9f;
    return c < 0x20 || c == 0x7f || is_c1;
}

void say(const char *fmt, ...)
{
    char text[LONGEST];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (isatty(STDERR_FILENO)) {
        for (size_t i = 0; text[i]; i++)
            text[i] = is_control(text, i) ? '?' : text[i];
    }
    fprintf(stderr, "%s\n", text);
}
