/*
 * Patterns of paths, as in "/var/log/nginx/access*.log": `*` any run of bytes, `?` one byte,
 * `[a-z]` one of a set, `[!a-z]` one outside it, `\x` x itself. None of them matches `/`, so a
 * pattern has the depth of its slashes and no loop of symbolic links can be followed; as in a
 * shell, a leading dot of a name is only matched by a dot. There is no `**`.
 *
 *     /var/log/nginx-?/access*.log
 *     ────────┬─────── ─────┬─────
 *             │           └ name, matched against each entry of those folders
 *             └ folders, found by listing only where a part is a pattern
 *
 * Matching takes at most pattern x name steps and no memory.
 */
#ifndef SHIPPER_GLOB_H
#define SHIPPER_GLOB_H

#include "base/err.h"
#include "base/str.h"

enum { GLOB_FOLDERS_MAX = 10000 }; /* a pattern gives at most so many folders */

/* Absolute, closed brackets, no empty part, no `.` or `..` and a last part: else ERR_INPUT. */
bool glob_check(struct str pattern, struct err *err);
/* Last part of a pattern or path ("access*.log"), and what is in front of it without the slash. */
struct str path_name(struct str path);
struct str path_folder(struct str path);
bool has_wildcards(struct str pattern);
/* One name against one part of a pattern. */
bool glob_match(struct str pattern, struct str name);
/* A whole path against a whole pattern, part by part. */
bool glob_match_path(struct str pattern, struct str path);
/* Calls each with the folders (absolute, NUL-terminated) that the front of a checked pattern names
 * and that exist. Folders that cannot be listed count as empty. */
void glob_folders(struct str pattern, void (*each)(void *context, struct str folder),
                  void *context);

#endif
