/*
 * Strict reading of a small YAML file into a tree. The only door to libyaml (its event interface;
 * the tree is ours, because libyaml's document interface knows no duplicate keys).
 *
 *     shipper:                     mapping
 *       flush: 1s                    scalar "1s", plain, 2:10
 *       sources:                     mapping
 *         files: [a, "b"]              sequence of a scalar (plain) and a scalar (quoted)
 *
 * Invariants
 *  1. Every node knows the file, line and column it stands at; every error starts with them:
 *     "sluice.yml:3:7: key 'flush' stands twice in this map".
 *  2. One document, UTF-8, at most YAML_BYTES_MAX, YAML_NODES_MAX and YAML_DEPTH_MAX. No anchors,
 *     aliases or tags; keys are scalars and unique in their mapping; no scalar holds a NUL byte.
 *  3. No guess is made about what a scalar is. `plain` tells whether it was written without quotes,
 * so that the reader of a key can tell the word off from the text "off", and YAML 1.1's "no means
 * false" never happens.
 *  4. An empty file is an empty mapping; the root is always a mapping.
 *  5. Nodes and texts live in the arena; a text has a NUL behind it.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { YAML_BYTES_MAX = 1 << 20, YAML_NODES_MAX = 100000, YAML_DEPTH_MAX = 32 };

/* Where something was written. Line 0: not in a file, and the name is that of an environment
 * variable or a flag. */
struct place {
    const char *file;
    uint32_t line, column; /* from 1; columns count characters */
};

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml {
    enum yaml_kind kind;
    bool plain;                /* a scalar without quotes */
    bool secret;               /* its text came from another file: never shown */
    struct place at;           /* of the value */
    struct place key_at;       /* of its key, if it is in a mapping */
    struct str key;            /* if it is in a mapping */
    struct str text;           /* of a scalar */
    struct yaml *first, *last; /* children of a sequence or mapping, in the order of the file */
    struct yaml *next;         /* sibling */
    size_t n;                  /* number of children */
};

#define yaml_each(node, child) for (struct yaml *child = (node)->first; child; child = child->next)

/* name is kept, not copied: it must live as long as the tree. */
bool yaml_read(struct str bytes, const char *name, struct arena *arena, struct yaml **root,
               struct err *err);
bool yaml_load(const char *path, struct arena *arena, struct yaml **root, struct err *err);

/* The value of a key, or NULL. */
struct yaml *yaml_get(const struct yaml *mapping, struct str key);
/* A plain scalar without text: "key:" and nothing behind it. */
bool yaml_is_empty(const struct yaml *node);

struct yaml *yaml_new(struct arena *arena, enum yaml_kind kind, struct place at);
void yaml_append(struct yaml *parent, struct yaml *child);
void yaml_remove(struct yaml *parent, struct yaml *child);
/* Moves what is in `from` into `into`, both mappings: mappings merge, sequences are appended; a
 * scalar that both have, or two values of different kinds, is an error that names both places. */
bool yaml_merge(struct yaml *into, struct yaml *from, struct err *err);

/* The node on one line: text, [a, b], {a: b}; quotes only where they are needed; secrets as ***. */
void yaml_print(struct buf *b, const struct yaml *node);

/* "file:line:column: text" with ERR_INPUT; "name: text" where there is no line. Returns false. */
bool place_err(struct place at, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "file:line" or the name alone. */
void put_place(struct buf *b, struct place at);

#endif
