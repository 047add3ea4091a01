#include "forward/rejects.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"

bool rejects_keep(const char *folder, struct str name, struct str lines, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file file = {0};
    uint64_t size;
    const char *path = arena_print(&arena, "%s/%.*s.ndjson", folder, STR_ARG(name)).ptr;
    const char *former = arena_print(&arena, "%s/%.*s.1.ndjson", folder, STR_ARG(name)).ptr;
    if (!folder_make(folder, err) || !file_open(&file, path, FILE_OPEN_MAKE, err) ||
        !file_size(&file, &size, err))
        return err_wrap(err, "what was refused cannot be kept");
    if (size && size + lines.len > REJECTS_FILE_MAX) {
        file_close(&file);
        if (!file_rename(path, former, err) || !file_open(&file, path, FILE_OPEN_MAKE, err))
            return err_wrap(err, "what was refused cannot be kept");
        size = 0;
    }
    if (file_write_at(&file, size, lines, err))
        return true;
    struct err unused;
    file_truncate(&file, size, &unused); /* half a line would spoil the next one */
    return err_wrap(err, "what was refused cannot be kept");
}
