/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the control socket. Shape: a table of slots; a slot is greeted by its first line and becomes a command
 * connection (answers wait in the slot, in order) or is handed to the feed. */
#include "collector/control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "schemas/base/json.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

/* PEER_MAX: what one process may hold, so that none shuts the others out. A connection that says nothing may be ended: a silent
 * one that never greeted soon, a command connection when its place is wanted, or after ten minutes anyway. */
enum { CLIENTS_MAX = 64, PEER_MAX = 40, ANSWERS_MAX = 64, PROTOCOL_VERSION = 1 };
static const int64_t GREET_US = 10 * SK_US_PER_S, IDLE_US = 600 * SK_US_PER_S, WANTED_US = SK_US_PER_S,
                     LOOK_EVERY_US = SK_US_PER_S;

enum client_kind { CLIENT_NEW, CLIENT_COMMAND, CLIENT_FEED };

struct client {
    struct sk_control *control;
    struct sk_line *line;
    uid_t uid;
    pid_t pid;
    int64_t spoke_us; /* mono of its last line, or of its coming */
    enum client_kind kind;
    struct sk_answer answers[ANSWERS_MAX];
    size_t answer_count;
};

struct sk_control {
    struct sk_loop *loop;
    struct sk_command_floor *floor;
    struct sk_feed *feed;
    struct sk_source *source;
    int fd;
    uid_t dashboard_uid;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct client *clients[CLIENTS_MAX];
    size_t client_count;
    bool has_answers;
    int64_t look_us;
};

static void free_client(struct client *client)
{
    struct sk_control *control = client->control;
    for (size_t i = 0; i < control->client_count; i++)
        if (control->clients[i] == client)
            control->clients[i] = control->clients[--control->client_count];
    if (client->kind == CLIENT_FEED)
        sk_feed_leave(control->feed, client->line);
    for (size_t i = 0; i < client->answer_count; i++)
        sk_answer_release(&client->answers[i]);
    sk_line_free(client->line);
    sk_free_secret(client, sizeof *client);
}

static void client_closed(void *context, const char *why)
{
    struct client *client = context;
    if (client->kind == CLIENT_FEED)
        sk_log(SK_LOG_INFO, "a feed reader (uid %u) is gone: %s", (unsigned)client->uid, why);
    free_client(client);
}

/* "command" or "feed" of our version; anything else ends the connection with a word. */
static void greet(struct client *client, const char *text, size_t length)
{
    struct sk_fault fault;
    cJSON *json = NULL;
    int64_t version = 0;
    enum sk_err err = sk_json_parse(text, length, &SK_JSON_REQUEST, &json, &fault);
    const char *hello = err == SK_OK ? sk_json_text(sk_json_get(json, "hello")) : NULL;
    bool known = hello != NULL && sk_json_i64(sk_json_get(json, "version"), &version) && version == PROTOCOL_VERSION;
    bool feed = known && strcmp(hello, "feed") == 0, command = known && strcmp(hello, "command") == 0;
    cJSON_Delete(json);
    if (command) {
        client->kind = CLIENT_COMMAND;
        return;
    }
    if (feed &&
        sk_feed_join(client->control->feed, client->line, sk_recorder_writable(client->control->floor->recorder)) == SK_OK) {
        client->kind = CLIENT_FEED;
        return;
    }
    static const char refusal[] = "{\"ok\":false,\"error\":\"protocol\",\"detail\":\"expected {\\\"hello\\\":\\\"command\\\" "
                                  "or \\\"feed\\\",\\\"version\\\":1}\"}\n";
    sk_line_send(client->line, refusal, sizeof refusal - 1);
    free_client(client);
}

static void run_command(struct client *client, char *text, size_t length)
{
    struct sk_now now = sk_clock_read();
    if (client->answer_count == ANSWERS_MAX) {
        free_client(client); /* sixty-four commands without reading one answer */
        return;
    }
    const int fd = sk_line_take_fd(client->line);
    sk_command_run_with(client->control->floor, text, length, client->uid, fd, &now, &client->answers[client->answer_count]);
    if (fd >= 0)
        close(fd);
    explicit_bzero(text, length);
    client->answer_count++;
    client->control->has_answers = true;
}

static void client_line(void *context, char *text, size_t length)
{
    struct client *client = context;
    client->spoke_us = sk_clock_mono_us();
    if (client->kind == CLIENT_NEW)
        greet(client, text, length);
    else if (client->kind == CLIENT_COMMAND)
        run_command(client, text, length);
    /* a feed reader has nothing to say */
}

static bool peer_may_connect(const struct sk_control *control, int fd, struct ucred *ret_peer)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return false;
    *ret_peer = peer;
    if (peer.uid == 0 || peer.uid == geteuid() || peer.uid == control->dashboard_uid)
        return true;
    sk_log(SK_LOG_WARNING, "refused uid %u (pid %d) at the control socket", (unsigned)peer.uid, (int)peer.pid);
    return false;
}

/* Has it nothing to do here for so long? A feed reader only listens. */
static bool is_idle(const struct client *client, int64_t now_us, int64_t greet_us, int64_t idle_us)
{
    const int64_t silent_us = now_us - client->spoke_us;
    return client->answer_count == 0 &&
           ((client->kind == CLIENT_NEW && silent_us > greet_us) || (client->kind == CLIENT_COMMAND && silent_us > idle_us));
}

/* Ends the one that has been silent longest, of that process or (0) of any; false when all are at work. */
static bool make_place(struct sk_control *control, pid_t pid, int64_t now_us)
{
    struct client *idlest = NULL;
    for (size_t i = 0; i < control->client_count; i++) {
        struct client *client = control->clients[i];
        if ((pid == 0 || client->pid == pid) && is_idle(client, now_us, WANTED_US, WANTED_US) &&
            (idlest == NULL || client->spoke_us < idlest->spoke_us))
            idlest = client;
    }
    if (idlest != NULL)
        free_client(idlest);
    return idlest != NULL;
}

static bool has_place(struct sk_control *control, pid_t pid, int64_t now_us)
{
    size_t own = 0;
    for (size_t i = 0; i < control->client_count; i++)
        own += control->clients[i]->pid == pid;
    return (own < PEER_MAX || make_place(control, pid, now_us)) &&
           (control->client_count < CLIENTS_MAX || make_place(control, 0, now_us));
}

/* Said without a connection of ours: what does not fit the socket's buffer at once is not said. */
static void refuse(int fd, const struct ucred *peer)
{
    static const char text[] =
        "{\"ok\":false,\"error\":\"busy\",\"detail\":\"too many control connections are open, and none of "
        "them is idle; close some\"}\n";
    sk_log(SK_LOG_WARNING, "refused pid %d (uid %u) at the control socket: too many connections", (int)peer->pid,
           (unsigned)peer->uid);
    if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        /* gone already */
    }
}

static void take_client(struct sk_control *control, int fd)
{
    static const struct sk_line_events events = {.on_line = client_line, .on_close = client_closed};
    struct ucred peer = {0};
    const int64_t now_us = sk_clock_mono_us();
    struct client *client = NULL;
    if (peer_may_connect(control, fd, &peer)) {
        if (!has_place(control, peer.pid, now_us))
            refuse(fd, &peer);
        else
            client = sk_calloc(1, sizeof *client);
    }
    if (client == NULL) {
        close(fd);
        return;
    }
    *client = (struct client){.control = control, .uid = peer.uid, .pid = peer.pid, .spoke_us = now_us};
    if (sk_line_create(control->loop, fd, &events, client, &client->line) != SK_OK) {
        sk_free(client);
        close(fd);
        return;
    }
    control->clients[control->client_count++] = client;
}

void sk_control_tend(struct sk_control *control, int64_t mono_us)
{
    if (mono_us < control->look_us)
        return;
    control->look_us = mono_us + LOOK_EVERY_US;
    for (size_t i = control->client_count; i > 0; i--) /* the last takes the place of one that goes */
        if (is_idle(control->clients[i - 1], mono_us, GREET_US, IDLE_US))
            free_client(control->clients[i - 1]);
}

static void listener_ready(void *context, uint32_t events)
{
    struct sk_control *control = context;
    (void)events;
    for (int i = 0; i < CLIENTS_MAX; i++) {
        int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        take_client(control, fd);
    }
}

/* Is somebody listening there already? */
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    return alive;
}

static enum sk_err listen_at(struct sk_control *control, struct sk_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, control->path, sizeof address.sun_path);
    if (is_alive(&address))
        return sk_fault_set(fault, SK_ERR_BUSY, "another collector listens at '%s'; stop it first", control->path);
    unlink(control->path);
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0117); /* 0660: group sekisho */
    bool good = control->fd >= 0 && bind(control->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(control->fd, CLIENTS_MAX) == 0;
    umask(before);
    if (good)
        return SK_OK;
    return sk_fault_set(fault, SK_ERR_IO, "cannot listen at '%s': %s", control->path, strerror(errno));
}

enum sk_err sk_control_create(struct sk_loop *loop, const struct sk_control_options *options, struct sk_command_floor *floor,
                              struct sk_feed *feed, struct sk_control **ret_control, struct sk_fault *fault)
{
    struct sk_control *control = sk_calloc(1, sizeof *control);
    if (control == NULL)
        return sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
    *control =
        (struct sk_control){.loop = loop, .floor = floor, .feed = feed, .fd = -1, .dashboard_uid = options->dashboard_uid};
    enum sk_err err = SK_OK;
    if (!sk_text_copy(control->path, sizeof control->path, options->path))
        err = sk_fault_set(fault, SK_ERR_TOO_LONG,
                           "'%s' is too long for a Unix socket (107 bytes); use a shorter state directory", options->path);
    if (err == SK_OK)
        err = listen_at(control, fault);
    if (err == SK_OK && sk_loop_add(loop, control->fd, EPOLLIN, listener_ready, control, &control->source) != SK_OK)
        err = sk_fault_set(fault, SK_ERR_IO, "cannot watch the control socket");
    if (err != SK_OK) {
        sk_control_free(control);
        return err;
    }
    *ret_control = control;
    return SK_OK;
}

void sk_control_free(struct sk_control *control)
{
    if (control == NULL)
        return;
    while (control->client_count > 0)
        free_client(control->clients[control->client_count - 1]);
    sk_loop_remove(control->loop, control->source);
    if (control->source != NULL)
        unlink(control->path);
    if (control->fd >= 0)
        close(control->fd);
    sk_free(control);
}

bool sk_control_has_answers(const struct sk_control *control)
{
    return control->has_answers;
}

/* Who asked must not wait for ever. */
static void answer_without_memory(struct client *client, const struct sk_answer *answer)
{
    char text[128];
    const char *id = answer->id[0] != '\0' ? answer->id : "null";
    sk_text_format(text, sizeof text, "{\"id\":%s,\"ok\":false,\"error\":\"nomem\",\"detail\":\"out of memory\"}\n", id);
    sk_line_send(client->line, text, strlen(text));
}

static void answer_client(struct client *client, enum sk_err committed)
{
    for (size_t i = 0; i < client->answer_count; i++) {
        char *text = NULL;
        size_t length = 0;
        if (sk_answer_to_line(client->control->floor, &client->answers[i], committed, &text, &length) == SK_OK) {
            sk_line_send_fd(client->line, text, length, client->answers[i].fd);
            explicit_bzero(text, length); /* new tokens travel here */
        } else {
            answer_without_memory(client, &client->answers[i]);
        }
        cJSON_free(text);
        sk_answer_release(&client->answers[i]);
    }
    client->answer_count = 0;
}

void sk_control_answer(struct sk_control *control, enum sk_err committed)
{
    for (size_t i = 0; control->has_answers && i < control->client_count; i++)
        answer_client(control->clients[i], committed);
    control->has_answers = false;
}
