#include "formats/line/multiline.h"

#include "base/mem.h"

struct multiline {
    enum multiline_kind kind;
    struct regex *first; /* of FIRST */
};

static const struct str names[] = {
#define X(id, name) STR_INIT(name),
    MULTILINE_KINDS(X)
#undef X
};

bool multiline_open(struct multiline **out, struct str text, struct err *err)
{
    struct regex *first = NULL;
    enum multiline_kind kind = 0;
    while (kind < MULTILINE_FIRST && !str_equal(names[kind], text))
        kind++;
    if (text.len == 0)
        return err_set(err, ERR_INPUT, "a pattern for first lines is empty");
    if (kind == MULTILINE_FIRST && !regex_compile(&first, text, 0, err))
        return err_wrap(err, "neither a known language nor a pattern for first lines");
    *out = mem_new(struct multiline);
    **out = (struct multiline){kind, first};
    return true;
}

void multiline_close(struct multiline **address)
{
    if (!*address)
        return;
    regex_close(&(*address)->first);
    mem_free(address);
}

enum multiline_kind multiline_kind(const struct multiline *rule)
{
    return rule->kind;
}
