/* SPDX-License-Identifier: Apache-2.0 */
/* From request to handler: find the row, check who and whether, check parameters and body, call. Table: routes.def. */
#ifndef SK_DASHBOARD_ROUTES_H
#define SK_DASHBOARD_ROUTES_H

#include <stdio.h>

#include "dashboard-api/app.h"

void sk_routes_handle(struct sk_app *app, struct sk_http_request *request);
/* "METHOD pattern act" lines, for the lint test and for people. */
void sk_routes_print(FILE *to);

#endif
