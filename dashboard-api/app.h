/* SPDX-License-Identifier: Apache-2.0 */
/* What one dashboard process consists of, and what a handler is given. */
#ifndef SK_DASHBOARD_APP_H
#define SK_DASHBOARD_APP_H

#include <cjson/cJSON.h>
#include <stdatomic.h>

#include "dashboard-api/control.h"
#include "dashboard-api/http.h"
#include "dashboard-api/identity.h"
#include "dashboard-api/live.h"
#include "dashboard-api/mirror.h"
#include "dashboard-api/out.h"
#include "schemas/store/history.h"
#include "schemas/store/store.h"

struct sk_auth;
struct sk_kept;
struct sk_rate;

enum { SK_APP_STATUSES = 6 };
struct sk_app {
    const char *state_directory;
    struct sk_http *http;
    struct sk_control *control;
    struct sk_mirror *mirror;
    struct sk_live *live;
    struct sk_auth *auth;
    struct sk_kept *kept;
    struct sk_rate *sign_ins;                      /* failed ones, by address */
    struct sk_rate *by_address, *by_account;       /* requests */
    uint64_t epoch;                                /* random: tags of another process never match */
    struct sk_out texts[2];                        /* by enum sk_lang: texts and vocabulary as one JSON object */
    atomic_uint_fast64_t answers[SK_APP_STATUSES]; /* by first digit of the status */
};

enum { SK_CALL_ARGS = 3 };
/* One request on its way through gate, table and role check to its handler. */
struct sk_call {
    struct sk_app *app;
    struct sk_http_request *http;
    const struct sk_target *target;
    const char *args[SK_CALL_ARGS]; /* what stands for {…} in the route's pattern */
    struct sk_identity who;         /* zeroes on public routes */
    cJSON *body;                    /* POST only */
};

/* The reader of log.db of this thread, opened when first asked for. Not SK_OK: the fault says why (BUSY: not there yet). */
enum sk_err sk_app_store(struct sk_app *app, struct sk_store **ret_store, struct sk_fault *fault);
/* The store gave an error: close it, the next request opens it anew. */
void sk_app_store_drop(struct sk_app *app);
/* The same for history.db. */
enum sk_err sk_app_history(struct sk_app *app, struct sk_history **ret_history, struct sk_fault *fault);
void sk_app_history_drop(struct sk_app *app);

#endif
