#include "formats/push/loki_times.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/push/loki.h"

/* So far from both ends that no step leads over them. */
#define TIME_END (INT64_MAX - (INT64_C(1) << 22))

/* What is known of a stream of the block while its rows are read in their order. */
struct track {
    int64_t first_ns;    /* the last time of the block before, or TIME_NONE */
    int64_t moved_ns;    /* how far what has it is moved */
    int64_t event_ns;    /* of the row before */
    int64_t last_ns;     /* what that row, or its last piece, was given */
    bool has_us, has_ns; /* a row whose time is no whole millisecond, microsecond */
};

struct group {
    int64_t last_ns;
    bool has_steps; /* a time that is not above all before it: it may be there already */
};

/* A set of (group, time, line) by hashes: that two are taken for one moves a row, and no more. */
struct slot {
    uint64_t key;    /* 0: free */
    int64_t next_ns; /* a later time at which this line may be free */
};

struct times {
    const struct block *block;
    const uint32_t *groups;
    struct track *tracks;
    struct group *places;
    struct slot *slots;
    size_t mask;
};

/* The front of a line that Loki counts as LOKI_LINE_MAX bytes at most. */
static struct str front_of(struct str line)
{
    size_t len = 0, counted = 0;
    if (line.len <= LOKI_LINE_MAX / LOKI_BYTE_MAX)
        return line;
    while (len < line.len) {
        size_t n =
            (unsigned char)line.ptr[len] < 0x80 ? 1 : utf8_sequence(str_slice(line, len, SIZE_MAX));
        counted += n ? n : LOKI_BYTE_MAX;
        if (counted > LOKI_LINE_MAX)
            break;
        len += n ? n : 1;
    }
    return str_slice(line, 0, len);
}

size_t loki_pieces(struct str line, struct str pieces[LOKI_PIECES_MAX])
{
    size_t n = 0;
    do {
        assert(n < LOKI_PIECES_MAX);
        pieces[n] = front_of(line);
        line = str_slice(line, pieces[n++].len, SIZE_MAX);
    } while (line.len);
    return n;
}

static int64_t event_time(const struct record *r)
{
    return max_of(min_of(r->event_ns, TIME_END), -TIME_END);
}

static void open_tracks(struct times *t)
{
    const struct block *block = t->block;
    for (size_t i = 0; i < block->n_streams; i++)
        t->tracks[i] = (struct track){.first_ns = block->streams[i].previous_order_ns,
                                      .event_ns = INT64_MIN,
                                      .last_ns = INT64_MIN};
    for (size_t i = 0; i < block->header.records; i++) {
        struct track *track = &t->tracks[block->records[i].stream];
        track->has_us |= block->records[i].event_ns % NS_PER_MS != 0;
        track->has_ns |= block->records[i].event_ns % NS_PER_US != 0;
    }
    uint64_t sequence = block->header.sequence;
    for (size_t i = 0; i < block->n_streams; i++) {
        struct track *track = &t->tracks[i];
        track->moved_ns = track->has_ns   ? (int64_t)(sequence % 8 + 1)
                          : track->has_us ? (int64_t)(sequence % 14 + 1) << 6
                                          : (int64_t)(sequence % 8 + 1) << 16;
    }
}

/* The time that a row would have if no other had its line. */
static int64_t wanted_time(const struct track *track, int64_t event_ns)
{
    int64_t time = event_ns + (event_ns == track->first_ns ? track->moved_ns : 0);
    return event_ns >= track->event_ns ? max_of(time, track->last_ns) : time;
}

/* As JSON has it, where all that is no UTF-8 is the same. */
static uint64_t hash_of(struct str line)
{
    defer(buf_free) struct buf valid = {0};
    if (is_utf8(line))
        return hash64(line);
    put_utf8(&valid, line);
    return hash64(buf_str(&valid));
}

static uint64_t key_of(uint32_t group, int64_t time, uint64_t line)
{
    struct {
        uint64_t group;
        int64_t time;
        uint64_t line;
    } what = {group, time, line};
    return hash64(MAP_KEY(what)) | 1;
}

/* Of this key, or free for it. */
static struct slot *find_slot(const struct times *t, uint64_t key)
{
    size_t i = (size_t)(key >> 1) & t->mask;
    while (t->slots[i].key && t->slots[i].key != key)
        i = (i + 1) & t->mask;
    return &t->slots[i];
}

static bool is_free(const struct times *t, uint32_t group, int64_t time, uint64_t line)
{
    return !find_slot(t, key_of(group, time, line))->key;
}

/* The first time from this one on that the line does not have. Whoever comes the same way later is led there at
 * once, so that many equal lines take no more than linear time. */
static int64_t claim(struct times *t, uint32_t group, int64_t time, uint64_t line)
{
    int64_t found = time;
    uint64_t key = key_of(group, found, line);
    struct slot *slot = find_slot(t, key);
    while (slot->key) {
        found = max_of(found + 1, slot->next_ns);
        key = key_of(group, found, line);
        slot = find_slot(t, key);
    }
    *slot = (struct slot){key, found + 1};
    for (int64_t at = time; at < found;) {
        slot = find_slot(t, key_of(group, at, line));
        at = max_of(at + 1, slot->next_ns);
        slot->next_ns = found + 1;
    }
    return found;
}

/* Of the first piece of a line. */
static int64_t claim_line(struct times *t, uint32_t group, int64_t time, struct str line)
{
    struct str pieces[LOKI_PIECES_MAX];
    uint64_t hashes[LOKI_PIECES_MAX];
    size_t n = loki_pieces(line, pieces);
    if (n == 1)
        return claim(t, group, time, hash_of(line));
    for (size_t i = 0; i < n; i++)
        hashes[i] = hash_of(pieces[i]);
    for (size_t i = 0; i < n;) {
        bool fits = is_free(t, group, time + (int64_t)i, hashes[i]);
        time += fits ? 0 : 1;
        i = fits ? i + 1 : 0;
    }
    for (size_t i = 0; i < n; i++)
        claim(t, group, time + (int64_t)i, hashes[i]);
    return time;
}

static int64_t last_of(int64_t time, struct str line)
{
    struct str pieces[LOKI_PIECES_MAX];
    return time + (int64_t)loki_pieces(line, pieces) - 1;
}

/* Times of all rows, right for groups whose times only rise. True if there is another one. */
static bool set_rising(struct times *t, int64_t *times)
{
    bool has_steps = false;
    for (size_t i = 0; i < t->block->header.records; i++) {
        const struct record *r = &t->block->records[i];
        struct track *track = &t->tracks[r->stream];
        struct group *group = &t->places[t->groups[r->stream]];
        times[i] = wanted_time(track, event_time(r));
        track->event_ns = event_time(r);
        track->last_ns = last_of(times[i], r->line);
        group->has_steps |= times[i] <= group->last_ns;
        group->last_ns = max_of(group->last_ns, track->last_ns);
        has_steps |= group->has_steps;
    }
    return has_steps;
}

static void set_others(struct times *t, int64_t *times)
{
    for (size_t i = 0; i < t->block->header.records; i++) {
        const struct record *r = &t->block->records[i];
        struct track *track = &t->tracks[r->stream];
        uint32_t group = t->groups[r->stream];
        if (!t->places[group].has_steps)
            continue;
        times[i] = claim_line(t, group, wanted_time(track, event_time(r)), r->line);
        track->event_ns = event_time(r);
        track->last_ns = last_of(times[i], r->line);
    }
}

void loki_times(const struct block *block, const uint32_t *groups, size_t n_groups,
                struct arena *arena, int64_t *times)
{
    struct times t = {.block = block,
                      .groups = groups,
                      .tracks = arena_array(arena, struct track, block->n_streams),
                      .places = arena_array(arena, struct group, n_groups)};
    for (size_t i = 0; i < n_groups; i++)
        t.places[i].last_ns = INT64_MIN;
    open_tracks(&t);
    if (!set_rising(&t, times))
        return;
    size_t capacity = 256; /* of pieces there are a few more than of rows; half of it stays free */
    while (capacity < 2 * ((size_t)block->header.records + 2 * LOKI_PIECES_MAX))
        capacity *= 2;
    t.slots = arena_array(arena, struct slot, capacity);
    t.mask = capacity - 1;
    open_tracks(&t);
    set_others(&t, times);
}
