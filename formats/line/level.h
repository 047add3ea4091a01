/*
 * Levels: one scale of nine for everything that logs, and the words and numbers that mean them.
 * The numbers are stored on disk and sent between hosts: they never change.
 *
 *     words     error  ERROR  err  ERRO  severe  fail ...   any case; slog's "ERROR+2", "debug3"
 *     syslog    0..7    emerg and alert are fatal
 *     pino      10..60  trace debug info warn error fatal (and bunyan); 35 counts as 30
 *     python    10..50  debug info warning error critical (only under its own key, "levelno")
 *     GCP       100..800 by hundreds, from debug to emergency
 *     OTel      1..24   by fours, from trace to fatal
 *
 * Not every word of the table is a level wherever it stands: "log" is the level of a Postgres line
 * in "LOG:  ready" and nothing in "log rotated". So a word has a use, and the place decides which
 * uses are good enough:
 *
 *     WORD_KEYED   only as the value of a level key           "level":"http"
 *     WORD_COLON   also before a colon or between brackets    LOG:   [Note]
 *     WORD_TOKEN   also alone, in upper case                  2026-11-20 09:22:01 ERROR x
 *
 * "verbose" is trace, as in Serilog, .NET and Android (winston has it above debug).
 */
#ifndef FORMATS_LINE_LEVEL_H
#define FORMATS_LINE_LEVEL_H

#include "base/str.h"

/* clang-format off */
/*    number  id     name */
#define LEVELS(X)              \
    X(0, UNKNOWN,  "unknown")  \
    X(1, TRACE,    "trace")    \
    X(2, DEBUG,    "debug")    \
    X(3, INFO,     "info")     \
    X(4, NOTICE,   "notice")   \
    X(5, WARN,     "warn")     \
    X(6, ERROR,    "error")    \
    X(7, CRITICAL, "critical") \
    X(8, FATAL,    "fatal")

enum level {
#define X(number, id, name) LEVEL_##id = number,
    LEVELS(X)
#undef X
    LEVEL_COUNT
};
/* clang-format on */

enum level_use { WORD_KEYED, WORD_COLON, WORD_TOKEN };

enum level_scale { SCALE_AUTO, SCALE_SYSLOG, SCALE_PINO, SCALE_PYTHON, SCALE_GCP, SCALE_OTEL };

/* The longest word of the table. */
enum { LEVEL_WORD_MAX = 13 };

/* The canonical name; "unknown" for a number that is none of the scale. */
const char *level_name(unsigned level);

/* For filters such as "level=warn": a canonical name or a synonym in any case, "unknown" too. False
 * for anything else, also for numbers and single letters. */
bool level_parse(struct str word, enum level *level);

/* LEVEL_UNKNOWN where it means nothing. */
enum level level_of_word(struct str word, enum level_use use);
enum level level_of_letter(char letter); /* "E" of klog, MongoDB, logcat; upper or lower case */
/* SCALE_AUTO goes by range: syslog below 8, pino from 10 to 69, GCP from 100 to 800. */
enum level level_of_number(uint64_t number, enum level_scale scale);
/* The value of a level key, without quotes: word, letter, number, or word with "+2" or a digit. */
enum level level_of_value(struct str value, enum level_scale scale);

#endif
