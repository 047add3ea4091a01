#include "base/warnings.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void warn_add(struct warnings *w, const char *fmt, ...)
{
    if (w->n == WARNINGS_MAX) {
        w->more++;
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->text[w->n++], sizeof w->text[0], fmt, args);
    va_end(args);
}

void warnings_log(const struct warnings *w)
{
    for (size_t i = 0; i < w->n; i++)
        log_warn("%s", w->text[i]);
    if (w->more)
        log_warn("%zu more warnings about the configuration", w->more);
}
