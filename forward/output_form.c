#include "forward/output_form.h"

#include "base/mem.h"
#include "formats/push/elastic.h"
#include "formats/push/loki.h"
#include "forward/chain.h"
#include "forward/lines.h"

bool output_compile_match(struct filter **filter, struct str match, struct err *err)
{
    return filter_compile_text(filter, match, &(struct filter_scope){0}, err) ||
           err_wrap(err, "match");
}

bool output_open_format(struct push_format **format, const struct config_other_output *c,
                        struct err *err)
{
    const struct loki_options loki = {
        .labels = c->labels.items,
        .n_labels = c->labels.n,
        .is_json = c->encoding == OUTPUT_ENCODING_JSON,
        .without_metadata = c->metadata == OUTPUT_METADATA_OFF,
    };
    const struct elastic_options elastic = {c->data_stream, (enum elastic_fields)c->fields};
    switch ((enum output_kind)c->kind) {
    case OUTPUT_LOKI:
        return loki_open(format, &loki, err);
    case OUTPUT_ELASTIC:
        return elastic_open(format, &elastic, err);
    case OUTPUT_COLLECTOR:
        chain_open(format, c->match);
        return true;
    case OUTPUT_STDOUT:
        lines_open(format, (enum output_form)c->form);
        return true;
    case OUTPUT_KINDS:
        break;
    }
    return err_set(err, ERR_INPUT, "no such kind");
}

bool output_config_check(const struct config_other_output *c, struct err *err)
{
    defer(filter_close) struct filter *filter = NULL;
    defer(push_format_close) struct push_format *format = NULL;
    return output_compile_match(&filter, c->match, err) && output_open_format(&format, c, err);
}

void output_copy_config(struct config_other_output *c, const struct config_other_output *from,
                        struct arena *arena)
{
    *c = *from;
    struct str *const texts[] = {&c->name,       &c->url,       &c->tenant,        &c->data_stream,
                                 &c->token_file, &c->user,      &c->password_file, &c->api_key_file,
                                 &c->ca_file,    &c->cert_file, &c->key_file,      &c->match,
                                 &c->text};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = str_of(arena_text(arena, *texts[i]), texts[i]->len);
    c->labels.items = arena_array(arena, struct str, from->labels.n);
    for (size_t i = 0; i < from->labels.n; i++)
        c->labels.items[i] = arena_copy(arena, from->labels.items[i]);
    c->given = NULL;
}
