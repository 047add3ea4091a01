/* What an entry of the configuration makes of an output: which records it takes, and in which form they go. */
#ifndef FORWARD_OUTPUT_FORM_H
#define FORWARD_OUTPUT_FORM_H

#include "base/config_outputs.h"
#include "formats/push/push.h"
#include "query/engine/filter.h"

/* filter: NULL takes all. */
bool output_compile_match(struct filter **filter, struct str match, struct err *err);
bool output_open_format(struct push_format **format, const struct config_other_output *config,
                        struct err *err);
/* The entry says something that no other side is needed to refuse: match, labels, names. */
bool output_config_check(const struct config_other_output *config, struct err *err);
/* Texts in the arena: the configuration may be replaced while an output goes on. */
void output_copy_config(struct config_other_output *config, const struct config_other_output *from,
                        struct arena *arena);

#endif
