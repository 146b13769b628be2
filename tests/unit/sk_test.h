/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in its required order, and a row counter that names the failing row of a table. */
#ifndef SK_TEST_H
#define SK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#define SK_COUNT(table) (sizeof(table) / sizeof((table)[0]))
/* Fails with the row's name, so that a table test says which line is wrong. */
#define sk_check(condition, name)                                                                                              \
    do {                                                                                                                       \
        if (!(condition))                                                                                                      \
            fail_msg("row '%s': %s", (name), #condition);                                                                      \
    } while (0)

#endif
