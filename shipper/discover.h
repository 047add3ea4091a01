/*
 * Containers: where their logs may lie, whose they are, and which of them are read. It asks files
 * only, never the socket of an engine.
 *
 *     place      pattern                                            told by
 *     docker     ROOT/<id>/<id>-json.log                            ROOT/<id>/config.v2.json
 *                ROOT/<id>/local-logs/container.log                 (driver "local")
 *                ROOT/<id>/container-cached.log                     (drivers that cannot be read back)
 *     podman     STORAGE/overlay-containers/<id>/userdata/ctr.log   containers.json, config.json
 *     pods       /var/log/pods/<ns>_<pod>_<uid>/<container>/<n>.log the path
 *
 * Patterns go to the tailer, which asks discover_admit for each file that it finds. A container is
 * looked up once, when it is first seen, since its files are gone when it is removed; it is forgotten
 * when its folder has been gone for a while, or when many others are gone since.
 *
 *  1. Not read: the container this process runs in; one with the label sluice.ship=false; with
 *     projects `auto` inside a compose project, containers of other projects; with a list, those of
 *     projects that are not named. Each with its reason.
 *  2. What a container is must be known before a line of it is read, since it decides the stream.
 *     Where its configuration is missing (a folder that is just being made) the container waits
 *     UNKNOWN_WAIT_NS; then it is read under its short id, unless projects are chosen from.
 *  3. Folders of rootless engines belong to users, and the shipper may read what they may not: so a log
 *     that is a symbolic link is no log, nor is a file of somebody else below a user's folder, and what
 *     is told about a container stands in plain files. Those of pods are root's, and cri-dockerd makes
 *     links there.
 *  4. Of the configuration only what shipper/container_facts.h names is kept.
 *  5. One look reads at most LOOK_BYTES about containers; the rest has its turn in the next ones. What
 *     cannot be understood is read again once a minute.
 */
#ifndef SHIPPER_DISCOVER_H
#define SHIPPER_DISCOVER_H

#include "base/config.h"
#include "formats/block/record.h"
#include "shipper/tailer.h"

/* Who made the files of a tail_glob; its .place. */
enum place_kind { PLACE_FILES, PLACE_DOCKER, PLACE_PODMAN, PLACE_PODS };

enum {
    DISCOVER_GLOBS_MAX = 128,
    DISCOVER_LABELS = 10, /* own labels of a stream, at most */
    DISCOVER_DATA = 3,
};

struct discover;

/* mountinfo: of /proc/self, tells who we are (shipper/own_container.h). Nothing of config is kept. */
struct discover *discover_new(const struct config_shipper *config, struct str mountinfo,
                              int64_t now_ns);
void discover_free(struct discover **d);
/* At a reload: containers that are removed, but whose files may still be read, go over from the former
 * one, which is freed next. */
void discover_inherit(struct discover *d, struct discover *former);

/* Patterns of all places, at most DISCOVER_GLOBS_MAX; strings live as long as d. */
size_t discover_globs(const struct discover *d, const struct tail_glob **globs);

/* Before each scan of the tailer: the time, new containers, and those that are gone. True: data of streams has changed, as a
 * container was started again. */
bool discover_look(struct discover *d, int64_t now_ns);
/* For tailer_options.admit; context is the struct discover. */
bool discover_admit(void *context, const struct tail_stream *stream, const char **reason);

/* Labels that tell the stream, and data of the source; strings live as long as the container is
 * known, or are those of the stream. False: it is no stream of a container. */
bool discover_labels(struct discover *d, const struct tail_stream *stream, enum lane lane,
                     struct labels *own, struct labels *data);
/* The container's label sluice.multiline; empty: it has none, or is not known. */
struct str discover_multiline(struct discover *d, const struct tail_stream *stream);
/* "docker:api-1", "pod:shop/api-5d4f8c7b9d-x7k2q/web", "file:/var/log/a.log". */
void discover_put_name(struct discover *d, const struct tail_stream *stream, struct buf *out);

/* What is there and not read, for reasons that no file shows: containers with a driver without files,
 * folders that may not be listed. */
void discover_each_unread(const struct discover *d,
                          void (*each)(void *context, struct str name, const char *reason),
                          void *context);

#endif
