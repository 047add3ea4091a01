#include "tests/crash/power.h"

#include "base/file.h"
#include "base/mem.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum call_kind {
    CALL_CREATE,
    CALL_WRITE,
    CALL_CUT,
    CALL_SYNC,
    CALL_RENAME,
    CALL_UNLINK,
    CALL_MKDIR,
    CALL_LINK,
    CALL_SYNC_FOLDER
};

struct call {
    enum call_kind kind;
    int inode;       /* our number for the file that the call is about; -1 for names only */
    char *path, *to; /* relative to the folder */
    char *bytes;
    uint64_t at, len;
};

struct power {
    char folder[256];
    struct call *calls;
    size_t n, capacity;
    int inodes;
    char *fd_path[1024]; /* relative path at opening, for descriptors below the folder */
    int fd_inode[1024];
    struct {
        char *path;
        int inode;
    } names[4096];
    size_t n_names;
};

static struct power *recording;
static struct {
    enum fault fault;
    size_t n, times, seen;
} faults;

/* ---- faults ---- */

static bool is_hit(void)
{
    size_t number = faults.seen++;
    return number >= faults.n && number - faults.n < faults.times;
}

static bool fails(bool is_write, bool is_sync)
{
    bool concerned = (faults.fault == FAULT_FULL && is_write) ||
                     (faults.fault == FAULT_IO && (is_write || is_sync));
    if (!concerned || !is_hit())
        return false;
    errno = faults.fault == FAULT_FULL ? ENOSPC : EIO;
    return true;
}

void faults_set(enum fault fault, size_t n, size_t times)
{
    faults = (__typeof__(faults)){.fault = fault, .n = n, .times = times};
}

/* ---- recording ---- */

static const char *relative(const char *path)
{
    size_t len = recording ? strlen(recording->folder) : 0;
    if (!recording || strncmp(path, recording->folder, len) != 0)
        return NULL;
    if (path[len] == '\0')
        return "";
    return path[len] == '/' ? path + len + 1 : NULL;
}

static struct call *note(enum call_kind kind, int inode, const char *path)
{
    struct power *p = recording;
    mem_grow(p->calls, p->n, p->capacity);
    struct call *call = &p->calls[p->n++];
    *call = (struct call){.kind = kind, .inode = inode, .path = path ? strdup(path) : NULL};
    return call;
}

static int inode_of(const char *path)
{
    for (size_t i = 0; i < recording->n_names; i++) {
        if (strcmp(recording->names[i].path, path) == 0)
            return recording->names[i].inode;
    }
    return -1;
}

static void forget_name(const char *path)
{
    for (size_t i = 0; i < recording->n_names; i++) {
        if (strcmp(recording->names[i].path, path) == 0) {
            free(recording->names[i].path);
            recording->names[i] = recording->names[--recording->n_names];
            return;
        }
    }
}

static void set_name(const char *path, int inode)
{
    forget_name(path);
    assert(recording->n_names < countof(recording->names));
    recording->names[recording->n_names].path = strdup(path);
    recording->names[recording->n_names++].inode = inode;
}

static int power_open(const char *path, int flags, mode_t mode)
{
    bool makes = (flags & O_CREAT) && access(path, F_OK) != 0;
    if (makes && fails(true, false))
        return -1;
    int fd = disk_kernel.open(path, flags, mode);
    const char *name = fd >= 0 ? relative(path) : NULL;
    if (!name)
        return fd;
    assert((size_t)fd < countof(recording->fd_inode));
    if (makes) {
        set_name(name, recording->inodes);
        note(CALL_CREATE, recording->inodes++, name);
    }
    recording->fd_inode[fd] = (flags & O_DIRECTORY) ? -1 : inode_of(name);
    free(recording->fd_path[fd]);
    recording->fd_path[fd] = strdup(name);
    return fd;
}

static int power_close(int fd)
{
    if (recording && (size_t)fd < countof(recording->fd_path)) {
        free(recording->fd_path[fd]);
        recording->fd_path[fd] = NULL;
    }
    return disk_kernel.close(fd);
}

static bool is_recorded(int fd)
{
    return recording && (size_t)fd < countof(recording->fd_path) && recording->fd_path[fd];
}

static ssize_t power_pwrite(int fd, const void *buf, size_t n, off_t at)
{
    if (fails(true, false))
        return -1;
    if (faults.fault == FAULT_SHORT && n > 1 && is_hit())
        n /= 2;
    ssize_t done = disk_kernel.pwrite(fd, buf, n, at);
    if (done > 0 && is_recorded(fd)) {
        struct call *call = note(CALL_WRITE, recording->fd_inode[fd], NULL);
        call->bytes = mem_alloc((size_t)done);
        memcpy(call->bytes, buf, (size_t)done);
        call->at = (uint64_t)at;
        call->len = (uint64_t)done;
    }
    return done;
}

static int power_ftruncate(int fd, off_t size)
{
    if (fails(true, false))
        return -1;
    int result = disk_kernel.ftruncate(fd, size);
    if (result == 0 && is_recorded(fd))
        note(CALL_CUT, recording->fd_inode[fd], NULL)->at = (uint64_t)size;
    return result;
}

static int power_fdatasync(int fd)
{
    if (fails(false, true))
        return -1;
    if (is_recorded(fd))
        note(CALL_SYNC, recording->fd_inode[fd], NULL);
    return 0;
}

static int power_fsync(int fd)
{
    if (fails(false, true))
        return -1;
    if (is_recorded(fd))
        note(recording->fd_inode[fd] < 0 ? CALL_SYNC_FOLDER : CALL_SYNC, recording->fd_inode[fd],
             recording->fd_path[fd]);
    return 0;
}

static int power_rename(const char *from, const char *to)
{
    if (fails(true, false))
        return -1;
    int result = disk_kernel.rename(from, to);
    if (result == 0 && relative(from)) {
        int inode = inode_of(relative(from));
        note(CALL_RENAME, inode, relative(from))->to = strdup(relative(to));
        forget_name(relative(from));
        set_name(relative(to), inode);
    }
    return result;
}

static int power_link(const char *from, const char *to)
{
    if (fails(true, false))
        return -1;
    int result = disk_kernel.link(from, to);
    if (result == 0 && relative(from)) {
        int inode = inode_of(relative(from));
        note(CALL_LINK, inode, relative(from))->to = strdup(relative(to));
        set_name(relative(to), inode);
    }
    return result;
}

static int power_unlink(const char *path)
{
    int result = disk_kernel.unlink(path);
    if (result == 0 && relative(path)) {
        note(CALL_UNLINK, -1, relative(path));
        forget_name(relative(path));
    }
    return result;
}

static int power_rmdir(const char *path)
{
    int result = disk_kernel.rmdir(path);
    if (result == 0 && relative(path))
        note(CALL_UNLINK, -1, relative(path));
    return result;
}

static int power_mkdir(const char *path, mode_t mode)
{
    if (fails(true, false))
        return -1;
    int result = disk_kernel.mkdir(path, mode);
    if (result == 0 && relative(path))
        note(CALL_MKDIR, -1, relative(path));
    return result;
}

static int power_fallocate(int fd, off_t size)
{
    if (fails(true, false))
        return -1;
    return disk_kernel.ftruncate(
        fd, size); /* its length without its room: there are hundreds of such disks */
}

static ssize_t power_pread(int fd, void *buf, size_t n, off_t at)
{
    return disk_kernel.pread(fd, buf, n, at);
}

static const struct disk disk_power = {
    .open = power_open,
    .close = power_close,
    .pread = power_pread,
    .pwrite = power_pwrite,
    .ftruncate = power_ftruncate,
    .fdatasync = power_fdatasync,
    .fsync = power_fsync,
    .rename = power_rename,
    .link = power_link,
    .unlink = power_unlink,
    .rmdir = power_rmdir,
    .mkdir = power_mkdir,
    .fallocate = power_fallocate,
    .statvfs = statvfs,
};

struct power *power_record(const char *folder)
{
    assert(!recording && strlen(folder) < sizeof recording->folder);
    recording = mem_new(struct power);
    memcpy(recording->folder, folder, strlen(folder));
    disk = &disk_power;
    return recording;
}

void power_stop(struct power *p)
{
    assert(p == recording);
    recording = NULL;
    disk = &disk_kernel;
}

void power_free(struct power **address)
{
    struct power *p = *address;
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        free(p->calls[i].path);
        free(p->calls[i].to);
        mem_free(&p->calls[i].bytes);
    }
    for (size_t i = 0; i < p->n_names; i++)
        free(p->names[i].path);
    for (size_t i = 0; i < countof(p->fd_path); i++)
        free(p->fd_path[i]);
    mem_free(&p->calls);
    mem_free(address);
}

size_t power_calls(const struct power *p)
{
    return p->n;
}

/* ---- laying out ---- */

static uint64_t draw(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static bool is_in_folder(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    return strlen(folder) == len && strncmp(path, folder, len) == 0;
}

static bool is_name_call(const struct call *c)
{
    return c->kind == CALL_CREATE || c->kind == CALL_RENAME || c->kind == CALL_UNLINK ||
           c->kind == CALL_MKDIR || c->kind == CALL_LINK;
}

/* Name changes of a folder reach the disk in order, so one cut per folder decides; here one draw
 * for all: a change is there if it was synced or lies before the drawn call. */
static bool is_name_durable(const struct power *p, size_t i, size_t n, size_t drawn)
{
    if (i < drawn)
        return true;
    for (size_t k = i + 1; k < n; k++) {
        if (p->calls[k].kind == CALL_SYNC_FOLDER &&
            is_in_folder(p->calls[i].path, p->calls[k].path))
            return true;
    }
    return false;
}

static bool is_synced(const struct power *p, size_t i, size_t n)
{
    for (size_t k = i + 1; k < n; k++) {
        if (p->calls[k].kind == CALL_SYNC && p->calls[k].inode == p->calls[i].inode)
            return true;
    }
    return false;
}

static void write_all(int fd, const char *bytes, uint64_t len, uint64_t at)
{
    if (pwrite(fd, bytes, len, (off_t)at) != (ssize_t)len) {
        perror("power_cut: pwrite");
        abort();
    }
}

/* A write that no sync covered: each sector is there, is not, or is garbage. */
static void write_torn(int fd, const struct call *c, uint64_t *seed)
{
    static const char garbage[512] = {'\x5a', '\x00', '\xff'};
    uint64_t mood = draw(seed) % 4; /* all, none, prefix, any sectors */
    uint64_t prefix = c->len ? draw(seed) % c->len : 0;
    if (mood == 0)
        write_all(fd, c->bytes, c->len, c->at);
    if (mood == 2)
        write_all(fd, c->bytes, prefix, c->at);
    if (mood != 3)
        return;
    for (uint64_t from = 0; from < c->len;) {
        uint64_t len = min_of(512 - (c->at + from) % 512, c->len - from);
        uint64_t fate = draw(seed) % 4;
        if (fate < 2)
            write_all(fd, c->bytes + from, len, c->at + from);
        else if (fate == 2)
            write_all(fd, garbage, len, c->at + from);
        from += len;
    }
}

static void lay_out_data(const struct power *p, size_t n, uint64_t *seed, const char *inodes)
{
    for (size_t i = 0; i < n; i++) {
        const struct call *c = &p->calls[i];
        if (c->kind != CALL_CREATE && c->kind != CALL_WRITE && c->kind != CALL_CUT)
            continue;
        char path[600];
        snprintf(path, sizeof path, "%s/%d", inodes, c->inode);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        assert(fd >= 0);
        bool synced = is_synced(p, i, n);
        if (c->kind == CALL_CUT && (synced || draw(seed) % 2))
            assert(ftruncate(fd, (off_t)c->at) == 0);
        else if (c->kind == CALL_WRITE && synced)
            write_all(fd, c->bytes, c->len, c->at);
        else if (c->kind == CALL_WRITE)
            write_torn(fd, c, seed);
        close(fd);
    }
}

static void lay_out_name(const struct call *c, const char *inodes, const char *to)
{
    char from[600], name[600], other[600];
    snprintf(from, sizeof from, "%s/%d", inodes, c->inode);
    snprintf(name, sizeof name, "%s/%s", to, c->path);
    snprintf(other, sizeof other, "%s/%s", to, c->to ? c->to : "");
    switch (c->kind) {
    case CALL_CREATE:
        unlink(name);
        (void)!link(from, name);
        break;
    case CALL_LINK:
        (void)!link(from, other);
        break;
    case CALL_RENAME:
        unlink(other);
        (void)!link(from, other);
        unlink(name);
        break;
    case CALL_UNLINK:
        remove(name); /* a file, or a folder that is empty */
        break;
    case CALL_MKDIR:
        mkdir(name, 0700);
        break;
    default:
        break;
    }
}

void power_cut(const struct power *p, size_t n, uint64_t seed, const char *to)
{
    char inodes[512];
    snprintf(inodes, sizeof inodes, "%s.inodes", to);
    nftw(to, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    nftw(inodes, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(to, 0700) != 0 || mkdir(inodes, 0700) != 0) {
        perror("power_cut: mkdir");
        abort();
    }
    lay_out_data(p, n, &seed, inodes);
    size_t drawn = (size_t)(draw(&seed) % (n + 1));
    if (draw(&seed) % 3 == 0)
        drawn = n;
    for (size_t i = 0; i < n; i++) {
        if (is_name_call(&p->calls[i]) && is_name_durable(p, i, n, drawn))
            lay_out_name(&p->calls[i], inodes, to);
    }
    nftw(inodes, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void run_with_faults(size_t calls, fault_run *run)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    const char *base = arena_print(&a, "%s/disk", test_folder()).ptr;
    REQUIRE_OK(folder_make(base, &err));
    defer(power_free) struct power *power = power_record(base);
    for (enum fault fault = FAULT_FULL; fault <= FAULT_SHORT; fault++)
        for (size_t n = 0; n < calls; n += 1 + n / 20)
            for (size_t times = 1; times <= 16; times *= 4)
                run(fault, n, times,
                    arena_print(&a, "%s/%d-%zu-%zu", base, (int)fault, n, times).ptr);
    power_stop(power);
}
