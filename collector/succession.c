/* SPDX-License-Identifier: Apache-2.0 */
/* Twice at most: what the read-only look did not find, the writer's own check may still find after a migration. */
#include "collector/succession.h"

#include <string.h>

#include "collector/recorder.h"
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

/* --- the beginning --- */

static enum sk_err give_number(struct sk_store *store, const char *kind, const char *id, uint16_t *ret_number,
                               const struct sk_now *now)
{
    bool is_new = false;
    uint64_t seq = 0;
    enum sk_err err = sk_store_number(store, kind, id, ret_number, &is_new);
    if (err != SK_OK || !is_new)
        return err;
    struct sk_draft draft;
    sk_draft_init(&draft, SK_EV_SYS_NUMBER, now);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_KIND, kind);
    sk_body_put_text(&draft.body, SK_TAG_ENTITY_ID, id);
    sk_body_put_u32(&draft.body, SK_TAG_ENTITY_NUMBER, *ret_number);
    return sk_store_append(store, &draft, &seq);
}

static enum sk_err give_numbers(struct sk_store *store, struct sk_site *site, const struct sk_now *now)
{
    enum sk_err err = SK_OK;
    for (size_t i = 0; err == SK_OK && i < site->zone_count; i++)
        err = give_number(store, "zone", site->zones[i].id, &site->zones[i].number, now);
    for (size_t i = 0; err == SK_OK && i < site->door_count; i++)
        err = give_number(store, "door", site->doors[i].id, &site->doors[i].number, now);
    for (size_t i = 0; err == SK_OK && i < site->device_count; i++)
        if (site->devices[i].profile != NULL && site->devices[i].profile->kind == SK_DEV_DOOR)
            err = give_number(store, "ctrl", site->devices[i].id, &site->devices[i].number, now);
    return err;
}

enum sk_err sk_succession_begin(const struct sk_opened_log *opened, const char *directory, const struct sk_cadence *cadence,
                                struct sk_site *site, struct sk_fault *fault)
{
    struct sk_now now = sk_clock_read();
    struct sk_carried carried;
    bool is_new = false;
    enum sk_err err = sk_store_begin(opened->store);
    if (err == SK_OK && opened->old.any)
        err = sk_log_succeed(opened->store, directory, site->id, opened->signer, cadence, &now, &opened->old, &carried);
    else if (err == SK_OK)
        err = sk_log_begin(opened->store, site->id, opened->signer, cadence, &now, &is_new);
    if (err == SK_OK)
        err = give_numbers(opened->store, site, &now);
    if (err == SK_OK)
        err = sk_store_commit(opened->store);
    if (err == SK_OK)
        return SK_OK;
    sk_store_rollback(opened->store);
    return sk_fault_set(fault, err, "cannot begin the log: %s", sk_err_text(err));
}
