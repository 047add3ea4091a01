/*
 * Every key of the configuration. The order is that of docs/configuration.md.
 */
#include "base/config.h"
#include "base/mem.h"
#include "base/time.h"

#define AT(name)        offsetof(struct config, name)
#define WORDS(...)      ((const char *const[]){__VA_ARGS__, NULL})
#define RANGE(low, top) .least = (low), .most = (top)
#define OFF             .off = "off"
#define LIVE            .live = true

#define KEY(name, kind, to, value, text, ...)                                                 \
    {                                                                                         \
        .path = name, .type = OPTION_##kind, .field = AT(to), .initial = value, .help = text, \
        ##__VA_ARGS__                                                                         \
    }
/* Known, checked, and not built yet. */
#define LATER(name, kind, value, text, ...)                                              \
    {                                                                                    \
        .path = name, .type = OPTION_##kind, .not_built = true, .field = OPTION_NOWHERE, \
        .initial = value, .help = text, ##__VA_ARGS__                                    \
    }

#define SECOND NS_PER_S
#define DAY    NS_PER_DAY
#define KIB    ((int64_t)1 << 10)
#define MIB    ((int64_t)1 << 20)
#define TIB    ((int64_t)1 << 40)

#define REDACT_RULE(rule, name, mark, action, what)                                            \
    KEY("shipper.redact.rules." name, WORD, shipper.redact.actions[rule], action##_TEXT, what, \
        .words = redact_action_names, LIVE),

#define MULTILINE_WORDS \
    WORDS("auto", "none", "java", "python", "go", "node", "ruby", "php", "dotnet", "rust")

/* Of an entry of a list; without defaults, so that it is seen what is not said. */
#define LINE_KEY(name, kind, to, type_of_entry, text, ...)                               \
    {                                                                                    \
        .path = name, .type = OPTION_##kind, .field = offsetof(type_of_entry, lines.to), \
        .help = text, ##__VA_ARGS__                                                      \
    }
#define OUTPUT(to) .field = offsetof(struct config_other_output, to)
#define LINES(type_of_entry)                                                                   \
    LINE_KEY("multiline", WORD_OR_FIRST, multiline, type_of_entry, "how its lines are joined", \
             .words = MULTILINE_WORDS),                                                        \
        LATER("format", STRING, "auto", "how its lines are read"),                             \
        LINE_KEY("timezone", STRING, timezone, type_of_entry, "of times without zone")

/* clang-format off */
static const struct option rows[] = {
    KEY("version", INTEGER, version, "1", "version of this schema", RANGE(1, 1)),
    KEY("labels", PAIRS, labels, "{}", "put on every stream of this host"),

    KEY("shipper.state", PATH, shipper.state, "/var/lib/sluice/shipper", "offsets, spool, origin"),
    KEY("shipper.sources.docker", SWITCH, shipper.docker, "{}", "Docker containers", OFF, LIVE),
    KEY("shipper.sources.docker.paths", STRINGS, shipper.docker_paths, "[auto]",
        "folders of containers, or data-roots", LIVE),
    KEY("shipper.sources.docker.projects", STRINGS, shipper.docker_projects, "auto",
        "compose projects: auto, all, or names", LIVE),
    KEY("shipper.sources.kubernetes", SWITCH, shipper.kubernetes, "{}", "pods", OFF, LIVE),
    KEY("shipper.sources.kubernetes.path", PATH, shipper.kubernetes_path, "/var/log/pods",
        "folder of pods", LIVE),
    {.path = "shipper.sources.kubernetes.node", .type = OPTION_STRING,
     .field = AT(shipper.kubernetes_node), .live = true, .help = "name of the node"},
    LATER("shipper.sources.kubernetes.kubelet", WORD, "off", "ask the kubelet", OFF,
          .words = WORDS("off", "on")),
    KEY("shipper.sources.podman", SWITCH, shipper.podman, "{}", "Podman containers", OFF, LIVE),
    KEY("shipper.sources.podman.paths", STRINGS, shipper.podman_paths, "[auto]",
        "storage folders", LIVE),
    LATER("shipper.sources.journald", SWITCH, "{}", "the journal of systemd", OFF),
    LATER("shipper.sources.journald.units", STRINGS, "all", "units"),
    KEY("shipper.sources.files", MAPS, shipper.files_given, "[]", "files by pattern", OFF, LIVE),
    LATER("shipper.sources.syslog", MAPS, "[]", "sockets that take syslog", OFF),
    LATER("shipper.match", MAPS, "[]", "which streams are taken"),
    KEY("shipper.start", WORD, shipper.start, "beginning", "where a file of the first start begins",
        .words = WORDS("beginning", "end")),
    KEY("shipper.max_age", DURATION, shipper.max_age_ns, "30d", "older files are not read", OFF),
    KEY("shipper.times", WORD, shipper.times, "us", "how exact event times are kept",
        .words = WORDS("us", "ns")),
    KEY("shipper.socket", PATH, shipper.socket, "/run/sluice-shipper/shipper.sock",
        "status, metrics and readiness", OFF),
    KEY("shipper.multiline", WORD_OR_FIRST, shipper.multiline, "auto", "how lines are joined",
        .words = MULTILINE_WORDS, LIVE),
    KEY("shipper.max_line", SIZE, shipper.max_line, "1MiB", "longer lines are split and marked",
        RANGE(64, MIB)),
    KEY("shipper.flush", DURATION, shipper.flush_ns, "1s", "a block leaves after this time",
        RANGE(10 * NS_PER_MS, 60 * SECOND), LIVE),
    KEY("shipper.request_id", SWITCH, shipper.request_id.on, "{}", "ids of requests", OFF, LIVE),
    KEY("shipper.request_id.keys", STRINGS, shipper.request_id.keys, "[]", "added to the built-in list", LIVE),
    KEY("shipper.request_id.inherit", BOOLEAN, shipper.request_id.inherits, "true",
        "ids of the same worker's line before", LIVE),
    KEY("shipper.request_id.generate", BOOLEAN, shipper.request_id.generates, "false",
        "ids where there are none", LIVE),
    KEY("shipper.redact.enabled", WORD, shipper.redact.is_off, "true",
        "hide secrets and personal data", .words = WORDS("true", "unsafe-false"), LIVE),
    REDACT_RULES_X(REDACT_RULE)
    KEY("shipper.redact.keys", STRINGS, shipper.redact.keys, "[]", "added to the built-in list", LIVE),
    KEY("shipper.redact.allow", STRINGS, shipper.redact.allow, "[]", "values that stay", LIVE),
    KEY("shipper.redact.patterns", MAPS, shipper.redact.patterns_given, "[]", "own patterns", LIVE),
    KEY("shipper.redact.key_file", SECRET, shipper.redact.key_file, "", "keys of the tokens", LIVE),
    KEY("shipper.streams", MAPS, shipper.streams_given, "[]", "settings for some streams", LIVE),
    KEY("shipper.spool.size", SIZE, shipper.spool_size, "1GiB", "what waits for the collector",
        RANGE(MIB, 1024 * TIB), LIVE),
    KEY("shipper.spool.keep_free", SHARE, shipper.spool_keep_free, "5%", "of the disk", OFF, LIVE),
    KEY("shipper.memory", SIZE, shipper.memory, "32MiB", "ceiling of memory",
        RANGE(8 * MIB, TIB)),

    KEY("outputs.collector", SWITCH, output.on, "{}", "a collector", OFF),
    KEY("outputs.collector.url", STRING, output.url, "unix:///run/sluice/sluice.sock", "its address"),
    KEY("outputs.collector.token_file", SECRET, output.token_file, "", "its token", LIVE),
    KEY("outputs.collector.ca_file", PATH, output.ca_file, "", "certificates to trust"),
    LATER("outputs.collector.pin", STRING, "", "hash of its certificate"),
    LATER("outputs.collector.cert_file", PATH, "", "own certificate"),
    LATER("outputs.collector.key_file", SECRET, "", "own key"),
    KEY("outputs.*", ENTRIES, outputs.given, "{}", "other systems, by name", LIVE),

    KEY("collector.data", PATH, collector.data, "/var/lib/sluice/collector", "the store"),
    KEY("collector.socket", PATH, collector.socket, "/run/sluice/sluice.sock",
        "for local people, without token", OFF),
    KEY("collector.listen", STRING, collector.listen, "127.0.0.1:4100", "TCP, with token", OFF),
    KEY("collector.tls", SWITCH, collector.tls, "{}", "TLS for TCP", OFF),
    LATER("collector.tls.cert_file", PATH, "", "certificate"),
    LATER("collector.tls.key_file", SECRET, "", "its key"),
    LATER("collector.tls.client_ca_file", PATH, "", "who signs clients"),
    KEY("collector.retention.rules", MAPS, collector.rules_given, "[]", "how long some lines are kept", LIVE),
    KEY("collector.retention.keep", DURATION, collector.keep_ns, "30d", "how long lines are kept", OFF, LIVE,
        RANGE(NS_PER_S, 36500 * NS_PER_DAY)),
    KEY("collector.retention.max_size", SIZE, collector.max_size, "", "how large the store may be", OFF, LIVE),
    KEY("collector.retention.keep_free", SHARE, collector.keep_free, "10%", "of the disk", OFF, LIVE),
    KEY("collector.retention.archive_after", DURATION, collector.archive_after_ns, "2d", "closed days are packed once more", OFF,
        LIVE, RANGE(NS_PER_S, 36500 * NS_PER_DAY)),
    KEY("collector.limits.query_memory", SIZE, collector.query_memory, "64MiB", "for each query",
        RANGE(MIB, TIB), LIVE),
    KEY("collector.limits.query_time", DURATION, collector.query_time_ns, "5m", "for each query",
        RANGE(SECOND, 365 * DAY), LIVE),
    KEY("collector.limits.queries", INTEGER, collector.queries, "8", "at the same time", RANGE(1, 1024), LIVE),
    KEY("collector.limits.forward", SIZE, collector.forward_bytes, "10GiB", "journals that only outputs need", OFF, LIVE),
    KEY("collector.limits.tails", INTEGER, collector.tails, "64", "at the same time", RANGE(1, 65536)),
    LATER("collector.limits.line", SIZE, "1MiB", "of pushed lines", RANGE(KIB, MIB)),
    LATER("collector.limits.streams", INTEGER, "100000", "in all", RANGE(1, INT32_MAX)),
    LATER("collector.limits.push_rate", RATE, "", "for each token", OFF),
    LATER("collector.accept", STRINGS, "[blocks, loki, otlp, elastic]", "protocols taken",
          .off = "[blocks]"),
    LATER("collector.browser.origins", STRINGS, "[]", "pages that may push"),
    LATER("collector.browser.key", STRING, "", "their key"),
    LATER("collector.browser.rate", RATE, "20/s", "for each address"),
    LATER("collector.syslog", MAPS, "[]", "sockets that take syslog", OFF),
    KEY("collector.outputs.*", ENTRIES, collector.outputs.given, "{}", "other systems, by name", LIVE),
    KEY("collector.memory", SIZE, collector.memory, "96MiB", "ceiling of memory",
        RANGE(16 * MIB, TIB)),
    LATER("collector.alerts.file", PATH, "/etc/sluice/alerts.yml", "alert rules", OFF),
    LATER("collector.audit", BOOLEAN, "true", "who asked what", .off = "false"),

    KEY("query.pattern", WORD, query.pattern, "text", "what a pattern of grep is",
        .words = WORDS("text", "regex")),
    KEY("query.color", WORD, query.color, "auto", "colour on terminals",
        .words = WORDS("auto", "always", "never")),
    LATER("query.pager", STRING, "auto", "pager on terminals", OFF),
    KEY("query.time", WORD, query.time, "auto", "form of times",
        .words = WORDS("auto", "short", "iso", "ns", "unix", "relative", "none")),
    KEY("log.level", WORD, log_level, "info", "least level of own messages",
        .words = WORDS("debug", "info", "warn", "error"), LIVE),
    KEY("log.format", WORD, log_format, "auto", "form of own messages",
        .words = WORDS("auto", "text", "json"), LIVE),
};

static const struct option file_rows[] = {
    {.path = "path", .type = OPTION_PATH, .field = offsetof(struct config_file, path),
     .help = "absolute, may hold * ? and [ ]"},
    {.path = "service", .type = OPTION_STRING, .field = offsetof(struct config_file, service),
     .help = "name of the service"},
    LINES(struct config_file),
};

static const struct option stream_rows[] = {
    {.path = "match", .type = OPTION_STRING, .field = offsetof(struct config_stream, match_given),
     .help = "labels of the streams: service=worker"},
    LINES(struct config_stream),
    LATER("rate", RATE, "", "how much is taken", OFF),
    LATER("burst", SIZE, "", "how much more for a while", OFF),
    LATER("over", WORD, "delay", "what becomes of more", .words = WORDS("delay", "sample", "drop")),
};

static const struct option redact_pattern_rows[] = {
    {.path = "name", .type = OPTION_STRING, .field = offsetof(struct config_redact_pattern, name),
     .help = "its mark: [order]"},
    {.path = "match", .type = OPTION_STRING, .field = offsetof(struct config_redact_pattern, match),
     .help = "what goes, in Perl's syntax"},
    {.path = "action", .type = OPTION_WORD, .field = offsetof(struct config_redact_pattern, action),
     .initial = REDACT_MASK_TEXT, .words = redact_action_names, .help = "what becomes of it"},
};

static const struct option rule_rows[] = {
    {.path = "match", .type = OPTION_STRING, .field = offsetof(struct config_rule, match),
     .help = "which lines: service=web level=debug"},
    {.path = "keep", .type = OPTION_DURATION, .field = offsetof(struct config_rule, keep_ns), .off = "off",
     RANGE(NS_PER_S, 36500 * NS_PER_DAY),
     .help = "how long they are kept"},
};

/* base/config_outputs.c says which of them are of which kind. */
static const struct option output_rows[] = {
    {.path = "kind", .type = OPTION_WORD, OUTPUT(kind), .words = output_kind_names,
     .help = "what it is, if the name does not say it"},
    {.path = "url", .type = OPTION_STRING, OUTPUT(url), .help = "its address"},
    {.path = "tenant", .type = OPTION_STRING, OUTPUT(tenant), .help = "X-Scope-OrgID"},
    {.path = "labels", .type = OPTION_STRINGS, OUTPUT(labels),
     .initial = "[service_name, host, container, env]", .help = "index labels"},
    {.path = "metadata", .type = OPTION_WORD, OUTPUT(metadata), .initial = "auto",
     .words = WORDS("auto", "off"), .help = "structured metadata"},
    {.path = "encoding", .type = OPTION_WORD, OUTPUT(encoding), .initial = "protobuf",
     .words = WORDS("protobuf", "json"), .help = "form of a body"},
    {.path = "data_stream", .type = OPTION_STRING, OUTPUT(data_stream),
     .initial = "logs-sluice-default", .help = "data stream"},
    {.path = "fields", .type = OPTION_WORD, OUTPUT(fields), .initial = "flattened",
     .words = WORDS("flattened", "expand", "none"), .help = "fields of a line"},
    {.path = "format", .type = OPTION_WORD, OUTPUT(form), .initial = "json",
     .words = WORDS("json", "logfmt", "raw"), .help = "form of a line"},
    {.path = "token_file", .type = OPTION_SECRET, OUTPUT(token_file), .help = "token"},
    {.path = "user", .type = OPTION_STRING, OUTPUT(user), .help = "user"},
    {.path = "password_file", .type = OPTION_SECRET, OUTPUT(password_file), .help = "password"},
    {.path = "api_key_file", .type = OPTION_SECRET, OUTPUT(api_key_file), .help = "API key"},
    {.path = "ca_file", .type = OPTION_PATH, OUTPUT(ca_file), .help = "certificates to trust"},
    {.path = "cert_file", .type = OPTION_PATH, OUTPUT(cert_file), .help = "own certificate"},
    {.path = "key_file", .type = OPTION_SECRET, OUTPUT(key_file), .help = "its key"},
    {.path = "match", .type = OPTION_STRING, OUTPUT(match), .help = "which records"},
    {.path = "on_reject", .type = OPTION_WORD, .field = OPTION_NOWHERE, .initial = "drop",
     .words = WORDS("drop", "keep"), .help = "what it refuses"},
    {.path = "when_full", .type = OPTION_WORD, .field = OPTION_NOWHERE, .initial = "wait",
     .words = WORDS("wait", "skip"), .help = "if it cannot keep up"},
};
/* clang-format on */

const struct option_table config_table = {rows, countof(rows), NULL};
const struct option_table config_file_table = {file_rows, countof(file_rows), NULL};
const struct option_table config_stream_table = {stream_rows, countof(stream_rows), NULL};
const struct option_table config_redact_pattern_table = {redact_pattern_rows,
                                                         countof(redact_pattern_rows), NULL};
const struct option_table config_rule_table = {rule_rows, countof(rule_rows), NULL};
const struct option_table config_output_table = {output_rows, countof(output_rows), NULL};
