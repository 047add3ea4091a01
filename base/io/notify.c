#include "base/io/notify.h"

#include "base/str.h"
#include "base/time.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool notify_send(const char *lines)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || (path[0] != '/' && path[0] != '@') || len >= sizeof to.sun_path)
        return false;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') /* in the abstract namespace */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t n = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
    close(fd);
    return n >= 0;
}

int64_t notify_watchdog_ns(void)
{
    const char *span = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us, owner;
    if (!span || !str_to_u64(str_from(span), &us) || us > INT64_MAX / NS_PER_US)
        return 0;
    if (pid && (!str_to_u64(str_from(pid), &owner) || owner != (uint64_t)getpid()))
        return 0;
    return (int64_t)us * NS_PER_US;
}
