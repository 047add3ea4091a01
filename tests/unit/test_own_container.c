/* shipper/own_container. */
#include "shipper/own_container.h"

#include "base/mem.h"
#include "tests/test.h"

#define ID_A "4f1c2ad1b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f3021"
#define ID_B "b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f30214f1c2ad1"
#define UID  "0d1e6d2c-8a54-4b0e-9f0a-2f7c5b1d9e33"

#define MOUNT(root, place) "678 655 254:1 " root " " place " rw,relatime - ext4 /dev/vda1 rw\n"

TEST(own_container_of_docker_and_podman)
{
    static const struct {
        const char *mounts, *id;
    } cases[] = {
        {"", ""},
        {"22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw", ""},
        {MOUNT("/var/lib/docker/containers/" ID_A "/hostname", "/etc/hostname"), ID_A},
        {MOUNT("/docker/containers/" ID_A "/hosts", "/etc/hosts"), ID_A},
        {MOUNT("/containers/" ID_A "/resolv.conf", "/etc/resolv.conf"), ID_A},
        {MOUNT("/containers/" ID_A "/resolv.conf//deleted", "/etc/resolv.conf"), ID_A},
        {MOUNT("/data/jo\\040doe/.local/share/docker/containers/" ID_A "/hosts", "/etc/hosts"),
         ID_A},
        {MOUNT("/common/var-lib-docker/containers/" ID_A "/hosts", "/etc/hosts"), ID_A},
        {MOUNT("/containers/storage/overlay-containers/" ID_B "/userdata/hostname",
               "/etc/hostname"),
         ID_B},
        {MOUNT("/containers/vfs-containers/" ID_B "/userdata/.containerenv", "/run/.containerenv"),
         ID_B},
        /* the first is mounted over by the user, and the host's folder is looked at */
        {MOUNT("/srv/hosts", "/etc/hosts")
             MOUNT("/var/lib/docker/containers/" ID_B "/hostname", "/watched/hostname")
                 MOUNT("/var/lib/docker/containers", "/var/lib/docker/containers")
                     MOUNT("/var/lib/docker/containers/" ID_A "/hostname", "/etc/hostname"),
         ID_A},
        /* on the host */
        {MOUNT("/", "/var/lib/docker/containers/" ID_A "/mounts/shm"), ""},
        {MOUNT("/var/lib/kubelet/pods/0d1e/etc-hosts", "/etc/hosts"), ""},
        {MOUNT("/containers/abc/hostname", "/etc/hostname"), ""},
        {MOUNT("/images/" ID_A "/hostname", "/etc/hostname"), ""},
        {MOUNT("/containers/" ID_A, "/etc/hostname"), ""},
        {"1 2 3 /containers/" ID_A "/hostname", ""},
        {"\n\n \n" MOUNT("/containers/" ID_A "/hostname", "/etc/hostname"), ID_A},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct str id = own_container_id(str_from(cases[i].mounts));
        if (!str_equal(id, str_from(cases[i].id)))
            test_fail(__FILE__, __LINE__, "%s\n# is \"%.*s\"", cases[i].mounts, STR_ARG(id));
    }
}

TEST(own_container_of_kubernetes)
{
    static const struct {
        const char *mounts, *uid;
    } cases[] = {
        {"", ""},
        {MOUNT("/var/lib/kubelet/pods/" UID "/etc-hosts", "/etc/hosts"), UID},
        {MOUNT("/pods/" UID "/containers/ship/9f0a2f7c", "/dev/termination-log"), UID},
        {MOUNT("/var/lib/docker/containers/" ID_A "/hostname", "/etc/hostname")
             MOUNT("/var/lib/kubelet/pods/" UID "/etc-hosts", "/etc/hosts"),
         UID},
        {MOUNT("/var/lib/kubelet/pods/" UID "/etc-hosts", "/host/etc/hosts"), ""},
        {MOUNT("/var/lib/kubelet/pods/" UID "/volumes/x", "/etc/hosts"), ""},
        {MOUNT("/var/lib/kubelet/pods/" UID "/etc-hosts/x", "/dev/termination-log"), ""},
        {MOUNT("/etc-hosts", "/etc/hosts"), ""},
        {MOUNT("/", "/var/lib/kubelet/pods/" UID "/etc-hosts"), ""},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct str uid = own_pod_uid(str_from(cases[i].mounts));
        if (!str_equal(uid, str_from(cases[i].uid)))
            test_fail(__FILE__, __LINE__, "%s\n# is \"%.*s\"", cases[i].mounts, STR_ARG(uid));
    }
}
