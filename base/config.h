/*
 * The configuration: one file, its drop-ins, a fixed list of environment variables.
 *
 *     /etc/sluice/sluice.yml --+                   (or the file given with -c, and conf.d next to
 * it) /etc/sluice/conf.d/NN.yml -+- merge -- ${...} -- SLUICE_* -- table (config_table.c) -- checks
 *
 * Invariants
 *  1. Without any file and variable everything has its default; base/config_table.c is the one list
 * of keys, docs/configuration.md describes it.
 *  2. Maps merge, lists are appended, a scalar set in two files is an error that names both places.
 *     Drop-ins are read in byte order of their names.
 *  3. ${NAME} (an error if unset), ${NAME:-default} (if unset or empty) and ${file:/path} are
 * replaced inside values only, once; $${ stands for ${. What came from a file is never shown.
 *  4. A variable of the list replaces the value of the files; an empty one counts as unset; a
 *     SLUICE_* that is not in the list is a warning.
 *  5. A key whose function is not built may hold only its default or off value.
 *  6. No secret is in the struct: keys name files, which are read when they are asked for.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/config_outputs.h"
#include "base/config_sources.h"
#include "base/log.h"
#include "base/warnings.h"

#define CONFIG_FILE "/etc/sluice/sluice.yml"

enum { CONFIG_TOKEN_MAX = 4096 }; /* bytes of a token */

enum config_start { START_BEGINNING, START_END };
enum config_times { TIMES_US, TIMES_NS };
enum config_pattern { GREP_TEXT, GREP_REGEX };
enum config_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum config_time { FORM_AUTO, FORM_SHORT, FORM_ISO, FORM_NS, FORM_UNIX, FORM_RELATIVE, FORM_NONE };

struct config_shipper {
    struct str state;                /* folder */
    bool docker, kubernetes, podman; /* whether containers of these are read */
    struct str_list docker_paths;    /* folders of containers or data-roots, or the word auto */
    struct str_list docker_projects; /* names, or the word auto or all */
    struct str kubernetes_path;      /* folder of the pods' logs */
    struct str kubernetes_node;      /* name of this node; empty: not known */
    struct str_list podman_paths;    /* storage folders, or the word auto */
    const struct yaml *files_given;  /* as written; `files` is the same, read */
    struct config_file *files;
    size_t files_n;
    enum config_start start;
    int64_t max_age_ns;      /* by modification time; 0: any age */
    enum config_times times; /* how exact event times are kept */
    struct str socket;       /* unix socket; empty: none */
    struct str multiline;    /* as in struct config_lines */
    struct config_request_id request_id;
    struct config_redact redact;
    const struct yaml *streams_given; /* as written; `streams` is the same, read */
    struct config_stream *streams;
    size_t streams_n;
    uint64_t max_line; /* bytes */
    int64_t flush_ns;
    uint64_t spool_size; /* bytes */
    struct share spool_keep_free;
    uint64_t memory; /* bytes */
};

struct config_output { /* outputs.collector; what others there are is in struct config_outputs */
    bool on;
    struct str url;                 /* unix:///path, http://host:port or https://host:port */
    struct str token_file, ca_file; /* empty: none */
};

struct config_collector {
    struct str data;                /* folder */
    struct str socket;              /* unix socket; empty: none */
    struct str listen;              /* "127.0.0.1:4100", "[::1]:4100"; empty: no TCP */
    bool tls;                       /* false: `tls: off` is written */
    int64_t keep_ns;                /* 0: for ever */
    const struct yaml *rules_given; /* as written; `rules` is the same, read */
    struct config_rule *rules;
    size_t rules_n;
    int64_t archive_after_ns; /* 0: never */
    uint64_t max_size;        /* bytes; 0: no limit */
    struct share keep_free;   /* of the disk */
    uint64_t query_memory;    /* bytes for each query */
    uint64_t forward_bytes;   /* of journals that only outputs need; 0 = no limit */
    int64_t query_time_ns;
    int64_t queries; /* at the same time */
    int64_t tails;   /* at the same time */
    uint64_t memory; /* bytes */
    struct config_outputs outputs;
};

struct config_query {
    enum config_pattern pattern;
    enum config_color color;
    enum config_time time;
};

/* Filled by config_load; must not be copied (options points into it). */
struct config {
    int64_t version;
    struct str_pairs labels;
    struct config_shipper shipper;
    struct config_output output;
    struct config_outputs outputs;
    struct config_collector collector;
    struct config_query query;
    enum log_level log_level;
    enum log_format log_format;
    struct options options; /* where each value came from */
    struct arena arena;
};

/* path NULL: CONFIG_FILE, which need not exist. ERR_DENIED if a file may not be read (a command of
 * an ordinary user then goes on with the defaults), ERR_INPUT if something is wrong in it. */
bool config_load(struct config *c, const char *path, struct warnings *w, struct err *err);
/* The same from memory, without drop-ins. name is used in messages and kept. */
bool config_read(struct config *c, struct str bytes, const char *name, struct warnings *w,
                 struct err *err);
/* One value that wins over files and variables: that of a flag, which is named as the place it came
 * from ("--data"). An empty one changes nothing. */
bool config_set(struct config *c, const char *path, struct str value, const char *from,
                struct err *err);
void config_free(struct config *c);

/* Every key, its value and where it came from. */
void config_show(const struct config *c, struct buf *b);

/* The token for the collector: SLUICE_TOKEN, outputs.collector.token_file,
 * $CREDENTIALS_DIRECTORY/token, /run/secrets/sluice_token; the first that is there. None: true and
 * an empty buffer. The caller wipes it. */
bool config_token(const struct config *c, struct buf *token, struct warnings *w, struct err *err);

extern const struct option_table config_table, config_file_table, config_stream_table,
    config_rule_table, config_redact_pattern_table, config_output_table; /* config_table.c */

/* base/config_outputs.c: what is given becomes items, in the arena. path: "outputs.*" */
bool config_outputs_read(struct config_outputs *outputs, const char *path, struct arena *arena,
                         struct err *err);
void config_outputs_show(const struct yaml *given, const char *path, struct buf *b);
bool is_config_address(struct str url); /* unix:///path, http:// or https:// and more */

/* base/config_expand.c: invariant 3, in all values of the tree. */
bool config_expand(struct yaml *root, struct arena *arena, struct err *err);
/* base/config_environment.c: invariant 4, as changes of the tree. */
bool config_environment(struct yaml *root, struct arena *arena, struct warnings *w,
                        struct err *err);

#endif
