/*
 * Any bytes as each of the files that say what a container is: no crash, and what comes out keeps
 * to its bounds. Every parser gets all of the input, those of paths and names its lines.
 */
#include "base/mem.h"
#include "formats/block/record.h"
#include "shipper/container_facts.h"
#include "shipper/own_container.h"
#include "shipper/pod_facts.h"

#include <assert.h>
#include <limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "4f1c2ad1b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f3021"

static void check_facts(const struct container_facts *f)
{
    const struct str values[] = {
        f->name,  f->image, f->driver, f->log_name, f->project,       f->service,     f->number,
        f->stack, f->task,  f->node,   f->slot,     f->swarm_service, f->own_service, f->multiline};
    for (size_t i = 0; i < countof(values); i++)
        assert(values[i].len <= LABEL_VALUE_MAX && is_utf8(values[i]));
    assert(f->log_name.len == 0 || !memchr(f->log_name.ptr, '/', f->log_name.len));
    assert(f->id.len == 0 || is_container_id(f->id));
}

static void check_engines(struct str s)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {0};
    struct err err;
    struct str root = {0};
    assert(!docker_config_parse(s, &arena, &f, &err) || f.id.len);
    docker_host_config_parse(s, &arena, &f, &err);
    podman_spec_parse(s, &arena, &f, &err);
    check_facts(&f);
    f = (struct container_facts){0};
    assert(!podman_containers_parse(s, STR(ID), &arena, &f, &err) || str_equal(f.id, STR(ID)));
    check_facts(&f);
    assert(!docker_daemon_parse(s, &arena, &root, &err) || !root.len ||
           (root.ptr[0] == '/' && root.len < PATH_MAX));
    struct str own = own_container_id(s);
    assert(own.len == 0 || is_container_id(own));
    own = own_pod_uid(s);
    assert(own.len == 0 || (own.ptr > s.ptr && own.ptr + own.len < s.ptr + s.len));
}

static bool is_inside(struct str part, struct str whole)
{
    return part.len && part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void check_path(struct str path, struct str node)
{
    struct pod_facts f;
    if (pod_path_parse(path, node, &f)) {
        assert(is_inside(f.namespace, path) && is_inside(f.pod, path) && is_inside(f.uid, path));
        assert(is_inside(f.container, path) && is_inside(f.workload, path));
    }
    struct str workload = pod_workload(path, STR("0d1e6d2c-8a54"), STR("main"), node);
    assert(!path.len || (workload.len && str_starts(path, workload)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_of(data, size), line, rest = s;
    check_engines(s);
    while (take_until(&rest, '\n', &line))
        check_path(line, STR("node-1"));
    return 0;
}
