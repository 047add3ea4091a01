#include "base/mem.h"
#include "base/yaml.h"
#include "tests/test.h"

/* What reading the text says: "" or the error. */
static const char *problem(struct str text)
{
    static struct err err;
    defer(arena_free) struct arena arena = {0};
    struct yaml *root;
    return yaml_read(text, "f.yml", &arena, &root, &err) ? "" : err.text;
}

#define REFUSED(text, expected) CHECK_STR(str_from(problem(STR(text))), STR(expected))

static struct str printed(const struct yaml *node, struct buf *b)
{
    buf_reset(b);
    yaml_print(b, node);
    return buf_str(b);
}

TEST(yaml_reads_a_tree_with_places)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf b = {0};
    struct yaml *root;
    REQUIRE_OK(yaml_read(STR("# note\na:\n  b: [x, \"off\", off]\n  'c d': |\n    1\n    2\ne:\n"),
                         "f.yml", &arena, &root, &err));
    CHECK_STR(printed(root, &b),
              STR("{a: {b: [x, off, off], \"c d\": \"1\\x0a2\\x0a\"}, e: \"\"}"));
    struct yaml *list = yaml_get(yaml_get(root, STR("a")), STR("b"));
    CHECK_INT(list->n, 3);
    CHECK_INT(list->at.line, 3);
    CHECK_INT(list->at.column, 6);
    CHECK_INT(list->key_at.column, 3);
    CHECK(list->first->plain && !list->first->next->plain && list->last->plain);
    CHECK_INT(list->last->at.column, 17);
    CHECK(yaml_is_empty(yaml_get(root, STR("e"))) && !yaml_is_empty(list->first));
    CHECK(yaml_get(root, STR("b")) == NULL);
    CHECK_INT(list->first->text.ptr[list->first->text.len], 0);
}

TEST(yaml_of_nothing_is_an_empty_map)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    struct yaml *root;
    const struct str empties[] = {STR_INIT(""),
                                  STR_INIT("# only a note\n"),
                                  STR_INIT("---\n"),
                                  STR_INIT("\xef\xbb\xbf"),
                                  {0}};
    for (size_t i = 0; i < countof(empties); i++) {
        REQUIRE_OK(yaml_read(empties[i], "f.yml", &arena, &root, &err));
        CHECK(root->kind == YAML_MAPPING && root->n == 0);
    }
}

TEST(yaml_refuses_what_is_not_plain_data)
{
    REFUSED("a: 1\nb: 2\na: 3\n", "f.yml:3:1: key 'a' stands twice in this map; first on line 1");
    REFUSED("a: 1\n\"a\": 3\n", "f.yml:2:1: key 'a' stands twice in this map; first on line 1");
    REFUSED("a: &x 1\n",
            "f.yml:1:4: anchors (&), aliases (*) and tags (!) are not read; use quotes "
            "if the text begins with one of these");
    REFUSED("a: *x\n",
            "f.yml:1:4: anchors (&), aliases (*) and tags (!) are not read; use quotes if "
            "the text begins with one of these");
    REFUSED("a: !!int 1\n", "f.yml:1:4: anchors (&), aliases (*) and tags (!) are not read; use "
                            "quotes if the text begins with one of these");
    REFUSED("a: 1\n--- \nb: 1\n", "f.yml:2:1: a second document begins; a file holds one");
    REFUSED("? [a]\n: 1\n", "f.yml:1:3: a key must be a single word, not a list or a map");
    REFUSED("- a\n", "f.yml:1:1: the file is not a map of keys and values");
    REFUSED("just text", "f.yml:1:1: the file is not a map of keys and values");
    REFUSED("a:\n\tb: 1\n", "f.yml:2:1: a tab stands here; indent with spaces");
    REFUSED("a: \"x\\0y\"\n", "f.yml:1:4: a NUL byte in a text");
    REFUSED("a: [1, 2\nb: 3\n", "f.yml:2:2: while parsing a flow sequence: did not find expected "
                                "',' or ']'");
    CHECK(strstr(problem(STR("a: \xff\xfe\n")), "f.yml:1:1: not UTF-8 text"));
    CHECK(strstr(problem(STR("a: b: c\n")), "f.yml:1:5: mapping values are not allowed"));
}

TEST(yaml_is_bounded)
{
    defer(buf_free) struct buf b = {0};
    buf_add(&b, STR("a: "));
    for (int i = 0; i < YAML_DEPTH_MAX; i++)
        buf_add_byte(&b, '[');
    CHECK(strstr(problem(buf_str(&b)), "f.yml:1:35: nested deeper than 32 levels"));
    buf_reset(&b);
    buf_add(&b, STR("a: ["));
    for (int i = 0; i < YAML_NODES_MAX; i++)
        buf_add(&b, STR("1,"));
    CHECK(strstr(problem(buf_str(&b)), "more than 100000 values"));
    buf_reset(&b);
    while (b.len <= YAML_BYTES_MAX)
        buf_add(&b, STR("# 0123456789\n"));
    CHECK(strstr(problem(buf_str(&b)), "f.yml is larger than 1048576 bytes"));
}

TEST(yaml_finds_a_repeated_key_among_many)
{
    defer(buf_free) struct buf b = {0};
    for (int i = 0; i < 30000; i++)
        buf_print(&b, "k%d: 1\n", i);
    CHECK_STR(str_from(problem(buf_str(&b))), STR(""));
    buf_add(&b, STR("k77: 2\n"));
    CHECK(strstr(problem(buf_str(&b)), "f.yml:30001:1: key 'k77' stands twice"));
}

TEST(yaml_merges_maps_and_appends_lists)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf b = {0};
    struct yaml *one, *two, *three;
    REQUIRE_OK(yaml_read(STR("a: {x: 1}\nl: [1]\n"), "one.yml", &arena, &one, &err));
    REQUIRE_OK(yaml_read(STR("a: {y: 2}\nl: [2, 3]\nb: 4\n"), "two.yml", &arena, &two, &err));
    REQUIRE_OK(yaml_merge(one, two, &err));
    CHECK_STR(printed(one, &b), STR("{a: {x: 1, y: 2}, l: [1, 2, 3], b: 4}"));
    REQUIRE_OK(yaml_read(STR("\na: {y: 2}\n"), "three.yml", &arena, &three, &err));
    CHECK(!yaml_merge(one, three, &err));
    CHECK_STR(str_from(err.text),
              STR("three.yml:2:8: 'y' is set twice; the other is at two.yml:1:8"));
    REQUIRE_OK(yaml_read(STR("a: off"), "four.yml", &arena, &three, &err));
    CHECK(!yaml_merge(one, three, &err));
    CHECK_STR(str_from(err.text),
              STR("four.yml:1:4: 'a' is set twice; the other is at one.yml:1:4"));
}

TEST(yaml_removes_children)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf b = {0};
    struct yaml *root;
    REQUIRE_OK(yaml_read(STR("{a: 1, b: 2, c: 3}"), "f.yml", &arena, &root, &err));
    yaml_remove(root, yaml_get(root, STR("c")));
    yaml_append(root, yaml_new(&arena, YAML_SEQUENCE, root->at));
    root->last->key = STR("d");
    yaml_remove(root, yaml_get(root, STR("a")));
    CHECK_STR(printed(root, &b), STR("{b: 2, d: []}"));
    CHECK_INT(root->n, 2);
}
