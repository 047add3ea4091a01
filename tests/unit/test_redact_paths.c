/* Users' paths: formats/redact/paths.h. */
#include "base/mem.h"
#include "formats/redact/paths.h"
#include "tests/test.h"
#include "tests/unit/secrets_helper.h"

static void check_path(const char *path, const char *before, const char *after)
{
    struct str key = str_from(path);
    defer(redactor_close) struct redactor *r = secrets_redactor(&key, 1);
    check_redacted(r, (const char *[]){before, after, NULL});
}

/* pino's own examples and more; rule 1 to 3. */
TEST(redact_paths_in_json)
{
    check_path("a.b", "{\"a\":{\"b\":\"x1\",\"c\":\"y\"},\"b\":\"z\"}",
               "{\"a\":{\"b\":\"[secret]\",\"c\":\"y\"},\"b\":\"z\"}");
    check_path("A.B", "{\"a\":{\"b\":\"x1\"}}", "{\"a\":{\"b\":\"[secret]\"}}");
    check_path("a[\"b-c\"].d", "{\"a\":{\"b-c\":{\"d\":1}}}",
               "{\"a\":{\"b-c\":{\"d\":\"[secret]\"}}}");
    check_path("['a.b'].c", "{\"a.b\":{\"c\":\"x1\"}}", "{\"a.b\":{\"c\":\"[secret]\"}}");
    check_path("a[*].b", "{\"a\":[{\"b\":1},{\"b\":2,\"c\":3}]}",
               "{\"a\":[{\"b\":\"[secret]\"},{\"b\":\"[secret]\",\"c\":3}]}");
    check_path("a[1].b", "{\"a\":[{\"b\":1},{\"b\":2}]}",
               "{\"a\":[{\"b\":1},{\"b\":\"[secret]\"}]}");
    check_path("*.c", "{\"a\":{\"c\":1},\"c\":2,\"b\":{\"d\":{\"c\":3}}}",
               "{\"a\":{\"c\":\"[secret]\"},\"c\":2,\"b\":{\"d\":{\"c\":3}}}");
    check_path(
        "**.c", "{\"a\":{\"c\":1},\"c\":2,\"b\":{\"d\":{\"c\":3}}}",
        "{\"a\":{\"c\":\"[secret]\"},\"c\":\"[secret]\",\"b\":{\"d\":{\"c\":\"[secret]\"}}}");
    check_path("a.**.c", "{\"a\":{\"c\":1,\"x\":{\"c\":2}},\"c\":3}",
               "{\"a\":{\"c\":\"[secret]\",\"x\":{\"c\":\"[secret]\"}},\"c\":3}");
    check_path("a.b", "{\"a\":{\"b\":{\"c\":[1,2]},\"d\":1}}",
               "{\"a\":{\"b\":\"[secret]\",\"d\":1}}");
    check_path("a.b", "{\"x\":{\"a\":{\"b\":1}}}", "");
    check_path("body.pw1", "{\"body\":\"{\\\"pw1\\\":\\\"x1\\\"}\"}",
               "{\"body\":\"{\\\"pw1\\\":\\\"[secret]\\\"}\"}");
    check_path("**.a.b.c", "{\"a\":{\"a\":{\"b\":{\"c\":7}}}}",
               "{\"a\":{\"a\":{\"b\":{\"c\":\"[secret]\"}}}}");
}

/* Rule 2. */
TEST(redact_paths_that_end_in_a_star)
{
    check_path("a.b.*", "{\"a\":{\"b\":{\"x\":1,\"y\":{\"z\":\"q1\"},\"w\":[3,4]},\"c\":5}}",
               "{\"a\":{\"b\":{\"x\":\"[secret]\",\"y\":{\"z\":\"[secret]\"},\"w\":[\"[secret]\","
               "\"[secret]\"]},\"c\":5}}");
    check_path("a.*.*", "{\"a\":{\"b\":1,\"c\":{\"d\":2}}}",
               "{\"a\":{\"b\":1,\"c\":{\"d\":\"[secret]\"}}}");
    check_path("a[*]", "{\"a\":[1,\"x1\"],\"b\":[2]}",
               "{\"a\":[\"[secret]\",\"[secret]\"],\"b\":[2]}");
    check_path("a.**", "{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":\"[secret]\"}}}");
}

/* Rule 3: hide rather than show. */
TEST(redact_paths_in_json_that_does_not_fit)
{
    check_path("a.zzz", "{\"b\":{\"zzz\":\"x1\"},", "");
    check_path("a.zzz", "{\"b\":1,!\"zzz\":\"x1\"", "{\"b\":1,!\"zzz\":\"[secret]\"");
    struct str key = STR("a.zzz");
    defer(redactor_close) struct redactor *r = secrets_redactor(&key, 1);
    defer(buf_free) struct buf line = {0}, out = {0};
    buf_add(&line, STR("{\"n\":["));
    for (int i = 0; i < 300; i++)
        buf_print(&line, "%d,", i);
    buf_add(&line, STR("0],\"c\":{\"zzz\":\"x1\"}}"));
    CHECK(str_ends(redacted(r, buf_str(&line), &out), STR("0],\"c\":{\"zzz\":\"[secret]\"}}")));
    check_path("a.zzz", "12:00 INFO {\"a\":{\"zzz\":\"x1\"},\"zzz\":\"y1\"}",
               "12:00 INFO {\"a\":{\"zzz\":\"[secret]\"},\"zzz\":\"y1\"}");
}

/* Rule 4. */
TEST(redact_paths_elsewhere)
{
    check_path("email2", "user=x email2=abc z=1", "user=x email2=[secret] z=1");
    check_path("**.zip", "a.zip=1234 zip=5678 unzip=1", "a.zip=[secret] zip=[secret] unzip=1");
    check_path("a.zip", "a.zip=1234 zip=5678", "a.zip=[secret] zip=5678");
    check_path("q", "GET /?q=hello&x=1", "GET /?q=[secret]&x=1");
    check_path("q", "{\"q\":\"hello\",\"qq\":1}", "{\"q\":\"[secret]\",\"qq\":1}");
    check_path("to", "to=bob from=x", "to=[secret] from=x");
}

static void check_error(const char *path, const char *text)
{
    struct err err = {.text = ""};
    defer(redact_paths_free) struct redact_paths paths = {.n = 0};
    CHECK(!redact_paths_add(&paths, str_from(path), &err));
    CHECK_INT(err.code, ERR_INPUT);
    CHECK_STR(str_from(err.text), str_from(text));
}

TEST(redact_paths_errors)
{
    check_error("", "path '', character 1: expected a name");
    check_error("a..b", "path 'a..b', character 3: expected a name");
    check_error("a.", "path 'a.', character 3: expected a name");
    check_error("a[", "path 'a[', character 3: expected *, a number or a quoted name behind '['");
    check_error("a[x]",
                "path 'a[x]', character 3: expected *, a number or a quoted name behind '['");
    check_error("a[\"x]", "path 'a[\"x]', character 3: the quote is never closed");
    check_error("a[\"\"]", "path 'a[\"\"]', character 3: the name is empty");
    check_error("a[1", "path 'a[1', character 4: expected ']'");
    check_error("a[1]b", "path 'a[1]b', character 5: expected '.' or '['");
    check_error("a.b*",
                "path 'a.b*', character 3: '*' stands for a whole name, not for a part of one");
    check_error(
        "a.b c",
        "path 'a.b c', character 3: a name with blanks, quotes or brackets is written [\"name\"]");
    check_error("**",
                "path '**', character 3: it names nothing: one name at least must be written out");
    check_error("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a",
                "path 'a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a', "
                "character 64: more than "
                "32 names");
}

TEST_SLOW(redact_paths_are_linear, 60)
{
    static struct str keys[] = {STR_INIT("**.zzz"), STR_INIT("a.**.b.**.zzz"), STR_INIT("a.*")};
    defer(redactor_close) struct redactor *r = secrets_redactor(keys, countof(keys));
    static const char *const pieces[] = {"\"zzz\":", "{\"zzz\":", "[{\"a\":", "zzz=",
                                         "a.zzz=",   "\"zzz\":{", "zzz:[",    "{\"zzz\":1},"};
    for (size_t i = 0; i < countof(pieces); i++)
        check_linear(r, pieces[i]);
}
