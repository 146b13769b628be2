/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that stand ready: the library's response with all its fields, counted holds around it. The library counts the
 * connections that send it by itself. */
#include "dashboard-api/http_private.h"
#include "schemas/base/mem.h"

struct sk_http_ready {
    struct MHD_Response *response;
    unsigned status;
    atomic_uint holds;
};

struct sk_http_ready *sk_http_ready_make(const struct sk_http_answer *answer)
{
    struct MHD_Response *response = sk_http_response(answer);
    struct sk_http_ready *ready = response ? sk_calloc(1, sizeof *ready) : NULL;
    if (!ready || !sk_http_dress(response, answer->type, answer->fields)) {
        if (response)
            MHD_destroy_response(response);
        sk_free(ready);
        return NULL;
    }
    ready->response = response;
    ready->status = (unsigned)answer->status;
    atomic_init(&ready->holds, 1);
    return ready;
}

void sk_http_ready_hold(struct sk_http_ready *ready)
{
    atomic_fetch_add(&ready->holds, 1);
}

void sk_http_ready_drop(struct sk_http_ready *ready)
{
    if (!ready || atomic_fetch_sub(&ready->holds, 1) != 1)
        return;
    MHD_destroy_response(ready->response);
    sk_free(ready);
}

void sk_http_respond_ready(struct sk_http_request *request, const struct sk_http_ready *ready)
{
    request->answered = true;
    request->queued = MHD_queue_response(request->connection, ready->status, ready->response);
}
