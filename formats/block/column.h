/*
 * A column: values of slots that share a name, in the order of their rows, stored by what they look like.
 *
 *     kind      parameters                          streams (group of formats/block/streams.h)
 *     TEXT      numbers bytes:varint                lengths, bytes (TEXT)
 *     DICT      distinct:varint column              column's, index (SMALL_INDEX up to 16 distinct, INDEX)
 *     INTEGER   digits:u8 prefix:str except numbers    numbers       so many digits at least, zeros in front
 *     DECIMAL   except numbers                      numbers, places:u8* (BINARY)    12.50 is 1250 and 2 places
 *     HEX       digits:u8 is_upper:u8 prefix:str except    bytes (BINARY)    two digits a byte, high first; odd: and a 0
 *               with 0 digits: numbers bytes:varint            and before them numbers (LENGTHS): digits of each
 *     UUID      prefix:str except                   bytes (BINARY)   16 each, lower case
 *     IPV4      except numbers                      numbers          first byte highest
 *     TIME      form except numbers                 numbers          ticks since 1970 or midnight
 *     SAME      back:varint                         -                the values of the column so many before it
 *
 *     column  := head:u8 parameters                 head = kind + 16 * token: how its values were cut out of
 *                                                   lines (token.h), for who cuts others
 *     except  := n:varint (index:varint value:str)*n
 *     numbers := as numbers.h says, in NUMBERS; lengths in LENGTHS
 *     index   := planes as of numbers, with as many streams as distinct - 1 has bytes
 *     form    := separator:u8 mark:u8 places:u8 zone:str      of a time: 'T', ' ', '/' or 0 for no date; '.', ',' or
 *                                                   0 for no fraction; its digits; what stands behind it
 *
 * How many values there are is known from elsewhere. Values that would not print back byte for byte as
 * their kind says are *exceptions*: their places in the streams are filled up, and index counts from the
 * exception before. The column of distinct values, by first use, is no DICT and no SAME.
 *
 *  1. Every value comes back byte for byte, whatever the bytes.
 *  2. The reader checks every count, width and index before it is used. Besides the streams it takes at most
 *     12 bytes for each value, and the text of the distinct ones.
 *  3. A value is found in constant time once the column is loaded, which sums up lengths and deltas.
 */
#ifndef FORMATS_BLOCK_COLUMN_H
#define FORMATS_BLOCK_COLUMN_H

#include "base/arena.h"
#include "base/reader.h"
#include "formats/block/column_form.h"
#include "formats/block/numbers.h"
#include "formats/block/streams.h"

static inline enum stream_group index_group(size_t distinct)
{
    return distinct <= SMALL_INDEX ? STREAM_SMALL_INDEX : STREAM_INDEX;
}

/* ---- encoding ---- */

enum { COLUMNS_BEFORE = 32 }; /* so far back SAME may point */

/* Memory that is kept between columns; .n_before is 0 at the first of a block. The zero value is valid. */
struct column_scratch {
    uint64_t *numbers; /* of each value, and which of the distinct it is */
    uint32_t *ids;
    size_t capacity;
    struct extent *distinct; /* with how often each is there */
    uint32_t *counts, *table;
    size_t table_size;
    struct buf bytes, binary, exceptions;
    size_t n_exceptions;
    struct column_values before[COLUMNS_BEFORE]; /* of the last columns of the block, in a ring; .n
                                                    is 0 if they were put in another way */
    size_t n_before;
};

void column_scratch_free(struct column_scratch *s);

void column_put(struct column_scratch *scratch, const struct column_values *values, uint8_t token,
                struct stream_writer *w);

/* ---- decoding ---- */

struct column_exception {
    uint32_t place;
    struct str value;
};

struct column {
    enum column_kind kind;
    uint8_t token; /* enum token_kind */
    size_t n;
    uint8_t digits;          /* INTEGER, HEX; 0: it varies */
    bool is_upper;           /* HEX */
    struct str prefix;       /* INTEGER, HEX, UUID */
    struct time_form form;   /* TIME */
    struct column *distinct; /* DICT */
    struct column *same;     /* SAME: whose values it has */
    struct numbers numbers;  /* of TEXT and HEX the lengths, of DICT the index */
    struct stream bytes;
    struct column_exception *exceptions; /* by place */
    size_t n_exceptions;
    /* Once it is loaded: */
    bool is_loaded;
    uint64_t *values; /* numbers; TEXT and DICT: where each text begins, and the end; HEX of
                         varying length: where its bytes begin, and its digits in the low byte */
    struct str content;
    uint32_t *ids; /* DICT */
};

enum { COLUMN_PRINTED_MAX = 192 }; /* bytes of a value that is no text */

/* What the map says of the next column, which has n values and before columns in front of it. False: it
 * is damaged. */
bool column_read(struct column *c, size_t n, size_t before, struct stream_reader *r);
/* Where distinct values that are no text are printed: those of all columns one behind the other. */
struct text_room {
    char *at; /* NULL: nothing was needed yet */
    size_t left;
};
/* Of TEXT only .content, the texts one behind the other. False: it is damaged. */
bool column_load_content(struct column *c, struct stream_reader *r);
/* Unpacks its streams. False: they are damaged, or there is no room. */
bool column_load(struct column *c, struct text_room *room, struct stream_reader *r);
/* Writes the value at a place below .n of a loaded column into [to, end), and returns its end; NULL if
 * there is no room. exception is 0 at first and kept by who asks for rising places. */
char *column_print(const struct column *c, size_t place, size_t *exception, char *to,
                   const char *end);

/* Copies n bytes, or NULL if they do not fit. from has COPY_SLACK bytes behind it that may be read. */
static inline char *copy_short(char *to, const char *end, const char *from, size_t n)
{
    if ((size_t)(end - to) >= COPY_SLACK && n <= COPY_SLACK)
        memcpy(to, from, COPY_SLACK);
    else if (n <= (size_t)(end - to))
        memcpy(to, from, n);
    else
        return NULL;
    return to + n;
}

#endif
