#include "collector/tokens.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/io/crypto.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum { FILE_MAX = 4 << 20, SECRET_BYTES = 32, NOTE_MAX = 100 };

static const struct {
    struct str name;
    const char *prefix;
    unsigned role, access;
} roles[] = {
    {STR_INIT("read"), "slr_", ACCESS_READ, ACCESS_READ},
    {STR_INIT("write"), "slw_", ACCESS_WRITE, ACCESS_WRITE},
    {STR_INIT("admin"), "sla_", ACCESS_ADMIN, ACCESS_READ | ACCESS_WRITE | ACCESS_ADMIN},
};

struct token {
    unsigned char digest[SHA256_SIZE];
    unsigned access;
};

struct tokens {
    char *path; /* owned */
    struct token *items;
    size_t n;
    struct timespec changed; /* modification time of what was read */
    off_t size;
    bool was_read;
};

bool parse_role(struct str name, unsigned *role)
{
    for (size_t i = 0; i < countof(roles); i++) {
        if (str_equal(name, roles[i].name)) {
            *role = roles[i].role;
            return true;
        }
    }
    return false;
}

static size_t row_of(unsigned role)
{
    size_t i = 0;
    while (roles[i].role != role)
        i++;
    return i;
}

void tokens_close(struct tokens **t)
{
    if (!*t)
        return;
    mem_free(&(*t)->path);
    mem_free(&(*t)->items);
    mem_free(t);
}

static bool parse_digest(struct str hex, unsigned char digest[SHA256_SIZE])
{
    struct hash128 halves[2];
    if (hex.len != 2 * SHA256_SIZE || !hash128_parse(str_slice(hex, 0, 32), &halves[0]) ||
        !hash128_parse(str_slice(hex, 32, 32), &halves[1]))
        return false;
    for (int i = 0; i < SHA256_SIZE; i++) {
        uint64_t part = i % 16 < 8 ? halves[i / 16].high : halves[i / 16].low;
        digest[i] = (unsigned char)(part >> (56 - 8 * (i % 8)));
    }
    return true;
}

static bool parse_line(struct str line, struct token *token)
{
    struct str role, digest;
    unsigned known;
    if (!take_until(&line, ' ', &role) || !parse_role(role, &known) ||
        !take_until(&line, ' ', &digest) || !parse_digest(digest, token->digest))
        return false;
    token->access = roles[row_of(known)].access;
    return true;
}

static bool parse_file(struct tokens *t, struct str text, struct err *err)
{
    size_t n = 0, capacity = 0, number = 0;
    defer(mem_free) struct token *items = NULL;
    struct str line;
    while (take_until(&text, '\n', &line)) {
        number++;
        line = str_trim(line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        mem_grow(items, n, capacity);
        if (n == TOKENS_MAX || !parse_line(line, &items[n]))
            return err_set(err, ERR_INPUT, "%s:%zu: expected \"role sha256 created note\"", t->path,
                           number);
        n++;
    }
    mem_free(&t->items);
    t->items = move(items);
    t->n = n;
    return true;
}

bool tokens_refresh(struct tokens *t, struct err *err)
{
    struct stat st = {0};
    struct err missing;
    defer(buf_free) struct buf text = {.max = FILE_MAX};
    bool exists = path_stat(t->path, &st, &missing);
    if (!exists && missing.code != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    if (t->was_read && st.st_size == t->size && st.st_mtim.tv_sec == t->changed.tv_sec &&
        st.st_mtim.tv_nsec == t->changed.tv_nsec)
        return true;
    if (exists && !file_load(t->path, FILE_MAX, &text, err))
        return false;
    if (!parse_file(t, buf_str(&text), err))
        return false;
    t->was_read = true;
    t->size = st.st_size;
    t->changed = st.st_mtim;
    return true;
}

bool tokens_open(struct tokens **out, const char *folder, struct err *err)
{
    defer(tokens_close) struct tokens *t = mem_new(struct tokens);
    defer(buf_free) struct buf path = {0};
    buf_print(&path, "%s/tokens", folder);
    buf_text(&path);
    t->path = move(path.ptr);
    if (!tokens_refresh(t, err))
        return false;
    *out = move(t);
    return true;
}

bool tokens_make(struct tokens *t, unsigned role, struct str note, int64_t now_ns,
                 char text[TOKEN_TEXT], struct err *err)
{
    unsigned char secret[SECRET_BYTES], digest[SHA256_SIZE];
    defer(buf_wipe) struct buf token = {.max = 128};
    defer(buf_free) struct buf file = {.max = FILE_MAX};
    if (t->n == TOKENS_MAX)
        return err_set(err, ERR_LIMIT, "there are %d tokens already; remove some from %s",
                       TOKENS_MAX, t->path);
    random_bytes(secret, sizeof secret);
    buf_add(&token, str_from(roles[row_of(role)].prefix));
    put_base64url(&token, str_of(secret, sizeof secret));
    sha256(buf_str(&token), digest);
    if (!file_load(t->path, FILE_MAX, &file, err) && err->code != ERR_NOT_FOUND)
        return false;
    if (file.len && file.ptr[file.len - 1] != '\n')
        buf_add_byte(&file, '\n');
    buf_print(&file, "%.*s ", STR_ARG(roles[row_of(role)].name));
    for (size_t i = 0; i < sizeof digest; i++)
        buf_print(&file, "%02x", digest[i]);
    buf_add_byte(&file, ' ');
    put_rfc3339(&file, now_ns, 0);
    buf_add_byte(&file, ' ');
    for (size_t i = 0; i < min_of(note.len, (size_t)NOTE_MAX); i++)
        buf_add_byte(&file, note.ptr[i] < ' ' ? '_' : note.ptr[i]);
    buf_add_byte(&file, '\n');
    bool kept = !file.over && file_replace(t->path, buf_str(&file), 0600, err);
    if (kept)
        memcpy(text, buf_text(&token), TOKEN_TEXT);
    mem_wipe(secret, sizeof secret);
    return kept && tokens_refresh(t, err);
}

/* The token in "user:TOKEN" in base64. */
static struct str token_of_pair(struct str encoded, char *room, size_t size)
{
    size_t n = decode_base64(encoded, room, size);
    struct str pair = str_of(room, n == SIZE_MAX ? 0 : n);
    size_t colon = str_find_byte(pair, ':');
    return colon == SIZE_MAX ? STR("") : str_slice(pair, colon + 1, SIZE_MAX);
}

unsigned tokens_access(const struct tokens *t, struct str authorization)
{
    char room[256];
    struct str scheme, token = authorization;
    if (!take_until(&token, ' ', &scheme))
        return ACCESS_NONE;
    token = str_trim(token);
    if (str_equal_nocase(scheme, STR("Basic")) || str_equal_nocase(scheme, STR("ApiKey")))
        token = token_of_pair(token, room, sizeof room);
    else if (!str_equal_nocase(scheme, STR("Bearer")))
        return ACCESS_NONE;
    unsigned char digest[SHA256_SIZE];
    unsigned access = ACCESS_NONE;
    sha256(token, digest);
    mem_wipe(room, sizeof room);
    for (size_t i = 0; i < t->n; i++) /* all of them, whichever it is */
        access |= is_same_secret(digest, t->items[i].digest, SHA256_SIZE) ? t->items[i].access : 0;
    return access;
}
