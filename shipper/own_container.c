#include "shipper/own_container.h"

#include "base/mem.h"
#include "shipper/container_facts.h"

/* The last part of *path, which is then cut off. */
static struct str take_last(struct str *path)
{
    const char *slash = path->len ? memrchr(path->ptr, '/', path->len) : NULL;
    size_t front = slash ? (size_t)(slash - path->ptr) : 0;
    struct str last = str_slice(*path, slash ? front + 1 : 0, path->len);
    path->len = front;
    return last;
}

static struct str container_in_path(struct str root, struct str place)
{
    static const struct str places[] = {STR_INIT("/etc/hostname"), STR_INIT("/etc/hosts"),
                                        STR_INIT("/etc/resolv.conf"),
                                        STR_INIT("/run/.containerenv")};
    size_t i = 0;
    while (i < countof(places) && !str_equal(place, places[i]))
        i++;
    take_last(&root);
    struct str id = take_last(&root);
    bool is_podman = str_equal(id, STR("userdata"));
    if (is_podman)
        id = take_last(&root);
    struct str folder = take_last(&root);
    bool is_kept =
        is_podman ? str_ends(folder, STR("-containers")) : str_equal(folder, STR("containers"));
    return i < countof(places) && is_kept && is_container_id(id) ? id : (struct str){0};
}

static struct str pod_in_path(struct str root, struct str place)
{
    struct str file = take_last(&root);
    if (str_equal(place, STR("/dev/termination-log"))) {
        take_last(&root);
        if (!str_equal(take_last(&root), STR("containers")))
            return (struct str){0};
    } else if (!str_equal(place, STR("/etc/hosts")) || !str_equal(file, STR("etc-hosts"))) {
        return (struct str){0};
    }
    struct str uid = take_last(&root);
    return str_equal(take_last(&root), STR("pods")) ? uid : (struct str){0};
}

/* The first answer that is not empty. */
static struct str first_of_mounts(struct str mountinfo, struct str (*ask)(struct str, struct str))
{
    enum { ROOT = 3, PLACE, FIELDS };
    struct str line, fields[FIELDS], found = {0};
    while (!found.len && take_until(&mountinfo, '\n', &line)) {
        size_t n = 0;
        while (n < FIELDS && take_until(&line, ' ', &fields[n]))
            n++;
        if (n < FIELDS)
            continue;
        if (str_ends(fields[ROOT], STR("//deleted"))) /* the engine has written a new one since */
            fields[ROOT].len -= STR("//deleted").len;
        found = ask(fields[ROOT], fields[PLACE]);
    }
    return found;
}

struct str own_container_id(struct str mountinfo)
{
    return first_of_mounts(mountinfo, container_in_path);
}

struct str own_pod_uid(struct str mountinfo)
{
    return first_of_mounts(mountinfo, pod_in_path);
}
