/*
 * Sluice's own messages, on stderr: text on a terminal, JSON lines elsewhere, with journald
 * priority prefixes under systemd. Only those who decide what to do about something log it: main
 * and the orchestrators of shipper and collector; libraries return errors.
 *
 * A message says what happened and what follows from it. Values of log lines, tokens and keys never
 * go in. The same message (same call site) is printed at most 10 times a minute; what was held back
 * is counted and said with the next one.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON };

/* Before any thread is started. part is put into each message ("shipper", "collector"). */
void log_setup(enum log_level least, enum log_format format, const char *part);

/* Another level and form from now on; the part stays. */
void log_change(enum log_level least, enum log_format format);

struct log_site {
    long long window_start_ns;
    unsigned printed, held;
};

void log_print(struct log_site *site, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_at(level, ...)                       \
    do {                                         \
        static struct log_site site_;            \
        log_print(&site_, (level), __VA_ARGS__); \
    } while (0)
#define log_info(...)  log_at(LOG_INFO_, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN_, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR_, __VA_ARGS__)

#endif
