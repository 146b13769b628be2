/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of idle wires under a mutex; a call takes one (or opens one), says one line, reads one line, gives it back. */
#include "dashboard-api/control.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "dashboard-api/wire.h"
#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"

enum { IDLE_MAX = 8, CALL_MS = 3000, SHUN_MS = 1000 };

struct sk_control {
    char path[256];
    pthread_mutex_t lock;
    struct sk_wire *idle[IDLE_MAX];
    size_t idle_count;
    uint64_t last_id;
    atomic_int_fast64_t shun_until_us;
};

enum sk_err sk_control_create(const char *socket_path, struct sk_control **ret_control)
{
    struct sk_control *control = sk_calloc(1, sizeof *control);
    if (!control)
        return SK_ERR_NOMEM;
    if (!sk_text_copy(control->path, sizeof control->path, socket_path)) {
        sk_free(control);
        return SK_ERR_TOO_LONG;
    }
    pthread_mutex_init(&control->lock, NULL);
    *ret_control = control;
    return SK_OK;
}

void sk_control_free(struct sk_control *control)
{
    if (!control)
        return;
    while (control->idle_count > 0)
        sk_wire_close(control->idle[--control->idle_count]);
    pthread_mutex_destroy(&control->lock);
    sk_free(control);
}

static struct sk_wire *take_idle(struct sk_control *control, uint64_t *ret_id)
{
    pthread_mutex_lock(&control->lock);
    *ret_id = ++control->last_id;
    struct sk_wire *wire = control->idle_count > 0 ? control->idle[--control->idle_count] : NULL;
    pthread_mutex_unlock(&control->lock);
    return wire;
}

static void give_back(struct sk_control *control, struct sk_wire *wire)
{
    pthread_mutex_lock(&control->lock);
    bool keep = control->idle_count < IDLE_MAX;
    if (keep)
        control->idle[control->idle_count++] = wire;
    pthread_mutex_unlock(&control->lock);
    if (!keep)
        sk_wire_close(wire);
}

static enum sk_err open_command(struct sk_control *control, struct sk_wire **ret_wire, struct sk_fault *fault)
{
    static const char hello[] = "{\"hello\":\"command\",\"version\":1}\n";
    enum sk_err err = sk_wire_open(control->path, ret_wire, fault);
    if (err != SK_OK)
        return err;
    err = sk_wire_send(*ret_wire, hello, sizeof hello - 1, sk_clock_mono_us() + CALL_MS * SK_US_PER_MS);
    if (err != SK_OK) {
        sk_wire_close(*ret_wire);
        return sk_fault_set(fault, err, "the collector hung up");
    }
    return SK_OK;
}

static char *print_command(const struct sk_command *command, uint64_t id)
{
    cJSON *line = cJSON_CreateObject();
    bool good = line && cJSON_AddNumberToObject(line, "id", (double)id) && cJSON_AddStringToObject(line, "cmd", command->name);
    if (good && command->secret)
        good = cJSON_AddStringToObject(line, "token", command->secret);
    if (good && command->args)
        good = cJSON_AddItemReferenceToObject(line, "args", command->args);
    if (good && command->address)
        good = cJSON_AddStringToObject(line, "address", command->address);
    char *text = good ? cJSON_PrintUnformatted(line) : NULL;
    cJSON_Delete(line);
    return text;
}

static enum sk_err code_of(const char *word)
{
    for (int code = -1; word && code >= SK_ERR_UNAUTHENTICATED; code--)
        if (strcmp(sk_err_word((enum sk_err)code), word) == 0)
            return (enum sk_err)code;
    return SK_ERR_PROTOCOL;
}

/* Where the parts of an answer go. */
struct answer {
    cJSON **result, **faults; /* NULL: not wanted */
    int *fd;                  /* NULL: none is expected */
};

static enum sk_err read_answer(const char *line, size_t length, uint64_t id, const struct answer *to, struct sk_fault *fault)
{
    cJSON *answer;
    uint64_t answered;
    if (sk_json_parse(line, length, &SK_JSON_PAYLOAD, &answer, fault) != SK_OK)
        return sk_fault_set(fault, SK_ERR_PROTOCOL, "the collector's answer is malformed");
    enum sk_err err;
    if (!sk_json_u64(sk_json_get(answer, "id"), &answered) || answered != id) {
        err = sk_fault_set(fault, SK_ERR_PROTOCOL, "the collector answered something else");
    } else if (!cJSON_IsTrue(sk_json_get(answer, "ok"))) {
        const char *detail = sk_json_text(sk_json_get(answer, "detail"));
        err = code_of(sk_json_text(sk_json_get(answer, "error")));
        sk_fault_set(fault, err, "%s", detail ? detail : sk_err_text(err));
        if (to->faults)
            *to->faults = cJSON_DetachItemFromObjectCaseSensitive(answer, "faults");
    } else {
        cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(answer, "result");
        if (!result)
            result = cJSON_CreateObject();
        err = result ? SK_OK : SK_ERR_NOMEM;
        if (to->result && result)
            *to->result = result;
        else
            cJSON_Delete(result);
    }
    cJSON_Delete(answer);
    return err;
}

/* One exchange. *ret_answered: the collector said something, so the command must not be sent again. */
static enum sk_err exchange(struct sk_wire *wire, const char *text, uint64_t id, const struct answer *to, bool *ret_answered,
                            struct sk_fault *fault)
{
    int64_t deadline_us = sk_clock_mono_us() + CALL_MS * SK_US_PER_MS;
    char *line;
    size_t length;
    *ret_answered = false;
    enum sk_err err = sk_wire_send(wire, text, strlen(text), deadline_us);
    if (err == SK_OK)
        err = sk_wire_send(wire, "\n", 1, deadline_us);
    if (err == SK_OK)
        err = sk_wire_line(wire, deadline_us, &line, &length);
    if (err != SK_OK)
        return sk_fault_set(fault, err, "the collector gave no answer: %s", sk_err_text(err));
    *ret_answered = true;
    err = read_answer(line, length, id, to, fault);
    memset(line, 0, length);
    return err;
}

static enum sk_err call_on(struct sk_control *control, struct sk_wire *wire, const char *text, uint64_t id,
                           const struct answer *to, bool *ret_answered, struct sk_fault *fault)
{
    enum sk_err err = exchange(wire, text, id, to, ret_answered, fault);
    const int fd = sk_wire_take_fd(wire);
    if (to->fd)
        *to->fd = fd;
    else if (fd >= 0)
        close(fd);
    if (*ret_answered && err != SK_ERR_PROTOCOL)
        give_back(control, wire);
    else
        sk_wire_close(wire);
    if (err == SK_ERR_TIMEOUT && !*ret_answered)
        atomic_store(&control->shun_until_us, sk_clock_mono_us() + SHUN_MS * SK_US_PER_MS);
    return err;
}

static enum sk_err call(struct sk_control *control, const struct sk_command *command, const struct answer *to,
                        struct sk_fault *fault)
{
    if (sk_clock_mono_us() < atomic_load(&control->shun_until_us))
        return sk_fault_set(fault, SK_ERR_TIMEOUT, "the collector does not answer");
    uint64_t id;
    bool answered = false;
    struct sk_wire *wire = take_idle(control, &id);
    char *text = print_command(command, id);
    enum sk_err err = text ? SK_ERR_CLOSED : SK_ERR_NOMEM;
    if (wire && text)
        err = call_on(control, wire, text, id, to, &answered, fault);
    else if (wire)
        give_back(control, wire);
    bool once_more = err == SK_ERR_CLOSED && !answered && (!wire || command->repeatable);
    if (text && once_more) {
        err = open_command(control, &wire, fault);
        if (err == SK_OK)
            err = call_on(control, wire, text, id, to, &answered, fault);
    }
    if (text)
        memset(text, 0, strlen(text));
    cJSON_free(text);
    return err;
}

enum sk_err sk_control_call(struct sk_control *control, const struct sk_command *command, cJSON **ret_result,
                            struct sk_fault *fault)
{
    return call(control, command, &(struct answer){.result = ret_result, .faults = command->ret_faults}, fault);
}

enum sk_err sk_control_call_fd(struct sk_control *control, const struct sk_command *command, cJSON **ret_result, int *ret_fd,
                               struct sk_fault *fault)
{
    *ret_fd = -1;
    *ret_result = NULL;
    enum sk_err err =
        call(control, command, &(struct answer){.result = ret_result, .faults = command->ret_faults, .fd = ret_fd}, fault);
    if (err == SK_OK && *ret_fd < 0)
        err = sk_fault_set(fault, SK_ERR_PROTOCOL, "the collector sent no descriptor");
    if (err != SK_OK) {
        if (*ret_fd >= 0)
            close(*ret_fd);
        *ret_fd = -1;
        cJSON_Delete(*ret_result);
        *ret_result = NULL;
    }
    return err;
}
