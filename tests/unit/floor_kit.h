/* SPDX-License-Identifier: Apache-2.0 */
/* A real floor for tests of commands: store, vault, engine and recorder in a directory of its own. One per test program; a test
 * that begins asks floor_setup(), one that ends floor_teardown(). */
#ifndef FLOOR_KIT_H
#define FLOOR_KIT_H

#include "collector/commands.h"
#include "tests/unit/shell_kit.h"

static struct shell shell;
static struct sk_command_floor floor_;

static inline int floor_setup(void **state, uid_t console_uid)
{
    struct sk_fault fault = {0};
    if (support_setup(state) != 0)
        return -1;
    shell_setup(&shell);
    kit_start(&shell.kit);
    floor_ = (struct sk_command_floor){
        .site = &shell.kit.site, .engine = shell.kit.engine, .recorder = shell.recorder, .console_uid = console_uid};
    return sk_vault_open(support_directory, &floor_.vault, &fault) == SK_OK ? 0 : -1;
}

static inline int floor_teardown(void **state)
{
    shell_disk(true);
    sk_vault_close(floor_.vault);
    kit_stop(&shell.kit);
    sk_recorder_close(shell.recorder);
    return support_teardown(state);
}

#endif
