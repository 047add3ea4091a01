#include "query/selection.h"

const char *const selection_kind_words[] = {"usual", "text", "extended", "basic", "perl", NULL};

void selection_resolve(const struct selection_flags *f, const struct config *config,
                       struct query *q)
{
    enum pattern_kind usual = config->query.pattern == GREP_REGEX ? PATTERN_EXTENDED : PATTERN_TEXT;
    for (size_t i = 0; i < f->patterns.n; i++)
        query_add_pattern(q, f->patterns.items[i]);
    q->options.kind = f->kind ? (enum pattern_kind)(f->kind - 1) : usual;
    q->options.ignore_case = f->ignore_case;
    q->options.invert = f->invert;
}
