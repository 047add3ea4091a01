/*
 * Records that another system refused for good, kept so that `sluice grep x FOLDER/NAME.ndjson` finds them and
 * `sluice store import` can read them: the JSON of forward/lines.h, one a line.
 *
 *     FOLDER/NAME.ndjson        the newest, up to REJECTS_FILE_MAX
 *     FOLDER/NAME.1.ndjson      those before; older ones go
 *
 * A write that fails is told and the records are lost: the other side has refused them, and what it
 * refuses holds nobody up.
 */
#ifndef FORWARD_REJECTS_H
#define FORWARD_REJECTS_H

#include "base/buf.h"
#include "base/err.h"

enum { REJECTS_FILE_MAX = 16 << 20 };

/* Appends lines; folder is made if it is not there. */
bool rejects_keep(const char *folder, struct str name, struct str lines, struct err *err);

#endif
