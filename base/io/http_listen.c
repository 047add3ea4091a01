#include "base/file.h"
#include "base/io/http_connection.h"
#include "base/io/loop.h"
#include "base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static void on_knock(uv_stream_t *stream, int status)
{
    struct http_listener *listener = stream->data;
    if (status < 0)
        return;
    listener->is_waiting = true;
    server_accept(listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_listener *listener = handle->data;
    struct http_server *s = listener->server;
    mem_free(&listener->path);
    mem_free(&listener);
    server_handle_closed(s);
}

/* Only the file that we made: a newer server may have put its own there. */
static void remove_socket_file(const struct http_listener *listener)
{
    struct stat st;
    struct err err;
    if (listener->path && path_stat(listener->path, &st, &err) && st.st_dev == listener->device &&
        st.st_ino == listener->inode)
        file_remove(listener->path, &err);
}

void listener_close(struct http_listener *listener)
{
    remove_socket_file(listener);
    uv_close(&listener->uv.handle, on_listener_closed);
}

static struct http_listener *listener_new(struct http_server *s)
{
    struct http_listener *listener = mem_new(struct http_listener);
    listener->server = s;
    return listener;
}

/* The handle is open from here on: it is closed through the server's list. */
static void listener_add(struct http_listener *listener)
{
    struct http_server *s = listener->server;
    listener->uv.handle.data = listener;
    listener->next = s->listeners;
    s->listeners = listener;
    s->handles++;
}

static void listener_drop(struct http_server *s)
{
    struct http_listener *listener = s->listeners;
    s->listeners = listener->next;
    listener_close(listener);
}

/* --- Unix sockets. --- */

static bool unix_address(const char *path, struct sockaddr_un *address, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) + sizeof ".new" > sizeof address->sun_path)
        return err_set(err, ERR_INPUT, "%s: the path of a socket has at most %zu bytes", path,
                       sizeof address->sun_path - sizeof ".new");
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

/* False only if somebody listens there or the file is something else. */
static bool is_path_free(const struct sockaddr_un *address, struct err *err)
{
    const char *path = address->sun_path;
    struct stat st;
    if (!path_stat(path, &st, err))
        return err->code == ERR_NOT_FOUND;
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_CONFLICT, "%s exists and is not a socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(err, "socket");
    bool refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused || err_set(err, ERR_CONFLICT, "%s: another process listens there", path);
}

/* Bound beside its name, given its mode, listening, and only then renamed: nobody sees it half made
 * or with wider rights. */
static bool bind_unix(const char *path, mode_t mode, int *out, struct err *err)
{
    char beside[sizeof((struct sockaddr_un *)0)->sun_path];
    snprintf(beside, sizeof beside, "%s.new", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, beside, strlen(beside));
    if (!file_remove(beside, err))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(err, "socket");
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(beside, mode) == 0 && listen(fd, BACKLOG) == 0) {
        if (file_rename(beside, path, err)) {
            *out = fd;
            return true;
        }
    } else {
        err_sys(err, "listen on %s", path);
    }
    struct err ignored;
    close(fd);
    file_remove(beside, &ignored);
    return false;
}

bool http_listen_unix(struct http_server *s, const char *path, mode_t mode, struct err *err)
{
    struct sockaddr_un address;
    struct stat st;
    int fd = -1;
    if (!unix_address(path, &address, err) || !is_path_free(&address, err) ||
        !bind_unix(path, mode, &fd, err))
        return false;
    struct http_listener *listener = listener_new(s);
    uv_pipe_init(s->options.loop, &listener->uv.pipe, 0);
    listener_add(listener);
    int status = uv_pipe_open(&listener->uv.pipe, fd);
    if (status < 0)
        close(fd);
    else
        status = uv_listen(&listener->uv.stream, BACKLOG, on_knock);
    if (status < 0) {
        listener_drop(s);
        return loop_err(err, status, "listen on %s", path);
    }
    if (!path_stat(path, &st, err)) {
        listener_drop(s);
        return false;
    }
    listener->path = mem_alloc(strlen(path) + 1);
    memcpy(listener->path, path, strlen(path));
    listener->device = st.st_dev;
    listener->inode = st.st_ino;
    return true;
}

/* --- TCP. --- */

static void remember_port(struct http_server *s, const struct http_listener *listener)
{
    struct sockaddr_storage at;
    int len = sizeof at;
    if (uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&at, &len) < 0)
        return;
    /* sin_port and sin6_port are at the same place. */
    s->port = ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static bool listen_on(struct http_server *s, const struct sockaddr *at, bool alone, struct err *err)
{
    struct http_listener *listener = listener_new(s);
    int status = uv_tcp_init(s->options.loop, &listener->uv.tcp);
    if (status < 0) {
        mem_free(&listener);
        return loop_err(err, status, "socket");
    }
    listener_add(listener);
    bool only6 = at->sa_family == AF_INET6 && !alone;
    status = uv_tcp_bind(&listener->uv.tcp, at, only6 ? UV_TCP_IPV6ONLY : 0);
    if (status == 0)
        status = uv_listen(&listener->uv.stream, BACKLOG, on_knock);
    if (status == 0) {
        remember_port(s, listener);
        return true;
    }
    listener_drop(s);
    return loop_err(err, status, "listen");
}

bool http_listen_tcp(struct http_server *s, const char *host, uint16_t port, struct err *err)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(host[0] ? host : NULL, service, &hints, &found);
    if (status != 0)
        return err_set(err, ERR_INPUT, "%s: %s", host, gai_strerror(status));
    size_t good = 0;
    for (struct addrinfo *at = found; at; at = at->ai_next)
        good += listen_on(s, at->ai_addr, !found->ai_next, err);
    freeaddrinfo(found);
    return good > 0 || err_wrap(err, "%s:%u", host[0] ? host : "*", port);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}
