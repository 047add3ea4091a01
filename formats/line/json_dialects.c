#include "formats/line/json_dialects.h"

#include "base/mem.h"

/* clang-format off */
#define ROW(name, keys) {STR_INIT(name), STR_INIT(keys)}

const struct json_dialect json_dialects[] = {
    ROW("bunyan", "name hostname pid level# time v"),
    ROW("pino", "level time pid hostname"),
    ROW("pino", "level# time"),
    ROW("mongodb", "t.$date s c id ctx msg"),
    ROW("postgres-json", "timestamp error_severity pid"),
    ROW("serilog-compact", "@t @mt"),
    ROW("serilog-compact", "@t @m"),
    ROW("serilog-json", "Timestamp Level MessageTemplate"),
    ROW("dotnet-json", "EventId LogLevel Category Message"),
    ROW("ecs", "@timestamp ecs.version"),
    ROW("logback-json", "@timestamp level logger_name thread_name message"),
    ROW("log4j-json", "level loggerName message thread"),
    ROW("caddy", "level ts logger request status"),
    ROW("traefik-json", "ClientAddr RequestMethod DownstreamStatus"),
    ROW("envoy-json", "response_code response_flags"),
    ROW("nginx-json", "remote_addr request status"),
    ROW("nginx-json", "remote_addr request_method status"),
    ROW("kubernetes-audit", "kind auditID verb"),
    ROW("klog-json", "ts# caller msg v"),
    ROW("zap", "level ts msg"),
    ROW("zap", "L T M"),
    ROW("cloudtrail", "eventVersion eventTime eventSource eventName"),
    ROW("suricata", "timestamp event_type flow_id"),
    ROW("zeek", "ts uid id.orig_h"),
    ROW("zeek", "_path ts"),
    ROW("gcp", "severity message"),
    ROW("gcp", "severity textPayload"),
    ROW("gcp", "severity jsonPayload"),
    ROW("journald", "__REALTIME_TIMESTAMP MESSAGE"),
    ROW("docker", "log stream time"),
    ROW("elasticsearch-json", "type timestamp level component cluster.name"),
    ROW("gelf", "version host short_message"),
    ROW("otel", "severityText body"),
    ROW("spark-events", "Event"),
    ROW("tracing-json", "timestamp level fields target"),
    ROW("python-json", "levelname message"),
    ROW("python-json", "asctime message"),
    ROW("loguru-json", "text record"),
    ROW("structlog", "event level"),
    ROW("structlog", "event timestamp"),
    ROW("monolog-json", "message context level_name channel"),
    ROW("zerolog", "level time message"),
    ROW("slog", "time level=UPPER msg"),
    ROW("logrus", "level msg time"),
    ROW("winston", "level message"),
    ROW("json", ""),
};
/* clang-format on */

const size_t json_dialects_n = countof(json_dialects);

/* By a path of one or two names; a name may have dots itself. The last one counts. */
static const struct field *find(const struct fields *fields, struct str path)
{
    for (size_t i = fields->n; i-- > 0;) {
        const struct field *f = &fields->items[i];
        struct str rest = path;
        if (f->parent != FIELD_TOP) {
            const struct field *parent = &fields->items[f->parent];
            if (parent->parent != FIELD_TOP || !take_prefix(&rest, parent->name) ||
                !take_prefix(&rest, STR(".")))
                continue;
        }
        if (f->name.ptr && str_equal(f->name, rest))
            return f;
    }
    return NULL;
}

static bool is_upper_case(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
            return false;
    }
    return true;
}

static bool has_key(const struct fields *fields, struct str key)
{
    struct str path, value = key;
    bool is_number = str_ends(key, STR("#"));
    take_until(&value, '=', &path);
    if (is_number)
        path.len--;
    const struct field *f = find(fields, path);
    if (!f || (is_number && f->kind != FIELD_NUMBER))
        return false;
    return !str_equal(value, STR("UPPER")) || is_upper_case(f->value);
}

bool json_dialect_fits(const struct json_dialect *dialect, const struct fields *fields)
{
    struct str keys = dialect->keys, key;
    while (take_until(&keys, ' ', &key)) {
        if (!has_key(fields, key))
            return false;
    }
    return true;
}
