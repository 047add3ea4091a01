#include "base/log.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PER_MINUTE = 10, LONGEST = 1024 };

static const struct {
    const char *name;
    int priority; /* of syslog, for journald */
} levels[] = {
    [LOG_DEBUG_] = {"debug", 7},
    [LOG_INFO_] = {"info", 6},
    [LOG_WARN_] = {"warn", 4},
    [LOG_ERROR_] = {"error", 3},
};

static struct {
    enum log_level least;
    enum log_format format;
    const char *part;
    bool journald;
} settings = {.least = LOG_INFO_, .part = "sluice"};

void log_setup(enum log_level least, enum log_format format, const char *part)
{
    settings.least = least;
    settings.format = format;
    settings.part = part;
    settings.journald = getenv("JOURNAL_STREAM") != NULL;
}

void log_change(enum log_level least, enum log_format format)
{
    settings.least = least;
    settings.format = format;
}

/* Control bytes never reach a terminal raw. */
static void put_plain_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f)
            buf_print(b, "^%c", c ^ 0x40);
        else
            buf_add_byte(b, (char)c);
    }
}

static void put_message(struct buf *b, enum log_level level, struct str text, unsigned held)
{
    bool json = settings.format == LOG_JSON || (settings.format == LOG_AUTO && !isatty(2));
    if (settings.journald) {
        buf_print(b, "<%d>", levels[level].priority);
        json = false;
    }
    if (json) {
        buf_add(b, STR("{\"time\":\""));
        put_rfc3339(b, time_now(), 3);
        buf_print(b, "\",\"level\":\"%s\",\"part\":\"%s\",\"msg\":", levels[level].name,
                  settings.part);
        put_json(b, text);
        if (held)
            buf_print(b, ",\"held_back\":%u", held);
        buf_add(b, STR("}\n"));
        return;
    }
    buf_print(b, "%s %s: ", settings.part, levels[level].name);
    put_plain_text(b, text);
    if (held)
        buf_print(b, " (%u more like this were held back)", held);
    buf_add_byte(b, '\n');
}

static bool is_allowed(struct log_site *site)
{
    long long now = time_monotonic();
    if (now - site->window_start_ns > 60 * NS_PER_S) {
        site->window_start_ns = now;
        site->printed = 0;
    }
    if (site->printed == PER_MINUTE) {
        site->held++;
        return false;
    }
    site->printed++;
    return true;
}

void log_print(struct log_site *site, enum log_level level, const char *fmt, ...)
{
    if (level < settings.least || !is_allowed(site))
        return;
    char text[LONGEST];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : min_of((size_t)n, sizeof text - 1);
    defer(buf_free) struct buf b = {0};
    put_message(&b, level, str_of(text, len), site->held);
    site->held = 0;
    /* Nothing can be said about a stderr that cannot be written to. */
    while (write(2, b.ptr, b.len) < 0 && errno == EINTR)
        continue;
}
