#include "query/output.h"

#include "base/say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXIT_ERROR = 2 };

void output_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
}

static void end_by_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

void output_write(const char *command, struct buf *out)
{
    struct str rest = buf_str(out);
    while (rest.len) {
        ssize_t n = write(STDOUT_FILENO, rest.ptr, rest.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            end_by_pipe();
        if (n < 0) {
            say("sluice %s: standard output: %s", command, strerror(errno));
            _exit(EXIT_ERROR);
        }
        rest = str_slice(rest, (size_t)n, SIZE_MAX);
    }
    buf_reset(out);
}

void output_check(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR))
        end_by_pipe();
}

size_t output_width(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
