/* shipper/redacting: the keys of tokens. */
#include "redaction/redacting.h"

#include "base/file.h"
#include "base/mem.h"
#include "tests/test.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct config_redact *defaults(void)
{
    static struct config_redact config;
    for (size_t i = 0; i < REDACT_RULES; i++)
        config.actions[i] = (int)redact_rules[i].action;
    return &config;
}

static void write_keys(const char *folder, const char *text)
{
    struct err err;
    char path[300];
    snprintf(path, sizeof path, "%s/redact.key", folder);
    REQUIRE_OK(file_replace(path, str_from(text), 0600, &err));
}

#define SECRET "0123456789abcdef0123456789abcdef"

TEST(redacting_makes_a_key_and_keeps_it)
{
    struct err err;
    struct stat st;
    const char *folder = test_folder();
    defer(redacting_close) struct redacting *first = NULL, *second = NULL;
    defer(buf_free) struct buf a = {0}, b = {0};
    defer(arena_free) struct arena arena = {0};
    struct str state = arena_print(&arena, "%s/a/b", folder);
    REQUIRE_OK(redacting_open(&first, defaults(), state, KEYS_MADE, &err));
    REQUIRE_OK(redacting_open(&second, defaults(), state, KEYS_NEEDED, &err));
    redacting_put_tokens(first, RULE_EMAIL, STR("bob@example.com"), &a);
    redacting_put_tokens(second, RULE_EMAIL, STR("BOB@example.com"), &b);
    CHECK_STR(buf_str(&a), buf_str(&b));
    CHECK(str_starts(buf_str(&a), STR("[email:k1:")));
    CHECK_INT(a.len, sizeof "[email:k1:0123456789abcdef]\n" - 1);
    REQUIRE_OK(path_stat(arena_print(&arena, "%s/a/b/redact.key", folder).ptr, &st, &err));
    CHECK_INT(st.st_mode & 0777, 0600);
}

/* HMAC-SHA-256 with the key as it stands in the file, over "email:" and the value: by another program. */
TEST(redacting_tokens_are_those_of_rfc_2104)
{
    struct err err;
    const char *folder = test_folder();
    defer(redacting_close) struct redacting *r = NULL;
    defer(buf_free) struct buf out = {0};
    write_keys(folder, "# newest first\nk2 fedcba9876543210fedcba9876543210\n\nk1 " SECRET "\n");
    REQUIRE_OK(redacting_open(&r, defaults(), str_from(folder), KEYS_NEEDED, &err));
    redacting_put_tokens(r, RULE_EMAIL, STR("bob@example.com"), &out);
    CHECK_STR(buf_str(&out), STR("[email:k2:1ae3418f742cdf5e]\n[email:k1:8cd4f83ad0b0466d]\n"));
}

static const char *open_error(const char *text)
{
    static struct err err;
    defer(redacting_close) struct redacting *r = NULL;
    const char *folder = test_folder();
    write_keys(folder, text);
    REQUIRE(!redacting_open(&r, defaults(), str_from(folder), KEYS_OPTIONAL, &err));
    const char *name = strstr(err.text, "redact.key");
    REQUIRE(name);
    return name;
}

TEST(redacting_names_what_is_wrong_with_keys)
{
    CHECK_STR(str_from(open_error("k1 " SECRET "\nk2 short\n")),
              STR("redact.key:2: key 'k2' has less than 32 characters"));
    CHECK_STR(str_from(open_error("k1 " SECRET "\nk1 " SECRET "\n")),
              STR("redact.key:2: key 'k1' is there twice"));
    CHECK_STR(str_from(open_error("k-1 " SECRET "\n")),
              STR("redact.key:1: the name of a key is 1 to 16 letters and digits"));
    CHECK_STR(
        str_from(open_error("# nothing\n")),
        STR("redact.key: there is no key in it; a line is a name, a blank, and 32 or more random "
            "characters"));
}

TEST(redacting_without_keys)
{
    struct err err;
    const char *folder = test_folder();
    defer(redacting_close) struct redacting *r = NULL;
    CHECK(!redacting_open(&r, defaults(), str_from(folder), KEYS_NEEDED, &err));
    REQUIRE_OK(redacting_open(&r, defaults(), str_from(folder), KEYS_OPTIONAL, &err));
    CHECK(!redacting_has_key(r));
    CHECK_STR(str_slice(str_from(redacting_note(r)), 0, 40),
              STR("the keys of redaction cannot be read: ma"));
    defer(redaction_free) struct redaction room = {0};
    CHECK_STR(redact_line(redacting_redactor(r), &room, NULL, STR("bob@example.com")),
              STR("[email]"));
    redacting_close(&r);
    struct config_redact marks = *defaults();
    for (size_t i = 0; i < REDACT_RULES; i++)
        marks.actions[i] = REDACT_MASK;
    REQUIRE_OK(redacting_open(&r, &marks, str_from(folder), KEYS_OPTIONAL, &err));
    CHECK(!redacting_note(r) && !redacting_note(NULL));
}

TEST(redacting_checks_the_file_of_keys)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    struct config_redact config = *defaults();
    config.key_file = arena_print(&arena, "%s/none", test_folder());
    CHECK(!redacting_check(&config, &err));
    CHECK(str_starts(str_from(err.text), STR("shipper.redact.key_file: ")));
    config.is_off = 1;
    CHECK(redacting_check(&config, &err));
}

TEST(redacting_may_be_off)
{
    struct err err;
    struct config_redact config = *defaults();
    struct redacting *r = NULL;
    config.is_off = 1;
    REQUIRE_OK(redacting_open(&r, &config, STR("/nowhere"), KEYS_NEEDED, &err));
    CHECK(!r && !redacting_redactor(r));
}
