/* SPDX-License-Identifier: Apache-2.0 */
/* A small direct-mapped cache before session.check; HMAC keys live as long as the process. */
#include "dashboard-api/auth.h"

#include <pthread.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "schemas/model/vocab.h"

enum { CACHE_SLOTS = 256, KEY_SIZE = 32, TOKEN_HEX = 64 };

struct slot {
    struct sk_hash mark;
    int64_t until_us;
    char account[SK_IDENTITY_ACCOUNT], person[SK_IDENTITY_PERSON];
    char kind[16];
    uint16_t roles;
};

struct sk_auth {
    struct sk_control *control;
    pthread_mutex_t lock;
    struct slot slots[CACHE_SLOTS];
    struct sk_hmac *marker; /* under the lock */
    uint8_t csrf_key[KEY_SIZE];
};

enum sk_err sk_auth_create(struct sk_control *control, struct sk_auth **ret_auth)
{
    struct sk_auth *auth = sk_calloc(1, sizeof *auth);
    if (!auth)
        return SK_ERR_NOMEM;
    auth->control = control;
    pthread_mutex_init(&auth->lock, NULL);
    uint8_t mark_key[KEY_SIZE];
    enum sk_err err = sk_random(mark_key, KEY_SIZE);
    if (err == SK_OK)
        err = sk_hmac_create(mark_key, KEY_SIZE, &auth->marker);
    explicit_bzero(mark_key, sizeof mark_key);
    if (err == SK_OK)
        err = sk_random(auth->csrf_key, KEY_SIZE);
    if (err != SK_OK) {
        sk_auth_free(auth);
        return err;
    }
    *ret_auth = auth;
    return SK_OK;
}

void sk_auth_free(struct sk_auth *auth)
{
    if (!auth)
        return;
    pthread_mutex_destroy(&auth->lock);
    sk_hmac_free(auth->marker);
    sk_free_secret(auth, sizeof *auth);
}

/* "skt_" and 64 hex digits; anything else is not worth a question. */
static bool is_secret(const char *text)
{
    uint8_t bytes[TOKEN_HEX / 2];
    return strncmp(text, "skt_", 4) == 0 && sk_hex_read(bytes, sizeof bytes, text + 4);
}

static bool find_cookie(const char *field, char *to, size_t capacity)
{
    static const char name[] = "__Host-sid=";
    for (const char *at = field; at;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ";");
        if (strncmp(at, name, sizeof name - 1) == 0) {
            size_t value = length - (sizeof name - 1);
            if (value >= capacity)
                return false;
            memcpy(to, at + sizeof name - 1, value);
            to[value] = '\0';
            return true;
        }
        at = at[length] == ';' ? at + length + 1 : NULL;
    }
    return false;
}

static bool find_secret(const struct sk_http_request *request, struct sk_identity *who)
{
    const char *authorization = sk_http_field(request, "Authorization");
    const char *cookie = sk_http_field(request, "Cookie");
    if (authorization) {
        return strncmp(authorization, "Bearer ", 7) == 0 && sk_text_copy(who->secret, sizeof who->secret, authorization + 7) &&
               is_secret(who->secret);
    }
    who->cookie = true;
    return cookie && find_cookie(cookie, who->secret, sizeof who->secret) && is_secret(who->secret);
}

static struct slot *slot_of(struct sk_auth *auth, const struct sk_hash *mark)
{
    return &auth->slots[mark->bytes[0] % CACHE_SLOTS];
}

/* The secret's mark, and what is kept under it. */
static enum sk_err from_cache(struct sk_auth *auth, const char *secret, struct sk_hash *ret_mark, bool *ret_hit,
                              struct slot *ret_slot)
{
    pthread_mutex_lock(&auth->lock);
    const enum sk_err err = sk_hmac_run(auth->marker, secret, strlen(secret), ret_mark);
    const struct slot *slot = slot_of(auth, ret_mark);
    *ret_hit = err == SK_OK && slot->until_us > sk_clock_mono_us() && sk_equal_secret(&slot->mark, ret_mark, sizeof *ret_mark);
    if (*ret_hit)
        *ret_slot = *slot;
    pthread_mutex_unlock(&auth->lock);
    return err;
}

static bool read_roles(const cJSON *list, uint16_t *ret_roles)
{
    uint16_t roles = 0;
    const cJSON *item;
    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        const char *word = sk_json_text(item);
        int role = word ? sk_role_parse(word) : -1;
        if (role >= 0) /* a role of a later version gives nothing here */
            roles = (uint16_t)(roles | 1u << role);
    }
    *ret_roles = roles;
    return true;
}

static enum sk_err ask(struct sk_auth *auth, const char *secret, const char *address, bool touch, struct slot *ret_slot,
                       struct sk_fault *fault)
{
    cJSON *args = touch ? NULL : cJSON_CreateObject();
    if (args)
        cJSON_AddBoolToObject(args, "touch", false);
    struct sk_command command = {
        .name = "session.check", .secret = secret, .address = address, .args = args, .repeatable = true};
    cJSON *result = NULL;
    enum sk_err err = sk_control_call(auth->control, &command, &result, fault);
    cJSON_Delete(args);
    if (err != SK_OK)
        return err;
    const char *account = sk_json_text(sk_json_get(result, "account"));
    const char *person = sk_json_text(sk_json_get(result, "person"));
    const char *kind = sk_json_text(sk_json_get(result, "kind"));
    if (!account || !person || !kind || !sk_text_copy(ret_slot->person, sizeof ret_slot->person, person) ||
        !sk_text_copy(ret_slot->account, sizeof ret_slot->account, account) ||
        !sk_text_copy(ret_slot->kind, sizeof ret_slot->kind, kind) ||
        !read_roles(sk_json_get(result, "roles"), &ret_slot->roles))
        err = sk_fault_set(fault, SK_ERR_PROTOCOL, "the collector's answer to session.check is malformed");
    cJSON_Delete(result);
    return err;
}

static void keep(struct sk_auth *auth, const struct slot *slot)
{
    pthread_mutex_lock(&auth->lock);
    *slot_of(auth, &slot->mark) = *slot;
    pthread_mutex_unlock(&auth->lock);
}

enum sk_err sk_auth_identify(struct sk_auth *auth, const struct sk_http_request *request, struct sk_identity *ret_who,
                             struct sk_fault *fault)
{
    struct sk_identity who = {0};
    struct slot slot = {0};
    if (!find_secret(request, &who))
        return sk_fault_set(fault, SK_ERR_UNAUTHENTICATED, "sign in, or send 'Authorization: Bearer' with a token");
    bool hit = false;
    enum sk_err err = from_cache(auth, who.secret, &who.mark, &hit, &slot);
    if (err == SK_OK && !hit) {
        int64_t asked_us = sk_clock_mono_us();
        err = ask(auth, who.secret, sk_http_peer(request), true, &slot, fault);
        slot.mark = who.mark;
        slot.until_us = asked_us + SK_AUTH_KEEP_MS * SK_US_PER_MS;
        if (err == SK_OK)
            keep(auth, &slot);
    }
    if (err == SK_OK && who.cookie && strcmp(slot.kind, "session") != 0)
        err = sk_fault_set(fault, SK_ERR_UNAUTHENTICATED, "the cookie holds no session");
    if (err != SK_OK)
        return err;
    sk_text_copy(who.account, sizeof who.account, slot.account);
    sk_text_copy(who.person, sizeof who.person, slot.person);
    who.roles = slot.roles;
    *ret_who = who;
    return SK_OK;
}

enum sk_err sk_auth_recheck(struct sk_auth *auth, const struct sk_identity *who)
{
    struct slot slot = {0};
    enum sk_err err = ask(auth, who->secret, NULL, false, &slot, NULL);
    return err == SK_OK && slot.roles != who->roles ? SK_ERR_DENIED : err;
}

void sk_auth_forget(struct sk_auth *auth, const struct sk_hash *mark)
{
    pthread_mutex_lock(&auth->lock);
    struct slot *slot = slot_of(auth, mark);
    if (sk_equal_secret(&slot->mark, mark, sizeof *mark))
        *slot = (struct slot){0};
    pthread_mutex_unlock(&auth->lock);
}

void sk_auth_csrf(struct sk_auth *auth, const struct sk_identity *who, char to[SK_CSRF_TEXT])
{
    struct sk_hash hash = {0};
    to[0] = '\0';
    if (sk_hmac_sha256(auth->csrf_key, KEY_SIZE, who->secret, strlen(who->secret), &hash) == SK_OK)
        sk_hex_write(to, hash.bytes, (SK_CSRF_TEXT - 1) / 2);
}

static bool is_own_origin(const char *origin, const char *host)
{
    return host && strncmp(origin, "https://", 8) == 0 && strcmp(origin + 8, host) == 0;
}

const char *sk_auth_unsafe(struct sk_auth *auth, const struct sk_http_request *request, const struct sk_identity *who)
{
    const char *origin = sk_http_field(request, "Origin");
    const char *site = sk_http_field(request, "Sec-Fetch-Site");
    if (origin && !is_own_origin(origin, sk_http_field(request, "Host")))
        return "the request comes from a page of another origin";
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return "the request comes from a page of another site";
    if (!who || !who->cookie)
        return NULL;
    char expected[SK_CSRF_TEXT];
    const char *given = sk_http_field(request, "X-CSRF-Token");
    sk_auth_csrf(auth, who, expected);
    if (!given || expected[0] == '\0' || strlen(given) != SK_CSRF_TEXT - 1 ||
        !sk_equal_secret(given, expected, SK_CSRF_TEXT - 1))
        return "X-CSRF-Token is missing or wrong; GET /api/v1/session gives it";
    return NULL;
}
