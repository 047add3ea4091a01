#include "shipper/glob.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>

struct str path_name(struct str path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    return slash ? str_slice(path, (size_t)(slash - path.ptr) + 1, path.len) : path;
}

struct str path_folder(struct str path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    if (!slash)
        return STR(".");
    return slash == path.ptr ? STR("/") : str_of(path.ptr, (size_t)(slash - path.ptr));
}

/* Where the set that begins at pattern[at] == '[' ends (its ']'), or SIZE_MAX. */
static size_t set_end(struct str pattern, size_t at)
{
    size_t i = at + 1;
    if (i < pattern.len && (pattern.ptr[i] == '!' || pattern.ptr[i] == '^'))
        i++;
    if (i < pattern.len && pattern.ptr[i] == ']') /* first in the set: itself */
        i++;
    for (; i < pattern.len; i++)
        if (pattern.ptr[i] == ']')
            return i;
    return SIZE_MAX;
}

static bool is_in_set(struct str set, unsigned char c)
{
    bool negated = set.len && (set.ptr[0] == '!' || set.ptr[0] == '^');
    bool found = false;
    for (size_t i = negated; i < set.len; i++) {
        unsigned char low = (unsigned char)set.ptr[i], high = low;
        if (i + 2 < set.len && set.ptr[i + 1] == '-') {
            high = (unsigned char)set.ptr[i + 2];
            i += 2;
        }
        found = found || (c >= low && c <= high);
    }
    return found != negated;
}

/* One byte of the name against what stands at pattern[at] (not '*'); its length in *used. */
static bool match_one(struct str pattern, size_t at, char c, size_t *used)
{
    *used = 1;
    char p = pattern.ptr[at];
    if (p == '?')
        return true;
    if (p == '[') {
        size_t end = set_end(pattern, at);
        if (end != SIZE_MAX) {
            *used = end + 1 - at;
            return is_in_set(str_slice(pattern, at + 1, end - at - 1), (unsigned char)c);
        }
    }
    if (p == '\\' && at + 1 < pattern.len) {
        *used = 2;
        p = pattern.ptr[at + 1];
    }
    return p == c;
}

bool glob_match(struct str pattern, struct str name)
{
    if (name.len && name.ptr[0] == '.' && (!pattern.len || pattern.ptr[0] != '.'))
        return false;
    size_t p = 0, n = 0, star = SIZE_MAX, star_name = 0, used;
    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = ++p;
            star_name = n;
        } else if (p < pattern.len && match_one(pattern, p, name.ptr[n], &used)) {
            p += used;
            n++;
        } else if (star != SIZE_MAX) { /* the last star takes one more byte */
            p = star;
            n = ++star_name;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool glob_match_path(struct str pattern, struct str path)
{
    struct str p, n;
    while (pattern.len && path.len) {
        take_until(&pattern, '/', &p);
        take_until(&path, '/', &n);
        if (!glob_match(p, n))
            return false;
    }
    return pattern.len == 0 && path.len == 0;
}

bool glob_check(struct str pattern, struct err *err)
{
    if (!str_starts(pattern, STR("/")))
        return err_set(err, ERR_INPUT, "\"%.*s\" is not an absolute path", STR_ARG(pattern));
    if (pattern.len >= PATH_MAX || memchr(pattern.ptr, 0, pattern.len))
        return err_set(err, ERR_INPUT, "the path is too long or holds a NUL byte");
    if (str_ends(pattern, STR("/")))
        return err_set(err, ERR_INPUT, "\"%.*s\" names a folder; add a name, as in /*.log",
                       STR_ARG(pattern));
    struct str rest = str_slice(pattern, 1, pattern.len), part;
    while (take_until(&rest, '/', &part)) {
        if (!part.len || str_equal(part, STR(".")) || str_equal(part, STR("..")))
            return err_set(err, ERR_INPUT, "\"%.*s\" has an empty part, \".\" or \"..\"",
                           STR_ARG(pattern));
        if (str_equal(part, STR("**")))
            return err_set(err, ERR_INPUT,
                           "\"**\" is not known; name the folders, as in /a/*/*.log");
        for (size_t i = 0; i < part.len; i++) {
            if (part.ptr[i] == '\\')
                i++;
            else if (part.ptr[i] == '[' && (i = set_end(part, i)) == SIZE_MAX)
                return err_set(err, ERR_INPUT, "\"%.*s\" has a \"[\" without \"]\"",
                               STR_ARG(pattern));
        }
    }
    return true;
}

bool has_wildcards(struct str part)
{
    for (size_t i = 0; i < part.len; i++)
        if (memchr("*?[\\", part.ptr[i], 4))
            return true;
    return false;
}

struct expansion {
    void (*each)(void *context, struct str folder);
    void *context;
    size_t left; /* folders that may still be given */
};

/* Goes down from a folder that exists ("" is the root) along the rest of the pattern. */
static void expand(struct expansion *x, struct str folder, struct str rest)
{
    defer(arena_free) struct arena arena = {0};
    struct err ignored;
    struct stat st;
    struct str part;
    const char *path = folder.len ? arena_text(&arena, folder) : "/";
    if (x->left == 0 || folder.len >= PATH_MAX)
        return;
    if (!take_until(&rest, '/', &part)) {
        x->left--;
        x->each(x->context, str_from(path));
        return;
    }
    struct str *names = &part;
    size_t n = 1;
    if (has_wildcards(part) && !folder_list(path, &arena, &names, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        if (names != &part && !glob_match(part, names[i]))
            continue;
        struct str below = arena_print(&arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names[i]));
        if (path_stat(below.ptr, &st, &ignored) && S_ISDIR(st.st_mode))
            expand(x, below, rest);
    }
}

void glob_folders(struct str pattern, void (*each)(void *context, struct str folder), void *context)
{
    struct expansion x = {each, context, GLOB_FOLDERS_MAX};
    struct str front = path_folder(pattern);
    expand(&x, (struct str){"", 0}, str_slice(front, 1, front.len));
}
