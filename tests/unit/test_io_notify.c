#include "base/io/notify.h"
#include "base/time.h"
#include "tests/test.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

TEST(notify_reaches_a_socket_in_the_abstract_namespace)
{
    char name[64], bytes[64];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    snprintf(name, sizeof name, "@sluice-test-%d", (int)getpid());
    memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0);
    setenv("NOTIFY_SOCKET", name, 1);
    CHECK(notify_send("READY=1\nSTATUS=x"));
    CHECK_INT(recv(fd, bytes, sizeof bytes, 0), 16);
    CHECK(memcmp(bytes, "READY=1\nSTATUS=x", 16) == 0);
    close(fd);
    CHECK(!notify_send("READY=1")); /* nobody is there any more, and nothing breaks */
}

TEST(notify_without_a_place_to_go_is_silent)
{
    char long_name[300];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = '\0';
    const char *const names[] = {"", "/", "relative", long_name};
    unsetenv("NOTIFY_SOCKET");
    CHECK(!notify_send("READY=1"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        CHECK(!notify_send("READY=1"));
    }
}

TEST(notify_watchdog_is_for_this_process_only)
{
    char pid[32];
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    CHECK_INT(notify_watchdog_ns(), 0);
    setenv("WATCHDOG_USEC", "60000000", 1);
    CHECK_INT(notify_watchdog_ns(), 60 * NS_PER_S);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    CHECK_INT(notify_watchdog_ns(), 60 * NS_PER_S);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK_INT(notify_watchdog_ns(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "18446744073709551615", 1);
    CHECK_INT(notify_watchdog_ns(), 0);
    setenv("WATCHDOG_USEC", "soon", 1);
    CHECK_INT(notify_watchdog_ns(), 0);
}
