/*
 * The only door to the disk. Every call goes through one table of system calls (struct disk), which
 * tests replace: a disk that fails at the n-th call, writes short, is full, or records everything
 * so that a power cut at any moment can be laid out afterwards (tests/crash/power.h).
 *
 * What is durable when (POSIX, and what ext4, xfs and btrfs keep):
 *   - bytes, after file_sync of their file;
 *   - a new, renamed or removed name, after folder_sync of its folder;
 *   - file_replace does both: a reader sees the old content or the new one, whole.
 * After a failed file_sync the kernel may have thrown the pages away, so a caller must not sync the
 * same file again and believe it.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

struct disk {
    int (*open)(const char *path, int flags, mode_t mode);
    int (*close)(int fd);
    ssize_t (*pread)(int fd, void *buf, size_t n, off_t at);
    ssize_t (*pwrite)(int fd, const void *buf, size_t n, off_t at);
    int (*ftruncate)(int fd, off_t size);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd); /* folders */
    int (*rename)(const char *from, const char *to);
    int (*link)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*rmdir)(const char *path);
    int (*mkdir)(const char *path, mode_t mode);
    int (*fallocate)(int fd, off_t size);
    int (*statvfs)(const char *path, struct statvfs *space);
};

extern const struct disk disk_kernel; /* the real one */
extern const struct disk *disk;       /* the one in use; only tests set it, before any thread */

enum file_mode {
    FILE_READ,       /* must exist */
    FILE_READ_PLAIN, /* the same, and be a file: no link, pipe or device */
    FILE_WRITE,      /* read and write; must exist */
    FILE_CREATE,     /* read and write; must not exist; mode 0600 */
    FILE_OPEN_MAKE,  /* read and write; made if it does not exist; mode 0600 */
};

/* An open file; zero value = closed (fd is stored plus one). */
struct file {
    int fd_plus_1;
};

bool file_open(struct file *f, const char *path, enum file_mode mode, struct err *err);
/* To read and write, without a name, in $TMPDIR or /tmp: it goes when it is closed. */
bool file_open_temporary(struct file *f, struct err *err);
void file_close(struct file *f);
bool is_file_open(const struct file *f);
int file_fd(const struct file *f); /* for poll, lock and stat; not for reading or writing */

/* Reads until n bytes or the end; *got tells which. */
bool file_read_at(const struct file *f, uint64_t at, void *buf, size_t n, size_t *got,
                  struct err *err);
/* What comes next, at most n bytes; *got is 0 at the end. For pipes and the like, which have no places: it waits for
 * who writes, also for the first one. */
bool file_read_next(const struct file *f, void *buf, size_t n, size_t *got, struct err *err);
/* All or an error; on an error any part may have been written. */
bool file_write_at(const struct file *f, uint64_t at, struct str bytes, struct err *err);
bool file_truncate(const struct file *f, uint64_t size, struct err *err);
bool file_sync(const struct file *f, struct err *err);
bool file_size(const struct file *f, uint64_t *size, struct err *err);
bool file_stat(const struct file *f, struct stat *st, struct err *err);
int64_t file_birth(const struct file *f); /* ns since 1970; 0 if the file system does not say */
bool file_reserve(const struct file *f, uint64_t size, struct err *err); /* real disk blocks */
/* An exclusive lock for the life of the descriptor; ERR_CONFLICT if another process has it. */
bool file_lock(const struct file *f, struct err *err);

/* The whole of a file, at most max bytes (ERR_LIMIT above). */
bool file_load(const char *path, size_t max, struct buf *out, struct err *err);
bool file_load_plain(const char *path, size_t max, struct buf *out,
                     struct err *err); /* READ_PLAIN */
/* The same of what may be a pipe, to its end; "-": standard input. */
bool file_load_waiting(const char *path, size_t max, struct buf *out, struct err *err);
/* Durable when it returns: temporary name, sync, rename, sync of the folder. Mode as given. */
bool file_replace(const char *path, struct str content, mode_t mode, struct err *err);
bool file_remove(const char *path, struct err *err); /* a missing file is no error */
bool file_rename(const char *from, const char *to, struct err *err);
/* A second name for the same file. */
bool file_link(const char *from, const char *to, struct err *err);
bool path_stat(const char *path, struct stat *st, struct err *err);
/* The user who decides what the path leads to: the owner of its first part that is neither root's nor
 * ours. False: there is none. */
bool path_user(const char *path, uid_t *user);
/* A symbolic link itself, not what it leads to. */
bool path_stat_link(const char *path, struct stat *st, struct err *err);

/* Makes the folder and the missing ones above it (mode 0700), each durable. */
bool folder_make(const char *path, struct err *err);
bool folder_make_above(const char *path, struct err *err); /* the folder that holds path */
/* Only if there is nothing in it. */
void folder_remove_empty(const char *path);
bool folder_sync(const char *path, struct err *err);
bool folder_sync_above(const char *path, struct err *err);
/* Names (not paths) in byte order, without "." and ".."; memory from the arena. */
bool folder_list(const char *path, struct arena *arena, struct str **names, size_t *n,
                 struct err *err);
/* As many descriptors as the process may have; how many that are. */
size_t file_raise_limit(void);
/* It lies in the layer of a container, with which it will be removed. */
bool is_in_container_layer(const char *path);
/* Bytes free for an unprivileged writer, and the size of the whole disk. */
bool disk_space(const char *path, uint64_t *free_bytes, uint64_t *size, struct err *err);

#endif
