/*
 * What becomes of content that moves from file to file: truncation leaves a generation behind that
 * only a copy can hold; a copy is recognised by bytes and bound to it.
 *
 *     app.log    A B C D│           A B C D│           E│F               D: position
 *                                                                        T: generation "A B C D"
 *     app.log.1              A B C          A B C D        ── HELD, then claims T, goes on behind D
 *                 one file     cp runs       cp done    truncated, written
 */
#include "base/mem.h"
#include "shipper/glob.h"
#include "shipper/tailer_parts.h"

bool is_claimable(const struct source *s)
{
    return (s->state == SOURCE_TRUNCATED || s->state == SOURCE_GONE) && s->seen.at.end > 0;
}

void source_hold(struct source *s, struct source *original)
{
    assert(!s->original && original != s);
    s->state = SOURCE_HELD;
    s->reason = "a copy of a file that is read";
    s->original = original;
    original->n_copies++;
}

void source_unhold(struct source *s)
{
    if (!s->original)
        return;
    s->original->n_copies--;
    s->original = NULL;
    s->reason = NULL;
    s->state = is_packed(s) ? SOURCE_PENDING : SOURCE_NEW;
}

/* The copies that from still has become those of heir, or, without one, files to be decided. */
static void move_copies(struct tailer *t, struct source *from, struct source *heir)
{
    for (size_t i = 0; from->n_copies && i < t->n_sources; i++) {
        struct source *s = t->sources[i];
        if (s->original != from)
            continue;
        source_unhold(s);
        if (heir && s != heir)
            source_hold(s, heir);
        else if (!heir)
            stream_queue(t, s->stream);
    }
}

void source_claim(struct tailer *t, struct source *s, struct source *from)
{
    s->seen = from->seen;
    s->in_line = from->in_line;
    s->continues = from->continues;
    s->lanes = from->lanes;
    lanes_scatter(s->stream);
    lanes_clip(s);
    source_moved(t, s);
    move_copies(t, from, s);
    source_forget(t, from);
}

/* ---- plain copies ---- */

/* A file that was made before the original is no copy of it. */
static bool can_be_copy(const struct source *s, const struct source *original)
{
    return !s->birth_ns || !original->birth_ns || s->birth_ns >= original->birth_ns;
}

/* Enough was read of it to be sure. A cut generation has a copy or none; but a deleted file may
 * have had the same banner as a younger one. */
static bool is_telling(const struct source *from, const struct source *s, bool is_kin)
{
    if (!can_be_copy(s, from))
        return false;
    if (from->seen.at.end >= (is_kin ? IDENTITY_TAIL : IDENTITY_HEAD))
        return true;
    return is_kin && (from->state == SOURCE_TRUNCATED || from->size == s->size);
}

/* s has the bytes of the generation: all that was read of it, or (shorter) all that s has. */
static bool is_match(const struct source *from, const struct source *s, bool is_kin, bool shorter)
{
    struct err ignored;
    struct identity_bytes bytes;
    char tail[IDENTITY_TAIL];
    bool same = false;
    bytes.tail = tail;
    if (shorter != (s->size < from->seen.at.end) || !is_telling(from, s, is_kin))
        return false;
    if (!shorter)
        return identity_check(&from->seen, &s->file, &bytes, &same, &ignored) && same;
    return is_kin && from->state == SOURCE_TRUNCATED &&
           is_front(&from->seen, &s->file, &same, &ignored) && same;
}

/* The generation that s continues, kin first. Its stream is the name relation. */
static struct source *find_claimable(const struct tailer *t, const struct source *s, bool shorter)
{
    struct str folder = path_folder(str_from(s->path));
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = t->n_sources; i-- > 0;) {
            struct source *from = t->sources[i];
            bool is_kin = from->stream == s->stream;
            if (from != s && is_claimable(from) && is_kin == (pass == 0) &&
                str_equal(path_folder(str_from(from->path)), folder) &&
                is_match(from, s, is_kin, shorter))
                return from;
        }
    }
    return NULL;
}

/* The file that is written under the stream's own name. */
static struct source *current_of(const struct stream *st)
{
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        if (s->rank == 0 && !is_packed(s) && (s->state == SOURCE_LIVE || s->state == SOURCE_NEW))
            return s;
    }
    return NULL;
}

static bool is_copy(struct tailer *t, struct source *s, struct source *original)
{
    struct err ignored;
    bool copy = false;
    return can_be_copy(s, original) && source_open(t, original, &ignored) &&
           source_open(t, s, &ignored) &&
           is_copy_of_front(&s->file, &original->file, &copy, &ignored) && copy;
}

void source_check(struct tailer *t, struct source *s, int64_t now_ns)
{
    struct err ignored;
    struct identity_bytes bytes;
    char tail[IDENTITY_TAIL];
    bool same;
    bytes.tail = tail;
    if (source_open(t, s, &ignored) &&
        identity_check(&s->seen, &s->file, &bytes, &same, &ignored) && !same)
        source_truncated(t, s, 0, now_ns);
}

/* The same for all living plain files of the stream. */
void stream_check(struct tailer *t, struct stream *st, int64_t now_ns)
{
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        if (s->state == SOURCE_LIVE && !is_packed(s) && s->seen.at.end > 0)
            source_check(t, s, now_ns);
    }
}

static void go_live(struct tailer *t, struct source *s)
{
    s->state = SOURCE_LIVE;
    if (has_unread(s))
        stream_queue(t, s->stream);
}

static bool claim_plain(struct tailer *t, struct source *s, struct source *from, bool shorter)
{
    struct err ignored;
    struct identity whole;
    if (shorter) { /* all of it was read in the original */
        if (!identity_of_file(&whole, &s->file, s->size, &ignored))
            return false;
        from->seen = whole;
    }
    source_claim(t, s, from);
    return true;
}

/* A generation that was cut comes before the file that lives: where lines repeat, both match. */
static bool find_original(struct tailer *t, struct source *s, int64_t now_ns)
{
    struct err ignored;
    stream_check(t, s->stream, now_ns);
    struct source *current = current_of(s->stream);
    if (!source_open(t, s, &ignored))
        return false;
    struct source *from = find_claimable(t, s, false);
    if (from)
        return claim_plain(t, s, from, false);
    if (current && current != s && is_copy(t, s, current)) {
        source_hold(s, current);
        return true;
    }
    from = find_claimable(t, s, true);
    return from && claim_plain(t, s, from, true);
}

void source_decide(struct tailer *t, struct source *s, int64_t now_ns)
{
    source_unhold(s);
    if (s->size == 0)
        return;
    /* Twice: the file may be cut between the look at it and the look at its copy. */
    if (s->rank != 0 && !find_original(t, s, now_ns))
        find_original(t, s, now_ns);
    if (!s->original)
        go_live(t, s);
}

/* ---- truncation ---- */

static uint64_t content_size(const struct source *s)
{
    return is_packed(s) ? s->total : s->size;
}

static struct source *largest_copy(const struct tailer *t, const struct source *original)
{
    struct source *best = NULL;
    struct stat st;
    struct err ignored;
    for (size_t i = 0, left = original->n_copies; left && i < t->n_sources; i++) {
        struct source *s = t->sources[i];
        if (s->original != original)
            continue;
        left--;
        if (!is_packed(s) && is_file_open(&s->file) && file_stat(&s->file, &st, &ignored))
            s->size = (uint64_t)st.st_size; /* cp may have gone on since the last look */
        if (!best || content_size(s) > content_size(best))
            best = s;
    }
    return best;
}

static bool take_over(struct tailer *t, struct source *s, struct source *from)
{
    struct err ignored;
    bool shorter = content_size(s) < from->seen.at.end;
    if (is_packed(s)) {
        source_claim(t, s, from);
        s->state = SOURCE_PENDING;
        if (!has_unread(s))
            s->state = SOURCE_DONE;
        stream_queue(t, s->stream);
        return true;
    }
    if (!source_open(t, s, &ignored) || !is_match(from, s, true, shorter) ||
        !claim_plain(t, s, from, shorter))
        return false;
    go_live(t, s);
    return true;
}

void copies_pass_on(struct tailer *t, struct source *from)
{
    struct source *heir = largest_copy(t, from);
    if (!heir)
        return;
    bool has_all = content_size(heir) >= from->size;
    if (from->state == SOURCE_GONE && is_file_open(&from->file) && !has_all)
        return; /* the deleted file still has more than its copy */
    move_copies(t, from, heir);
    if (!take_over(t, heir, from))
        stream_queue(t, heir->stream);
}

bool copies_agree(struct tailer *t, struct source *original)
{
    bool agree = true;
    for (size_t i = 0, left = original->n_copies; left && i < t->n_sources; i++) {
        struct source *s = t->sources[i];
        if (s->original != original)
            continue;
        left--;
        agree = agree && (is_packed(s) || is_copy(t, s, original));
    }
    if (!agree) {
        move_copies(t, original, NULL);
        folder_is_dirty(t, path_folder(str_from(original->path)));
    }
    return agree;
}

/* At most so many cut generations of one stream: files that are rewritten all the time. */
static void limit_truncated(struct tailer *t, struct stream *st)
{
    struct source *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        if (s->state != SOURCE_TRUNCATED)
            continue;
        n++;
        if (!oldest || s->number < oldest->number)
            oldest = s;
    }
    if (n > KEEP_PER_STREAM && !oldest->is_moved && !oldest->n_copies)
        source_forget(t, oldest);
}

/* What was read of it, as a source of its own. It gets the copies, but none takes over before the
 * folder was listed: there may be a better one. */
static void keep_generation(struct tailer *t, struct source *s, uint64_t size, int64_t now_ns)
{
    struct hash128 id;
    random_bytes(&id, sizeof id);
    struct source *kept = source_new(t, id, str_from(s->path), s->stream);
    kept->state = SOURCE_TRUNCATED;
    kept->inode = s->inode;
    kept->birth_ns = s->birth_ns;
    kept->seen = s->seen;
    kept->size = size;
    kept->lanes = s->lanes;
    lanes_scatter(s->stream);
    kept->mtime_ns = s->mtime_ns;
    kept->gone_ns = now_ns;
    kept->rank = -1;
    kept->in_line = s->in_line;
    kept->continues = s->continues;
    source_changed(t, kept);
    if (s->is_moved)
        source_pass_move(t, s, kept);
    move_copies(t, s, kept);
}

void source_truncated(struct tailer *t, struct source *s, uint64_t size, int64_t now_ns)
{
    inflation_cancel(t, s);
    if (s->seen.at.end > 0) {
        keep_generation(t, s, max_of(size, s->seen.at.end), now_ns);
        limit_truncated(t, s->stream);
    }
    move_copies(t, s, NULL);
    s->seen = (struct identity){0};
    s->sure_size = 0;
    s->lanes = (struct lanes){0};
    s->in_line = s->continues = s->is_dropped = false;
    s->grown_ns = now_ns;
    source_changed(t, s);
    stream_queue(t, s->stream);
    folder_is_dirty(t, path_folder(str_from(s->path)));
}
