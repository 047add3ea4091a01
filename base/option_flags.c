/*
 * The command line side of base/options.h: flags into the struct, and the help.
 *
 *     "--name=value" "--name" "value"     long
 *     "-in5" "-in" "5"                    letters in a bundle; the first that takes a value takes
 * the rest of the word, or the next word
 */
#include "base/mem.h"
#include "base/options.h"

#include <stdio.h>

struct flags {
    struct options *options;
    char **argv;
    int argc, at;          /* argv[at] is the next word */
    struct yaml **strings; /* for each STRINGS row what its flags gave, or NULL */
    struct err *err;
};

static bool takes_value(const struct option *row)
{
    return row->type != OPTION_BOOLEAN && !row->implied;
}

static const struct option *find_letter(const struct option_table *t, char letter)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].letter == letter)
            return &t->rows[i];
    }
    return NULL;
}

static const struct option *find_flag(const struct option_table *t, struct str name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].flag && str_equal(str_from(t->rows[i].flag), name))
            return &t->rows[i];
    }
    return NULL;
}

static const char *nearest_flag(const struct option_table *t, struct str name)
{
    const char *names[256];
    size_t n = 0;
    for (size_t i = 0; i < t->n && n < countof(names); i++) {
        if (t->rows[i].flag)
            names[n++] = t->rows[i].flag;
    }
    return nearest_name(name, names, n);
}

/* name is "-t" or "--tail". */
static bool unknown_flag(const struct flags *f, const char *name)
{
    const struct option_table *t = f->options->table;
    for (const struct option_hint *h = t->hints; h && h->flag; h++) {
        if (strcmp(h->flag, name) == 0)
            return err_set(f->err, ERR_INPUT, "%s: %s", name, h->text);
    }
    const char *near = name[1] == '-' ? nearest_flag(t, str_from(name + 2)) : NULL;
    if (near)
        return err_set(f->err, ERR_INPUT, "unknown option %s; did you mean --%s?", name, near);
    return err_set(f->err, ERR_INPUT, "unknown option %s", name);
}

static bool set_flag(struct flags *f, const struct option *row, const char *name, const char *value)
{
    struct options *o = f->options;
    struct yaml *node = yaml_new(o->arena, YAML_SCALAR, (struct place){.file = name});
    node->plain = true;
    node->text = str_from(value);
    if (row->type != OPTION_STRINGS)
        return option_set(o, row, node, f->err);
    struct yaml **all = &f->strings[row - o->table->rows];
    if (!*all)
        *all = yaml_new(o->arena, YAML_SEQUENCE, node->at);
    yaml_append(*all, node);
    return true;
}

static const char *implied_value(const struct option *row)
{
    return row->implied ? row->implied : "true";
}

/* The next word as a value. */
static bool set_next(struct flags *f, const struct option *row, const char *name)
{
    if (f->at == f->argc)
        return err_set(f->err, ERR_INPUT, "%s needs a value: %s %s", name, name,
                       row->value_name ? row->value_name : "VALUE");
    return set_flag(f, row, name, f->argv[f->at++]);
}

static bool read_long(struct flags *f, const char *word)
{
    struct arena *arena = f->options->arena;
    const char *equals = strchr(word, '=');
    const char *name =
        arena_text(arena, str_of(word, equals ? (size_t)(equals - word) : strlen(word)));
    const struct option *row = find_flag(f->options->table, str_from(name + 2));
    if (!row)
        return unknown_flag(f, name);
    if (equals && !takes_value(row) && !row->optional_value)
        return err_set(f->err, ERR_INPUT, "%s takes no value", name);
    if (equals)
        return set_flag(f, row, name, equals + 1);
    if (takes_value(row))
        return set_next(f, row, name);
    return set_flag(f, row, name, implied_value(row));
}

static bool read_letters(struct flags *f, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const char *name = arena_print(f->options->arena, "-%c", *at).ptr;
        const struct option *row = find_letter(f->options->table, *at);
        if (!row)
            return unknown_flag(f, name);
        if (takes_value(row))
            return at[1] ? set_flag(f, row, name, at + 1) : set_next(f, row, name);
        if (!set_flag(f, row, name, implied_value(row)))
            return false;
    }
    return true;
}

static void add_operand(struct options *o, const char *word)
{
    o->operands.items[o->operands.n++] = str_from(word);
}

static bool read_words(struct flags *f)
{
    bool ended = false;
    while (f->at < f->argc) {
        const char *word = f->argv[f->at++];
        if (ended || word[0] != '-' || word[1] == '\0')
            add_operand(f->options, word);
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (!(word[1] == '-' ? read_long(f, word) : read_letters(f, word)))
            return false;
    }
    return true;
}

bool options_read_argv(struct options *o, int argc, char **argv, struct err *err)
{
    const struct option_table *t = o->table;
    struct flags f = {.options = o, .argv = argv, .argc = argc, .err = err};
    f.strings = arena_array(o->arena, struct yaml *, t->n);
    o->operands = (struct str_list){.items = arena_array(o->arena, struct str, (size_t)argc)};
    if (!read_words(&f))
        return false;
    for (size_t i = 0; i < t->n; i++) {
        if (f.strings[i] && !option_set(o, &t->rows[i], f.strings[i], err))
            return false;
    }
    return true;
}

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

/* Words of text from the current column (which is behind column) on, later lines indented to it. */
static void put_wrapped(struct buf *b, struct str text, size_t column)
{
    size_t at = column;
    struct str word;
    while (take_until(&text, ' ', &word)) {
        if (at > column && at + 1 + word.len > HELP_WIDTH) {
            buf_print(b, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            buf_add_byte(b, ' ');
            at++;
        }
        buf_add(b, word);
        at += word.len;
    }
    buf_add_byte(b, '\n');
}

static void put_names(struct buf *b, const struct option *row)
{
    if (row->letter)
        buf_print(b, "  -%c%s", row->letter, row->flag ? ", " : "");
    else
        buf_add(b, STR("      "));
    if (row->flag)
        buf_print(b, "--%s", row->flag);
    const char *value = row->value_name ? row->value_name : "VALUE";
    if (row->optional_value)
        buf_print(b, "[=%s]", value);
    else if (takes_value(row))
        buf_print(b, " %s", value);
}

static void put_row(struct buf *b, const struct option *row, struct arena *arena)
{
    size_t start = b->len;
    put_names(b, row);
    size_t width = b->len - start;
    if (width + 2 > HELP_COLUMN)
        buf_print(b, "\n%*s", HELP_COLUMN, "");
    else
        buf_print(b, "%*s", (int)(HELP_COLUMN - width), "");
    struct str text = str_from(row->help);
    if (row->initial && row->initial[0] && row->type != OPTION_BOOLEAN && takes_value(row))
        text = arena_print(arena, "%s (default %s)", row->help, row->initial);
    put_wrapped(b, text, HELP_COLUMN);
}

void options_help(const struct option_table *table, struct buf *b)
{
    defer(arena_free) struct arena arena = {0};
    for (size_t i = 0; i < table->n; i++) {
        const struct option *row = &table->rows[i];
        if (row->help && row->type == OPTION_HEADING)
            buf_print(b, "%s%s:\n", i ? "\n" : "", row->help);
        else if (row->help && (row->flag || row->letter))
            put_row(b, row, &arena);
    }
}
