/*
 * Hints that something happened below folders: inotify, through libuv. Hints may be missing (limits of
 * the kernel, network file systems): whoever gets them looks for himself from time to time as well.
 */
#ifndef SHIPPER_WATCH_H
#define SHIPPER_WATCH_H

#include "base/str.h"

#include <uv.h>

enum { WATCHES_MAX = 4096 };

struct watch;

/* hint gets the path of what changed: a file, or the folder if the kernel does not say which. */
struct watch *watch_open(uv_loop_t *loop, void (*hint)(struct str path, void *data), void *data);
void watch_close(struct watch **w); /* the memory goes when the loop has run once more */
/* Watches a folder from now on; asked again it does nothing. False if the kernel refuses or there are
 * too many; such a folder is left to polling. */
bool watch_folder(struct watch *w, struct str path);
/* Folders that were not asked for since the last sweep are no longer watched: they are gone, or made
 * anew under their name. */
void watch_sweep(struct watch *w);

#endif
