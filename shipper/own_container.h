/*
 * Which container this process runs in, so that its own logs can be left out: said by the mounts
 * that engines make into each container, as /proc/self/mountinfo lists them.
 *
 *     678 655 254:1 /docker/containers/<id>/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw
 *                   ──────────────┬───────────────── ──────┬──────
 *                      root in its file system        mount point
 *
 *     Docker      .../containers/<id>/hostname, hosts, resolv.conf           on /etc/...
 *     Podman      .../overlay-containers/<id>/userdata/hostname, ...         on /etc/...
 *     Kubernetes  .../pods/<uid>/etc-hosts                                   on /etc/hosts
 *                 .../pods/<uid>/containers/<container>/<random>             on /dev/termination-log
 *
 *  1. Both columns count. A shipper on the host, or one that has the folders of all containers
 *     mounted to read them, sees such paths in one column only.
 *  2. Any data root will do, on a file system of its own or not, with blanks in it or not: they are
 *     octal escapes there, but in the parts that are compared is none.
 *  3. Control groups are not asked: with version 2 a container sees "/".
 */
#ifndef SHIPPER_OWN_CONTAINER_H
#define SHIPPER_OWN_CONTAINER_H

#include "base/str.h"

/* Views on mountinfo; empty if it says nothing of the kind. With Docker or CRI-O as the runtime of
 * Kubernetes the id is that of the pod's sandbox. */
struct str own_container_id(struct str mountinfo);
struct str own_pod_uid(struct str mountinfo);

#endif
