/* SPDX-License-Identifier: Apache-2.0 */
/* Twice at most: what the read-only look did not find, the writer's own check may still find after a migration. */
#include "collector/succession.h"

#include <string.h>

#include "schemas/base/log.h"
#include "schemas/store/db.h"

static enum sk_err open_once(const char *directory, const char *damage, struct sk_opened_log *opened, struct sk_fault *fault)
{
    enum sk_err err = sk_log_examine(directory, damage, &opened->old, fault);
    if (err != SK_OK)
        return err;
    if (opened->old.any)
        sk_log(SK_LOG_ERROR, "the log was set aside in '%s/%s' and a new one begins: %s", directory, opened->old.name,
               opened->old.why);
    return sk_store_open(directory, SK_STORE_WRITER, &opened->store, fault);
}

enum sk_err sk_succession_open(const char *directory, const char *damage, struct sk_opened_log *ret_opened,
                               struct sk_fault *fault)
{
    char key_path[SK_PATH_MAX], found[SK_FAULT_TEXT];
    memset(ret_opened, 0, sizeof *ret_opened);
    if (!sk_text_format(key_path, sizeof key_path, "%s/%s", directory, SK_SIGNING_KEY_FILE))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "the state directory's name is too long");
    enum sk_err err = open_once(directory, damage, ret_opened, fault);
    if (err == SK_ERR_CORRUPT && !ret_opened->old.any) {
        sk_text_copy(found, sizeof found, fault->text);
        err = open_once(directory, found, ret_opened, fault);
    }
    if (err == SK_OK)
        err = sk_signer_open(key_path, true, &ret_opened->signer, fault);
    if (err != SK_OK) {
        sk_store_close(ret_opened->store);
        ret_opened->store = NULL;
    }
    return err;
}
