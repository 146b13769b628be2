/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers' own lists, lost cards, reviews, consents, leavers: each route is one command of the collector, one row here. */
#include "dashboard-api/ask_rows.h"

A(post_credential_find, "credential.find", "credential")
L(get_leavers, "leaver.list")
L(get_unused, "authorization.unused")
L(get_access_report, "access.report")
L(get_lists, "list.list")
A(post_list, "list.import", "controller")
S(get_list_rows, "list.rows", "controller")
L(get_differences, "list.differences")
L(get_reviews, "review.list")
P(post_review, "review.open")
G(get_review, "review.get", "review")
S(get_review_rows, "review.rows", "review")
B(post_review_decide, "review.decide", "review", "authorization")
B(post_review_verify, "review.verify", "review", "authorization")
A(post_review_close, "review.close", "review")
A(post_biometric, "biometric.enrol", "person")
A(post_biometric_withdraw, "biometric.withdraw", "biometric")
A(post_person_erase, "person.erase", "person")
