/*
 * What a container is, from the files that its engine keeps about it. Bytes in, facts out: who
 * reads the files is discovery, and the log itself is none of this module's business.
 *
 *     Docker   DATA-ROOT/containers/<id>/config.v2.json          docker_config_parse
 *              DATA-ROOT/containers/<id>/hostconfig.json         docker_host_config_parse
 *              /etc/docker/daemon.json                           docker_daemon_parse
 *     Podman   STORAGE/overlay-containers/containers.json        podman_containers_parse
 *              STORAGE/overlay-containers/volatile-containers.json      the same, not fsynced
 *              STORAGE/overlay-containers/<id>/userdata/config.json     podman_spec_parse
 *
 * Invariants
 *   1. These files hold passwords (the environment, commands, health checks). Only the values of
 *      the keys that container_facts.c names are copied, to the arena (Podman's metadata, JSON in a
 *      string, is opened in memory that is wiped at once), and no error quotes a byte of a file.
 *      The caller wipes what it has read (mem_wipe), after a failure, too.
 *   2. Every fact is UTF-8 and at most LABEL_VALUE_MAX bytes; longer ones are cut at the end of a
 *      character.
 *   3. An id is 64 lower-case hex digits; whatever else a file says is no id.
 *   4. Facts and other results are changed only on success, and then only those that were named:
 *      so the facts of one container are put together by calling one parser after the other. Where a
 *      key is there twice the last one counts, as in Go. A value of another type than a string, and
 *      an empty one, is as if the key were not there.
 *
 * ERR_CORRUPT: is not JSON, or is cut. Engines replace their files by renaming, but a power cut may
 * leave a broken one; the caller goes on without the facts and says so. How many
 * bytes are read is bounded by the caller.
 */
#ifndef SHIPPER_CONTAINER_FACTS_H
#define SHIPPER_CONTAINER_FACTS_H

#include "base/arena.h"
#include "base/err.h"

enum {
    CONTAINER_ID_LEN = 64,
    CONTAINER_ID_SHORT = 12, /* as `docker ps` shows it */
};

struct container_facts {          /* bytes are in the arena given; empty: not known */
    struct str id;                /* 64 hex digits */
    struct str name;              /* without the leading '/' */
    struct str image;             /* as it was asked for: "nginx:1.27" */
    struct str driver;            /* of the logs: "json-file", "local", "journald" ... */
    struct str started;           /* RFC 3339; empty before the first start */
    struct str log_name;          /* last part of LogPath; the driver "local" has none */
    struct str project, service;  /* compose */
    struct str number;            /* compose: 1 to n of a scaled service */
    struct str swarm_service;     /* with the stack in front: "shop_web" */
    struct str stack, task, node; /* swarm; the task is "shop_web.2.<task id>" */
    struct str slot;              /* swarm: the "2" of that; empty for global services */
    struct str own_service;       /* label sluice.service */
    struct str multiline;         /* label sluice.multiline */
    bool is_off;                  /* label sluice.ship is "false", "no", "off" or "0" */
};

bool is_container_id(struct str s);

/* config.v2.json: everything but the driver. ERR_CORRUPT, too, if it has no id. */
bool docker_config_parse(struct str json, struct arena *arena, struct container_facts *facts,
                         struct err *err);
/* hostconfig.json: the driver. */
bool docker_host_config_parse(struct str json, struct arena *arena, struct container_facts *facts,
                              struct err *err);
/* daemon.json: *root is "data-root", or "graph" as it was called before Docker 17.05, without
 * slashes at its end; empty if neither is set. ERR_INPUT if it is no absolute path. */
bool docker_daemon_parse(struct str json, struct arena *arena, struct str *root, struct err *err);

/* containers.json: id, name and image of one container. ERR_NOT_FOUND if it is not listed. */
bool podman_containers_parse(struct str json, struct str id, struct arena *arena,
                             struct container_facts *facts, struct err *err);
/* The runtime's config.json: what the table knows of the annotations (`--annotation`). Podman keeps
 * labels in its database only. */
bool podman_spec_parse(struct str json, struct arena *arena, struct container_facts *facts,
                       struct err *err);

/* The value of the label `service`: sluice.service, else the compose service, the swarm service, the
 * name, the short id. Empty if nothing is known. */
struct str container_service(const struct container_facts *facts);

#endif
