/* shipper/glob and base/rotation. */
#include "shipper/glob.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rotation.h"
#include "tests/test.h"

#include <sys/stat.h>

TEST(glob_matches_as_a_shell_does)
{
    static const struct {
        const char *pattern, *name;
        bool match;
    } cases[] = {
        {"*.log", "a.log", true},
        {"*.log", "a.log.1", false},
        {"*.log", ".log", false},
        {".*", ".log", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[]x]", "]", true},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxcxxb", false},
        {"a\\*b", "a*b", true},
        {"a\\*b", "axb", false},
        {"", "", true},
        {"*", "", true},
        {"**x", "aax", true},
        {"[a", "[a", true},
        {"a*", "b", false},
    };
    for (size_t i = 0; i < countof(cases); i++)
        if (glob_match(str_from(cases[i].pattern), str_from(cases[i].name)) != cases[i].match)
            test_fail(__FILE__, __LINE__, "%s %s", cases[i].pattern, cases[i].name);
    CHECK(glob_match_path(STR("/a/*/c.log"), STR("/a/b/c.log")));
    CHECK(!glob_match_path(STR("/a/*/c.log"), STR("/a/b/b/c.log")));
    CHECK(!glob_match_path(STR("/a/*"), STR("/a")));
}

TEST(glob_check_says_what_is_wrong)
{
    struct err err;
    static const char *const bad[] = {"a.log", "/a/", "/a//b", "/a/../b", "/a/**/b", "/a/[b", ""};
    for (size_t i = 0; i < countof(bad); i++)
        CHECK(!glob_check(str_from(bad[i]), &err) && err.code == ERR_INPUT);
    CHECK(glob_check(STR("/var/log/*/[a-z]*.log"), &err));
    CHECK(glob_check(STR("/x.log"), &err));
}

static void count_folder(void *context, struct str folder)
{
    CHECK(folder.ptr[folder.len] == 0);
    ++*(int *)context;
}

TEST(glob_finds_folders)
{
    char pattern[256];
    const char *names[] = {"a", "a/x", "b", "b/x", "b/y", ".c", ".c/x"};
    for (size_t i = 0; i < countof(names); i++) {
        snprintf(pattern, sizeof pattern, "%s/%s", test_folder(), names[i]);
        REQUIRE(mkdir(pattern, 0700) == 0);
    }
    int n = 0;
    snprintf(pattern, sizeof pattern, "%s/*/x/*.log", test_folder());
    glob_folders(str_from(pattern), count_folder, &n);
    CHECK_INT(n, 2);
    n = 0;
    snprintf(pattern, sizeof pattern, "%s/[b]/?/z/*.log", test_folder());
    glob_folders(str_from(pattern), count_folder, &n);
    CHECK_INT(n, 0);
    n = 0;
    glob_folders(STR("/x.log"), count_folder, &n);
    CHECK_INT(n, 1);
}

/* All bases that are offered, in order. */
static void put_bases(struct buf *out, const char *name)
{
    struct rotation bases[ROTATION_BASES_MAX];
    size_t n = rotation_bases(str_from(name), bases);
    buf_reset(out);
    for (size_t i = 0; i < n; i++)
        buf_print(out, "%s%s%s", i ? " " : "", bases[i].base, bases[i].is_dated ? "!" : "");
}

TEST(rotation_offers_bases)
{
    static const char *const cases[][2] = {
        {"app.log.1", "app.log"},
        {"app.log-20261120", "app.log!"},
        {"app.log.2026-11-20T10", "app.log.2026-11 app.log.2026 app.log!"},
        {"app.log.old", "app.log"},
        {"app-20261120.log", "app.log!"},
        {"app.1.log", "app.log"},
        {"app.log", ""},
        {"app.log.offset", ""},
        {"v1.2", "v1"},
        {".1", ""},
        {"1.log", ""},
    };
    defer(buf_free) struct buf bases = {0};
    for (size_t i = 0; i < countof(cases); i++) {
        put_bases(&bases, cases[i][0]);
        CHECK_STR(buf_str(&bases), str_from(cases[i][1]));
    }
}

TEST(rotation_knows_packing)
{
    struct str plain;
    CHECK_INT(file_kind_of(STR("a.log.1.gz"), &plain), FILE_GZIP);
    CHECK_STR(plain, STR("a.log.1"));
    CHECK_INT(file_kind_of(STR("a.zst"), &plain), FILE_ZSTD);
    CHECK_INT(file_kind_of(STR(".gz"), &plain), FILE_PLAIN);
    CHECK_INT(file_kind_of(STR("a.xz"), &plain), FILE_UNKNOWN_PACKING);
}
