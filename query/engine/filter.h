/*
 * The operands after the pattern: which streams and records are searched at all.
 *
 *     api                     a stream whose service, container, pod, unit or host is "api"
 *     name=value name!=value  a label (or level, id) is exactly that
 *     name~regex name!=~regex ... matches that anywhere (Perl's syntax); missing is empty
 *     name=500..599 name=1s.. a number, duration or size of a range (value_test.h)
 *     level=warn level=warn+  exactly; that and worse
 *     id=4f9c2ad1             request id, in any of its forms (formats/line/canonical_id.h)
 *     status=500 req.id~^a    a field of the line, when no stream has a label of that name: a path as in fields.h
 *     shape=a1b2 shape~done   the shape of the line (formats/line/skeleton.h), by the front of its name or as --by shape
 *                             gives it, when no stream has a label of that name
 *     .host=web               a field in any case
 *
 *  1. One name several times: any of its positive conditions and none of its negative ones. 
 *     Different names: all of them. Words without a name are one name.
 *  2. A value that no stream has, and a word that names none, is ERR_INPUT with a suggestion, never
 *     an empty answer; unless streams is NULL: then anything may come yet, and all are taken as they are.
 *  3. A path, or -, is none of these and refused, whatever exists: who can search files has taken them out before.
 *  4. A field that is not there is empty, as a label is (line_fields.h).
 *  5. What a pattern gave up on is not taken, whatever the sign; filter_gave_up tells how often that was.
 */
#ifndef QUERY_ENGINE_FILTER_H
#define QUERY_ENGINE_FILTER_H

#include "formats/block/record.h"

struct filter;

struct filter_scope {
    const struct labels *const
        *streams; /* labels of all that is known, not kept; NULL: invariant 2. Then a name is
                                            that of a label in the streams that have one, else that of a field */
    size_t n_streams;
    bool without_lines; /* fields are refused; names are those of labels */
};

/* Invariant 3: begins with / or ./ or ../, or is - or a folder's . or .. */
bool is_path_operand(struct str operand);

bool filter_compile(struct filter **out, const struct str *operands, size_t n,
                    const struct filter_scope *scope, struct err *err);
/* The same of a text of the configuration, with blanks between the operands. NULL in *out: it holds none. */
bool filter_compile_text(struct filter **out, struct str text, const struct filter_scope *scope,
                         struct err *err);
void filter_close(struct filter **filter);

bool filter_takes_stream(struct filter *filter, const struct labels *labels);
/* Whether filter_takes_record may say no; and whether for more than the level. */
bool filter_looks_at_records(const struct filter *filter);
bool filter_looks_at_ids(const struct filter *filter);
/* Of a stream that is taken: by level and id. Holds scratch memory: one thread at a time. */
bool filter_takes_record(struct filter *filter, const struct record *record);
uint64_t filter_gave_up(const struct filter *filter);
/* For people: how many conditions there are, and the operand of one of them, with what it was taken for. */
size_t filter_conditions(const struct filter *filter);
const char *filter_condition(const struct filter *filter, size_t i, struct str *operand);
void filter_set_gave_up(struct filter *filter, uint64_t n); /* as if that had been so often */
/* Whether filter_takes_line may say no to records of some stream. */
bool filter_looks_at_lines(const struct filter *filter);
/* Of a record that is taken, with its line and the labels of its stream: by fields. Only if filter_looks_at_lines. */
bool filter_takes_line(struct filter *filter, const struct labels *labels,
                       const struct record *record);

#endif
