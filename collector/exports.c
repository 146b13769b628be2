/* SPDX-License-Identifier: Apache-2.0 */
/* A table of places. Shape: reserve -> start (three pipes, one spawn) -> the status pipe becomes readable or is closed -> the
 * end is recorded and the place is free. */
#include "collector/exports.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schemas/base/crypto.h"
#include "schemas/base/log.h"
#include "schemas/base/mem.h"

/* CHILD_FDS: above every number that the child wants them at. */
enum { PIPE_SIZE = 256 << 10, CHILD_FDS = 10, ID_BYTES = 8 };

enum stage { STAGE_FREE, STAGE_RESERVED, STAGE_RUNNING };

struct sk_export {
    struct sk_exports *owner;
    enum stage stage;
    char id[2 * ID_BYTES + 1];
    struct sk_export_request request;
    struct sk_actor actor;
    pid_t pid;
    int status_fd;
    struct sk_source *source;
};

struct sk_exports {
    struct sk_loop *loop;
    struct sk_recorder *recorder;
    struct sk_exports_options options;
    char state[4096]; /* a copy that an argument list may hold */
    struct sk_export places[SK_EXPORTS_MAX];
};

enum sk_err sk_exports_create(struct sk_loop *loop, struct sk_recorder *recorder, const struct sk_exports_options *options,
                              struct sk_exports **ret_exports)
{
    struct sk_exports *exports = sk_calloc(1, sizeof *exports);
    if (exports == NULL)
        return SK_ERR_NOMEM;
    *exports = (struct sk_exports){.loop = loop, .recorder = recorder, .options = *options};
    for (size_t i = 0; i < SK_EXPORTS_MAX; i++)
        exports->places[i] = (struct sk_export){.owner = exports, .status_fd = -1};
    if (!sk_text_copy(exports->state, sizeof exports->state, options->state)) {
        sk_free(exports);
        return SK_ERR_TOO_LONG;
    }
    *ret_exports = exports;
    return SK_OK;
}

static void free_place(struct sk_export *export)
{
    sk_loop_remove(export->owner->loop, export->source);
    if (export->status_fd >= 0)
        close(export->status_fd);
    *export = (struct sk_export){.owner = export->owner, .status_fd = -1};
}

void sk_exports_free(struct sk_exports *exports)
{
    for (size_t i = 0; exports != NULL && i < SK_EXPORTS_MAX; i++) {
        struct sk_export *export = &exports->places[i];
        if (export->stage == STAGE_RUNNING) {
            kill(export->pid, SIGKILL);
            waitpid(export->pid, NULL, 0);
        }
        free_place(export);
    }
    sk_free(exports);
}

enum sk_err sk_exports_reserve(struct sk_exports *exports, const struct sk_export_request *request,
                               const struct sk_actor *actor, struct sk_export **ret_export)
{
    uint8_t random[ID_BYTES];
    struct sk_export *free_one = NULL;
    size_t of_account = 0;
    for (size_t i = 0; i < SK_EXPORTS_MAX; i++) {
        struct sk_export *export = &exports->places[i];
        if (export->stage == STAGE_FREE)
            free_one = export;
        else
            of_account += strcmp(export->actor.id, actor->id) == 0;
    }
    if (free_one == NULL || of_account >= SK_EXPORTS_PER_ACCOUNT)
        return SK_ERR_BUSY;
    enum sk_err err = sk_random(random, sizeof random);
    if (err != SK_OK)
        return err;
    sk_hex_write(free_one->id, random, sizeof random);
    free_one->stage = STAGE_RESERVED;
    free_one->request = *request;
    free_one->actor = *actor;
    *ret_export = free_one;
    return SK_OK;
}

const char *sk_export_id(const struct sk_export *export)
{
    return export->id;
}

/* --- the end --- */

static void record_end(struct sk_export *export, uint64_t rows, const char *result)
{
    struct sk_draft draft;
    const struct sk_now now = sk_clock_read();
    sk_draft_init(&draft, SK_EV_READ_EXPORT_ENDED, &now);
    sk_body_put_u64(&draft.body, SK_TAG_COUNT, rows);
    sk_body_put_text(&draft.body, SK_TAG_ACTOR, export->actor.id);
    sk_body_put_text(&draft.body, SK_TAG_RESULT, result);
    sk_body_put_text(&draft.body, SK_TAG_EXPORT, export->id);
    if (!sk_body_done(&draft.body) || sk_recorder_add(export->owner->recorder, &draft) != SK_OK)
        sk_log(SK_LOG_ERROR, "the end of export %s could not be recorded", export->id);
}

void sk_export_cancel(struct sk_export *export, bool recorded)
{
    if (recorded)
        record_end(export, 0, "not started");
    free_place(export);
}

/* The child said how it ended, or its end of the pipe closed without a word. */
static void on_status(void *context, uint32_t events)
{
    struct sk_export *export = context;
    struct sk_export_status status;
    (void)events;
    const ssize_t got = read(export->status_fd, &status, sizeof status);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    waitpid(export->pid, NULL, 0); /* it has nothing left to do but to end */
    if (got != (ssize_t)sizeof status)
        record_end(export, 0, "failed: the child ended early");
    else
        record_end(export, status.rows,
                   status.err == SK_OK           ? "whole"
                   : status.err == SK_ERR_CLOSED ? "cut: the reader left"
                                                 : "failed: the log could not be read");
    free_place(export);
}

/* --- the start --- */

struct pipes {
    int request[2], data[2], status[2];
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static void close_pipes(struct pipes *pipes)
{
    close_pair(pipes->request);
    close_pair(pipes->data);
    close_pair(pipes->status);
}

/* The child's end is moved above the numbers it will be put at. */
static bool open_pipe(int pair[2], int of_child)
{
    if (pipe2(pair, O_CLOEXEC) != 0)
        return false;
    const int moved = fcntl(pair[of_child], F_DUPFD_CLOEXEC, CHILD_FDS);
    if (moved < 0)
        return false;
    close(pair[of_child]);
    pair[of_child] = moved;
    return true;
}

static bool open_pipes(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (!open_pipe(pipes->request, 0) || !open_pipe(pipes->data, 1) || !open_pipe(pipes->status, 1))
        return false;
    fcntl(pipes->data[0], F_SETPIPE_SZ, PIPE_SIZE);
    return fcntl(pipes->data[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(pipes->status[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool send_request(const struct sk_export *export, const struct pipes *pipes)
{
    char text[SK_EXPORT_REQUEST_MAX];
    size_t length = 0;
    return sk_export_request_write(&export->request, text, &length) == SK_OK &&
           write(pipes->request[1], text, length) == (ssize_t)length; /* less than a pipe takes without a reader */
}

static bool spawn(const struct sk_export *export, const struct pipes *pipes, pid_t *ret_pid)
{
    static char export_key[] = "--export", state_key[] = "--state", name[] = "sekisho-collector";
    static char *no_environment[] = {NULL};
    char *arguments[] = {name, export_key, state_key, export->owner->state, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    bool good = posix_spawn_file_actions_init(&actions) == 0;
    if (good) {
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        good = posix_spawn_file_actions_adddup2(&actions, pipes->request[0], 0) == 0 &&
               posix_spawn_file_actions_adddup2(&actions, pipes->data[1], 1) == 0 &&
               posix_spawn_file_actions_adddup2(&actions, pipes->status[1], SK_EXPORT_STATUS_FD) == 0 &&
               posix_spawn(ret_pid, export->owner->options.binary, &actions, &attributes, arguments, no_environment) == 0;
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    }
    return good;
}

static enum sk_err start(struct sk_export *export, struct pipes *pipes, struct sk_fault *fault)
{
    struct sk_exports *exports = export->owner;
    if (!open_pipes(pipes) || !send_request(export, pipes))
        return sk_fault_set(fault, SK_ERR_IO, "the export could not be prepared: %s", strerror(errno));
    if (sk_loop_add(exports->loop, pipes->status[0], EPOLLIN, on_status, export, &export->source) != SK_OK ||
        !spawn(export, pipes, &export->pid))
        return sk_fault_set(fault, SK_ERR_IO, "the export's process could not be started: %s", strerror(errno));
    return SK_OK;
}

enum sk_err sk_export_start(struct sk_export *export, int *ret_fd, struct sk_fault *fault)
{
    struct pipes pipes;
    enum sk_err err = start(export, &pipes, fault);
    if (err == SK_OK) {
        export->stage = STAGE_RUNNING;
        export->status_fd = pipes.status[0];
        *ret_fd = pipes.data[0];
        pipes.status[0] = pipes.data[0] = -1;
    }
    close_pipes(&pipes);
    if (err != SK_OK)
        sk_export_cancel(export, true);
    return err;
}
