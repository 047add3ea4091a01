#include "shipper/checkpoint.h"

#include "base/mem.h"

void checkpoint_begin(struct buf *b, enum checkpoint_form form)
{
    put_u8(b, CHECKPOINT_VERSION);
    put_u8(b, (uint8_t)form);
}

void checkpoint_end(struct buf *b)
{
    put_u8(b, CHECKPOINT_END);
}

static void put_id(struct buf *b, struct hash128 id)
{
    put_u64(b, id.low);
    put_u64(b, id.high);
}

static struct hash128 read_id(struct reader *r)
{
    struct hash128 id = {.low = read_u64(r)};
    id.high = read_u64(r);
    return id;
}

static void put_sample(struct buf *b, struct sample s)
{
    put_varint(b, s.end);
    put_u64(b, s.hash);
}

static struct sample read_sample(struct reader *r)
{
    struct sample s = {.end = read_varint(r)};
    s.hash = read_u64(r);
    if (s.end > INT64_MAX || (s.end == 0 && s.hash != 0))
        r->bad = true;
    return s;
}

void checkpoint_put(struct buf *b, const struct checkpoint_entry *e)
{
    put_u8(b, CHECKPOINT_PUT);
    put_id(b, e->id);
    put_varint(b, e->dev);
    put_varint(b, e->ino);
    put_zigzag(b, e->birth_ns);
    put_str(b, e->path);
    put_str(b, e->file);
    put_u8(b, (uint8_t)e->kind);
    put_u8(b, (uint8_t)e->state);
    put_u8(b, (uint8_t)e->flags);
    put_sample(b, e->seen.at);
    put_u64(b, e->seen.head_hash);
    for (size_t i = 0; i < IDENTITY_BLOCKS; i++)
        put_u16(b, e->seen.blocks[i]);
    for (size_t i = 0; i < IDENTITY_OLDER; i++)
        put_sample(b, e->seen.older[i]);
    for (size_t i = 0; i < LANES; i++)
        if (e->flags & ((unsigned)CHECKPOINT_HELD_OUT << i))
            put_sample(b, e->held[i]);
    put_varint(b, e->size);
    put_varint(b, e->total);
    put_zigzag(b, e->mtime_ns);
    put_zigzag(b, e->gone_ns);
}

void checkpoint_forget(struct buf *b, struct hash128 id)
{
    put_u8(b, CHECKPOINT_FORGET);
    put_id(b, id);
}

static struct str read_path(struct reader *r)
{
    struct str path = read_str(r);
    if (path.len == 0 || path.len > CHECKPOINT_PATH_MAX || path.ptr[0] != '/' ||
        memchr(path.ptr, 0, path.len))
        r->bad = true;
    return path;
}

static unsigned read_below(struct reader *r, unsigned limit)
{
    unsigned value = read_u8(r);
    if (value >= limit)
        r->bad = true;
    return r->bad ? 0 : value;
}

static struct identity read_identity(struct reader *r)
{
    struct identity i = {.at = read_sample(r)};
    i.head_hash = read_u64(r);
    for (size_t k = 0; k < IDENTITY_BLOCKS; k++)
        i.blocks[k] = read_u16(r);
    uint64_t end = i.at.end;
    for (size_t k = 0; k < IDENTITY_OLDER; k++) {
        i.older[k] = read_sample(r);
        if (i.older[k].end >= end && i.older[k].end != 0)
            r->bad = true;
        end = i.older[k].end;
    }
    if (i.at.end == 0 && i.head_hash != 0)
        r->bad = true;
    return i;
}

static void read_held(struct reader *r, struct checkpoint_entry *e)
{
    for (size_t i = 0; i < LANES; i++) {
        e->held[i] = (struct sample){0};
        if (!(e->flags & ((unsigned)CHECKPOINT_HELD_OUT << i)))
            continue;
        e->held[i] = read_sample(r);
        if (e->held[i].end >= e->seen.at.end)
            r->bad = true;
    }
}

static void read_entry(struct reader *r, struct checkpoint_entry *e)
{
    e->id = read_id(r);
    e->dev = read_varint(r);
    e->ino = read_varint(r);
    e->birth_ns = read_zigzag(r);
    e->path = read_path(r);
    e->file = read_path(r);
    e->kind = (enum file_kind)read_below(r, FILE_UNKNOWN_PACKING);
    e->state = (enum checkpoint_state)read_below(r, CHECKPOINT_STATES);
    e->flags = read_below(r, CHECKPOINT_FLAGS + 1);
    e->seen = read_identity(r);
    read_held(r, e);
    e->size = read_varint(r);
    e->total = read_varint(r);
    e->mtime_ns = read_zigzag(r);
    e->gone_ns = read_zigzag(r);
}

bool checkpoint_open(struct checkpoint_reader *r, struct str bytes, struct err *err)
{
    *r = (struct checkpoint_reader){.bytes = reader_of(bytes)};
    unsigned version = read_u8(&r->bytes);
    r->form = (enum checkpoint_form)read_u8(&r->bytes);
    if (r->bytes.bad)
        return err_set(err, ERR_CORRUPT, "checkpoint: cut short");
    if (version != CHECKPOINT_VERSION)
        return err_set(err, ERR_CORRUPT, "checkpoint: version %u is not known", version);
    if (r->form != CHECKPOINT_FULL && r->form != CHECKPOINT_DELTA)
        return err_set(err, ERR_CORRUPT, "checkpoint: neither full nor delta");
    return true;
}

bool checkpoint_next(struct checkpoint_reader *r, struct err *err)
{
    unsigned operation = read_u8(&r->bytes);
    bool is_known = true;
    if (operation == CHECKPOINT_PUT)
        read_entry(&r->bytes, &r->entry);
    else if (operation == CHECKPOINT_FORGET && r->form == CHECKPOINT_DELTA)
        r->entry.id = read_id(&r->bytes);
    else
        is_known = operation == CHECKPOINT_END && reader_left(&r->bytes) == 0;
    if (r->bytes.bad || !is_known)
        return err_set(err, ERR_CORRUPT, "checkpoint: damaged");
    r->operation = (enum checkpoint_operation)operation;
    return true;
}

bool checkpoint_check(struct str bytes, struct err *err)
{
    struct checkpoint_reader r;
    if (!checkpoint_open(&r, bytes, err))
        return false;
    do {
        if (!checkpoint_next(&r, err))
            return false;
    } while (r.operation != CHECKPOINT_END);
    return true;
}
