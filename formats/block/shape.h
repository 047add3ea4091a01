/*
 * Lines with the same skeleton have one *shape*: static text with slots between it, whose values vary.
 *
 *     {"level":30,"time":1795166521123,"msg":"job 4711 done"}
 *     {"level":␣  ,"time":␣            ,"msg":"job ␣    done"}        three slots, 37 static bytes
 *
 * Each slot belongs to a *column*, found by its name: the static text between it and the slot before, and
 * the kind of its token, whatever the shape. So ,"time":␣ goes to one column, of whichever shape it is, and
 * values that are alike stand together. If no word is in that text, the name of the slot before is part of it.
 *
 * A line is a row of *segments*, each of one shape. It is cut behind each newline in it, and where a segment
 * would have more than SHAPE_SLOTS_MAX slots or SHAPE_TEXT_MAX static bytes.
 *
 *     shapes_add(line), ... ─▶ .segments and .values in their order; .count of each shape
 *     shapes_adopt(...)        a segment that was cut before, when it was put into another block
 *
 * Most lines look like one that came before. The shapes stand in a tree, whose nodes are pieces of static
 * text with the slot behind each; a segment is held against it, where the piece that fitted last comes first,
 * and is cut into tokens only if it fits no shape.
 *
 *  1. The static text of the shape with the values in its slots is the segment, byte for byte.
 *  2. Only the last segment of a line has a shape with .is_last.
 *  3. A value has at least one byte.
 */
#ifndef FORMATS_BLOCK_SHAPE_H
#define FORMATS_BLOCK_SHAPE_H

#include "base/buf.h"

enum { SHAPE_SLOTS_MAX = 64, SHAPE_TEXT_MAX = 1024, SHAPES_MAX = 65000, SHAPE_COLUMNS_MAX = 16384 };

/* Segments that are not cut: the last of its line, and others. */
enum { SHAPE_REST_LAST = 0xffffffff, SHAPE_REST = 0xfffffffe };

/* Lines that are little else than blanks and newlines would take much memory and give nothing. */
#define SHAPE_VALUES_MAX(line_bytes)   ((size_t)(line_bytes) / 6 + ((size_t)64 << 10))
#define SHAPE_SEGMENTS_MAX(line_bytes) ((size_t)(line_bytes) / 16 + ((size_t)64 << 10))

struct shape_slot {
    uint32_t column;
    uint16_t text; /* static bytes in front of it */
    uint8_t kind;  /* enum token_kind */
};

struct shape {
    uint64_t hash;  /* first, for its table */
    uint32_t text;  /* its static bytes begin there in .text */
    uint32_t slots; /* its first in .slots */
    uint16_t text_bytes, n_slots;
    bool is_last;
    bool is_adopted; /* for a segment that stands nowhere as a whole */
    uint32_t count;  /* of segments */
};

/* What a segment is cut into, but for the values. */
struct shape_cut {
    char text[SHAPE_TEXT_MAX];
    uint16_t text_bytes, n_slots;
    uint16_t before[SHAPE_SLOTS_MAX]; /* static bytes in front of each slot */
    uint8_t kinds[SHAPE_SLOTS_MAX];   /* enum token_kind */
    bool is_last;
};

/* A piece of static text in front of a slot, or at the end of a shape. */
struct shape_node {
    uint64_t head, mask; /* its first bytes, up to 8, as they lie in memory; ones where they are */
    uint64_t tail;       /* its last 8 bytes, if it has more than 8 */
    uint32_t text;       /* in .text of the shapes */
    uint16_t text_bytes;
    uint8_t kind;         /* enum token_kind of the slot */
    bool is_end;          /* no slot, but the end of the shape */
    uint32_t shape;       /* if .is_end */
    uint32_t child, next; /* what may follow the slot; what else may stand here; 0: nothing */
};

struct extent {
    uint32_t at, len; /* in the lines */
};

/* Places of items by their hashes, at most half full. */
struct hash_table {
    uint32_t *slots; /* index + 1; 0: free */
    size_t size;     /* a power of two */
};

/* The zero value is empty. */
struct shapes {
    struct str lines; /* all lines, one behind the other */
    struct shape *items;
    size_t n, capacity;
    struct shape_slot *slots;
    size_t n_slots, slots_capacity;
    struct buf text;
    struct shape_node *nodes; /* the first is the root */
    size_t n_nodes, nodes_capacity;
    struct hash_table by_hash;
    uint64_t *names; /* of columns */
    size_t n_columns, columns_capacity;
    struct hash_table by_name;
    uint8_t *tokens;    /* enum token_kind of each column */
    uint32_t *segments; /* shape of each, or SHAPE_REST… */
    size_t n_segments, segments_capacity, n_rest;
    struct extent *starts; /* where each segment stands; as many as .segments */
    struct extent *values; /* of all slots, in the order of segments and slots */
    size_t n_values, values_capacity;
    size_t n_missed; /* segments that were cut into tokens */
    bool is_full;    /* a bound above was reached: from then on nothing is cut */
};

void shapes_free(struct shapes *s);
void shapes_reset(struct shapes *s, struct str lines);
/* What stands there in the lines: a line, or its last part, or with ends_line false one before it. */
void shapes_add(struct shapes *s, size_t at, size_t len, bool ends_line);
/* The number of a shape; SHAPE_REST: there is no room for it. */
uint32_t shapes_find(struct shapes *s, const struct shape_cut *cut);
/* A segment of it, with room for its values, of which each stands somewhere in the lines. False: a bound
 * above would be broken. */
bool shapes_adopt(struct shapes *s, uint32_t shape, struct extent **values);

#endif
