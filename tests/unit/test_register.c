/* SPDX-License-Identifier: Apache-2.0 */
/* Registers without an engine: the tables are sound, documents are refused field by field, bodies come back, and the fold
 * answers for any moment. */
#include "schemas/model/register_internal.h"
#include "tests/unit/register_kit.h"

static struct sk_zone *tokyo;
static struct kit kit;
static struct sk_roster *roster;
static struct sk_registers *registers;
static struct sk_register_context context;

static bool is_somebody(void *nothing, const char *id)
{
    (void)nothing;
    return strcmp(id, "nobody") != 0;
}

static int setup(void **state)
{
    struct sk_fault fault = {0};
    (void)state;
    kit_site(&kit);
    struct sk_roster_change person = rk_person(1);
    person.version = 1;
    if (sk_zone_load("Asia/Tokyo", &tokyo, &fault) != SK_OK || sk_roster_create(&roster) != SK_OK ||
        sk_registers_create(&registers) != SK_OK || sk_roster_apply(roster, &person) != SK_OK)
        return -1;
    context = (struct sk_register_context){.site = &kit.site,
                                           .roster = roster,
                                           .registers = registers,
                                           .zone = tokyo,
                                           .is_somebody = is_somebody,
                                           .now_us = KIT_UTC0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sk_registers_free(registers);
    sk_roster_free(roster);
    sk_zone_free(tokyo);
    return 0;
}

/* --- tables --- */

/* "field" or "field=word", and the word is one that the field may have. NULL: no such field. */
static const struct sk_field_row *field_of(const struct sk_act_row *act, char *name)
{
    char *word = strchr(name, '=');
    if (word != NULL)
        *word++ = '\0';
    const struct sk_field_row *field = sk_field_by_name(act->register_, name);
    if (field != NULL && word != NULL)
        sk_check(field->type == SK_FT_WORD && sk_field_word_is(field, word, strlen(word)), act->name);
    return field;
}

static void check_words(const struct sk_act_row *act)
{
    char fields[512], *rest = fields;
    sk_text_copy(fields, sizeof fields, act->fields);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        char *condition = strchr(word, ':');
        if (word[0] == '\0')
            continue;
        if (condition != NULL) {
            *condition++ = '\0';
            const struct sk_field_row *field = field_of(act, condition);
            sk_check(field != NULL, act->name);
            sk_check((field->flags & SK_FF_VAULT) == 0 || strchr(condition, '=') == NULL,
                     act->name); /* the vault is not asked */
        }
        for (char *name = word + (word[0] == '!' || word[0] == '?'); name != NULL;) {
            char *next = strchr(name, ','), *than;
            if (next != NULL)
                *next++ = '\0';
            if ((than = strchr(name, '>')) != NULL) {
                *than++ = '\0';
                sk_check(field_of(act, than) != NULL, act->name);
            }
            if ((than = strchr(name, '<')) != NULL) {
                *than++ = '\0';
                sk_check(than[0] >= '1' && than[0] <= '3' && than[1] == '\0' && field_of(act, name)->type == SK_FT_ZONE,
                         act->name);
            }
            if (field_of(act, name) == NULL)
                fail_msg("%s: no field '%s'", act->name, name);
            name = next;
        }
    }
}

static void acts_are_sound(void **state)
{
    const struct sk_act_row *act;
    uint16_t last = 0;
    (void)state;
    for (size_t i = 0; (act = sk_act_at(i)) != NULL; i++) {
        const bool opens = (act->rules & SK_AR_OPENS) != 0;
        sk_check(act->ev > last && act->ev >> 5 == (0x1000 >> 5) + act->register_, act->name);
        sk_check(opens == (act->from == 0) && (!opens || act->to != 0), act->name);
        sk_check(sk_act_row(act->ev) == act && sk_act_by_name(act->register_, sk_act_word(act)) == act, act->name);
        sk_check(sk_permission(act->permission, 1u << SK_ROLE_ADMINISTRATOR), act->name);
        sk_check(sk_event_class(act->ev) == SK_CLASS_ROSTER && strcmp(sk_event_name(act->ev), act->name) == 0, act->name);
        check_words(act);
        last = act->ev;
    }
}

/* What the opening act asks is asked of an amendment by itself (amendments_keep_what_opening_asked); a row that repeated it
 * would tell it twice. */
static void amendments_repeat_nothing(void **state)
{
    const struct sk_act_row *opens, *amends;
    (void)state;
    for (size_t i = 0; (amends = sk_act_at(i)) != NULL; i++) {
        if ((amends->rules & SK_AR_AMENDS) == 0)
            continue;
        size_t k = 0;
        while ((opens = sk_act_at(k)) != NULL && (opens->register_ != amends->register_ || (opens->rules & SK_AR_OPENS) == 0))
            k++;
        char fields[512], *rest = fields;
        assert_non_null(opens);
        sk_text_copy(fields, sizeof fields, opens->fields);
        for (char *word; (word = strsep(&rest, " ")) != NULL;)
            if (word[0] == '?' && strstr(amends->fields, word) != NULL)
                fail_msg("%s: '%s' would be told twice, the opening act asks it already", amends->name, word);
    }
}

/* Every state an entry can reach leads on, or is final; every register can be opened. */
static void states_lead_somewhere(void **state)
{
    const struct sk_register_row *row;
    const struct sk_act_row *act;
    (void)state;
    for (size_t i = 0; (row = sk_register_at(i)) != NULL; i++) {
        uint64_t reached = 0, left = 0;
        for (size_t k = 0; (act = sk_act_at(k)) != NULL; k++)
            if (act->register_ == row->number) {
                reached |= act->to != 0 ? UINT64_C(1) << act->to : 0;
                left |= act->to != 0 ? act->from : 0;
            }
        sk_check(reached != 0, row->name);
        for (uint8_t s = 1; s < 64; s++) {
            if ((reached >> s & 1) != 0 && (left >> s & 1) == 0 && !sk_register_state_is_final(s))
                fail_msg("%s: nothing leads out of %s", row->name, sk_register_state_name(s));
            if ((left >> s & 1) != 0 && (reached >> s & 1) == 0)
                fail_msg("%s: nothing leads into %s", row->name, sk_register_state_name(s));
        }
    }
}

static void fields_are_sound(void **state)
{
    const struct sk_register_row *row;
    const struct sk_field_row *field;
    (void)state;
    for (size_t i = 0; (row = sk_register_at(i)) != NULL; i++) {
        sk_check(row->ja[0] != '\0' && row->en[0] != '\0' && strlen(row->prefix) == 2, row->name);
        sk_check(sk_field_at(row->number, 0) != NULL, row->name);
        for (size_t k = 0; (field = sk_field_at(row->number, k)) != NULL; k++) {
            const bool text = field->type == SK_FT_TEXT || field->type == SK_FT_NOTE;
            sk_check(field->id == (((size_t)row->number << 8) | (k + 1)) && sk_field_row(field->id) == field, field->name);
            sk_check(sk_field_by_name(row->number, field->name) == field, field->name);
            sk_check((field->words[0] != '\0') == (field->type == SK_FT_WORD || field->type == SK_FT_REF), field->name);
            sk_check(!text || field->max > 0, field->name);
            sk_check((field->flags & SK_FF_LIST) == 0 || field->max > 0, field->name);
            sk_check((field->flags & SK_FF_NOW) == 0 || field->type == SK_FT_TIME, field->name);
            sk_check((field->flags & SK_FF_PAST) == 0 || field->type == SK_FT_TIME || field->type == SK_FT_DATE, field->name);
            /* "now" when nothing is said is what happens now, but for windows, which may be announced */
            sk_check((field->flags & SK_FF_NOW) == 0 ||
                         ((field->flags & SK_FF_PAST) != 0) != (strcmp(field->name, "from") == 0),
                     field->name);
            sk_check((field->flags & SK_FF_AFTER) == 0 || (k > 0 && field[-1].type == field->type), field->name);
            sk_check((field->flags & SK_FF_VAULT) == 0 || text, field->name);
            sk_check((field->flags & SK_FF_VAULT) != SK_FF_VAULT, field->name);
            sk_check(field->type != SK_FT_NOTE || (field->flags & SK_FF_WORDS) != 0, field->name); /* sentences name people */
            sk_check((field->id & 0xFF) < 64, field->name);                                        /* vault_fields */
        }
    }
}

/* --- typed times --- */

struct typed {
    const char *name;
    bool told;
    char expected[256];
};

static void note_typed(void *to, const char *field, const char *expected, const char *found)
{
    struct typed *typed = to;
    (void)found;
    if (strcmp(field, typed->name) != 0)
        return;
    typed->told = true;
    sk_text_copy(typed->expected, sizeof typed->expected, expected);
}

/* Is this time refused for this field by any act that takes the field? */
static bool is_refused(const struct sk_register_context *at, const struct sk_act_row *act, const struct sk_field_row *field,
                       int64_t at_us, struct typed *typed)
{
    static struct sk_register_document document;
    char text[SK_TIME_TEXT];
    cJSON *fields = cJSON_CreateObject();
    sk_time_format(text, at_us);
    if (field->type == SK_FT_DATE) /* the local day */
        sk_text_format(text, sizeof text, "%s", at_us > at->now_us ? "2026-11-21" : "2026-11-20");
    cJSON_AddStringToObject(fields, field->name, text);
    *typed = (struct typed){.name = field->name};
    sk_register_document_read(at, act, NULL, fields, note_typed, typed, &document);
    cJSON_Delete(fields);
    return typed->told;
}

/* Every field that says what has happened: now and before it are good, what clocks differ by is good, later is refused in
 * words; others may be announced. */
static void what_has_happened_is_not_ahead(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t ahead_us;
        bool refused;
    } rows[] = {
        {"a year ago", -365 * INT64_C(86400) * SK_US_PER_S, false}, {"now", 0, false},
        {"as much as clocks may differ", 10 * SK_US_PER_S, false},  {"a little more", 10 * SK_US_PER_S + 1, true},
        {"tomorrow", INT64_C(86400) * SK_US_PER_S, true},
    };
    struct sk_zone *zone = NULL;
    struct sk_roster *people = NULL;
    struct sk_registers *kept = NULL;
    const struct sk_act_row *act;
    const struct sk_field_row *field;
    struct typed typed;
    size_t past = 0, announced = 0;
    assert_int_equal(sk_zone_load("Asia/Tokyo", &zone, NULL), SK_OK);
    assert_int_equal(sk_roster_create(&people), SK_OK);
    assert_int_equal(sk_registers_create(&kept), SK_OK);
    struct sk_register_context desk = {.roster = people, .registers = kept, .zone = zone};
    assert_true(sk_time_parse("2026-11-20T03:00:00Z", &desk.now_us));
    for (size_t a = 0; (act = sk_act_at(a)) != NULL; a++)
        for (size_t k = 0; (field = sk_field_at(act->register_, k)) != NULL; k++) {
            const bool says_past = (field->flags & SK_FF_PAST) != 0;
            if ((field->type != SK_FT_TIME && !says_past) || is_refused(&desk, act, field, desk.now_us, &typed))
                continue; /* this act does not take it */
            for (size_t i = 0; i < SK_COUNT(rows); i++) {
                if (field->type == SK_FT_DATE && rows[i].ahead_us > 0 && i + 1 < SK_COUNT(rows))
                    continue; /* still today */
                const bool refused = is_refused(&desk, act, field, desk.now_us + rows[i].ahead_us, &typed);
                if (refused != (says_past && rows[i].refused))
                    fail_msg("%s, field %s, %s: %s", sk_event_name(act->ev), field->name, rows[i].name,
                             refused ? typed.expected : "taken");
                sk_check(!refused || strstr(typed.expected, "that is not in the future") != NULL, field->name);
            }
            past += says_past;
            announced += !says_past;
        }
    assert_true(past >= 18 && announced >= 10);
    sk_registers_free(kept);
    sk_roster_free(people);
    sk_zone_free(zone);
}

static void dues_are_sound(void **state)
{
    const struct sk_due_row *due;
    (void)state;
    assert_null(sk_due_at(64)); /* SK_DUE_ROWS_MAX of the engine */
    for (size_t i = 0; (due = sk_due_at(i)) != NULL; i++) {
        const struct sk_field_row *field = sk_field_row(due->field);
        sk_check(due->field == 0 || (field != NULL && field->id >> 8 == due->register_ &&
                                     (field->type == SK_FT_TIME || field->type == SK_FT_DATE)),
                 due->name);
        sk_check(!sk_register_state_is_final(due->state), due->name);
        char when[128], *rest = when;
        sk_text_copy(when, sizeof when, due->when);
        for (char *word; (word = strsep(&rest, " ")) != NULL;)
            for (char *name; word[0] != '\0' && (name = strsep(&word, ">")) != NULL;) {
                sk_check(sk_field_by_name(due->register_, name + (name[0] == '!')) != NULL, due->name);
                if (word == NULL)
                    break;
            }
    }
}

/* --- documents --- */

#define VISIT_OF(zones)                                                                                                        \
    "\"name\":\"n\",\"company\":\"c\",\"purpose\":\"p\",\"host\":\"p-1\",\"host_name\":\"h\",\"host_company\":\"c\","          \
    "\"date\":\"2025-11-20\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":\"2025-11-20T13:00:00Z\",\"zones\":[" zones "]"
#define VISIT VISIT_OF("\"server\"")
#define GOODS                                                                                                                  \
    "\"direction\":\"in\",\"items\":[\"pc\"],\"serials\":[\"1\"],\"purpose\":\"p\",\"from\":\"2025-11-20T11:00:00Z\","         \
    "\"until\":\"2025-11-20T13:00:00Z\",\"responsible\":\"p-1\",\"owner\":\"own\",\"applicant\":\"ann\""

#define ITEM "\"asset\":\"a\",\"kind\":\"server\",\"zone\":\"server\",\"owner\":\"own\",\"storage\":false"

static void documents(void **state)
{
    static const struct {
        const char *name;
        uint16_t ev;
        const char *text, *fields; /* faults expected, in this order; "" good */
    } rows[] = {
        {"a visitor", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\"}", ""},
        {"null says nothing", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"escort\":null}", ""},
        {"null does not fill a required one", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":null}", "kind"},
        {"kind missing", SK_EV_VISIT_REQUESTED, "{" VISIT "}", "kind"},
        {"no such kind", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visit\"}", "kind"},
        {"two words are no word", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor|guard\"}", "kind"},
        {"delivery without its pattern", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"delivery\"}", "delivery"},
        {"delivery in a pattern not permitted", SK_EV_VISIT_REQUESTED,
         "{" VISIT ",\"kind\":\"delivery\",\"delivery\":\"anywhere\"}", "delivery delivery"},
        {"delivery outside class 3", SK_EV_VISIT_REQUESTED,
         "{" VISIT_OF("\"outside\"") ",\"kind\":\"delivery\",\"delivery\":\"outside_class_3\"}", ""},
        {"delivery outside class 3, into class 3", SK_EV_VISIT_REQUESTED,
         "{" VISIT ",\"kind\":\"delivery\",\"delivery\":\"outside_class_3\"}", "zones"},
        {"one of its zones is of class 3", SK_EV_VISIT_REQUESTED,
         "{" VISIT_OF("\"outside\",\"server\"") ",\"kind\":\"delivery\",\"delivery\":\"outside_class_3\"}", "zones"},
        {"delivery attended in class 3", SK_EV_VISIT_REQUESTED,
         "{" VISIT ",\"kind\":\"delivery\",\"delivery\":\"no_touch_attended\"}", ""},
        {"a field of the badge at the request", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"badge\":\"7\"}",
         "badge"},
        {"a name no register has", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"colour\":\"red\"}", "colour"},
        {"escort not on the roster", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"escort\":\"p-2\"}", "escort"},
        {"permit that is none", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"permit\":\"pm-1\"}", "permit"},
        {"reference of another register", SK_EV_VISIT_REQUESTED, "{" VISIT ",\"kind\":\"visitor\",\"permit\":\"vs-1\"}",
         "permit"},
        {"all at once", SK_EV_VISIT_REQUESTED, "{\"from\":\"x\",\"zones\":7}",
         "name company kind purpose host host_name host_company date from until zones"},
        {"owned goods need no conditions", SK_EV_GOODS_PERMIT, "{" GOODS ",\"kind\":\"owned\"}", ""},
        {"carried in without the five conditions", SK_EV_GOODS_PERMIT, "{" GOODS ",\"kind\":\"carried_in\"}",
         "condition_clean condition_no_wlan condition_no_internet condition_kept_safe condition_no_outside_line clean_evidence "
         "work"},
        {"a condition said to be false", SK_EV_GOODS_PERMIT,
         "{" GOODS
         ",\"kind\":\"carried_in\",\"condition_clean\":false,\"condition_no_wlan\":true,\"condition_no_internet\":true,"
         "\"condition_kept_safe\":true,\"condition_no_outside_line\":true,\"clean_evidence\":\"e\",\"work\":\"w\"}",
         "condition_clean"},
        {"paper beyond its bound", SK_EV_GOODS_PERMIT, "{" GOODS ",\"kind\":\"owned\",\"paper\":10001}", "paper"},
        {"paper below nothing", SK_EV_GOODS_PERMIT, "{" GOODS ",\"kind\":\"owned\",\"paper\":-1}", "paper"},
        {"a machine for the cold", SK_EV_ITEM_REGISTERED, "{" ITEM ",\"temperature_min\":-40}", ""},
        {"a machine for no weather", SK_EV_ITEM_REGISTERED, "{" ITEM ",\"temperature_min\":-101}", "temperature_min"},
        {"a machine that feeds the grid", SK_EV_ITEM_REGISTERED, "{" ITEM ",\"power_kw\":-1}", "power_kw"},
        {"paper as text", SK_EV_GOODS_PERMIT, "{" GOODS ",\"kind\":\"owned\",\"paper\":\"3\"}", "paper"},
        {"written down by nobody", SK_EV_MANUAL_RECORDED,
         "{\"door\":\"d1\",\"direction\":\"in\",\"at\":\"2025-11-20T11:00:00Z\",\"person\":\"p-1\",\"author\":\"nobody\","
         "\"cause\":\"c\"}",
         "author"},
        {"permission to carry without a cause", SK_EV_DECLARATION_MADE,
         "{\"person\":\"p-1\",\"from\":\"2025-11-20\",\"until\":\"2025-11-20\",\"phone\":\"permitted\",\"camera\":\"none\","
         "\"recorder\":\"none\",\"media\":\"none\",\"paper\":0}",
         "cause"},
        {"a declaration of one day", SK_EV_DECLARATION_MADE,
         "{\"person\":\"p-1\",\"from\":\"2025-11-20\",\"until\":\"2025-11-20\",\"phone\":\"none\",\"camera\":\"none\","
         "\"recorder\":\"none\",\"media\":\"none\",\"paper\":0}",
         ""},
        {"a declaration that ends before it begins", SK_EV_DECLARATION_MADE,
         "{\"person\":\"p-1\",\"from\":\"2025-11-20\",\"until\":\"2025-11-19\",\"phone\":\"none\",\"camera\":\"none\","
         "\"recorder\":\"none\",\"media\":\"none\",\"paper\":0}",
         "until"},
        {"a day that does not exist", SK_EV_DECLARATION_MADE,
         "{\"person\":\"p-1\",\"from\":\"2025-02-29\",\"until\":\"2025-11-19\",\"phone\":\"none\",\"camera\":\"none\","
         "\"recorder\":\"none\",\"media\":\"none\",\"paper\":0}",
         "from"},
        {"nobody declares", SK_EV_DECLARATION_MADE,
         "{\"from\":\"2025-11-20\",\"until\":\"2025-11-20\",\"phone\":\"none\",\"camera\":\"none\",\"recorder\":\"none\","
         "\"media\":\"none\",\"paper\":0}",
         "person,visit"},
        {"a negative temperature", SK_EV_ITEM_REGISTERED,
         "{\"asset\":\"A\",\"kind\":\"server\",\"zone\":\"server\",\"owner\":\"own\",\"storage\":true,\"temperature_min\":-5}",
         ""},
        {"storage not said", SK_EV_ITEM_REGISTERED,
         "{\"asset\":\"A\",\"kind\":\"server\",\"zone\":\"server\",\"owner\":\"own\",\"storage\":\"no\"}", "storage"},
        {"a signed 'none' without its register", SK_EV_ATTESTATION_FILED,
         "{\"kind\":\"none_in_month\",\"subject\":\"s\",\"document\":\"d\",\"issued\":\"2025-11-01\",\"expires\":\"2025-11-"
         "30\","
         "\"responsible\":\"p-1\",\"result\":\"good\"}",
         "register,month"},
        {"a list instead of an object", SK_EV_VISIT_REQUESTED, "[]", NULL},
        {"a control character", SK_EV_KEY_TAKEN,
         "{\"key\":\"a\\u0007\",\"holder\":\"p-1\",\"purpose\":\"p\",\"until\":\"2025-11-20T13:00:00Z\"}", "key"},
        {"a new line in a line", SK_EV_KEY_TAKEN,
         "{\"key\":\"a\\nb\",\"holder\":\"p-1\",\"purpose\":\"p\",\"until\":\"2025-11-20T13:00:00Z\"}", "key"},
        {"a key", SK_EV_KEY_TAKEN,
         "{\"key\":\"K\",\"holder\":\"p-1\",\"purpose\":\"p\",\"until\":\"2025-11-20T13:00:00Z\",\"doors\":[\"d1\"]}", ""},
        {"a key of no door", SK_EV_KEY_TAKEN,
         "{\"key\":\"K\",\"holder\":\"p-1\",\"purpose\":\"p\",\"until\":\"2025-11-20T13:00:00Z\",\"doors\":[\"d1\",\"d2\"]}",
         "doors"},
    };
    struct sk_register_document document;
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct rg_faults faults = {"", ""};
        const enum sk_err err = rg_read(&context, rows[i].ev, NULL, rows[i].text, &faults, &document);
        if (rows[i].fields != NULL && strcmp(faults.fields, rows[i].fields) != 0)
            fail_msg("%s: faults '%s', expected '%s' (%s)", rows[i].name, faults.fields, rows[i].fields, faults.first);
        sk_check((err == SK_OK) == (rows[i].fields != NULL && rows[i].fields[0] == '\0'), rows[i].name);
        const uint8_t register_ = sk_act_row(rows[i].ev)->register_;
        sk_check(err != SK_OK || (sk_field_list_is_canonical(register_, false, document.fields, document.fields_length) &&
                                  sk_field_list_is_canonical(register_, true, document.personal, document.personal_length)),
                 rows[i].name);
    }
}

/* Names are told apart from what is recorded, and a fault never repeats them. */
static void personal_fields_stay_apart(void **state)
{
    struct sk_register_document document;
    struct rg_faults faults = {"", ""};
    (void)state;
    rg_read(&context, SK_EV_VISIT_REQUESTED, NULL, "{" VISIT ",\"kind\":\"visitor\",\"furigana\":\"secret\"}", NULL, &document);
    assert_null(memmem(document.fields, document.fields_length, "secret", 6));
    assert_non_null(memmem(document.personal, document.personal_length, "secret", 6));
    rg_read(&context, SK_EV_VISIT_REQUESTED, NULL, "{" VISIT ",\"kind\":\"visitor\",\"furigana\":\"sec\\nret\"}", &faults,
            &document);
    assert_string_equal(faults.fields, "furigana");
    assert_null(strstr(faults.first, "sec"));
}

/* --- records --- */

static void bodies_come_back(void **state)
{
    static const struct sk_roster_act by = {"ann", "10.0.0.1", "why", "register.act", 2};
    struct sk_register_document document;
    struct sk_register_act read;
    struct sk_body body;
    (void)state;
    rg_read(&context, SK_EV_VISIT_REQUESTED, NULL, "{" VISIT ",\"kind\":\"visitor\"}", NULL, &document);
    struct sk_register_act act = rg_act(registers, SK_EV_VISIT_REQUESTED, "", "ann", 5, &document);
    assert_true(act.has_personal);
    act.personal.bytes[3] = 9;
    sk_body_init(&body);
    sk_register_act_write(&act, &by, &body);
    assert_true(sk_body_done(&body));
    assert_int_equal(sk_register_act_read(SK_EV_VISIT_REQUESTED, body.bytes, body.writer.length, &read), SK_OK);
    assert_string_equal(read.entry, "vs-1");
    assert_string_equal(read.actor, "ann");
    assert_true(read.step == 1 && read.state == SK_RS_REQUESTED && read.has_personal && read.personal.bytes[3] == 9);
    const uint64_t in_vault = UINT64_C(1) << (SK_F_VISIT_NAME & 0xFF) | UINT64_C(1) << (SK_F_VISIT_HOST_NAME & 0xFF) |
                              UINT64_C(1) << (SK_F_VISIT_PURPOSE & 0xFF);
    assert_true(read.vault_fields == in_vault);
    assert_int_equal(read.fields_length, document.fields_length);
    assert_memory_equal(read.fields, document.fields, document.fields_length);
    /* the same body under another kind of record is no act of that kind */
    assert_int_equal(sk_register_act_read(SK_EV_VISIT_APPROVED, body.bytes, body.writer.length, &read), SK_ERR_PARSE);
    assert_int_equal(sk_register_act_read(SK_EV_GOODS_PERMIT, body.bytes, body.writer.length, &read), SK_ERR_PARSE);
    assert_int_equal(sk_register_act_read(SK_EV_PERSON_CREATED, body.bytes, body.writer.length, &read), SK_ERR_PARSE);
    const size_t before = body.writer.length - 4 - 2 * 3; /* as acts were recorded before they said which */
    for (size_t cut = 0; cut < body.writer.length; cut++)
        assert_int_equal(sk_register_act_read(SK_EV_VISIT_REQUESTED, body.bytes, cut, &read),
                         cut == before ? SK_OK : SK_ERR_PARSE);
    assert_int_equal(sk_register_act_read(SK_EV_VISIT_REQUESTED, body.bytes, before, &read), SK_OK);
    assert_true(read.has_personal && read.vault_fields == 0);
    body.bytes[body.writer.length - 1] = SK_F_VISIT_COMPANY & 0xFF; /* ascending, but no field of the vault */
    assert_int_equal(sk_register_act_read(SK_EV_VISIT_REQUESTED, body.bytes, body.writer.length, &read), SK_ERR_PARSE);
}

static void field_lists_have_one_form(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[24];
        size_t length;
        bool good;
    } rows[] = {{"nothing", {0}, 0, true},
                {"a text", {1, 0, 1, 'x'}, 4, true},
                {"two ascending", {1, 0, 1, 'x', 2, 0, 1, 'y'}, 8, true},
                {"descending", {2, 0, 1, 'y', 1, 0, 1, 'x'}, 8, false},
                {"twice", {1, 0, 1, 'x', 1, 0, 1, 'x'}, 8, false},
                {"a text emptied", {2, 0, 0}, 3, true},
                {"free text emptied", {1, 0, 0}, 3, true},
                {"names emptied", {8, 0, 0}, 3, true},
                {"a list of an empty text", {5, 0, 2, 0, 0}, 5, false},
                {"longer than the list", {1, 0, 9, 'x'}, 4, false},
                {"no such field", {99, 0, 1, 'x'}, 4, false},
                {"personal in public", {8, 0, 3, 0, 1, 'x'}, 6, false},
                {"list of one", {5, 0, 3, 0, 1, 'z'}, 6, true},
                {"item longer than its list", {5, 0, 3, 0, 2, 'z'}, 6, false},
                {"flag", {14, 0, 1, 1}, 4, true},
                {"flag of two", {14, 0, 1, 2}, 4, false},
                {"time", {3, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1}, 11, true},
                {"short time", {3, 0, 7, 0, 0, 0, 0, 0, 0, 1}, 10, false},
                {"broken UTF-8", {1, 0, 1, 0xC3}, 4, false}};
    static const uint8_t names[] = {8, 0, 3, 0, 1, 'x'}, words[] = {1, 0, 1, 'x'}, company[] = {2, 0, 1, 'x'},
                         none[] = {8, 0, 0};
    (void)state;
    assert_true(sk_field_list_is_canonical(SK_REGISTER_PERMIT, true, names, sizeof names));
    assert_true(sk_field_list_is_canonical(SK_REGISTER_PERMIT, true, words, sizeof words));
    assert_false(sk_field_list_is_canonical(SK_REGISTER_PERMIT, true, company, sizeof company));
    assert_false(sk_field_list_is_canonical(SK_REGISTER_PERMIT, true, none, sizeof none));
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_field_list_is_canonical(SK_REGISTER_PERMIT, false, rows[i].bytes, rows[i].length) == rows[i].good,
                 rows[i].name);
}

/* --- the fold --- */

static struct sk_register_act do_act(uint16_t ev, const char *entry, const char *actor, int64_t at_us, const char *text)
{
    static struct sk_register_document document;
    rg_read(&context, ev, sk_registers_get(registers, entry), text, NULL, &document);
    struct sk_register_act act = rg_act(registers, ev, entry, actor, at_us, &document);
    assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
    return act;
}

static void open_permit(const char *until, int64_t at_us)
{
    char text[512];
    snprintf(text, sizeof text, RG_PERMIT, until);
    do_act(SK_EV_PERMIT_REQUESTED, "", "ann", at_us, text);
}

/* What holds at a moment is what had been done by then. */
static void moments(void **state)
{
    struct sk_field_value value;
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100);
    do_act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 200, "{\"office\":\"head\"}");
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "ann", 300, "{\"until\":\"2025-11-20T15:00:00Z\",\"zones\":[\"outside\",\"server\"]}");
    do_act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 400, "{\"office\":\"head\"}");
    const struct sk_entry *entry = sk_registers_get(registers, "pm-1");
    static const struct {
        const char *name;
        int64_t at_us;
        uint8_t state;
        int64_t since_us;
        const char *until;
        bool outside;
    } rows[] = {{"before it was", 99, 0, 0, NULL, false},
                {"asked for", 100, SK_RS_REQUESTED, 100, "2025-11-20T13:00:00Z", false},
                {"a moment before the approval", 199, SK_RS_REQUESTED, 100, "2025-11-20T13:00:00Z", false},
                {"from the approval's own time", 200, SK_RS_APPROVED, 200, "2025-11-20T13:00:00Z", false},
                {"amended: to be approved anew", 300, SK_RS_REQUESTED, 300, "2025-11-20T15:00:00Z", true},
                {"all of it", SK_NEVER, SK_RS_APPROVED, 400, "2025-11-20T15:00:00Z", true}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        sk_check(sk_entry_state_at(entry, rows[i].at_us) == rows[i].state, rows[i].name);
        sk_check(sk_entry_since(entry, rows[i].at_us) == rows[i].since_us, rows[i].name);
        const int64_t until = rows[i].until != NULL ? rk_at(rows[i].until) : 0;
        sk_check(sk_entry_time(entry, SK_F_PERMIT_UNTIL, rows[i].at_us) == until, rows[i].name);
        sk_check(sk_entry_has(entry, SK_F_PERMIT_ZONES, rows[i].at_us, "outside") == rows[i].outside, rows[i].name);
    }
    assert_string_equal(sk_entry_act(entry, SK_EV_PERMIT_APPROVED, 250)->actor, "boss");
    assert_int_equal(sk_entry_act(entry, SK_EV_PERMIT_APPROVED, SK_NEVER)->at_us, 400);
    assert_null(sk_entry_act(entry, SK_EV_PERMIT_APPROVED, 150));
    assert_false(sk_entry_field(entry, SK_F_PERMIT_ESCORT, SK_NEVER, &value));
    assert_false(sk_entry_flag(entry, SK_F_PERMIT_HOT_WORK, SK_NEVER));
}

/* null in an amendment empties; what is not said stays; what must stand cannot be emptied, alone or in company. */
static void amendments_empty(void **state)
{
    static const struct {
        const char *name, *text, *faults;
    } rows[] = {{"what may be missing", "{\"note\":null,\"racks\":null,\"hot_work\":null}", ""},
                {"what was never said", "{\"escort\":null}", ""},
                {"a required one", "{\"company\":null}", "company"},
                {"a required one of the vault", "{\"purpose\":null}", "purpose"},
                {"the only worker", "{\"worker_names\":null}", "workers,worker_names"},
                {"the only worker, another named", "{\"worker_names\":null,\"workers\":[\"p-1\"]}", ""},
                {"what another act says", "{\"office\":null}", ""}};
    struct sk_register_document document;
    struct sk_field_value value;
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100);
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "ann", 200, "{\"note\":\"n\",\"racks\":[\"R1\"],\"hot_work\":true}");
    const struct sk_entry *entry = sk_registers_get(registers, "pm-1");
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct rg_faults faults = {"", ""};
        rg_read(&context, SK_EV_PERMIT_AMENDED, entry, rows[i].text, &faults, &document);
        if (strcmp(faults.fields, rows[i].faults) != 0)
            fail_msg("%s: '%s' (%s)", rows[i].name, faults.fields, faults.first);
    }
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "ann", 300, rows[0].text);
    entry = sk_registers_get(registers, "pm-1");
    assert_false(sk_entry_field(entry, SK_F_PERMIT_RACKS, SK_NEVER, &value));
    assert_true(sk_entry_field(entry, SK_F_PERMIT_RACKS, 250, &value)); /* at its own time it stood */
    assert_false(sk_entry_flag(entry, SK_F_PERMIT_HOT_WORK, SK_NEVER));
    assert_false(sk_entry_says(entry, sk_field_row(SK_F_PERMIT_NOTE), SK_NEVER));
    assert_true(sk_entry_says(entry, sk_field_row(SK_F_PERMIT_NOTE), 250));
    assert_true(sk_entry_says(entry, sk_field_row(SK_F_PERMIT_PURPOSE), SK_NEVER));
    assert_true(sk_entry_has(entry, SK_F_PERMIT_ZONES, SK_NEVER, "server")); /* unchanged */
    rg_read(&context, SK_EV_PERMIT_AMENDED, entry, rows[0].text, NULL, &document);
    assert_int_equal(document.fields_length, 0); /* emptied before: nothing more to say */
}

/* What an entry needed when it was opened it needs still: an amendment cannot take it away. */
static void amendments_keep_what_opening_asked(void **state)
{
    struct sk_register_document document;
    struct rg_faults faults = {"", ""};
    (void)state;
    do_act(SK_EV_GOODS_PERMIT, "", "ann", 100,
           "{" GOODS
           ",\"kind\":\"carried_in\",\"condition_clean\":true,\"condition_no_wlan\":true,\"condition_no_internet\":true,"
           "\"condition_kept_safe\":true,\"condition_no_outside_line\":true,\"clean_evidence\":\"e\",\"work\":\"w\"}");
    const struct sk_entry *entry = sk_registers_get(registers, "gd-1");
    rg_read(&context, SK_EV_GOODS_AMENDED, entry, "{\"condition_no_wlan\":null,\"clean_evidence\":null}", &faults, &document);
    assert_string_equal(faults.fields, "condition_no_wlan clean_evidence");
    rg_read(&context, SK_EV_GOODS_AMENDED, entry, "{\"clean_evidence\":\"newer\"}", NULL, &document);
}

/* Free text lies in the vault; records of before said it in public, and what they said is read. */
static void free_text_is_not_in_the_record(void **state)
{
    static const uint8_t public_[] = {1, 0, 4, 'w', 'o', 'r', 'k', 2, 0, 1, 'c'};
    struct sk_register_document document;
    struct sk_field_value value;
    char text[512];
    (void)state;
    snprintf(text, sizeof text, RG_PERMIT, "2025-11-20T13:00:00Z");
    rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL, text, NULL, &document);
    assert_null(memmem(document.fields, document.fields_length, "work", 4));
    assert_non_null(memmem(document.personal, document.personal_length, "work", 4));
    struct sk_register_act old = {.row = sk_act_row(SK_EV_PERMIT_REQUESTED),
                                  .entry = "pm-1",
                                  .actor = "ann",
                                  .step = 1,
                                  .at_us = 100,
                                  .state = SK_RS_REQUESTED,
                                  .fields = public_,
                                  .fields_length = sizeof public_};
    assert_int_equal(sk_registers_apply(registers, &old), SK_OK);
    assert_true(sk_entry_field(sk_registers_get(registers, "pm-1"), SK_F_PERMIT_PURPOSE, SK_NEVER, &value));
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "ann", 200, "{\"purpose\":\"newer\",\"worker_names\":[\"x\"]}");
    assert_false(
        sk_entry_field(sk_registers_get(registers, "pm-1"), SK_F_PERMIT_PURPOSE, SK_NEVER, &value)); /* not the old one */
}

/* Who applied once does not approve, also when somebody else stands there now. */
static void a_former_applicant_does_not_approve(void **state)
{
    struct sk_fault fault = {0};
    const struct sk_act_row *approve = sk_act_row(SK_EV_PERMIT_APPROVED);
    (void)state;
    char text[512];
    snprintf(text, sizeof text, RG_PERMIT, "2025-11-20T13:00:00Z"); /* applicant is ann */
    do_act(SK_EV_PERMIT_REQUESTED, "", "desk", 100, text);
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "clerk", 200, "{\"applicant\":\"bob\"}");
    const struct sk_entry *entry = sk_registers_get(registers, "pm-1");
    assert_true(sk_entry_has(entry, SK_F_PERMIT_APPLICANT, SK_NEVER, "bob"));
    static const struct {
        const char *name;
        enum sk_err err;
    } rows[] = {{"ann", SK_ERR_CONFLICT},
                {"bob", SK_ERR_CONFLICT},
                {"clerk", SK_ERR_CONFLICT},
                {"desk", SK_ERR_CONFLICT},
                {"boss", SK_OK}};
    for (size_t i = 0; i < SK_COUNT(rows); i++)
        sk_check(sk_register_act_allowed(approve, entry, rows[i].name, NULL, NULL, &fault) == rows[i].err, rows[i].name);
}

static void what_is_refused(void **state)
{
    struct sk_register_document none = {.fields_length = 0};
    struct sk_fault fault = {0};
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100);
    static const struct {
        const char *name;
        uint16_t ev;
        const char *entry;
        uint32_t step;
        uint8_t state;
        enum sk_err err;
    } rows[] = {{"a second opening", SK_EV_PERMIT_REQUESTED, "pm-1", 1, SK_RS_REQUESTED, SK_ERR_EXISTS},
                {"an opening of another register", SK_EV_PERMIT_REQUESTED, "vs-1", 1, SK_RS_REQUESTED, SK_ERR_INVALID},
                {"an act on nothing", SK_EV_PERMIT_APPROVED, "pm-2", 2, SK_RS_APPROVED, SK_ERR_NOT_FOUND},
                {"a state it does not leave", SK_EV_PERMIT_CLOSED, "pm-1", 2, SK_RS_CLOSED, SK_ERR_CONFLICT},
                {"a step too far", SK_EV_PERMIT_APPROVED, "pm-1", 3, SK_RS_APPROVED, SK_ERR_INVALID},
                {"a state it does not bring", SK_EV_PERMIT_APPROVED, "pm-1", 2, SK_RS_OPEN, SK_ERR_INVALID},
                {"a state changed by an act that keeps it", SK_EV_PERMIT_NOTED, "pm-1", 2, SK_RS_OPEN, SK_ERR_INVALID},
                {"in order", SK_EV_PERMIT_APPROVED, "pm-1", 2, SK_RS_APPROVED, SK_OK}};
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        struct sk_register_act act = rg_act(registers, rows[i].ev, rows[i].entry, "x", 200, &none);
        act.step = rows[i].step;
        act.state = rows[i].state;
        sk_check(sk_registers_check(registers, &act, &fault) == rows[i].err, rows[i].name);
        sk_check(rows[i].err == SK_OK || sk_registers_apply(registers, &act) == rows[i].err, rows[i].name);
    }
    assert_int_equal(sk_registers_get(registers, "pm-1")->act_count, 1);
}

/* A number is never given out twice, also when its entry is no longer kept. */
static void numbers_and_forgetting(void **state)
{
    char id[SK_ENTRY_ID_MAX];
    size_t cursor = 0;
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100);
    open_permit("2025-11-20T13:00:00Z", 101);
    do_act(SK_EV_PERMIT_CANCELLED, "pm-2", "ann", 200, "{}");
    sk_registers_forget(registers, 200);
    assert_non_null(sk_registers_get(registers, "pm-2"));
    sk_registers_forget(registers, 201);
    assert_null(sk_registers_get(registers, "pm-2"));
    assert_non_null(sk_registers_get(registers, "pm-1")); /* not ended: kept for ever */
    sk_registers_next_id(registers, SK_REGISTER_PERMIT, id);
    assert_string_equal(id, "pm-3");
    sk_registers_mark(registers, SK_REGISTER_PERMIT, 9);
    sk_registers_next_id(registers, SK_REGISTER_PERMIT, id);
    assert_string_equal(id, "pm-10");
    assert_string_equal(sk_registers_next(registers, SK_REGISTER_PERMIT, &cursor)->id, "pm-1");
    assert_null(sk_registers_next(registers, SK_REGISTER_PERMIT, &cursor));
    static const char *const bad[] = {"", "pm", "pm-", "pm-0", "pm-01", "pm--1", "xx-1", "pm-4294967296", "pmx-1", "pm-1x"};
    uint8_t register_;
    uint32_t number;
    for (size_t i = 0; i < SK_COUNT(bad); i++)
        sk_check(!sk_entry_id_parse(bad[i], &register_, &number), bad[i]);
}

/* "ann" and "ann2" are accounts of p-1; nobody else has two names. */
static bool ann_is_p1(void *nothing, const char *one, const char *other)
{
    (void)nothing;
    const char *const names[] = {one, other};
    bool is_ann[2];
    for (size_t i = 0; i < 2; i++)
        is_ann[i] = strncmp(names[i], "ann", 3) == 0 || strcmp(names[i], "p-1") == 0;
    return strcmp(one, other) == 0 || (is_ann[0] && is_ann[1]);
}

static void separation(void **state)
{
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100); /* ann asked, ann is the applicant */
    do_act(SK_EV_PERMIT_AMENDED, "pm-1", "bob", 150, "{\"workers\":[\"p-1\"],\"applicant\":\"cat\"}");
    const struct sk_entry *entry = sk_registers_get(registers, "pm-1");
    static const struct {
        const char *actor;
        bool may, may_as_one;
    } rows[] = {{"ann", false, false}, {"bob", false, false}, {"cat", false, false},
                {"p-1", false, false}, {"boss", true, true},  {"ann2", true, false}};
    const struct sk_act_row *approve = sk_act_row(SK_EV_PERMIT_APPROVED);
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        sk_check((sk_register_act_allowed(approve, entry, rows[i].actor, NULL, NULL, NULL) == SK_OK) == rows[i].may,
                 rows[i].actor);
        sk_check((sk_register_act_allowed(approve, entry, rows[i].actor, ann_is_p1, NULL, NULL) == SK_OK) == rows[i].may_as_one,
                 rows[i].actor);
    }
    assert_int_equal(sk_register_act_allowed(sk_act_row(SK_EV_PERMIT_NOTED), entry, "ann", NULL, NULL, NULL), SK_OK);
}

/* Every allocation of an opening and of an act on it fails once: the registers are as they were. */
static void no_memory(void **state)
{
    char text[512];
    static struct sk_register_document document, office;
    (void)state;
    snprintf(text, sizeof text, RG_PERMIT, "2025-11-20T13:00:00Z");
    rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL, text, NULL, &document);
    rg_read(&context, SK_EV_PERMIT_APPROVED, NULL, "{\"office\":\"head\"}", NULL, &office);
    unsigned long n = 1;
    for (enum sk_err err = SK_ERR_NOMEM; err != SK_OK; n++) {
        const struct sk_register_act act = rg_act(registers, SK_EV_PERMIT_REQUESTED, "", "ann", 100, &document);
        sk_mem_fail_at(n);
        err = sk_registers_apply(registers, &act);
        sk_mem_fail_at(0);
        assert_true(err == SK_OK || (err == SK_ERR_NOMEM && sk_registers_get(registers, "pm-1") == NULL));
    }
    assert_true(n > 4);
    for (uint32_t step = 2; step < 20; step++) {
        const uint16_t ev = step % 2 == 0 ? SK_EV_PERMIT_APPROVED : SK_EV_PERMIT_AMENDED;
        const struct sk_register_act act = rg_act(registers, ev, "pm-1", "boss", 100 + step, &office);
        sk_mem_fail_at(1);
        const enum sk_err err = sk_registers_apply(registers, &act);
        sk_mem_fail_at(0);
        assert_int_equal(err, SK_ERR_NOMEM);
        assert_int_equal(sk_registers_get(registers, "pm-1")->act_count, step - 1);
        assert_int_equal(sk_registers_apply(registers, &act), SK_OK);
    }
}

static const struct sk_due_row *due_named(const char *name)
{
    const struct sk_due_row *due;
    for (size_t i = 0; (due = sk_due_at(i)) != NULL; i++)
        if (strcmp(due->name, name) == 0)
            return due;
    return NULL;
}

static void due_moments(void **state)
{
    const struct sk_due_row *overdue = due_named("permit.overdue");
    (void)state;
    open_permit("2025-11-20T13:00:00Z", 100);
    const struct sk_entry *entry = sk_registers_get(registers, "pm-1");
    assert_int_equal(sk_entry_due_us(entry, overdue, overdue->after_s, tokyo), SK_NEVER);
    do_act(SK_EV_PERMIT_APPROVED, "pm-1", "boss", 200, "{\"office\":\"head\"}");
    entry = sk_registers_get(registers, "pm-1");
    assert_int_equal(sk_entry_due_us(entry, overdue, overdue->after_s, tokyo), rk_at("2025-11-20T13:00:00Z"));
}

/* A badge is missed when one was given out and, since then, neither came back nor was said to be lost; the visit is not closed
 * before. Of several badges the last one given out counts. */
static void a_badge_is_missed(void **state)
{
#define OUT(number)                                                                                                            \
    {                                                                                                                          \
        SK_EV_VISIT_BADGE_OUT, "{\"badge\":\"" number "\"}"                                                                    \
    }
#define BACK                                                                                                                   \
    {                                                                                                                          \
        SK_EV_VISIT_BADGE_IN, "{}"                                                                                             \
    }
#define GONE                                                                                                                   \
    {                                                                                                                          \
        SK_EV_VISIT_BADGE_LOST, "{\"badge_lost\":\"cut up\"}"                                                                  \
    }
#define LEFT                                                                                                                   \
    {                                                                                                                          \
        SK_EV_VISIT_DEPARTED, "{}"                                                                                             \
    }
    static const struct {
        const char *name;
        struct {
            uint16_t ev;
            const char *text;
        } acts[6];
        bool missed;
    } rows[] = {{"no badge", {LEFT}, false},
                {"a badge", {OUT("V-7"), LEFT}, true},
                {"given back before", {OUT("V-7"), BACK, LEFT}, false},
                {"given back", {OUT("V-7"), LEFT, BACK}, false},
                {"lost", {OUT("V-7"), LEFT, GONE}, false},
                {"a second one after the first came back", {OUT("V-7"), BACK, OUT("V-8"), LEFT}, true},
                {"the same one again", {OUT("V-7"), BACK, OUT("V-7"), LEFT}, true},
                {"both came back", {OUT("V-7"), BACK, OUT("V-8"), LEFT, BACK}, false},
                {"a second one after the first was lost", {OUT("V-7"), GONE, OUT("V-8"), LEFT}, true},
                {"the first lost, the second back", {OUT("V-7"), GONE, OUT("V-8"), LEFT, BACK}, false},
                {"the first back, the second lost", {OUT("V-7"), BACK, OUT("V-8"), GONE, LEFT}, false}};
    struct sk_register_document document;
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        char id[SK_ENTRY_ID_MAX];
        int64_t at = 4;
        struct rg_faults faults = {"", ""};
        snprintf(id, sizeof id, "vs-%zu", i + 1);
        do_act(SK_EV_VISIT_REQUESTED, "", "ann", 1, "{" VISIT ",\"kind\":\"visitor\"}");
        do_act(SK_EV_VISIT_APPROVED, id, "boss", 2, "{\"office\":\"head\"}");
        do_act(SK_EV_VISIT_ARRIVED, id, "ann", 3, "{\"identity\":\"licence\",\"identity_by\":\"ann\"}");
        for (size_t k = 0; k < SK_COUNT(rows[i].acts) && rows[i].acts[k].ev != 0; k++)
            do_act(rows[i].acts[k].ev, id, "ann", at++, rows[i].acts[k].text);
        const struct sk_entry *entry = sk_registers_get(registers, id);
        const int64_t due_us = sk_entry_due_us(entry, due_named("visit.badge_missing"), 3600, tokyo);
        sk_check((due_us != SK_NEVER) == rows[i].missed, rows[i].name);
        const enum sk_err closed = rg_read(&context, SK_EV_VISIT_CLOSED, entry, "{}", &faults, &document);
        if ((closed != SK_OK) != rows[i].missed || strcmp(faults.fields, rows[i].missed ? "badge_in_at,badge_lost" : "") != 0)
            fail_msg("%s: closing: '%s' (%s)", rows[i].name, faults.fields, faults.first);
    }
#undef OUT
#undef BACK
#undef GONE
#undef LEFT
}

/* A list is refused for the item that is wrong, unless it is personal. */
static void the_item_is_named(void **state)
{
    static const struct {
        const char *zones, *said;
    } rows[] = {{"[\"server\",\"moon\",\"sun\"]", "found item 2, 'moon'"},
                {"[\"server\",7]", "found item 2, a number"},
                {"[]", "found an empty list"},
                {"\"server\"", "found 'server'"}};
    static struct sk_register_document document;
    (void)state;
    for (size_t i = 0; i < SK_COUNT(rows); i++) {
        char text[512];
        struct rg_faults faults = {"", ""};
        snprintf(text, sizeof text,
                 "{\"purpose\":\"w\",\"company\":\"c\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":\"2025-11-20T13:00:00Z\","
                 "\"zones\":%s,\"worker_names\":[\"x\"],\"applicant\":\"ann\"}",
                 rows[i].zones);
        assert_int_equal(rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL, text, &faults, &document), SK_ERR_PARSE);
        if (strstr(faults.first, rows[i].said) == NULL)
            fail_msg("%s: %s", rows[i].zones, faults.first);
    }
    struct rg_faults faults = {"", ""};
    assert_int_equal(rg_read(&context, SK_EV_PERMIT_REQUESTED, NULL,
                             "{\"purpose\":\"w\",\"company\":\"c\",\"from\":\"2025-11-20T11:00:00Z\",\"until\":"
                             "\"2025-11-20T13:00:00Z\",\"zones\":[\"server\"],\"worker_names\":[\"x\",\"sec\\nret\"],"
                             "\"applicant\":\"ann\"}",
                             &faults, &document),
                     SK_ERR_PARSE);
    assert_null(strstr(faults.first, "sec"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(acts_are_sound),
        T(amendments_repeat_nothing),
        T(states_lead_somewhere),
        T(fields_are_sound),
        T(what_has_happened_is_not_ahead),
        T(dues_are_sound),
        T(documents),
        T(personal_fields_stay_apart),
        T(bodies_come_back),
        T(field_lists_have_one_form),
        T(moments),
        T(amendments_empty),
        T(amendments_keep_what_opening_asked),
        T(free_text_is_not_in_the_record),
        T(a_former_applicant_does_not_approve),
        T(what_is_refused),
        T(numbers_and_forgetting),
        T(separation),
        T(no_memory),
        T(due_moments),
        T(a_badge_is_missed),
        T(the_item_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
