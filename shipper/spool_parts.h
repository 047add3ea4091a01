/* What the files that make up the spool share: spool.c opens and writes it, spool_reader.c reads it and
 * removes what nobody needs. */
#ifndef SHIPPER_SPOOL_PARTS_H
#define SHIPPER_SPOOL_PARTS_H

#include "shipper/spool_reader.h"

enum spool_frame {
    FRAME_HEAD = 1,
    FRAME_BLOCK = 2,
    FRAME_ORIGIN = 3,
    FRAME_CHANGE = 4,
};

struct spool_file {
    uint64_t number;
    struct file file;      /* for reading */
    uint64_t end;          /* what may be read: published */
    uint64_t first;        /* sequence that was next when it was made; 0 = not known */
    uint64_t last;         /* greatest sequence in it; 0 = it has no block */
    int64_t first_time_ns; /* of its first block; TIME_NONE */
    uint64_t judged;       /* offset: damage in front of it was counted by who read it */
};

struct spool {
    struct spool_options options;
    struct arena arena;
    struct file lock;
    struct hash128 origin;
    uint64_t last;      /* sequence; published */
    uint64_t collected; /* sequence: what the collector has, also while nothing is sent to it */
    uint64_t damaged;
    uint64_t published_free_bytes;

    struct spool_file *files; /* oldest first; the last one is written */
    size_t n_files, files_capacity;

    struct spool_reader *readers;   /* a list */
    struct spool_reader *collector; /* of them; or NULL */
    bool is_started;                /* all readers are open */

    /* The writer's. */
    struct journal *writer; /* NULL: a new file is needed */
    uint64_t next_sequence;
    uint64_t synced_sequence;         /* next_sequence as of the last sync */
    struct spool_file fresh;          /* made since the last publish; .number 0 = none */
    uint64_t closed_end, closed_last; /* of the file before it, when fresh was made */
    uint64_t last_number;
    uint64_t free_bytes;       /* of the disk, as of the last sync */
    uint64_t writer_collected; /* collected, as of the last publish */
};

/* ---- spool.c ---- */

const char *spool_file_path(const struct spool *s, uint64_t number, struct arena *a);
uint64_t spool_bytes(const struct spool *s); /* of all files */
/* Below the oldest file: all readers are done with blocks up to this number. */
uint64_t spool_floor(const struct spool *s);
/* Blocks from this number on are void in the file: a sync of it failed, and they were appended again
 * to the next file. A file of which nothing could be read does not know its first number. */
uint64_t spool_bound(const struct spool *s, size_t file);

/* ---- spool_reader.c ---- */

/* The reader that has acknowledged least; NULL if there is none. */
const struct spool_reader *spool_slowest(const struct spool *s);
const char *spool_awaited(const struct spool *s); /* see struct spool_numbers */
/* Of a spool that begins anew: no position holds there. Durable when it returns. */
bool spool_forget_positions(struct spool *s, struct err *err);
/* Removes what nobody needs; what readers that skip lack, while the files are too large. */
void spool_make_room(struct spool *s);
/* The same, of one file, whatever the size. */
void spool_give_up_oldest(struct spool *s);
void spool_free_readers(struct spool *s);

#endif
