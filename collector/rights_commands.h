/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about rights beside the roster: X(command, row of permissions.def, function). rights_commands.c, list_commands.c,
 * list_import.c, review_commands.c; credential.find stands in credential_commands.c with the other acts on a card. */
#ifndef SK_COLLECTOR_RIGHTS_COMMANDS_H
#define SK_COLLECTOR_RIGHTS_COMMANDS_H

#define SK_RIGHTS_COMMANDS(X)                                                                                                  \
    X("credential.find", "credential.find", credential_find)                                                                   \
    X("list.import", "list.import", list_import)                                                                               \
    X("list.list", "read.people", list_list)                                                                                   \
    X("list.rows", "read.people", list_rows)                                                                                   \
    X("list.differences", "read.people", list_differences)                                                                     \
    X("access.report", "read.people", access_report)                                                                           \
    X("leaver.list", "read.people", leaver_list)                                                                               \
    X("authorization.unused", "read.people", authorization_unused)                                                             \
    X("review.open", "review.open", review_open)                                                                               \
    X("review.list", "read.people", review_list)                                                                               \
    X("review.get", "read.people", review_get)                                                                                 \
    X("review.rows", "read.people", review_rows)                                                                               \
    X("review.decide", "review.decide", review_decide)                                                                         \
    X("review.verify", "review.decide", review_verify)                                                                         \
    X("review.close", "review.open", review_close)                                                                             \
    X("biometric.enrol", "biometric.enrol", biometric_enrol)                                                                   \
    X("biometric.withdraw", "biometric.enrol", biometric_withdraw)                                                             \
    X("person.erase", "person.erase", person_erase)

#endif
