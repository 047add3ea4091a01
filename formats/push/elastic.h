/*
 * The _bulk API of Elasticsearch and OpenSearch, into a data stream: POST /_bulk, gzip. The data stream stands in the
 * body, as Beats have it: the doors of others (VictoriaLogs, Fluent Bit) know no other path.
 *
 *     {"create":{"_index":"logs-sluice-default","_id":"u5YkQ0y…"}}
 *     {"@timestamp":"2026-11-20T09:22:01.123456789Z","message":"…","log":{"level":"error","file":{"path":…}},
 *      "service":{"name":"api"},"host":{"name":"web-1"},"container":{"id":…,"name":…,"image":{"name":…}},
 *      "http":{"request":{"id":…}},"trace":{"id":…},"event":{"sequence":…},"labels":{…},"fields":{…}}
 *
 * Names are those of ECS, or else of Filebeat, where they have one (elastic_document.c); every other label of the stream
 * and every attached field goes under "labels". A data stream takes create only, and an _id that is there already is
 * answered with 409: taken.
 *
 *  1. _id is 22 characters: base64url of XXH3-128 of the block's identity and the row's number.
 *  2. A document is valid JSON in UTF-8: what is not becomes U+FFFD, and "labels":{"line_base64":…} has the bytes.
 *  3. event.sequence rises with the rows of an origin, so that those of one time (a date has ms) keep their order.
 *  4. fields are those of a line that is JSON or logfmt, by elastic_fields: none; one object, all values as texts,
 *     for the mapping `flattened` (OpenSearch: flat_object); or at the top of the document (expand) where no name
 *     of ours is. A document that is refused with them comes again without (PUSH_AGAIN), and is counted nowhere.
 *     So does one that went to the data stream's failure store, where nobody looks for lines.
 *  5. Items of an answer are in the order of the rows, one each: another number is RETRY.
 */
#ifndef FORMATS_PUSH_ELASTIC_H
#define FORMATS_PUSH_ELASTIC_H

#include "formats/push/push.h"

/* Before compression: 5 MiB cost a shipper 5 MiB more, and no less CPU. */
enum { ELASTIC_BODY_MAX = 2 << 20, ELASTIC_REPLY_MAX = 16 << 20 };

enum elastic_fields { ELASTIC_FLATTENED, ELASTIC_EXPAND, ELASTIC_NO_FIELDS };

struct elastic_options {
    struct str data_stream; /* kept by the caller */
    enum elastic_fields fields;
};

/* ERR_INPUT: no name of a data stream (lower case, no \ / * ? " < > | , # : blank, not beginning with - _ + .). */
bool elastic_open(struct push_format **f, const struct elastic_options *options, struct err *err);

#endif
