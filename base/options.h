/*
 * Options: one table gives the struct field, the key of the configuration file, the flag of the
 * command line and the help. The configuration file has one table, each command has one for its
 * flags.
 *
 *     static const struct option rows[] = {
 *         {.path = "shipper.flush", .type = OPTION_DURATION, .field = offsetof(struct config,
 * flush), .initial = "1s", .help = "a block leaves after this time"},
 *         {.flag = "max-count", .letter = 'm', .type = OPTION_INTEGER, .value_name = "NUM", ...},
 *     };
 *
 *     options_defaults --> options_read_yaml --> options_read_argv --> the struct is filled,
 *                                                                      option_show says from where
 * Invariants
 *  1. Every row has a default, written as it would stand in the file, and it is valid (asserted).
 *  2. Every error starts with the place: "sluice.yml:3:10: shipper.flush: '1' has no unit; ..." or
 *     "--since: '5' has no unit; ...". Unknown names come with the nearest known one.
 *  3. A row whose function is not built may hold only its default or its off value.
 *  4. In YAML only the plain words true and false are booleans, and the plain word off is empty
 * where a row allows it; "off" in quotes is a text.
 *  5. The path of ENTRIES ends in ".*": it gets what stands in the section under names that are no keys.
 *  6. What is written to the struct lives in the arena of options_defaults; a str has a NUL behind it.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/quantity.h"
#include "base/yaml.h"

struct str_list {
    struct str *items;
    size_t n;
};

struct str_pair {
    struct str name, value;
};

struct str_pairs { /* in byte order of the names, which are unique */
    struct str_pair *items;
    size_t n;
};

/*       name              field                     what a value looks like */
#define OPTION_TYPES(X)                                                 \
    X(HEADING, char, "")                                                \
    X(SWITCH, bool, "a map, or off")                                    \
    X(BOOLEAN, bool, "true or false")                                   \
    X(INTEGER, int64_t, "a whole number")                               \
    X(SIZE, uint64_t, "a size such as 64KiB or 1GiB")                   \
    X(SHARE, struct share, "a size such as 1GiB or a share such as 5%") \
    X(DURATION, int64_t, "a duration such as 10m or 2d")                \
    X(RATE, struct rate, "a rate such as 2MiB/s or 20/s")               \
    X(STRING, struct str, "a text")                                     \
    X(PATH, struct str, "a path")                                       \
    X(SECRET, struct str, "the path of a file that holds the secret")   \
    X(WORD, int, "one word of a list")                                  \
    X(WORD_OR_FIRST, struct str, "a word, or {first: 'regex'}")         \
    X(STRINGS, struct str_list, "a list such as [a, b]")                \
    X(PAIRS, struct str_pairs, "a map such as {env: prod}")             \
    X(MAPS, const struct yaml *, "a list of maps")                      \
    X(ENTRIES, const struct yaml *, "a map of names")

enum option_type {
#define X(name, field, looks) OPTION_##name,
    OPTION_TYPES(X)
#undef X
};

#define OPTION_NOWHERE SIZE_MAX

struct option {
    const char *path;      /* key in the file; NULL: none */
    const char *flag;      /* long flag without "--"; NULL: none */
    char letter;           /* short flag; 0: none */
    enum option_type type; /* HEADING: only .help, a title in the list of flags */
    bool not_built;        /* invariant 3 */
    bool live;             /* a program that runs takes a new value (base/config_live.h) */
    bool optional_value;   /* --flag or --flag=value, never --flag value; see .implied */
    size_t field;          /* offset in the struct, or OPTION_NOWHERE */
    const char *initial;   /* the default: a word, "[a, b]" or "{}" (a SWITCH that is on);
                            * NULL: false, 0, empty */
    const char *off;       /* the text that switches the function off; NULL: none. For BOOLEAN and
                            * WORD one of their values, else the word off, stored as empty or 0 */
    const char *const *words; /* of a WORD, ends with NULL; the field (an int or enum) is the index.
                             * Of a WORD_OR_FIRST: the field is the word, or the pattern */
    int64_t least, most;      /* of an INTEGER, SIZE (bytes) or DURATION (ns); 0, 0: any */
    const char *implied;      /* the value that a flag without value means; BOOLEAN: "true" */
    const char *value_name;   /* for the help: NUM, TIME */
    const char *help;         /* one sentence without full stop; NULL: not listed */
};

struct option_hint {  /* a flag that people know from other programs and that means nothing here */
    const char *flag; /* "-t", "--tail" */
    const char *text; /* "times are always shown; see --time" */
};

struct option_table {
    const struct option *rows;
    size_t n;
    const struct option_hint *hints; /* ends with a NULL flag; may be NULL */
};

struct option_state {
    struct place at; /* where the value was set; file NULL: default */
    struct str text; /* the value on one line */
};

struct options {
    const struct option_table *table;
    void *target;              /* the caller's struct */
    struct arena *arena;       /* the caller's */
    struct option_state *rows; /* one for each row */
    struct str_list operands;  /* of the command line; NUL-terminated */
};

/* Fills the target with the defaults. */
void options_defaults(struct options *o, const struct option_table *table, void *target,
                      struct arena *arena);
/* Sets what the mapping has. */
bool options_read_yaml(struct options *o, const struct yaml *root, struct err *err);
/* GNU style, from argv[0] on (the command's name is not among them): -n5, -n 5, -in5, --name=value,
 * --name value; names are not abbreviated; -- ends the flags, which may follow operands; - is an
 * operand. The last value counts; STRINGS collect. Errors are ERR_INPUT. */
bool options_read_argv(struct options *o, int argc, char **argv, struct err *err);

/* The flags, aligned, with headings. */
void options_help(const struct option_table *table, struct buf *b);
/* A line for a key of the file: "shipper.flush: 1s    # sluice.yml:3". The prefix stands in front. */
void option_show(const struct options *o, size_t row, struct str prefix, struct buf *b);
void option_show_value(struct str path, struct str text, struct place at, struct buf *b);
const struct yaml *options_entries(const struct options *o, size_t row); /* of a row of ENTRIES */

/* Where a key or flag (that the table has) got its value; file NULL: default. */
struct place options_place(const struct options *o, const char *name);
/* "<place>: <path>: <text>" for checks that the caller makes; returns false. */
bool options_err(const struct options *o, const char *path, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* base/option_value.c: the typed value behind a node; the error has no place in front. */
bool option_parse(const struct option *row, const struct yaml *node, struct arena *arena,
                  void *value, struct err *err);
size_t option_size(enum option_type type);
/* The nearest of n names to a mistyped one, or NULL if none is near. */
const char *nearest_name(struct str name, const char *const *names, size_t n);
/* base/options.c: checks, stores and remembers. */
bool option_set(struct options *o, const struct option *row, const struct yaml *node,
                struct err *err);

#endif
