/*
 * The operands after the pattern: which streams and records are searched at all.
 *
 *     api                     a stream whose service, container, pod, unit or host is "api"
 *     name=value name!=value  a label (or level, id) is exactly that
 *     name~regex name!=~regex ... matches that anywhere (Perl's syntax); missing is empty
 *     level=warn level=warn+  exactly; that and worse
 *     id=4f9c2ad1             request id as it was found
 *
 *  1. One name several times: any of its positive conditions and none of its negative ones. 
 *     Different names: all of them. Words without a name are one name.
 *  2. A value that no stream has, and a word that names none, is ERR_INPUT with a suggestion, never
 *     an empty answer; unless streams is NULL: then anything may come yet, and all are taken as they are.
 *  3. Fields of the line, files and standard input are refused with a text that says so.
 */
#ifndef QUERY_ENGINE_FILTER_H
#define QUERY_ENGINE_FILTER_H

#include "formats/block/record.h"

struct filter;

/* streams: the labels of all that the snapshot knows, not kept; NULL: invariant 2. */
bool filter_compile(struct filter **out, const struct str *operands, size_t n,
                    const struct labels *const *streams, size_t n_streams, struct err *err);
void filter_close(struct filter **filter);

bool filter_takes_stream(struct filter *filter, const struct labels *labels);
/* Whether filter_takes_record may say no. */
bool filter_looks_at_records(const struct filter *filter);
/* Of a stream that is taken: by level and id. Holds scratch memory: one thread at a time. */
bool filter_takes_record(struct filter *filter, const struct record *record);

#endif
