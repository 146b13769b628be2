/* SPDX-License-Identifier: Apache-2.0 */
/* The allow list of blank.h, as a printer: it walks the JSON and writes only what a rule lets pass. */
#include "drivers/mqtt/blank.h"

#include <ctype.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/clock.h"
#include "schemas/model/access_event.h"
#include "schemas/model/vocab.h"

enum { TOKEN_MAX = 32, LETTERS_MAX = 4, CARD_DIGITS = 6 };

struct keeping {
    const struct sk_site *site;
    char *to;
    size_t capacity, length;
    bool full; /* nothing behind a cut, or the cut would not show */
};

static const char *const NAMES[] = {
    "v",
    "epoch",
    "seq",
    "seq_head",
    "t",
    "mono",
    "topic",
    "data",
    "Door",
    "DoorToken",
    "Reader",
    "AccessPointToken",
    "Reason",
    "Card",
    "State",
    "IdentifierValue",
    "CredentialToken",
    "CredentialHolder",
    "Factors",
    "External",
    "Enabled",
    "ExemptedAccess",
    "UseExtendedTime",
    "DoorMode",
    "DoorPhysicalState",
    "Active",
    "DoorAlarm",
    "DoorFault",
    "LockPhysicalState",
    "DoubleLockPhysicalState",
    "DoorTamper",
    "ApbViolation",
};

/* Members of the envelope itself that hold numbers, and how large they may be. */
static const struct {
    const char *name;
    uint64_t most;
} NUMBERS[] = {{"v", UINT8_MAX}, {"epoch", UINT32_MAX}, {"seq", UINT64_MAX}, {"seq_head", UINT64_MAX}, {"mono", UINT64_MAX}};

static void put(struct keeping *k, const char *text)
{
    size_t length = strlen(text);
    k->full = k->full || length > k->capacity - k->length;
    if (k->full)
        return;
    memcpy(k->to + k->length, text, length);
    k->length += length;
}

static void put_length(struct keeping *k, const char *text)
{
    char blank[40];
    sk_text_format(blank, sizeof(blank), "\"…%zu\"", strlen(text));
    put(k, blank);
}

/* Text that a rule lets pass. Ids and tokens of the site file may hold what JSON would have to escape. */
static void put_text(struct keeping *k, const char *text)
{
    if (strpbrk(text, "\"\\") != NULL) {
        put_length(k, text);
        return;
    }
    put(k, "\"");
    put(k, text);
    put(k, "\"");
}

static bool is_name(const char *name)
{
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(NAMES[i], name) == 0)
            return true;
    }
    return false;
}

int sk_blank_factor(const char *word)
{
    char prefixed[SK_TOKEN_MAX];
    int factor = sk_factor_parse(word);
    if (factor < 0 && sk_text_format(prefixed, sizeof(prefixed), "pt:%s", word))
        factor = sk_factor_parse(prefixed); /* ONVIF's own list writes pt: before the first word only; devices write either */
    if (factor < 0 && strncmp(word, "pt:", 3) == 0)
        factor = sk_factor_parse(word + 3);
    return factor;
}

static bool is_word(const char *word)
{
    static const char *const families[] = {"mode", "phys", "lock", "alarm", "tamper", "fault"};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (sk_door_parse(families[i], word) >= 0)
            return true;
    }
    return sk_deny_reason_parse(word) > SK_DENY_NONE || sk_blank_factor(word) >= 0 || strcmp(word, "true") == 0 ||
           strcmp(word, "false") == 0;
}

static bool same(const char *have, const char *word)
{
    return have != NULL && strcmp(have, word) == 0;
}

static bool is_of_site(const struct sk_site *site, const char *word)
{
    for (size_t i = 0; i < site->door_count; i++) {
        const struct sk_door_info *door = &site->doors[i];
        if (same(door->id, word) || same(door->token, word))
            return true;
        for (size_t r = 0; r < door->reader_count; r++) {
            if (same(door->readers[r].id, word))
                return true;
        }
    }
    return false;
}

static bool is_number(const char *name, const cJSON *item, uint64_t *ret_number)
{
    for (size_t i = 0; name != NULL && i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        if (strcmp(NUMBERS[i].name, name) == 0)
            return sk_json_u64(item, ret_number) && *ret_number <= NUMBERS[i].most;
    }
    return false;
}

/* name: of a member of the envelope itself, else NULL. */
static void keep_text(struct keeping *k, const char *name, const char *text)
{
    char topic[SK_TOPIC_MAX];
    int64_t time_us;
    if (same(name, "topic")) {
        sk_blank_topic(text, topic, sizeof(topic));
        put_text(k, topic);
    } else if (is_word(text) || is_of_site(k->site, text) || (same(name, "t") && sk_time_parse(text, &time_us))) {
        put_text(k, text);
    } else {
        put_length(k, text);
    }
}

static void keep_leaf(struct keeping *k, const char *name, const cJSON *item)
{
    char text[32];
    uint64_t number = 0;
    int64_t small = 2;
    if (is_number(name, item, &number)) {
        const char *quote = cJSON_IsString(item) ? "\"" : "";
        sk_text_format(text, sizeof(text), "%s%llu%s", quote, (unsigned long long)number, quote);
        put(k, text);
    } else if (cJSON_IsString(item)) {
        keep_text(k, name, item->valuestring);
    } else if (cJSON_IsBool(item)) {
        put(k, cJSON_IsTrue(item) ? "true" : "false");
    } else if (cJSON_IsNumber(item) && sk_json_i64(item, &small) && (small == 0 || small == 1)) {
        put(k, small == 0 ? "0" : "1");
    } else {
        put(k, "null");
    }
}

/* Depth is the parser's: at most that of SK_JSON_PAYLOAD. */
static void keep_item(struct keeping *k, const char *name, const cJSON *item, int depth)
{
    bool object = cJSON_IsObject(item);
    if (!object && !cJSON_IsArray(item)) {
        keep_leaf(k, depth == 1 ? name : NULL, item);
        return;
    }
    put(k, object ? "{" : "[");
    for (const cJSON *child = item->child; child != NULL && !k->full; child = child->next) {
        if (child != item->child)
            put(k, ",");
        if (object && is_name(child->string))
            put_text(k, child->string);
        else if (object)
            put_length(k, child->string);
        if (object)
            put(k, ":");
        keep_item(k, child->string, child, depth + 1);
    }
    put(k, object ? "}" : "]");
}

size_t sk_blank_json(const struct sk_site *site, const cJSON *root, char *to, size_t capacity)
{
    struct keeping k = {.site = site, .to = to, .capacity = capacity};
    keep_item(&k, NULL, root, 0);
    return k.length;
}

size_t sk_blank_bytes(const struct sk_site *site, const char *bytes, size_t length, char *to, size_t capacity)
{
    cJSON *root = NULL;
    struct sk_fault fault;
    struct keeping k = {.site = site, .to = to, .capacity = capacity};
    char text[40];
    if (sk_json_parse(bytes, length, &SK_JSON_PAYLOAD, &root, &fault) == SK_OK) {
        keep_item(&k, NULL, root, 0);
    } else {
        sk_text_format(text, sizeof(text), "{\"length\":%zu}", length);
        put(&k, text);
    }
    cJSON_Delete(root);
    return k.length;
}

/* --- topics --- */

/* End of the segment that begins at `at`: the next slash, or the end. */
static size_t segment_end(const char *topic, size_t at)
{
    return at + strcspn(topic + at, "/");
}

/* Length of the listed topic that begins this one, with the factors below it; 0 none. */
static size_t listed_length(const char *topic)
{
    char part[SK_TOPIC_MAX];
    size_t known = 0;
    for (size_t end = segment_end(topic, 0);; end = segment_end(topic, end + 1)) {
        const char *last = topic + known + (known > 0 ? 1 : 0);
        bool fits = sk_text_format(part, sizeof(part), "%.*s", (int)(end - (size_t)(last - topic)), last);
        if (fits && (known > 0 ? sk_blank_factor(part) >= 0 : sk_event_from_topic(part) >= 0))
            known = end;
        else if (known > 0 || end >= sizeof(part))
            break;
        if (topic[end] == '\0')
            break;
    }
    return known;
}

/* What it has in common with a listed topic, up to a colon or slash. */
static size_t common_length(const char *topic)
{
    size_t longest = 0;
    for (int ev = SK_EV_ACC_GRANTED; ev < SK_EV_NATIVE; ev++) {
        const char *listed = sk_event_topic(ev);
        for (size_t i = 0; listed != NULL && listed[i] != '\0' && listed[i] == topic[i]; i++) {
            if ((topic[i] == '/' || topic[i] == ':') && i + 1 > longest)
                longest = i + 1;
        }
    }
    return longest;
}

bool sk_blank_topic(const char *topic, char *to, size_t capacity)
{
    size_t length = strlen(topic), kept = listed_length(topic);
    if (kept == length)
        return sk_text_copy(to, capacity, topic);
    kept = kept > 0 ? kept + 1 : common_length(topic);
    sk_text_format(to, capacity, "%.*s…%zu", (int)kept, topic, length - kept);
    return false;
}

/* --- tokens --- */

static bool holds_card(const char *token)
{
    size_t run = 0, digits = 0;
    for (; *token != '\0'; token++) {
        if (strchr("._:-", *token) != NULL)
            continue; /* a card number may be written in groups */
        bool hex = isxdigit((unsigned char)*token) != 0;
        run = hex ? run + 1 : 0;
        digits = !hex ? 0 : digits + (isdigit((unsigned char)*token) ? 1 : 0);
        if (run >= CARD_DIGITS && digits > 0)
            return true;
    }
    return false;
}

bool sk_blank_is_opaque(const char *token)
{
    size_t length = strlen(token), letters = 0, digits = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)token[i];
        bool letter = c < 0x80 && isalpha(c), digit = isdigit(c) != 0;
        if (!letter && !digit && strchr("._:-", c) == NULL)
            return false;
        letters = letter ? letters + 1 : 0;
        digits += digit;
        if (letters > LETTERS_MAX)
            return false;
    }
    return length > 0 && length <= TOKEN_MAX && digits > 0 && !holds_card(token);
}
