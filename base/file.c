#include "base/file.h"

#include "base/hash.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

static int kernel_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static int kernel_fallocate(int fd, off_t size)
{
    return fallocate(fd, 0, 0, size);
}

const struct disk disk_kernel = {
    .open = kernel_open,
    .close = close,
    .pread = pread,
    .pwrite = pwrite,
    .ftruncate = ftruncate,
    .fdatasync = fdatasync,
    .fsync = fsync,
    .rename = rename,
    .link = link,
    .unlink = unlink,
    .rmdir = rmdir,
    .mkdir = mkdir,
    .fallocate = kernel_fallocate,
    .statvfs = statvfs,
};

const struct disk *disk = &disk_kernel;

bool file_open(struct file *f, const char *path, enum file_mode mode, struct err *err)
{
    static const int flags[] = {
        [FILE_READ] = O_RDONLY,
        [FILE_READ_PLAIN] = O_RDONLY | O_NOFOLLOW,
        [FILE_WRITE] = O_RDWR,
        [FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
        [FILE_OPEN_MAKE] = O_RDWR | O_CREAT,
    };
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang us. */
    int fd = disk->open(path, flags[mode] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_sys(err, "open %s", path);
    f->fd_plus_1 = fd + 1;
    struct stat st;
    if (mode != FILE_READ_PLAIN || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return true;
    file_close(f);
    return err_set(err, ERR_INPUT, "%s is not a file", path);
}

bool file_open_temporary(struct file *f, struct err *err)
{
    uint64_t number;
    const char *folder = getenv("TMPDIR");
    defer(arena_free) struct arena arena = {0};
    random_bytes(&number, sizeof number);
    const char *path = arena_print(&arena, "%s/sluice-%016llx", folder && *folder ? folder : "/tmp",
                                   (unsigned long long)number)
                           .ptr;
    return file_open(f, path, FILE_CREATE, err) && file_remove(path, err);
}

void file_close(struct file *f)
{
    if (f->fd_plus_1)
        disk->close(f->fd_plus_1 - 1);
    f->fd_plus_1 = 0;
}

bool is_file_open(const struct file *f)
{
    return f->fd_plus_1 != 0;
}
int file_fd(const struct file *f)
{
    return f->fd_plus_1 - 1;
}

bool file_read_at(const struct file *f, uint64_t at, void *buf, size_t n, size_t *got,
                  struct err *err)
{
    size_t done = 0;
    while (done < n) {
        ssize_t r = disk->pread(file_fd(f), (char *)buf + done, n - done, (off_t)(at + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_sys(err, "read at %llu", (unsigned long long)(at + done));
        if (r == 0)
            break;
        done += (size_t)r;
    }
    *got = done;
    return true;
}

bool file_read_next(const struct file *f, void *buf, size_t n, size_t *got, struct err *err)
{
    struct pollfd ready = {.fd = file_fd(f), .events = POLLIN};
    ssize_t r;
    do {
        poll(&ready, 1, -1);
        r = read(file_fd(f), buf, n);
    } while (r < 0 && (errno == EINTR || errno == EAGAIN));
    if (r < 0)
        return err_sys(err, "read");
    *got = (size_t)r;
    return true;
}

bool file_write_at(const struct file *f, uint64_t at, struct str bytes, struct err *err)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t r =
            disk->pwrite(file_fd(f), bytes.ptr + done, bytes.len - done, (off_t)(at + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_sys(err, "write at %llu", (unsigned long long)(at + done));
        if (r == 0)
            return err_set(err, ERR_SYSTEM, "write at %llu: nothing was written",
                           (unsigned long long)(at + done));
        done += (size_t)r;
    }
    return true;
}

bool file_truncate(const struct file *f, uint64_t size, struct err *err)
{
    if (disk->ftruncate(file_fd(f), (off_t)size) != 0)
        return err_sys(err, "cut to %llu bytes", (unsigned long long)size);
    return true;
}

bool file_sync(const struct file *f, struct err *err)
{
    if (disk->fdatasync(file_fd(f)) != 0)
        return err_sys(err, "sync");
    return true;
}

bool file_stat(const struct file *f, struct stat *st, struct err *err)
{
    if (fstat(file_fd(f), st) != 0)
        return err_sys(err, "stat");
    return true;
}

int64_t file_birth(const struct file *f)
{
    struct statx st;
    if (statx(file_fd(f), "", AT_EMPTY_PATH, STATX_BTIME, &st) != 0 || !(st.stx_mask & STATX_BTIME))
        return 0;
    return (int64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
}

bool file_size(const struct file *f, uint64_t *size, struct err *err)
{
    struct stat st;
    if (!file_stat(f, &st, err))
        return false;
    *size = (uint64_t)st.st_size;
    return true;
}

bool file_reserve(const struct file *f, uint64_t size, struct err *err)
{
    if (disk->fallocate(file_fd(f), (off_t)size) != 0)
        return err_sys(err, "reserve %llu bytes", (unsigned long long)size);
    return true;
}

bool file_lock(const struct file *f, struct err *err)
{
    if (flock(file_fd(f), LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_CONFLICT, "in use by another process");
    return err_sys(err, "lock");
}

static bool load(const struct file *f, const char *path, bool has_places, size_t max,
                 struct buf *out, struct err *err)
{
    defer(buf_wipe) struct buf b = {.max = max + 1}; /* it may be a secret */
    for (size_t got = 1; got > 0; b.len += got) {
        size_t room = min_of((size_t)1 << 16, b.max - b.len);
        char *at = room ? buf_reserve(&b, room) : NULL;
        if (!at)
            return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
        if (!(has_places ? file_read_at(f, b.len, at, room, &got, err)
                         : file_read_next(f, at, room, &got, err)))
            return err_wrap(err, "%s", path);
    }
    if (b.len > max)
        return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
    buf_add(out, buf_str(&b));
    if (out->over)
        return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, out->max);
    return true;
}

bool file_load(const char *path, size_t max, struct buf *out, struct err *err)
{
    defer(file_close) struct file f = {0};
    return file_open(&f, path, FILE_READ, err) && load(&f, path, true, max, out, err);
}

bool file_load_plain(const char *path, size_t max, struct buf *out, struct err *err)
{
    defer(file_close) struct file f = {0};
    return file_open(&f, path, FILE_READ_PLAIN, err) && load(&f, path, true, max, out, err);
}

bool file_load_waiting(const char *path, size_t max, struct buf *out, struct err *err)
{
    const struct file input = {STDIN_FILENO + 1};
    defer(file_close) struct file f = {0};
    if (strcmp(path, "-") == 0)
        return load(&input, "standard input", false, max, out, err);
    return file_open(&f, path, FILE_READ, err) && load(&f, path, false, max, out, err);
}

bool path_user(const char *path, uid_t *user)
{
    char part[PATH_MAX];
    struct stat st;
    size_t len = strlen(path);
    if (len >= sizeof part)
        return false;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (lstat(part, &st) != 0)
            return false;
        *user = st.st_uid;
        if (st.st_uid != 0 && st.st_uid != geteuid())
            return true;
    }
    return false;
}

bool path_stat_link(const char *path, struct stat *st, struct err *err)
{
    if (lstat(path, st) != 0)
        return err_sys(err, "stat %s", path);
    return true;
}

bool path_stat(const char *path, struct stat *st, struct err *err)
{
    if (stat(path, st) != 0)
        return err_sys(err, "stat %s", path);
    return true;
}

/* The folder that holds path: "a/b/c" gives "a/b", "c" gives ".". */
static struct str folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return STR(".");
    return slash == path ? STR("/") : str_of(path, (size_t)(slash - path));
}

static bool write_new(const char *path, struct str content, mode_t mode, struct err *err)
{
    defer(file_close) struct file f = {0};
    if (!file_open(&f, path, FILE_CREATE, err))
        return false;
    if (fchmod(file_fd(&f), mode) != 0)
        return err_sys(err, "chmod %s", path);
    if (!file_write_at(&f, 0, content, err) || !file_sync(&f, err))
        return err_wrap(err, "%s", path);
    return true;
}

bool file_replace(const char *path, struct str content, mode_t mode, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    const char *temporary = arena_print(&a, "%s.new", path).ptr;
    if (!file_remove(temporary, err))
        return false;
    if (!write_new(temporary, content, mode, err) || !file_rename(temporary, path, err)) {
        disk->unlink(temporary);
        return false;
    }
    return folder_sync_above(path, err);
}

bool file_remove(const char *path, struct err *err)
{
    if (disk->unlink(path) != 0 && errno != ENOENT)
        return err_sys(err, "remove %s", path);
    return true;
}

bool file_rename(const char *from, const char *to, struct err *err)
{
    if (disk->rename(from, to) != 0)
        return err_sys(err, "rename %s to %s", from, to);
    return true;
}

bool file_link(const char *from, const char *to, struct err *err)
{
    if (disk->link(from, to) != 0)
        return err_sys(err, "link %s to %s", to, from);
    return true;
}

bool folder_sync(const char *path, struct err *err)
{
    int fd = disk->open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, "open folder %s", path);
    bool done = disk->fsync(fd) == 0;
    if (!done)
        err_sys(err, "sync folder %s", path);
    disk->close(fd);
    return done;
}

bool folder_make(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    defer(arena_free) struct arena a = {0};
    struct str above = folder_of(path);
    if (!str_equal(above, STR(".")) && !str_equal(above, STR("/")) &&
        !folder_make(arena_text(&a, above), err))
        return false;
    if (disk->mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_sys(err, "make folder %s", path);
    return folder_sync_above(path, err);
}

bool folder_make_above(const char *path, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    return folder_make(arena_text(&a, folder_of(path)), err);
}

void folder_remove_empty(const char *path)
{
    (void)disk->rmdir(path); /* ENOTEMPTY: it stays */
}

bool folder_sync_above(const char *path, struct err *err)
{
    defer(arena_free) struct arena a = {0};
    return folder_sync(arena_text(&a, folder_of(path)), err);
}

static int by_bytes(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

bool folder_list(const char *path, struct arena *arena, struct str **names, size_t *n,
                 struct err *err)
{
    defer(close_folder) DIR *folder = opendir(path);
    if (!folder)
        return err_sys(err, "open folder %s", path);
    size_t count = 0, capacity = 0;
    defer(mem_free) struct str *found = NULL;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)); errno = 0) {
        struct str name = str_from(entry->d_name);
        if (str_equal(name, STR(".")) || str_equal(name, STR("..")))
            continue;
        mem_grow(found, count, capacity);
        found[count++] = str_of(arena_text(arena, name), name.len);
    }
    if (errno != 0)
        return err_sys(err, "read folder %s", path);
    struct str *kept = arena_array(arena, struct str, count);
    if (count) {
        memcpy(kept, found, count * sizeof *kept);
        qsort(kept, count, sizeof *kept, by_bytes);
    }
    *names = kept;
    *n = count;
    return true;
}

bool disk_space(const char *path, uint64_t *free_bytes, uint64_t *size, struct err *err)
{
    struct statvfs st;
    if (disk->statvfs(path, &st) != 0)
        return err_sys(err, "statvfs %s", path);
    *free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    *size = (uint64_t)st.f_blocks * st.f_frsize;
    return true;
}

bool is_in_container_layer(const char *path)
{
    struct statfs st;
    return statfs(path, &st) == 0 && (uint64_t)st.f_type == OVERLAYFS_SUPER_MAGIC;
}

size_t file_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    return (size_t)min_of(limit.rlim_cur, (rlim_t)1 << 20);
}
