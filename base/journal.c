#include "base/journal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/reader.h"

#define MAGIC 0x464a4c53u /* "SLJF" */

enum { VERSION = 1, KIND_MARK = 255, CHECK_AT = 12, SEARCH_STEP = 64 << 10 };

struct header {
    struct frame frame;
    uint64_t payload_hash;
};

/* The check is taken with its own place as zeros. */
static uint32_t header_check(const char bytes[FRAME_HEADER])
{
    char copy[FRAME_HEADER];
    memcpy(copy, bytes, FRAME_HEADER);
    memset(copy + CHECK_AT, 0, 4);
    return (uint32_t)hash64(str_of(copy, FRAME_HEADER));
}

/* ---- reading ---- */

/* True iff a header that belongs at this offset stands in bytes. */
static bool parse_header(const char bytes[FRAME_HEADER], uint64_t offset, struct header *h)
{
    struct reader r = reader_of(str_of(bytes, FRAME_HEADER));
    if (read_u32(&r) != MAGIC || read_u8(&r) != VERSION)
        return false;
    *h = (struct header){.frame.kind = read_u8(&r)};
    read_u16(&r);
    h->frame.length = read_u32(&r);
    uint32_t check = read_u32(&r);
    h->frame.journal_id = read_u64(&r);
    h->frame.offset = read_u64(&r);
    h->frame.durable = read_u64(&r);
    h->frame.time_ns = (int64_t)read_u64(&r);
    h->payload_hash = read_u64(&r);
    h->frame.next = offset + FRAME_HEADER + h->frame.length;
    return check == header_check(bytes) && h->frame.offset == offset &&
           h->frame.durable <= offset && h->frame.length <= FRAME_PAYLOAD_MAX;
}

enum found { FOUND_VALID, FOUND_BAD, FOUND_ERROR };

/* Reads the frame at offset. With out, the payload is appended to it and verified. limit: bytes
 * behind it do not count. id 0: any file's. */
static enum found read_frame(const struct file *f, uint64_t offset, uint64_t limit, uint64_t id,
                             struct header *h, struct buf *out, struct err *err)
{
    char bytes[FRAME_HEADER];
    size_t got;
    if (limit - offset < FRAME_HEADER)
        return FOUND_BAD;
    if (!file_read_at(f, offset, bytes, sizeof bytes, &got, err))
        return FOUND_ERROR;
    if (got < sizeof bytes || !parse_header(bytes, offset, h) ||
        (id && h->frame.journal_id != id) || h->frame.next > limit)
        return FOUND_BAD;
    if (!out)
        return FOUND_VALID;
    char *to = buf_reserve(out, h->frame.length);
    if (!to) {
        err_set(err, ERR_LIMIT, "frame at %llu: %u bytes are more than the caller takes",
                (unsigned long long)offset, h->frame.length);
        return FOUND_ERROR;
    }
    if (!file_read_at(f, offset + FRAME_HEADER, to, h->frame.length, &got, err))
        return FOUND_ERROR;
    if (got < h->frame.length || hash64(str_of(to, got)) != h->payload_hash)
        return FOUND_BAD;
    out->len += h->frame.length;
    return FOUND_VALID;
}

/* Looks for the next valid header behind offset; limit if there is none. */
static bool search(const struct file *f, uint64_t offset, uint64_t limit, uint64_t id,
                   uint64_t *found, struct err *err)
{
    defer(buf_free) struct buf window = {.max = SEARCH_STEP};
    char *bytes = buf_reserve(&window, SEARCH_STEP);
    static const char magic[] = {'S', 'L', 'J', 'F'};
    for (uint64_t at = offset; at < limit; at += SEARCH_STEP - (sizeof magic - 1)) {
        size_t got;
        if (!file_read_at(f, at, bytes, SEARCH_STEP, &got, err))
            return false;
        for (size_t from = 0, hit; from < got; from += hit + 1) {
            hit = str_find(str_of(bytes + from, got - from), str_of(magic, sizeof magic));
            if (hit == SIZE_MAX)
                break;
            struct header h;
            enum found is = read_frame(f, at + from + hit, limit, id, &h, NULL, err);
            if (is == FOUND_ERROR)
                return false;
            if (is == FOUND_VALID) {
                *found = at + from + hit;
                return true;
            }
        }
        if (got < SEARCH_STEP)
            break;
    }
    *found = limit;
    return true;
}

/* First pass: over all headers, for the id and the greatest durable offset. */
static bool survey(const struct file *f, uint64_t limit, uint64_t *id, uint64_t *durable,
                   struct err *err)
{
    uint64_t greatest = 0, own_id = 0;
    for (uint64_t at = 0; at < limit;) {
        struct header h;
        enum found is = read_frame(f, at, limit, own_id, &h, NULL, err);
        if (is == FOUND_ERROR)
            return false;
        if (is == FOUND_BAD) {
            if (!search(f, at + 1, limit, own_id, &at, err))
                return false;
            continue;
        }
        own_id = h.frame.journal_id;
        greatest = max_of(greatest, h.frame.durable);
        at = h.frame.next;
    }
    if (own_id == 0)
        return err_set(err, ERR_CORRUPT, "there is not one valid frame in it");
    *id = own_id;
    *durable = greatest;
    return true;
}

static void note_rotten(struct journal_health *health, uint64_t from, uint64_t to)
{
    if (health->rotten_parts++ == 0)
        health->first_rotten = from;
    health->rotten_bytes += to - from;
}

bool journal_reader_open(struct journal_reader *r, const struct file *file, uint64_t limit,
                         struct err *err)
{
    uint64_t size, id, durable;
    if (!file_size(file, &size, err))
        return false;
    limit = min_of(limit, size);
    if (!survey(file, limit, &id, &durable, err))
        return false;
    *r = (struct journal_reader){
        .file = file,
        .limit = limit,
        .health = {.journal_id = id, .end = min_of(durable, limit)},
        .payload = {.max = FRAME_PAYLOAD_MAX},
    };
    return true;
}

void journal_reader_start(struct journal_reader *r, const struct file *file, uint64_t from,
                          const struct journal_health *health)
{
    *r = (struct journal_reader){
        .file = file,
        .at = from,
        .limit = health->end,
        .health = *health,
        .payload = {.max = FRAME_PAYLOAD_MAX},
    };
}

void journal_reader_free(struct journal_reader *r)
{
    buf_free(&r->payload);
    *r = (struct journal_reader){0};
}

/* A bad frame stands at r->at: steps over rot, or ends at a torn tail (invariant 4). While reading,
 * health.end is the greatest of the durable offset and the end of the last valid frame. */
static bool step_over(struct journal_reader *r, struct err *err)
{
    uint64_t found;
    if (r->at >= r->health.end) {
        r->health.torn_bytes = r->limit - r->at;
        r->limit = r->at;
        return true;
    }
    if (!search(r->file, r->at + 1, r->limit, r->health.journal_id, &found, err))
        return false;
    found = min_of(found, max_of(r->health.end, r->at + 1));
    note_rotten(&r->health, r->at, found);
    r->at = found;
    return true;
}

bool journal_next(struct journal_reader *r, bool with_payload, struct frame *frame, struct err *err)
{
    while (r->at < r->limit) {
        struct header h;
        buf_reset(&r->payload);
        enum found is = read_frame(r->file, r->at, r->limit, r->health.journal_id, &h,
                                   with_payload ? &r->payload : NULL, err);
        if (is == FOUND_ERROR)
            return false;
        if (is == FOUND_BAD) {
            if (!step_over(r, err))
                return false;
            continue;
        }
        r->at = h.frame.next;
        r->health.end = max_of(r->health.end, r->at);
        if (h.frame.kind == KIND_MARK)
            continue;
        *frame = h.frame;
        return true;
    }
    *err = (struct err){.code = ERR_NONE};
    return false;
}

bool journal_load(const struct file *file, uint64_t offset, struct frame *frame, struct buf *out,
                  struct err *err)
{
    struct header h;
    switch (read_frame(file, offset, UINT64_MAX, 0, &h, out, err)) {
    case FOUND_ERROR:
        return false;
    case FOUND_BAD:
        return err_set(err, ERR_CORRUPT, "frame at %llu: checksum mismatch",
                       (unsigned long long)offset);
    default:
        *frame = h.frame;
        return true;
    }
}

/* ---- writing ---- */

struct journal {
    struct file file;
    uint64_t id;
    uint64_t size;    /* behind the last frame appended */
    uint64_t durable; /* covered by a sync that succeeded */
    bool failed;      /* a sync has failed (invariant 5) */
    bool dirty_tail;  /* a failed append may have left bytes behind size */
    struct buf frame; /* the header being written */
};

static void put_header(const struct journal *j, uint8_t kind, struct str payload, struct str more,
                       int64_t now_ns, struct buf *b)
{
    put_u32(b, MAGIC);
    put_u8(b, VERSION);
    put_u8(b, kind);
    put_u16(b, 0);
    put_u32(b, (uint32_t)(payload.len + more.len));
    put_u32(b, 0);
    put_u64(b, j->id);
    put_u64(b, j->size);
    put_u64(b, j->durable);
    put_u64(b, (uint64_t)now_ns);
    put_u64(b, hash64_pair(payload, more));
    put_u32_at(b, CHECK_AT, header_check(b->ptr));
}

static bool write_frame(struct journal *j, uint8_t kind, struct str payload, struct str more,
                        int64_t now_ns, struct frame *frame, struct err *err)
{
    char bytes[FRAME_HEADER];
    struct buf header = {.ptr = bytes, .capacity = sizeof bytes, .max = sizeof bytes};
    put_header(j, kind, payload, more, now_ns, &header);
    uint64_t at = j->size;
    j->dirty_tail = true;
    if (!file_write_at(&j->file, at, buf_str(&header), err) ||
        !file_write_at(&j->file, at + FRAME_HEADER, payload, err) ||
        !file_write_at(&j->file, at + FRAME_HEADER + payload.len, more, err))
        return false;
    j->dirty_tail = false;
    j->size = at + FRAME_HEADER + payload.len + more.len;
    *frame = (struct frame){
        .kind = kind,
        .offset = at,
        .next = j->size,
        .time_ns = now_ns,
        .durable = j->durable,
        .length = (uint32_t)(payload.len + more.len),
        .journal_id = j->id,
    };
    return true;
}

static void free_journal(struct journal **j)
{
    if (!*j)
        return;
    file_close(&(*j)->file);
    mem_free(j);
}

static const char *folder_above(const char *path, struct arena *a)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_text(a, str_of(path, (size_t)(slash - path))) : ".";
}

void journal_discard(struct journal **j, const char *path)
{
    defer(arena_free) struct arena a = {0};
    struct err unused;
    free_journal(j);
    disk->unlink(path);
    folder_sync(folder_above(path, &a), &unused);
}

bool journal_create(struct journal **out, const char *path, uint8_t kind, struct str payload,
                    int64_t now_ns, struct err *err)
{
    defer(free_journal) struct journal *j = mem_new(struct journal);
    defer(arena_free) struct arena a = {0};
    struct frame frame;
    random_bytes(&j->id, sizeof j->id);
    j->id |= 1; /* 0 means "any" to readers */
    if (!file_open(&j->file, path, FILE_CREATE, err))
        return false;
    const char *folder = folder_above(path, &a);
    if (!journal_append(j, kind, payload, STR(""), now_ns, &frame, err) || !journal_sync(j, err) ||
        !folder_sync(folder, err)) {
        journal_discard(&j, path);
        return err_wrap(err, "%s", path);
    }
    *out = move(j);
    return true;
}

/* Reads to the end and tells what was found. */
static bool inspect(const struct file *file, struct journal_health *health, struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    if (!journal_reader_open(&r, file, UINT64_MAX, err))
        return false;
    struct frame frame;
    while (journal_next(&r, true, &frame, err))
        continue;
    *health = r.health;
    return err->code == ERR_NONE;
}

bool journal_open(struct journal **out, const char *path, struct journal_health *health,
                  struct err *err)
{
    defer(free_journal) struct journal *j = mem_new(struct journal);
    struct journal_health found;
    if (!file_open(&j->file, path, FILE_WRITE, err))
        return false;
    if (!inspect(&j->file, &found, err) || !file_truncate(&j->file, found.end, err) ||
        !file_sync(&j->file, err))
        return err_wrap(err, "%s", path);
    j->id = found.journal_id;
    j->size = j->durable = found.end;
    *health = found;
    *out = move(j);
    return true;
}

void journal_close(struct journal **j, int64_t now_ns)
{
    struct err err;
    struct frame frame;
    if (*j && !(*j)->failed && (*j)->durable == (*j)->size && !(*j)->dirty_tail)
        write_frame(*j, KIND_MARK, STR(""), STR(""), now_ns, &frame, &err);
    free_journal(j);
}

bool journal_append(struct journal *j, uint8_t kind, struct str payload, struct str more,
                    int64_t now_ns, struct frame *frame, struct err *err)
{
    assert(kind <= FRAME_KIND_MAX && payload.len + more.len <= FRAME_PAYLOAD_MAX);
    if (j->failed)
        return err_set(err, ERR_SYSTEM, "an earlier sync failed; a new file is needed");
    if (write_frame(j, kind, payload, more, now_ns, frame, err))
        return true;
    /* What was written of it is overwritten by the next append; a crash before that leaves a bad
     * frame behind everything durable, which readers take as torn. */
    struct err unused;
    file_truncate(&j->file, j->size, &unused);
    return false;
}

bool journal_sync(struct journal *j, struct err *err)
{
    if (j->failed)
        return err_set(err, ERR_SYSTEM, "an earlier sync failed; a new file is needed");
    if (j->durable == j->size)
        return true;
    if (!file_sync(&j->file, err)) {
        j->failed = true;
        return false;
    }
    j->durable = j->size;
    return true;
}

uint64_t journal_size(const struct journal *j)
{
    return j->size;
}
uint64_t journal_durable(const struct journal *j)
{
    return j->durable;
}
uint64_t journal_id(const struct journal *j)
{
    return j->id;
}
const struct file *journal_file(const struct journal *j)
{
    return &j->file;
}
bool is_journal_failed(const struct journal *j)
{
    return j->failed;
}
