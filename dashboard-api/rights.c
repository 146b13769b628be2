/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers' own lists, lost cards, reviews, consents, leavers: each route is one command of the collector, one row here. */
#include "dashboard-api/ask.h"

/* L: a list by the query's parameters. S: a list below the path's id. G: one by the path's id. P: the body as it is. A: the
 * body, with the path's ids. */
#define ROWS                                                                                                                   \
    A(post_credential_find, "credential.find", "credential", NULL)                                                             \
    L(get_leavers, "leaver.list")                                                                                              \
    L(get_unused, "authorization.unused")                                                                                      \
    L(get_access_report, "access.report")                                                                                      \
    L(get_lists, "list.list")                                                                                                  \
    A(post_list, "list.import", "controller", NULL)                                                                            \
    S(get_list_rows, "list.rows", "controller")                                                                                \
    L(get_differences, "list.differences")                                                                                     \
    L(get_reviews, "review.list")                                                                                              \
    P(post_review, "review.open")                                                                                              \
    G(get_review, "review.get", "review")                                                                                      \
    S(get_review_rows, "review.rows", "review")                                                                                \
    A(post_review_decide, "review.decide", "review", "authorization")                                                          \
    A(post_review_verify, "review.verify", "review", "authorization")                                                          \
    A(post_review_close, "review.close", "review", NULL)                                                                       \
    A(post_biometric, "biometric.enrol", "person", NULL)                                                                       \
    A(post_biometric_withdraw, "biometric.withdraw", "biometric", NULL)                                                        \
    A(post_person_erase, "person.erase", "person", NULL)                                                                       \
    P(post_words_find, "words.find")                                                                                           \
    A(post_words_erase, "words.erase", "words", NULL)

#define L(handler, command)                                                                                                    \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        sk_ask_list(call, command, NULL);                                                                                      \
    }
#define S(handler, command, id)                                                                                                \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        sk_ask_list(call, command, id);                                                                                        \
    }
#define G(handler, command, id)                                                                                                \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        sk_ask_get(call, command, id);                                                                                         \
    }
#define P(handler, command)                                                                                                    \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        sk_ask(call, command, call->body, false);                                                                              \
    }
#define A(handler, command, first, second)                                                                                     \
    void sk_handle_##handler(struct sk_call *call)                                                                             \
    {                                                                                                                          \
        sk_ask_act(call, command, first, second);                                                                              \
    }
ROWS
