/*
 * The files of Docker's "local" driver: container.log and the container-cached.log that dockerd
 * keeps beside drivers that cannot be read back. A row of frames with nothing between:
 *
 *     size: u32 big-endian | payload: size bytes, see envelope.h | size again
 *
 *  1. A frame has at most DOCKER_LOCAL_FRAME_MAX bytes (dockerd reads payloads up to 1,000,000) and
 *     a payload of at least one, so that an area of zeros, as a power cut leaves it, holds none.
 *  2. A frame that was cut short, with others behind it, is known by its second size. Where the next
 *     one begins is found by how dockerd begins each payload: with the source, "stdout" or
 *     "stderr". So bytes of a line are taken for a frame only if they imitate both sizes and this.
 *  3. Linear, whatever the bytes.
 */
#ifndef FORMATS_LINE_DOCKER_LOCAL_H
#define FORMATS_LINE_DOCKER_LOCAL_H

#include "base/str.h"

enum { DOCKER_LOCAL_FRAME_MAX = 1 << 20 };

/* Length of the whole frame at the front of data, and its *payload; 0 = not all there yet; SIZE_MAX
 * = no frame begins here. *payload is written only with a whole frame. */
size_t docker_local_frame(struct str data, struct str *payload);

/* The first offset > 0 at which a whole frame stands; if there is none, the first at which one may
 * have begun that goes on behind the end of data; else data.len. */
size_t docker_local_resync(struct str data);

#endif
