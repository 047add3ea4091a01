/* A line with the value of an Authorization header, then any bytes as the file of tokens. */
#include "base/file.h"
#include "base/mem.h"
#include "collector/tokens.h"
#include "tests/fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[80];

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static void make_path(void)
{
    if (make_folder(remove_folder))
        snprintf(path, sizeof path, "%s/tokens", folder);
}

static void put_file(struct str bytes)
{
    struct err err;
    defer(file_close) struct file f = {0};
    bool good = file_open(&f, path, FILE_OPEN_MAKE, &err) && file_truncate(&f, 0, &err) &&
                file_write_at(&f, 0, bytes, &err);
    assert(good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct str file = str_of(data, size), header;
    defer(tokens_close) struct tokens *t = NULL;
    make_path();
    if (!take_until(&file, '\n', &header))
        return 0;
    put_file(file);
    if (tokens_open(&t, folder, &err)) {
        unsigned access_rights = tokens_access(t, header);
        assert(access_rights <= (ACCESS_READ | ACCESS_WRITE | ACCESS_ADMIN));
    } else {
        assert(err.code == ERR_INPUT || err.code == ERR_LIMIT);
    }
    return 0;
}
