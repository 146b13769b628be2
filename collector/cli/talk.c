/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to a running collector from the command line: as the console, through its control socket. */
#include "collector/cli/talk.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

static bool send_line(int fd, const char *text)
{
    size_t length = strlen(text);
    return send(fd, text, length, MSG_NOSIGNAL | MSG_MORE) == (ssize_t)length && send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
}

/* The descriptor goes with the first byte, so that it is there when the line is whole. */
static bool send_first(int fd, const char *text, int file)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char first = text[0];
    struct iovec piece = {&first, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(head), &file, sizeof file);
    return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

struct sk_talk sk_talk_open(const char *state)
{
    static const struct sk_talk unreachable = {.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!sk_text_format(address.sun_path, sizeof address.sun_path, "%s/control.sock", state))
        return unreachable;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (fd >= 0)
            close(fd);
        return unreachable;
    }
    send_line(fd, "{\"hello\":\"command\",\"version\":1}");
    return (struct sk_talk){.fd = fd, .in = fdopen(fd, "r")};
}

cJSON *sk_talk_ask(const struct sk_talk *talk, cJSON *command, struct sk_fault *fault)
{
    return sk_talk_ask_with(talk, command, -1, fault);
}

cJSON *sk_talk_ask_with(const struct sk_talk *talk, cJSON *command, int file, struct sk_fault *fault)
{
    static char line[65537];
    cJSON *answer = NULL;
    char *text = cJSON_PrintUnformatted(command);
    cJSON_Delete(command);
    if (text == NULL) {
        sk_fault_set(fault, SK_ERR_NOMEM, "out of memory");
        return NULL;
    }
    const bool sent = (file < 0 || send_first(talk->fd, text, file)) && send_line(talk->fd, text + (file >= 0));
    cJSON_free(text);
    if (!sent || fgets(line, sizeof line, talk->in) == NULL) {
        sk_fault_set(fault, SK_ERR_CLOSED, "the collector closed the connection; a command line holds at most 64 KiB");
        return NULL;
    }
    if (sk_json_parse(line, strlen(line), &SK_JSON_PAYLOAD, &answer, fault) != SK_OK)
        answer = NULL;
    explicit_bzero(line, sizeof line);
    return answer;
}
