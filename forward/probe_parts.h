/* What the kinds of probe.c share. Nobody else includes this. */
#ifndef FORWARD_PROBE_PARTS_H
#define FORWARD_PROBE_PARTS_H

#include "formats/line/json.h"
#include "forward/probe.h"

struct probe_kind {
    bool (*next)(struct probe *p, struct probe_request *request); /* false: no more questions */
    void (*take)(struct probe *p, const struct probe_answer *answer);
};

extern const struct probe_kind probe_loki, probe_elastic;

/* One more finding. */
void probe_say(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of hints. */
void probe_hint(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* It is over; the text replaces what was found. */
void probe_fail(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* No answer, 401, 403, a redirect or 5xx: fails with what to do, and is true. */
bool probe_is_refused(struct probe *p, const struct probe_answer *answer);

/* The front of a text of the other side, on one line, for people. */
struct str probe_quote(struct str text, char *room, size_t size);
#define PROBE_QUOTE(text) probe_quote((text), (char[120]){0}, 120)

/* The value at a path of keys, which ends with NULL. */
bool probe_json(struct str json, const char *const *path, struct json_member *value);
#define PROBE_JSON(json, value, ...) \
    probe_json((json), (const char *const[]){__VA_ARGS__, NULL}, (value))
/* A text at a path, or empty. */
#define PROBE_TEXT(json, ...) probe_json_text((json), (const char *const[]){__VA_ARGS__, NULL})
struct str probe_json_text(struct str json, const char *const *path);

/* "3.6.2" to 3006. 0: no version. */
unsigned probe_version(struct str text);

#endif
