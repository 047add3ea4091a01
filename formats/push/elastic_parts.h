/*
 * How elastic.h is divided. elastic.c puts documents into bodies, elastic_document.c a row into a document,
 * elastic_fields.c the fields of its line, elastic_answer.c reads what the other side says to a body.
 */
#ifndef FORMATS_PUSH_ELASTIC_PARTS_H
#define FORMATS_PUSH_ELASTIC_PARTS_H

#include "formats/line/fields.h"
#include "formats/push/elastic.h"

enum {
    ELASTIC_NAMES_MAX = 512,
    ELASTIC_NAME_BYTES_MAX = 512,
    ELASTIC_VALUES_MAX = 200, /* fields of a document */
    /* bytes of a field; longer ones are left out. A term of Lucene has at most 32,766, with the name. */
    ELASTIC_VALUE_BYTES_MAX = 8191,
    ELASTIC_DEPTH_MAX = 16, /* of objects and arrays; a mapping has at most 20 */
};

/* ---- names ---- */

/* Those of the objects of one document: JSON that has one twice is refused. The zero value has none. */
struct elastic_names {
    uint64_t slots[2 * ELASTIC_NAMES_MAX]; /* hashes; 0: free */
    uint16_t used[ELASTIC_NAMES_MAX];
    size_t n;
};

void elastic_names_reset(struct elastic_names *names);
/* False: it is there already, or there is no room. object: any number for the object it stands in. */
bool elastic_names_add(struct elastic_names *names, uint64_t object, struct str name);
/* Text that a mapping takes as a name: not blank, and not between dots either. */
bool is_elastic_name(struct str name);

/* ---- fields ---- */

struct elastic_field_writer {
    struct field room[ELASTIC_NAMES_MAX];
    uint8_t forms[ELASTIC_NAMES_MAX];
    uint8_t depths[ELASTIC_NAMES_MAX];
    struct elastic_names names;
    struct buf plain, name; /* scratch */
};

void elastic_field_writer_free(struct elastic_field_writer *w);
/* Members for the end of a document, each behind a comma. False: the line has none. */
bool elastic_put_fields(struct elastic_field_writer *w, enum elastic_fields how, struct str line,
                        struct buf *body);

/* ---- documents ---- */

struct elastic_writer {
    const struct push_block *block;
    uint32_t stream;   /* whose .top and .labels are made; UINT32_MAX: none */
    struct buf file;   /* of log: "file":{…} */
    struct buf top;    /* members at the top, each behind a comma */
    struct buf labels; /* members of labels, the same */
    struct buf name;   /* scratch */
    bool has_trace;    /* .top has it */
    struct elastic_names names;
};

void elastic_writer_free(struct elastic_writer *w);
void elastic_writer_begin(struct elastic_writer *w, const struct push_block *block);
void elastic_put_id(const struct elastic_writer *w, uint32_t row, struct buf *body);
/* Without the brace at its end, behind which its fields would stand. */
void elastic_put_row(struct elastic_writer *w, uint32_t row, struct buf *body);
/* A path of a document as we make it, or an object of one, or below one. */
bool is_elastic_own(struct str path);

/* ---- answers ---- */

#define ELASTIC_HAD_FIELDS (UINT32_C(1) << 31)

struct elastic_rows {
    uint32_t *items; /* of the body: number in the block, and ELASTIC_HAD_FIELDS */
    size_t n, capacity;
    uint8_t without_fields[BLOCK_RECORDS_MAX / 8]; /* bits, of the block's rows */
};

void elastic_read_reply(const struct push_reply *reply, struct elastic_rows *rows,
                        struct push_answer *answer);

#endif
