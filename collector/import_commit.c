/* SPDX-License-Identifier: Apache-2.0 */
/* An import is one commit of its own: what waited before goes first, then vault and log take all of the import or none of it.
 * Between the two calls nothing else runs. Two databases cannot commit as one: the vault is first, because a record must never
 * refer to what is not there, and who imports takes its rows back when the log then refuses. */
#include "collector/request.h"

enum sk_err sk_import_begin(struct request *request)
{
    static const char text[] = "the log cannot be written now; nothing was imported";
    if (sk_recorder_commit(request->floor->recorder, request->now) != SK_OK)
        return sk_request_refuse(request, SK_ERR_FULL, text);
    const enum sk_err err = sk_vault_begin(request->floor->vault);
    return err == SK_OK ? err : sk_request_refuse(request, err, "names cannot be stored now; nothing was imported");
}

enum sk_err sk_import_end(struct request *request, enum sk_err err)
{
    const bool good = err == SK_OK;
    const enum sk_err stored = sk_vault_end(request->floor->vault, good);
    if (good && stored != SK_OK)
        err = sk_request_refuse(request, stored, "names cannot be stored now; nothing was imported");
    if (err != SK_OK) {
        sk_recorder_drop(request->floor->recorder);
        return err;
    }
    err = sk_recorder_commit_whole(request->floor->recorder, request->now);
    request->answer->durable = false; /* recorded already, or not at all: nothing to wait for */
    return err == SK_OK ? err : sk_request_refuse(request, err, "the log did not take it; nothing was imported");
}
