/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to the collector. Thread-safe: idle connections are kept in a pool, a busy caller opens one more.
 *
 * Errors are the collector's own (its word turned back into the code, its detail in the fault), or of the way to it: SK_ERR_IO
 * nobody listens, SK_ERR_CLOSED it hung up, SK_ERR_TIMEOUT no answer in time, SK_ERR_PROTOCOL an answer that is none.
 * A command whose kept connection turned out dead before anything was answered is sent once more on a new one when it is
 * repeatable, that is when doing it twice equals doing it once. After a time-out callers are answered TIMEOUT at once for a
 * second, so that a hung collector does not tie up the workers of the server. */
#ifndef SK_DASHBOARD_CONTROL_H
#define SK_DASHBOARD_CONTROL_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "schemas/base/err.h"

struct sk_control;

struct sk_command {
    const char *name;
    const char *secret;  /* the person's bearer token or session secret */
    const char *address; /* of the person's machine */
    cJSON *args;         /* borrowed; NULL: none */
    bool repeatable;
    cJSON **ret_faults; /* of a refusal: what is wrong with each field, an array owned by the caller, if there is any; NULL: not
                           wanted */
};

enum sk_err sk_control_create(const char *socket_path, struct sk_control **ret_control);
void sk_control_free(struct sk_control *control);
/* A command whose answer brings a descriptor: *ret_fd is the caller's to close; PROTOCOL when none came. Never repeated. */
enum sk_err sk_control_call_fd(struct sk_control *control, const struct sk_command *command, cJSON **ret_result, int *ret_fd,
                               struct sk_fault *fault);
/* *ret_result: an object owned by the caller; NULL ret_result when it is not wanted. */
enum sk_err sk_control_call(struct sk_control *control, const struct sk_command *command, cJSON **ret_result,
                            struct sk_fault *fault);

#endif
