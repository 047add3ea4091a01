#include "formats/line/json_dialects.h"

#include "base/mem.h"

/* clang-format off */
#define ROW(name, describes, keys) {STR_INIT(name), STR_INIT(describes), STR_INIT(keys)}

const struct json_dialect json_dialects[] = {
    ROW("bunyan", "bunyan (Node)", "name hostname pid level# time v"),
    ROW("pino", "pino (Node)", "level time pid hostname"),
    ROW("pino", "pino (Node)", "level# time"),
    ROW("mongodb", "MongoDB 4.4 and later", "t.$date s c id ctx msg"),
    ROW("postgres-json", "PostgreSQL's jsonlog", "timestamp error_severity pid"),
    ROW("serilog-compact", "Serilog's CLEF", "@t @mt"),
    ROW("serilog-compact", "Serilog's CLEF", "@t @m"),
    ROW("serilog-json", "Serilog's JSON formatter", "Timestamp Level MessageTemplate"),
    ROW("dotnet-json", ".NET console, JSON", "EventId LogLevel Category Message"),
    ROW("ecs", "Elastic Common Schema", "@timestamp ecs.version"),
    ROW("logback-json", "logstash-logback-encoder", "@timestamp level logger_name thread_name message"),
    ROW("log4j-json", "log4j 2 JsonLayout", "level loggerName message thread"),
    ROW("caddy", "Caddy's access log", "level ts logger request status"),
    ROW("traefik-json", "Traefik's access log", "ClientAddr RequestMethod DownstreamStatus"),
    ROW("envoy-json", "Envoy's access log", "response_code response_flags"),
    ROW("nginx-json", "nginx, access log in JSON", "remote_addr request status"),
    ROW("nginx-json", "nginx, access log in JSON", "remote_addr request_method status"),
    ROW("kubernetes-audit", "Kubernetes' audit log", "kind auditID verb"),
    ROW("klog-json", "Kubernetes components", "ts# caller msg v"),
    ROW("zap", "zap (Go)", "level ts msg"),
    ROW("zap", "zap (Go)", "L T M"),
    ROW("cloudtrail", "AWS CloudTrail", "eventVersion eventTime eventSource eventName"),
    ROW("suricata", "Suricata's eve.json", "timestamp event_type flow_id"),
    ROW("zeek", "Zeek", "ts uid id.orig_h"),
    ROW("zeek", "Zeek", "_path ts"),
    ROW("gcp", "Google Cloud's logging", "severity message"),
    ROW("gcp", "Google Cloud's logging", "severity textPayload"),
    ROW("gcp", "Google Cloud's logging", "severity jsonPayload"),
    ROW("journald", "journalctl -o json", "__REALTIME_TIMESTAMP MESSAGE"),
    ROW("docker", "Docker's json-file, not unwrapped", "log stream time"),
    ROW("elasticsearch-json", "Elasticsearch's own log", "type timestamp level component cluster.name"),
    ROW("gelf", "GELF", "version host short_message"),
    ROW("otel", "OpenTelemetry's log record", "severityText body"),
    ROW("spark-events", "Spark's event log", "Event"),
    ROW("tracing-json", "tracing (Rust)", "timestamp level fields target"),
    ROW("python-json", "python-json-logger", "levelname message"),
    ROW("python-json", "python-json-logger", "asctime message"),
    ROW("loguru-json", "loguru (Python), serialized", "text record"),
    ROW("structlog", "structlog (Python)", "event level"),
    ROW("structlog", "structlog (Python)", "event timestamp"),
    ROW("monolog-json", "Monolog (PHP)", "message context level_name channel"),
    ROW("zerolog", "zerolog (Go)", "level time message"),
    ROW("slog", "slog (Go)", "time level=UPPER msg"),
    ROW("logrus", "logrus (Go), Docker's daemon", "level msg time"),
    ROW("winston", "winston (Node)", "level message"),
    ROW("json", "JSON", ""),
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
