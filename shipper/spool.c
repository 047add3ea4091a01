#include "shipper/spool.h"

#include "base/mem.h"
#include "base/reader.h"
#include "shipper/spool_parts.h"

#include <stdlib.h>

enum { FILE_BYTES = 16 << 20, FILE_BYTES_MIN = 256 << 10 };
#define SIZE_DEFAULT ((uint64_t)1 << 30)

const char *spool_file_path(const struct spool *s, uint64_t number, struct arena *a)
{
    return arena_print(a, "%s/spool/%06llu", s->options.folder, (unsigned long long)number).ptr;
}

uint64_t spool_bytes(const struct spool *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->n_files; i++)
        bytes += s->files[i].end;
    return bytes;
}

uint64_t spool_floor(const struct spool *s)
{
    return s->n_files && s->files[0].first ? s->files[0].first - 1 : 0;
}

/* ---- opening ---- */

/* n:varint str*n of a head: the whole state and the changes behind it. */
static bool replay_state(struct reader *r, const struct spool_restore *restore, struct err *err)
{
    size_t n = read_count(r, 1);
    struct str whole = read_str(r);
    if (r->bad || n == 0)
        return err_set(err, ERR_CORRUPT, "its head is malformed");
    if (!restore->whole(restore->context, whole, err))
        return false;
    for (size_t i = 1; i < n; i++) {
        struct str change = read_str(r);
        if (r->bad)
            return err_set(err, ERR_CORRUPT, "its head is malformed");
        if (!restore->change(restore->context, change, err))
            return false;
    }
    return true;
}

/* One frame of a file that is being opened. */
static bool replay_frame(struct spool *s, struct spool_file *f, const struct frame *frame,
                         struct str payload, const struct spool_restore *restore, struct err *err)
{
    struct reader r = reader_of(payload);
    if (frame->kind == FRAME_HEAD) {
        s->origin = read_hash128(&r);
        f->first = read_u64(&r);
        s->next_sequence = max_of(s->next_sequence, f->first);
        s->collected = max_of(s->collected, read_u64(&r));
        return replay_state(&r, restore, err);
    }
    if (frame->kind == FRAME_ORIGIN) {
        s->origin = read_hash128(&r);
        if (reader_left(&r))
            s->collected = max_of(s->collected, read_u64(&r));
        return r.bad ? err_set(err, ERR_CORRUPT, "an origin is malformed") : true;
    }
    struct str change = read_str(&r);
    if (r.bad || !restore->change(restore->context, change, err))
        return r.bad ? err_set(err, ERR_CORRUPT, "a change is malformed") : false;
    if (frame->kind != FRAME_BLOCK)
        return true;
    struct block_header h;
    if (!block_peek(str_of(r.at, reader_left(&r)), &h, err))
        return false;
    f->last = h.sequence;
    f->first_time_ns = f->first_time_ns == TIME_NONE ? frame->time_ns : f->first_time_ns;
    s->next_sequence = max_of(s->next_sequence, h.sequence + 1);
    return true;
}

/* From its head on: the state of the whole spool is that of its newest readable file. */
static bool replay_file(struct spool *s, struct spool_file *f, const struct spool_restore *restore,
                        struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    if (!journal_reader_open(&r, &f->file, UINT64_MAX, err))
        return false;
    struct frame frame;
    bool has_head = false;
    while (journal_next(&r, true, &frame, err)) {
        has_head |= frame.kind == FRAME_HEAD;
        if (!has_head)
            return err_set(err, ERR_CORRUPT, "its head is damaged");
        if (!replay_frame(s, f, &frame, buf_str(&r.payload), restore, err))
            return false;
    }
    f->end = r.health.end;
    s->damaged += r.health.rotten_parts;
    return err->code == ERR_NONE && has_head;
}

uint64_t spool_bound(const struct spool *s, size_t file)
{
    for (size_t i = file + 1; i < s->n_files; i++) {
        if (s->files[i].first)
            return s->files[i].first;
    }
    return UINT64_MAX;
}

/* A frame of a file whose state is not needed; what cannot be read is passed over. */
static void survey_frame(struct spool_file *f, const struct frame *frame, struct str payload)
{
    struct err unused;
    struct block_header h;
    struct reader r = reader_of(payload);
    if (frame->kind == FRAME_HEAD) {
        read_hash128(&r);
        f->first = read_u64(&r);
    }
    if (frame->kind != FRAME_BLOCK)
        return;
    read_str(&r);
    if (!block_peek(str_of(r.at, reader_left(&r)), &h, &unused))
        return;
    f->first = f->first ? f->first : h.sequence; /* the head was damaged */
    f->last = h.sequence;
    f->first_time_ns = f->first_time_ns == TIME_NONE ? frame->time_ns : f->first_time_ns;
}

/* The blocks of a file that is not the newest. Those from `bound` on are void: see spool_bound. */
static void survey_file(struct spool *s, struct spool_file *f, uint64_t bound)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    struct err err;
    struct frame frame;
    if (journal_reader_open(&r, &f->file, UINT64_MAX, &err)) {
        while (journal_next(&r, true, &frame, &err))
            survey_frame(f, &frame, buf_str(&r.payload));
    }
    f->end = err.code == ERR_NONE ? r.health.end : 0;
    f->last = min_of(f->last, bound - 1);
    s->damaged += err.code == ERR_NONE ? r.health.rotten_parts : 1;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct spool_file *)a)->number;
    uint64_t right = ((const struct spool_file *)b)->number;
    return (left > right) - (left < right);
}

static bool list_files(struct spool *s, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    struct str *names;
    size_t n;
    if (!folder_list(arena_print(&a, "%s/spool", s->options.folder).ptr, &a, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct spool_file f = {.first_time_ns = TIME_NONE};
        if (names[i].len < 6 || !str_to_u64(names[i], &f.number) || f.number == 0)
            continue;
        if (!file_open(&f.file, spool_file_path(s, f.number, &a), FILE_READ, err))
            return false;
        mem_grow(s->files, s->n_files, s->files_capacity);
        s->files[s->n_files++] = f;
        s->last_number = max_of(s->last_number, f.number);
    }
    if (s->n_files)
        qsort(s->files, s->n_files, sizeof *s->files, by_number);
    return true;
}

/* The newest file that can be replayed gives the state; the older ones only their blocks. Newer
 * ones that cannot be are set aside as 000009.damaged, so that nothing is mixed up. */
static bool restore_state(struct spool *s, const struct spool_restore *restore, bool *is_new,
                          struct err *err)
{
    *is_new = true;
    while (s->n_files && *is_new) {
        struct spool_file *newest = &s->files[s->n_files - 1];
        *is_new = !replay_file(s, newest, restore, err);
        if (!*is_new)
            break;
        if (err->code == ERR_SYSTEM) /* a disk that cannot be read is not a damaged file */
            return false;
        defer(arena_free) struct arena a = {0};
        const char *path = spool_file_path(s, newest->number, &a);
        if (!file_rename(path, arena_print(&a, "%s.damaged", path).ptr, err))
            return false;
        file_close(&newest->file);
        s->n_files--;
        s->damaged++;
    }
    for (size_t i = s->n_files; i > 1; i--)
        survey_file(s, &s->files[i - 2], spool_bound(s, i - 2));
    return true;
}

static bool open_writer(struct spool *s, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    struct journal_health health;
    if (s->n_files == 0)
        return true;
    const char *path = spool_file_path(s, s->files[s->n_files - 1].number, &a);
    return journal_open(&s->writer, path, &health, err);
}

static void free_spool(struct spool **address)
{
    struct spool *s = *address;
    if (!s)
        return;
    for (size_t i = 0; i < s->n_files; i++)
        file_close(&s->files[i].file);
    spool_free_readers(s);
    file_close(&s->fresh.file);
    file_close(&s->lock);
    mem_free(&s->files);
    arena_free(&s->arena);
    mem_free(address);
}

static void look_at_disk(struct spool *s)
{
    struct err err;
    uint64_t size;
    if (!disk_space(s->options.folder, &s->free_bytes, &size, &err))
        s->free_bytes = UINT64_MAX;
}

static bool begin_anew(struct spool *s, struct err *err)
{
    random_bytes(&s->origin, sizeof s->origin);
    s->next_sequence = 1;
    s->collected = 0;
    return spool_forget_positions(s, err);
}

bool spool_open(struct spool **out, const struct spool_options *options,
                const struct spool_restore *restore, int64_t now_ns, bool *is_new, struct err *err)
{
    (void)now_ns;
    defer(free_spool) struct spool *s = mem_new(struct spool);
    defer(arena_free) struct arena a = {0};
    s->options = *options;
    s->options.folder = arena_text(&s->arena, str_from(options->folder));
    s->options.size = options->size ? options->size : SIZE_DEFAULT;
    if (!s->options.file_bytes)
        s->options.file_bytes =
            max_of(min_of((uint64_t)FILE_BYTES, s->options.size / 8), (uint64_t)FILE_BYTES_MIN);
    s->next_sequence = 1;
    if (!folder_make(arena_print(&a, "%s/spool", s->options.folder).ptr, err) ||
        !file_open(&s->lock, arena_print(&a, "%s/LOCK", s->options.folder).ptr, FILE_OPEN_MAKE,
                   err) ||
        !file_lock(&s->lock, err))
        return err_wrap(err, "state folder %s", s->options.folder);
    if (!list_files(s, err) || !restore_state(s, restore, is_new, err) || !open_writer(s, err))
        return err_wrap(err, "spool in %s", s->options.folder);
    if (*is_new && !begin_anew(s, err))
        return err_wrap(err, "spool in %s", s->options.folder);
    s->collected = max_of(s->collected, spool_floor(s));
    s->synced_sequence = s->next_sequence;
    s->last = s->next_sequence - 1;
    s->writer_collected = s->collected;
    look_at_disk(s);
    s->published_free_bytes = s->free_bytes;
    *out = move(s);
    return true;
}

void spool_close(struct spool **s, int64_t now_ns)
{
    if (*s)
        journal_close(&(*s)->writer, now_ns);
    free_spool(s);
}

struct hash128 spool_origin(const struct spool *s)
{
    return s->origin;
}
uint64_t spool_next_sequence(const struct spool *s)
{
    return s->next_sequence;
}

/* ---- the writer ---- */

bool is_spool_rotation_due(const struct spool *s)
{
    return !s->writer || journal_size(s->writer) >= s->options.file_bytes;
}

bool is_spool_failed(const struct spool *s)
{
    return s->writer && is_journal_failed(s->writer);
}

/* states: n:varint str*n */
static bool start_file(struct spool *s, struct str states, int64_t now_ns, struct err *err)
{
    assert(s->fresh.number == 0); /* published since the last one */
    defer(buf_free) struct buf head = {.max = FRAME_PAYLOAD_MAX};
    defer(arena_free) struct arena a = {0};
    struct journal *writer = NULL;
    uint64_t number = s->last_number + 1;
    const char *path = spool_file_path(s, number, &a);
    put_hash128(&head, s->origin);
    put_u64(&head, s->next_sequence);
    put_u64(&head, s->writer_collected);
    buf_add(&head, states);
    if (head.over)
        return err_set(err, ERR_LIMIT, "the state of the shipper is too large");
    s->last_number = number; /* a name is used once, also if making it fails */
    if (!journal_create(&writer, path, FRAME_HEAD, buf_str(&head), now_ns, err))
        return false;
    struct spool_file fresh = {
        .number = number, .first = s->next_sequence, .first_time_ns = TIME_NONE};
    if (!file_open(&fresh.file, path, FILE_READ, err)) {
        journal_discard(&writer, path);
        return false;
    }
    fresh.end = journal_size(writer);
    s->closed_end = s->writer ? journal_durable(s->writer) : 0;
    s->closed_last = s->synced_sequence - 1;
    journal_close(&s->writer, now_ns);
    s->writer = writer;
    s->fresh = fresh;
    return true;
}

bool spool_rotate(struct spool *s, struct str whole_state, int64_t now_ns, struct err *err)
{
    defer(buf_free) struct buf states = {.max = FRAME_PAYLOAD_MAX};
    put_varint(&states, 1);
    put_str(&states, whole_state);
    return start_file(s, buf_str(&states), now_ns, err);
}

struct collected {
    struct buf states; /* str* */
    size_t n;
};

static bool collect_state(void *context, struct str state, struct err *err)
{
    struct collected *c = context;
    put_str(&c->states, state);
    c->n++;
    return c->states.over ? err_set(err, ERR_LIMIT, "the state of the shipper is too large") : true;
}

/* All states in the frames of the present file up to what is durable. */
static bool collect_states(struct spool *s, struct collected *c, struct err *err)
{
    const struct spool_restore restore = {collect_state, collect_state, c};
    const struct journal_health health = {.end = journal_durable(s->writer)};
    defer(journal_reader_free) struct journal_reader r = {0};
    struct frame frame;
    journal_reader_start(&r, journal_file(s->writer), 0, &health);
    while (journal_next(&r, true, &frame, err)) {
        struct reader payload = reader_of(buf_str(&r.payload));
        if (frame.kind == FRAME_HEAD) {
            read_bytes(&payload, 32);
            if (!replay_state(&payload, &restore, err))
                return false;
        } else if (frame.kind != FRAME_ORIGIN) {
            struct str change = read_str(&payload);
            if (payload.bad || !collect_state(c, change, err))
                return false;
        }
    }
    return err->code == ERR_NONE && c->n > 0;
}

static void free_collected(struct collected *c)
{
    buf_free(&c->states);
}

bool spool_recover(struct spool *s, int64_t now_ns, struct err *err)
{
    assert(is_spool_failed(s));
    defer(free_collected) struct collected c = {.states = {.max = FRAME_PAYLOAD_MAX}};
    defer(buf_free) struct buf states = {.max = FRAME_PAYLOAD_MAX};
    if (!collect_states(s, &c, err))
        return err_wrap(err, "recover the spool");
    put_varint(&states, c.n);
    buf_add(&states, buf_str(&c.states));
    return start_file(s, buf_str(&states), now_ns, err);
}

bool spool_append(struct spool *s, struct str change, struct str block, int64_t now_ns,
                  struct err *err)
{
    defer(buf_free) struct buf front = {.max = change.len + 16};
    struct frame frame;
    if (!s->writer)
        return err_set(err, ERR_AGAIN, "the spool has no file yet");
    put_str(&front, change);
    if (!journal_append(s->writer, block.len ? FRAME_BLOCK : FRAME_CHANGE, buf_str(&front), block,
                        now_ns, &frame, err))
        return false;
    s->next_sequence += block.len > 0;
    return true;
}

bool spool_sync(struct spool *s, struct err *err)
{
    look_at_disk(s);
    if (!journal_sync(s->writer, err)) {
        /* What may be on disk of it must not come back: its lines will be appended again. */
        struct err unused;
        file_truncate(journal_file(s->writer), journal_durable(s->writer), &unused);
        s->next_sequence = s->synced_sequence;
        return false;
    }
    s->synced_sequence = s->next_sequence;
    return true;
}

/* ---- the loop thread ---- */

void spool_look_at_disk(struct spool *s)
{
    look_at_disk(s);
    s->published_free_bytes = s->free_bytes;
    if (s->free_bytes < s->options.keep_free)
        spool_give_up_oldest(s);
}

/* What the newest file of the list holds by now: bytes, and blocks up to this number. */
static void publish_newest(struct spool *s, uint64_t end, uint64_t last, int64_t now_ns)
{
    struct spool_file *newest = &s->files[s->n_files - 1];
    newest->end = end;
    if (last <= s->last)
        return;
    s->last = newest->last = last;
    if (newest->first_time_ns == TIME_NONE)
        newest->first_time_ns = now_ns;
}

void spool_publish(struct spool *s, int64_t now_ns)
{
    s->writer_collected = s->collected;
    s->published_free_bytes = s->free_bytes;
    if (s->fresh.number) {
        if (s->n_files && s->closed_end) /* it may have got a block before it was closed */
            publish_newest(s, s->closed_end, s->closed_last, now_ns);
        mem_grow(s->files, s->n_files, s->files_capacity);
        s->files[s->n_files++] = s->fresh;
        s->fresh = (struct spool_file){0};
    }
    if (s->n_files && s->writer)
        publish_newest(s, journal_durable(s->writer), s->synced_sequence - 1, now_ns);
    spool_make_room(s);
}

static uint64_t acknowledged_by_all(const struct spool *s)
{
    const struct spool_reader *slowest = spool_slowest(s);
    return slowest ? spool_reader_count(slowest).acknowledged : spool_floor(s);
}

bool spool_has_room(const struct spool *s)
{
    bool is_below = spool_bytes(s) < s->options.size || acknowledged_by_all(s) >= s->last;
    return is_below && s->published_free_bytes >= s->options.keep_free;
}

void spool_set_limits(struct spool *s, uint64_t size, uint64_t keep_free)
{
    s->options.size = size;
    s->options.keep_free = keep_free;
    spool_make_room(s);
}

bool spool_change_origin(struct spool *s, struct hash128 origin, int64_t now_ns, struct err *err)
{
    defer(buf_free) struct buf payload = {.max = 24};
    struct frame frame;
    put_hash128(&payload, origin);
    put_u64(&payload, s->collected);
    if (!s->writer) { /* the head of the first file will say it */
        s->origin = origin;
        return true;
    }
    if (!journal_append(s->writer, FRAME_ORIGIN, buf_str(&payload), STR(""), now_ns, &frame, err) ||
        !journal_sync(s->writer, err))
        return false;
    s->origin = origin;
    s->files[s->n_files - 1].end = journal_durable(s->writer);
    if (s->collector)
        spool_reader_rewind(s->collector);
    return true;
}

struct spool_numbers spool_count(const struct spool *s)
{
    const struct spool_reader *slowest = spool_slowest(s);
    return (struct spool_numbers){
        .bytes = spool_bytes(s),
        .acknowledged = acknowledged_by_all(s),
        .last = s->last,
        .damaged = s->damaged,
        .oldest_ns = slowest ? spool_reader_count(slowest).oldest_ns : TIME_NONE,
        .awaited = spool_awaited(s),
    };
}
