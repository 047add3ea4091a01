#include "collector/store/importing.h"

#include "base/map.h"
#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/merge.h"
#include "collector/store/segments.h"
#include "formats/block/filler.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PILES_OPEN = 8,       /* days whose blocks are filled at the same time */
    FULL_BYTES = 1 << 20, /* of the lines of a block */
    DAYS_MAX = 100000,    /* of one import */
    IMPORT_LEVEL = 6,     /* of zstd, as of other segments */
};

struct block_place {
    uint64_t offset;
    uint32_t length;
};

/* The records of one day. */
struct pile {
    struct import_day amount;
    struct filling *filling; /* NULL: none of its blocks is being filled */
    int64_t oldest_ns;       /* receipt */
    const char *path;
    uint64_t end; /* of its file */
    struct merge_piece *pieces;
    struct block_place *places;
    size_t n, pieces_capacity, places_capacity;
};

/* A block that is filled, of the pile that has it at present. */
struct filling {
    struct pile *pile;
    struct block_filler filler;
    uint64_t used; /* when it was last needed */
};

struct importing {
    struct arena arena;
    const char *store, *folder; /* DATA, DATA/import */
    int64_t now_ns;
    struct file lock;
    struct map known; /* origins; in the arena */
    struct filled_streams streams;
    struct map by_day; /* day -> struct pile, in the arena */
    struct pile **piles;
    size_t n_piles, piles_capacity;
    struct import_day *days;
    struct filling fillings[PILES_OPEN];
    struct filling *last;
    uint64_t uses;
    struct hash128 origin;
    uint64_t sequence; /* of the origin's last block */
    struct hash128_stream *id_of;
    struct hash128 id;
    struct buf block;
    bool is_mine; /* DATA/import is locked */
};

/* ---- what is known ---- */

static void note_origin(struct importing *i, struct hash128 origin)
{
    if (map_get(&i->known, MAP_KEY(origin)))
        return;
    struct hash128 *kept = arena_new(&i->arena, struct hash128);
    *kept = origin;
    map_put(&i->known, MAP_KEY(*kept), kept);
}

bool importing_knows(const struct importing *i, struct hash128 origin)
{
    return map_get(&i->known, MAP_KEY(origin)) != NULL;
}

static bool learn_chunk(struct importing *i, const struct block_ref *ref, struct packer *packer,
                        struct err *err)
{
    struct chunk chunk;
    defer(arena_free) struct arena arena = {0};
    if (!store_segment_directory(ref, &chunk, packer, &arena, err))
        return false;
    for (size_t k = 0; k < chunk.n_origins; k++)
        note_origin(i, chunk.origins[k]);
    return true;
}

/* A chunk that cannot be read is no reason to refuse others: its rows cannot be found either. */
static bool learn_origins(struct importing *i, struct err *err)
{
    size_t n;
    struct stat st;
    struct err missing, damaged;
    defer(view_close) struct view *v = NULL;
    defer(packer_free) struct packer packer = {0};
    const char *journals = arena_print(&i->arena, "%s/journal", i->store).ptr;
    if (!path_stat(journals, &st, &missing))
        return missing.code == ERR_NOT_FOUND ? true : (*err = missing, false);
    if (!view_open_folder(&v, i->store, err))
        return false;
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    for (size_t k = 0; k < n; k++) {
        if (!refs[k].segment)
            note_origin(i, refs[k].origin);
        for (const struct block_ref *ref = &refs[k]; ref && ref->segment; ref = ref->next)
            learn_chunk(i, ref, &packer, &damaged);
    }
    return true;
}

/* ---- opening and closing ---- */

static bool open_folder(struct importing *i, struct err *err)
{
    const char *lock = arena_print(&i->arena, "%s/LOCK", i->folder).ptr;
    if (!folder_make(i->folder, err) || !file_open(&i->lock, lock, FILE_OPEN_MAKE, err))
        return false;
    if (!file_lock(&i->lock, err))
        return err->code == ERR_CONFLICT
                   ? err_set(err, ERR_CONFLICT, "another import into %s is under way: wait for it",
                             i->store)
                   : err_wrap(err, "%s", lock);
    i->is_mine = true;
    return import_clear(i->store, err);
}

bool importing_open(struct importing **out, const char *folder, int64_t now_ns, struct err *err)
{
    defer(importing_close) struct importing *i = mem_new(struct importing);
    i->store = arena_text(&i->arena, str_from(folder));
    i->now_ns = now_ns;
    i->folder = import_folder(i->store, &i->arena);
    i->block.max = BLOCK_MAX;
    i->id_of = hash128_begin();
    if (!open_folder(i, err) || !learn_origins(i, err))
        return false;
    *out = move(i);
    return true;
}

static void free_pile(struct pile *pile)
{
    mem_free(&pile->pieces);
    mem_free(&pile->places);
}

void importing_close(struct importing **address)
{
    struct importing *i = *address;
    struct err ignored;
    if (!i)
        return;
    if (i->is_mine)
        import_clear(i->store, &ignored);
    for (size_t k = 0; k < PILES_OPEN; k++) {
        block_filler_free(&i->fillings[k].filler);
    }
    for (size_t k = 0; k < i->n_piles; k++)
        free_pile(i->piles[k]);
    if (i->id_of)
        hash128_end(&i->id_of);
    mem_free(&i->piles);
    filled_streams_free(&i->streams);
    map_free(&i->known), map_free(&i->by_day);
    buf_free(&i->block);
    file_close(&i->lock);
    arena_free(&i->arena);
    mem_free(address);
}

/* ---- piles and their blocks ---- */

static bool write_block(struct importing *i, struct filling *f, struct err *err)
{
    struct pile *pile = f->pile;
    defer(file_close) struct file file = {0};
    uint64_t line_bytes = f->filler.builder.lines.len;
    buf_reset(&i->block);
    if (!block_filler_finish(&f->filler, i->origin, ++i->sequence, &i->block, err) ||
        !file_open(&file, pile->path, FILE_OPEN_MAKE, err) ||
        !file_write_at(&file, pile->end, buf_str(&i->block), err))
        return false;
    mem_grow(pile->pieces, pile->n, pile->pieces_capacity);
    mem_grow(pile->places, pile->n, pile->places_capacity);
    pile->pieces[pile->n] = (struct merge_piece){.line_bytes = line_bytes};
    pile->places[pile->n++] = (struct block_place){pile->end, (uint32_t)i->block.len};
    pile->end += i->block.len;
    return true;
}

/* The block at hand is written, and the next one begins. */
static bool end_block(struct importing *i, struct filling *f, struct err *err)
{
    bool done = f->filler.builder.n_records == 0 || write_block(i, f, err);
    block_filler_reset(&f->filler);
    return done;
}

/* One for a pile that has none: that which was not needed for longest. */
static bool take_filling(struct importing *i, struct pile *pile, struct err *err)
{
    struct filling *f = &i->fillings[0];
    for (size_t k = 1; k < PILES_OPEN; k++)
        f = i->fillings[k].used < f->used ? &i->fillings[k] : f;
    if (f->pile && !end_block(i, f, err))
        return false;
    if (f->pile)
        f->pile->filling = NULL;
    f->pile = pile;
    f->filler.builder.is_plain =
        true; /* it is read once, and then cut into columns with all others */
    pile->filling = f;
    return true;
}

static struct pile *pile_of(struct importing *i, int64_t day)
{
    char text[DAY_TEXT];
    struct pile *pile = map_get(&i->by_day, MAP_KEY(day));
    if (pile)
        return pile;
    pile = arena_new(&i->arena, struct pile);
    day_text(day * NS_PER_DAY, text);
    pile->amount = (struct import_day){.day = day, .newest_ns = INT64_MIN};
    pile->oldest_ns = INT64_MAX;
    pile->path = arena_print(&i->arena, "%s/%s.blocks", i->folder, text).ptr;
    map_put(&i->by_day, MAP_KEY(pile->amount.day), pile);
    mem_grow(i->piles, i->n_piles, i->piles_capacity);
    i->piles[i->n_piles++] = pile;
    return pile;
}

static bool find_filling(struct importing *i, int64_t day, struct filling **found, struct err *err)
{
    struct filling *f = i->last;
    if (!f || !f->pile || f->pile->amount.day != day) {
        struct pile *pile = pile_of(i, day);
        if (i->n_piles > DAYS_MAX)
            return err_set(err, ERR_LIMIT, "records of more than %d days", DAYS_MAX);
        if (!pile->filling && !take_filling(i, pile, err))
            return false;
        f = pile->filling;
    }
    f->used = ++i->uses;
    i->last = *found = f;
    return true;
}

/* ---- records ---- */

void importing_begin(struct importing *i, struct hash128 origin)
{
    note_origin(i, origin);
    hash128_add(i->id_of, MAP_KEY(origin));
    i->origin = origin;
    i->sequence = 0;
}

bool importing_end(struct importing *i, struct err *err)
{
    for (size_t k = 0; k < PILES_OPEN; k++)
        if (i->fillings[k].pile && !end_block(i, &i->fillings[k], err))
            return false;
    return true;
}

struct filled_streams *importing_streams(struct importing *i)
{
    return &i->streams;
}

static bool put_record(struct importing *i, struct filling *f, struct filled_stream *s,
                       struct record *record, struct err *err)
{
    if (block_filler_is_full(&f->filler, FULL_BYTES) && !end_block(i, f, err))
        return false;
    if (block_filler_add(&f->filler, s, record))
        return true;
    if (!end_block(i, f, err))
        return false;
    return block_filler_add(&f->filler, s, record)
               ? true
               : err_set(err, ERR_LIMIT, "a record is larger than a block");
}

static int64_t floor_day(int64_t ns)
{
    return ns / NS_PER_DAY - (ns % NS_PER_DAY < 0);
}

bool importing_add(struct importing *i, struct filled_stream *s, struct record *record,
                   struct err *err)
{
    struct filling *f;
    if (record->event_ns < INT64_MIN + NS_PER_DAY || record->event_ns > INT64_MAX - NS_PER_DAY)
        return err_set(err, ERR_INPUT, "a time that is not between 1678 and 2262");
    record->order_ns = order_time(s->order_ns, record->event_ns);
    int64_t receipt_ns = min_of(record->order_ns, i->now_ns);
    if (!find_filling(i, floor_day(receipt_ns), &f, err) || !put_record(i, f, s, record, err))
        return false;
    struct pile *pile = f->pile;
    pile->amount.records++;
    pile->amount.newest_ns = max_of(pile->amount.newest_ns, receipt_ns);
    pile->oldest_ns = min_of(pile->oldest_ns, receipt_ns);
    return true;
}

/* ---- segments ---- */

static int by_day(const void *a, const void *b)
{
    const struct pile *x = *(struct pile *const *)a, *y = *(struct pile *const *)b;
    return (x->amount.day > y->amount.day) - (x->amount.day < y->amount.day);
}

const struct import_day *importing_days(struct importing *i, size_t *n)
{
    if (i->n_piles)
        qsort(i->piles, i->n_piles, sizeof(struct pile *), by_day);
    i->days = arena_array(&i->arena, struct import_day, i->n_piles + 1);
    for (size_t k = 0; k < i->n_piles; k++)
        i->days[k] = i->piles[k]->amount;
    *n = i->n_piles;
    return i->days;
}

/* One segment while it is made. */
struct making {
    const struct pile *pile;
    struct file blocks;
    struct segment_writer writer;
};

static void end_making(struct making *m)
{
    file_close(&m->blocks);
    segment_close(&m->writer);
}

static bool load(void *context, size_t piece, struct buf *out, struct err *err)
{
    const struct making *m = context;
    const struct block_place *place = &m->pile->places[piece];
    size_t got = 0;
    char *to = buf_reserve(out, place->length);
    if (!to || !file_read_at(&m->blocks, place->offset, to, place->length, &got, err))
        return to ? false : err_set(err, ERR_LIMIT, "no room for a block");
    out->len += got;
    return got == place->length ? true
                                : err_set(err, ERR_CORRUPT, "%s is cut short", m->pile->path);
}

static bool take(void *context, uint8_t class, struct str chunk, struct err *err)
{
    (void)class; /* there is the default one only */
    return segment_append(&((struct making *)context)->writer, chunk, err);
}

static bool make_segment(struct importing *i, const struct pile *pile, uint64_t number,
                         uint64_t *bytes, struct err *err)
{
    defer(end_making) struct making m = {.pile = pile};
    defer(arena_free) struct arena arena = {0};
    defer(classes_free) struct classes classes;
    classes_init(&classes, NULL, 0);
    const struct segment_head head = {.number = number, .generation = 1};
    const struct segment_footer footer = {.oldest_arrival_ns = pile->oldest_ns,
                                          .newest_arrival_ns = pile->amount.newest_ns};
    const struct merge merge = {.pieces = pile->pieces,
                                .n = pile->n,
                                .level = IMPORT_LEVEL,
                                .classes = &classes,
                                .load = load,
                                .take = take,
                                .context = &m};
    if (!file_open(&m.blocks, pile->path, FILE_READ, err) ||
        !segment_create(&m.writer, &arena, i->folder, false, &head, err) ||
        !merge_run(&merge, err) || !segment_finish(&m.writer, &footer, err) ||
        !segment_rename(&m.writer, false, err))
        return false;
    *bytes += m.writer.at;
    return file_remove(pile->path, err);
}

/* Before anything counts, so that only names are left to be made then. */
static bool make_place(const struct importing *i, int64_t day, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    char text[DAY_TEXT];
    day_text(day * NS_PER_DAY, text);
    return folder_make(arena_print(&arena, "%s/days/%s/default", i->store, text).ptr, err);
}

bool importing_finish(struct importing *i, uint64_t *bytes, struct err *err)
{
    size_t n;
    uint64_t sum = 0;
    const struct import_day *days = importing_days(i, &n);
    struct adoptable *items = arena_array(&i->arena, struct adoptable, n);
    for (size_t k = 0; k < n; k++) {
        char name[SEGMENT_NAME];
        segment_name_put(k + 1, name);
        items[k] = (struct adoptable){arena_text(&i->arena, str_from(name)), days[k].day, 0};
        if (!make_segment(i, i->piles[k], k + 1, &sum, err) || !make_place(i, days[k].day, err))
            return false;
    }
    i->id = hash128_end(&i->id_of);
    if (!import_announce(i->store, i->id, items, n, err))
        return false;
    *bytes = sum;
    return true;
}

struct hash128 importing_id(const struct importing *i)
{
    return i->id;
}
