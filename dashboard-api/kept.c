/* SPDX-License-Identifier: Apache-2.0 */
/* A few slots under one mutex, looked through in order: a hash of the key decides, the key itself confirms. */
#include "dashboard-api/kept.h"

#include <pthread.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

struct slot {
    struct sk_http_ready *ready; /* NULL: free */
    uint64_t generation, used, hash;
    char key[SK_KEPT_KEY];
};

struct sk_kept {
    pthread_mutex_t lock;
    uint64_t asked;
    struct slot slots[SK_KEPT_SLOTS];
};

enum sk_err sk_kept_create(struct sk_kept **ret_kept)
{
    struct sk_kept *kept = sk_calloc(1, sizeof *kept);
    if (!kept)
        return SK_ERR_NOMEM;
    pthread_mutex_init(&kept->lock, NULL);
    *ret_kept = kept;
    return SK_OK;
}

void sk_kept_free(struct sk_kept *kept)
{
    if (!kept)
        return;
    for (size_t i = 0; i < SK_KEPT_SLOTS; i++)
        sk_http_ready_drop(kept->slots[i].ready);
    pthread_mutex_destroy(&kept->lock);
    sk_free(kept);
}

/* FNV-1a: only to tell keys apart quickly. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * UINT64_C(0x100000001B3);
    return hash;
}

static struct slot *slot_of(struct sk_kept *kept, const char *key, uint64_t hash)
{
    for (size_t i = 0; i < SK_KEPT_SLOTS; i++)
        if (kept->slots[i].ready && kept->slots[i].hash == hash && strcmp(kept->slots[i].key, key) == 0)
            return &kept->slots[i];
    return NULL;
}

static struct slot *oldest(struct sk_kept *kept)
{
    struct slot *found = &kept->slots[0];
    for (size_t i = 0; i < SK_KEPT_SLOTS; i++)
        if (kept->slots[i].used < found->used)
            found = &kept->slots[i];
    return found;
}

struct sk_http_ready *sk_kept_find(struct sk_kept *kept, const char *key, uint64_t generation)
{
    const uint64_t hash = hash_of(key);
    struct sk_http_ready *ready = NULL;
    pthread_mutex_lock(&kept->lock);
    struct slot *slot = slot_of(kept, key, hash);
    if (slot && slot->generation == generation) {
        slot->used = ++kept->asked;
        ready = slot->ready;
        sk_http_ready_hold(ready);
    }
    pthread_mutex_unlock(&kept->lock);
    return ready;
}

void sk_kept_put(struct sk_kept *kept, const char *key, uint64_t generation, struct sk_http_ready *ready)
{
    const uint64_t hash = hash_of(key);
    if (strlen(key) >= SK_KEPT_KEY)
        return;
    sk_http_ready_hold(ready);
    pthread_mutex_lock(&kept->lock);
    struct slot *slot = slot_of(kept, key, hash);
    if (!slot)
        slot = oldest(kept);
    struct sk_http_ready *before = slot->ready;
    *slot = (struct slot){.ready = ready, .generation = generation, .used = ++kept->asked, .hash = hash};
    sk_text_copy(slot->key, sizeof slot->key, key);
    pthread_mutex_unlock(&kept->lock);
    sk_http_ready_drop(before);
}
