/* SPDX-License-Identifier: Apache-2.0 */
/* make_log DIRECTORY COUNT: a log.db for tests of the dashboard, through the store's own writer: door d1 and d2 in turn (zones
 * server and office), every tenth record of class system, and one closed alarm with occurrence 7. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/base/clock.h"
#include "schemas/store/store.h"

static void check(enum sk_err err, const char *what)
{
    if (err == SK_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, sk_err_text(err));
    exit(1);
}

int main(int argc, char **argv)
{
    struct sk_store *store;
    struct sk_fault fault = {0};
    uint16_t doors[2], zones[2];
    bool is_new;
    uint64_t seq;
    if (argc != 3)
        return 2;
    check(sk_store_open(argv[1], SK_STORE_WRITER, &store, &fault), fault.text);
    check(sk_store_begin(store), "begin");
    check(sk_store_number(store, "door", "d1", &doors[0], &is_new), "number");
    check(sk_store_number(store, "door", "d2", &doors[1], &is_new), "number");
    check(sk_store_number(store, "zone", "server", &zones[0], &is_new), "number");
    check(sk_store_number(store, "zone", "office", &zones[1], &is_new), "number");
    for (int i = 0; i < atoi(argv[2]); i++) {
        struct sk_draft draft = {.header = {.t_recv_us = (uint64_t)(INT64_C(1763640000) + i) * 1000000,
                                            .ev = i % 10 == 9 ? SK_EV_LOG_HEARTBEAT : SK_EV_ACC_GRANTED,
                                            .class_ = i % 10 == 9 ? SK_CLASS_SYSTEM : SK_CLASS_ACCESS,
                                            .door = i % 10 == 9 ? 0 : doors[i % 2],
                                            .zone = i % 10 == 9 ? 0 : zones[i % 2]}};
        sk_body_init(&draft.body);
        check(sk_store_append(store, &draft, &seq), "append");
    }
    struct sk_alarm closed = {.occurrence = 7,
                              .bits = SK_ALARM_BIT_ACKED,
                              .severity = SK_SEV_LOW,
                              .condition = SK_COND_STATE,
                              .source = "ups1/ups.status",
                              .raised_us = INT64_C(1763640000000000)};
    check(sk_store_alarm_put(store, &closed), "alarm");
    check(sk_store_commit(store), "commit");
    sk_store_close(store);
    return 0;
}
