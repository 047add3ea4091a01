/*
 * How the lines of a stream are read: joined by which rule, in which time zone. For each of the
 * two the first place that says something counts:
 *
 *     label sluice.multiline of the container      multiline only
 *     shipper.streams                              the first entry that matches and has the key
 *     shipper.sources.files                        the entry whose pattern found the file
 *     shipper.multiline                            time zone "local"
 *
 *  1. An entry matches a stream that has all labels it names: its own (service, container, file ...) and
 *     those of the configuration. The lanes of a container are joined by one rule, so an entry that
 *     names "stream" says nothing about multiline.
 *  2. A rule is opened once and shared, and good until stream_rules_free. Zones are those of options.zones,
 *     which lives longer: streams of the batcher point to them.
 *  3. Whoever labels a container is not whoever runs the shipper: a label that is no rule is logged once
 *     and as if it were not there, and at most LABEL_RULES_MAX different ones are opened.
 *  4. What is wrong in the configuration was found by stream_rules_check.
 */
#ifndef SHIPPER_STREAM_RULES_H
#define SHIPPER_STREAM_RULES_H

#include "base/zones.h"
#include "formats/line/multiline.h"
#include "shipper/discover.h"

enum { LABEL_RULES_MAX = 256 };

struct stream_rules;

struct stream_rules_options { /* all of it is the caller's until stream_rules_free */
    const struct config_shipper *config;
    const struct labels *labels; /* of the configuration, on every stream */
    struct zones *zones;
    struct discover *discover; /* NULL: no containers are read */
    size_t first_file;         /* tail_glob of config->files[0] */
};

struct stream_rule {
    const struct multiline *multiline;
    const struct zone *zone;
    struct str multiline_text, timezone; /* as written somewhere */
};

/* Time zones can be found and patterns are patterns; errors have file, line and column. */
bool stream_rules_check(const struct config_shipper *config, struct err *err);
struct stream_rules *stream_rules_new(const struct stream_rules_options *options);
void stream_rules_free(struct stream_rules **rules);

struct stream_rule stream_rules_of(struct stream_rules *rules, const struct tail_stream *stream,
                                   enum lane lane);
/* For tailer_options.multiline; context is the struct stream_rules. */
const struct multiline *stream_rules_multiline(void *context, const struct tail_stream *stream);
/* ", multiline java, timezone Europe/Berlin": what is not the default; else nothing. */
void stream_rules_put(struct stream_rules *rules, const struct tail_stream *stream,
                      struct buf *out);

#endif
