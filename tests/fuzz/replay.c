/*
 * Turns a fuzz target into a plain program: every file named on the command line, and every file in
 * a folder named there, is given to it once. So corpora are regression tests for any compiler and
 * any sanitizer, and without libFuzzer.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

enum { MAX_INPUT_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool replay_file(const char *path, struct err *err)
{
    defer(buf_free) struct buf input = {0};
    if (!file_load(path, MAX_INPUT_BYTES, &input, err))
        return err_wrap(err, "replay");
    printf("%s\n", path);
    fflush(stdout); /* the last line names the input that ended the process */
    uint8_t *exact = mem_alloc(input.len); /* so that reading past its end is seen */
    if (input.len > 0)
        memcpy(exact, input.ptr, input.len);
    LLVMFuzzerTestOneInput(exact, input.len);
    mem_free(&exact);
    return true;
}

static bool replay_folder(const char *path, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    if (!folder_list(path, &arena, &names, &n, err))
        return err_wrap(err, "replay");
    for (size_t i = 0; i < n; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%.*s", path, STR_ARG(names[i]));
        if (!replay_file(name, err))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct err err;
        struct stat st;
        if (!path_stat(argv[i], &st, &err) ||
            !(S_ISDIR(st.st_mode) ? replay_folder : replay_file)(argv[i], &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 2;
        }
    }
    return 0;
}
