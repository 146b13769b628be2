/* SPDX-License-Identifier: Apache-2.0 */
/* The server's life: options in a table, start, stop. Requests: http_request.c. Streams: http_stream.c. */
#include "dashboard-api/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dashboard-api/http_address.h"
#include "dashboard-api/http_cert.h"
#include "dashboard-api/http_private.h"
#include "dashboard-api/http_tls.h"
#include "schemas/base/mem.h"

static void end_connection(struct sk_http *http, struct sk_http_connection *ours)
{
    if (!ours)
        return;
    sk_http_request_free(ours->unfinished);
    sk_watch_remove(http->watch, ours->watched);
    sk_free(ours);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sk_http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        end_connection(http, *socket_context);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sk_http_connection *ours = sk_calloc(1, sizeof *ours);
    if (ours && info)
        ours->watched = sk_watch_add(http->watch, info->connect_fd, HEADERS_MS);
    if (ours) {
        const union MHD_ConnectionInfo *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        sk_address_text(peer ? peer->client_addr : NULL, ours->peer, sizeof ours->peer);
    }
    *socket_context = ours;
}

/* A request that waits for the collector holds its worker: so two at least, unless one was asked for. */
static unsigned worker_count(unsigned wanted)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return wanted ? wanted : cores < 2 ? 2 : cores > 64 ? 64 : (unsigned)cores;
}

static struct MHD_Daemon *start_daemon(struct sk_http *http, const struct sk_http_config *config,
                                       struct sockaddr_storage *address)
{
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)sk_http_on_completed, http},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, http},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)sk_http_on_target, http},
        {MHD_OPTION_SOCK_ADDR, 0, address},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(intptr_t)sk_cert_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(intptr_t)SK_TLS_PRIORITY},
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)worker_count(config->threads), NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)config->connections, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)config->connections_per_address, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_MS / 1000, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL}, /* stricter, it refuses before our gate and says it twice (README) */
        {MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME;
    if (address->ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    return MHD_start_daemon(flags, 0, NULL, NULL, sk_http_on_request, http, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

/* The library would share a port that is in use (SO_REUSEPORT, when asked to reuse); so it is tried plainly first. */
static enum sk_err check_port_free(const struct sockaddr_storage *address, const char *text, struct sk_fault *fault)
{
    socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    enum sk_err err = SK_OK;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)address, length) != 0 || listen(fd, 1) != 0)
        err = sk_fault_set(fault, SK_ERR_IO, "cannot listen on %s: %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

static void free_http(struct sk_http *http)
{
    sk_pipes_free(http->pipes);
    sk_cert_clear();
    sk_watch_free(http->watch);
    pthread_mutex_destroy(&http->lock);
    sk_free(http);
}

enum sk_err sk_http_check(const struct sk_http_config *config, struct sk_fault *fault)
{
    struct sockaddr_storage address;
    enum sk_err err = sk_address_parse(config->listen, &address, fault);
    if (err != SK_OK)
        return err;
    struct sk_tls tls;
    err = sk_tls_load(config->cert_path, config->key_path, &tls, fault);
    if (err == SK_OK)
        sk_tls_release(&tls);
    return err;
}

enum sk_err sk_http_reload(const struct sk_http_config *config, struct sk_fault *fault)
{
    struct sk_tls tls;
    enum sk_err err = sk_tls_load(config->cert_path, config->key_path, &tls, fault);
    if (err != SK_OK)
        return err;
    err = sk_cert_set(&tls, fault);
    sk_tls_release(&tls);
    return err;
}

enum sk_err sk_http_start(const struct sk_http_config *config, struct sk_http **ret_http, struct sk_fault *fault)
{
    struct sockaddr_storage address;
    enum sk_err err = sk_address_parse(config->listen, &address, fault);
    if (err == SK_OK)
        err = check_port_free(&address, config->listen, fault);
    if (err != SK_OK)
        return err;
    struct sk_http *http = sk_calloc(1, sizeof *http);
    if (!http)
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for the server");
    pthread_mutex_init(&http->lock, NULL);
    http->handle = config->handle;
    http->context = config->context;
    err = sk_watch_create(&http->watch);
    if (err == SK_OK)
        err = sk_pipes_create(&http->pipes);
    if (err == SK_OK)
        err = sk_http_reload(config, fault);
    if (err == SK_OK && !(http->daemon = start_daemon(http, config, &address)))
        err = sk_fault_set(fault, SK_ERR_IO, "cannot serve on %s: %s", config->listen, strerror(errno));
    if (err != SK_OK) {
        free_http(http);
        return err;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    http->port = info ? info->port : 0;
    *ret_http = http;
    return SK_OK;
}

uint16_t sk_http_port(const struct sk_http *http)
{
    return http->port;
}

void sk_http_stop(struct sk_http *http)
{
    if (!http)
        return;
    atomic_store(&http->stopping, true);
    sk_http_wake(http); /* the library must not be stopped over a sleeping stream */
    sk_pipes_stop(http->pipes);
    MHD_stop_daemon(http->daemon);
    free_http(http);
}
