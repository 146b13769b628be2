/* SPDX-License-Identifier: Apache-2.0 */
/* The lists keep their promises: every word once, both languages, round trips, families of points, who may do what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "schemas/base/err.h"
#include "schemas/model/vocab.h"

/* Each family seen as a table: bounds of its values and its three functions. */
struct family {
    const char *title;
    const char *(*name)(int);
    int (*parse)(const char *);
    const char *(*text)(int, enum sk_lang);
};
#define F(family) {#family, sk_##family##_name, sk_##family##_parse, sk_##family##_text},
static struct family families[] = {SK_VOCAB_FAMILIES(F)};
#undef F

enum { VALUE_CEILING = 0x2000 };

static bool may_be_empty(const struct family *family, int value)
{
    return (!strcmp(family->title, "deny_reason") && value == SK_DENY_NONE) ||
           (!strcmp(family->title, "quality_reason") && value == SK_WHY_NONE) ||
           (!strcmp(family->title, "disable_reason") && value == SK_CRED_ENABLED);
}

static int check_family(const struct family *family)
{
    int found = 0;

    for (int value = -2; value < VALUE_CEILING; value++) {
        const char *name = family->name(value);
        const char *ja = family->text(value, SK_LANG_JA), *en = family->text(value, SK_LANG_EN);

        assert_true((name == NULL) == (ja == NULL) && (name == NULL) == (en == NULL));
        if (!name)
            continue;
        found++;
        if (family->parse(name) != value) /* also fails when two rows share a name */
            fail_msg("%s: '%s' does not come back as %d", family->title, name, value);
        if ((!ja[0] || !en[0]) && !may_be_empty(family, value))
            fail_msg("%s: '%s' lacks a text", family->title, name);
    }
    assert_int_equal(family->parse("no such word"), -1);
    assert_int_equal(family->parse(NULL), -1);
    return found;
}

static int rows_of(const char *title)
{
#define X(...) +1
    static const struct {
        const char *title;
        int rows;
    } ROWS[] = {
        {"quality", 0
#include "schemas/vocab/quality.def"
        },
        {"quality_reason", 0
#include "schemas/vocab/quality_reasons.def"
        },
        {"role", 0
#include "schemas/vocab/roles.def"
        },
        {"condition", 0
#include "schemas/vocab/conditions.def"
        },
        {"record_class", 0
#include "schemas/vocab/record_classes.def"
        },
        {"occurrence_class", 0
#include "schemas/vocab/occurrence.def"
        },
        {"clock_quality", 0
#include "schemas/vocab/clock_quality.def"
        },
        {"deny_reason", 0
#include "schemas/vocab/deny_reasons.def"
        },
        {"person_kind", 0
#include "schemas/vocab/person_kinds.def"
        },
        {"disable_reason", 0
#include "schemas/vocab/disable_reasons.def"
        },
        {"occupancy_doubt", 0
#include "schemas/vocab/occupancy_doubts.def"
        },
        {"factor", 0
#include "schemas/vocab/factors.def"
        },
        {"device_kind", 0
#include "schemas/vocab/device_kinds.def"
        },
        {"severity", 0
#include "schemas/vocab/severity.def"
        },
        {"alarm_state", 0
#include "schemas/vocab/alarm_states.def"
        },
        {"event", 0
#include "schemas/vocab/events.def"
        },
    };
#undef X
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (!strcmp(ROWS[i].title, title))
            return ROWS[i].rows;
    }
    return -1;
}

/* Twin values would be found fewer times than there are rows, twin names would not come back. */
static void families_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        int found = check_family(&families[i]);
        if (found != rows_of(families[i].title))
            fail_msg("%s: %d rows, %d values", families[i].title, rows_of(families[i].title), found);
    }
}

static void bits_fit_their_masks(void **state)
{
    (void)state;
    for (int value = 16; value < VALUE_CEILING; value++) {
        assert_null(sk_role_name(value));
        assert_null(sk_factor_name(value));
    }
}

static void quality_bytes(void **state)
{
    (void)state;
    assert_int_equal(sk_quality_ua_code(SK_Q_GOOD), 0);
    assert_int_equal(sk_quality_ua_code(SK_Q_COMM_NO_VALUE), 0x80310000u);
    assert_int_equal(sk_quality_ua_code(999), 0x80000000u);
    for (int value = 0; value < 256; value++) {
        const char *name = sk_quality_name(value);
        uint32_t upper = name ? sk_quality_ua_code(value) >> 30 : 0; /* 0 good, 1 uncertain, 2 bad */
        if (!name)
            continue;
        assert_int_equal(sk_quality_is_good((uint8_t)value), upper == 0);
        assert_int_equal(sk_quality_is_bad((uint8_t)value), upper == 2);
    }
}

static void events_have_class_and_code(void **state)
{
    (void)state;
    assert_null(sk_event_name(0));
    assert_int_equal(sk_event_class(0), 0);
    for (int code = 1; code < VALUE_CEILING; code++) {
        if (!sk_event_name(code))
            continue;
        assert_non_null(sk_record_class_name(sk_event_class(code)));
        if (sk_event_topic(code)[0])
            assert_int_equal(sk_event_from_topic(sk_event_topic(code)), code);
    }
}

static void topics(void **state)
{
    static const struct {
        const char *name, *topic;
        int event;
    } ROWS[] = {
        {"exact", "tns1:AccessControl/AccessGranted/Credential", SK_EV_ACC_GRANTED},
        {"longer", "tns1:AccessControl/AccessGranted/Credential/External", SK_EV_ACC_GRANTED},
        {"anonymous grant is the exit button", "tns1:AccessControl/AccessGranted/Anonymous", SK_EV_ACC_REX},
        {"unknown credential", "tns1:AccessControl/Denied/CredentialNotFound/Card", SK_EV_ACC_DENIED},
        {"longest wins", "tns1:AccessControl/Request/Timeout", SK_EV_ACC_REQ_TIMEOUT},
        {"no border", "tns1:AccessControl/DuressX", -1},
        {"too short", "tns1:AccessControl", -1},
        {"empty", "", -1},
        {"none", NULL, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (sk_event_from_topic(ROWS[i].topic) != ROWS[i].event)
            fail_msg("%s: got %d", ROWS[i].name, sk_event_from_topic(ROWS[i].topic));
    }
}

static void door_words(void **state)
{
    static const char *const FAMILIES[] = {"mode", "phys", "lock", "alarm", "tamper", "fault"};
    (void)state;
    assert_string_equal(sk_door_word("phys", SK_DOOR_PHYS_OPEN), "Open");
    assert_int_equal(sk_door_parse("lock", "Locked"), SK_DOOR_LOCK_LOCKED);
    assert_string_equal(sk_door_text("phys", SK_DOOR_PHYS_CLOSED, SK_LANG_JA), "閉");
    assert_null(sk_door_word("phys", 99));
    assert_null(sk_door_word("nothing", 1));
    assert_int_equal(sk_door_parse("phys", "LockedDown"), -1);
    for (size_t f = 0; f < sizeof(FAMILIES) / sizeof(FAMILIES[0]); f++) {
        for (int value = 0; sk_door_word(FAMILIES[f], value); value++) {
            assert_int_equal(sk_door_parse(FAMILIES[f], sk_door_word(FAMILIES[f], value)), value);
            assert_true(sk_door_text(FAMILIES[f], value, SK_LANG_JA)[0] != '\0');
            assert_true(sk_door_text(FAMILIES[f], value, SK_LANG_EN)[0] != '\0');
        }
    }
}

static void units(void **state)
{
    (void)state;
    assert_string_equal(sk_unit_code(SK_UNIT_CELSIUS), "Cel");
    assert_string_equal(sk_unit_shown(SK_UNIT_CELSIUS), "°C");
    assert_null(sk_unit_code(SK_UNIT_COUNT_));
    assert_int_equal(sk_unit_parse("furlong"), -1);
    for (int unit = 0; unit < SK_UNIT_COUNT_; unit++)
        assert_int_equal(sk_unit_parse(sk_unit_code((enum sk_unit)unit)), unit);
}

static void tags(void **state)
{
    static const int NUMBERS[] = {
#define X(symbol, number, type, name) number,
#include "schemas/vocab/tags.def"
#undef X
    };
    size_t count = sizeof(NUMBERS) / sizeof(NUMBERS[0]);
    (void)state;
    assert_int_equal(sk_tag_type(SK_TAG_T_CTRL), SK_TAG_i64);
    assert_int_equal(sk_tag_type(0xFFFF), -1);
    assert_null(sk_tag_name(0xFFFF));
    for (size_t i = 0; i < count; i++) {
        assert_true(NUMBERS[i] > 0 && NUMBERS[i] <= 0xFFFF);
        for (size_t k = i + 1; k < count; k++) {
            assert_int_not_equal(NUMBERS[i], NUMBERS[k]);
            assert_string_not_equal(sk_tag_name(NUMBERS[i]), sk_tag_name(NUMBERS[k]));
        }
    }
}

static void permissions(void **state)
{
    const uint16_t all = 0xFFFF, viewer = 1u << SK_ROLE_VIEWER, operator_ = 1u << SK_ROLE_OPERATOR;
    (void)state;
    assert_true(sk_permission("alarm.acknowledge", operator_));
    assert_true(sk_permission("alarm.acknowledge", (uint16_t)(operator_ | viewer)));
    assert_false(sk_permission("alarm.acknowledge", viewer));
    assert_false(sk_permission("alarm.acknowledge", 0));
    assert_false(sk_permission("alarm.acknowledge ", all));
    assert_false(sk_permission("no.such.act", all));
    assert_false(sk_permission(NULL, all));
    for (size_t i = 0; i < sk_permission_count(); i++) {
        uint16_t roles = 0;
        const char *act = sk_permission_act(i, &roles);
        assert_non_null(act);
        for (int role = 0; role < 16; role++)
            assert_int_equal(sk_permission(act, (uint16_t)(1u << role)), (roles >> role) & 1); /* false too for a twin row */
    }
    assert_null(sk_permission_act(sk_permission_count(), NULL));
}

static void check_words_of(const struct sk_point_kind *kind)
{
    bool has_words = kind->kind == SK_KIND_STATE || kind->kind == SK_KIND_FLAGS;

    if (has_words != (kind->states != NULL))
        fail_msg("%s: states and kind disagree", kind->name);
    if (has_words && kind->unit != SK_UNIT_NONE)
        fail_msg("%s: words have no unit", kind->name);
    if (kind->kind == SK_KIND_NUMBER && kind->unit == SK_UNIT_NONE)
        fail_msg("%s: a number has a unit, if only 1", kind->name);
    if (kind->state_count > 52) /* a mask of flags is exact in a double only so far; limits hold 64 states */
        fail_msg("%s: too many words", kind->name);
    for (size_t i = 0; i < kind->state_count; i++) {
        if (!kind->states[i][0] || sk_point_state_parse(kind, kind->states[i]) != (int)i)
            fail_msg("%s: word %zu '%s' is empty or a twin", kind->name, i, kind->states[i]);
    }
    assert_int_equal(sk_point_state_parse(kind, "no such word"), -1);
    assert_int_equal(sk_point_state_parse(kind, NULL), -1);
}

/* "a.n.b" -> "a.7.b": a name that a site could use. */
static void instance_of(const char *family, char to[96])
{
    size_t at = 0;

    for (const char *from = family; *from; from++) {
        bool step = *from == 'n' && (from == family || from[-1] == '.') && (from[1] == '.' || from[1] == '\0');
        to[at++] = step ? '7' : *from;
    }
    to[at] = '\0';
}

static void point_kinds_are_sound(void **state)
{
    size_t count = 0;
    char name[96];

    (void)state;
    for (const struct sk_point_kind *kind; (kind = sk_point_kind_at(count)); count++) {
        instance_of(kind->name, name);
        if (sk_point_kind_find(name) != kind) /* a twin finds the other row */
            fail_msg("%s does not find its kind", name);
        if (!kind->ja[0] || !kind->en[0])
            fail_msg("%s lacks a text", kind->name);
        check_words_of(kind);
    }
    assert_true(count > 400);
}

static void point_names(void **state)
{
    static const struct {
        const char *name, *finds;
    } ROWS[] = {
        {"battery.charge", "battery.charge"},
        {"ambient.1.humidity", "ambient.n.humidity"},
        {"ambient.999.humidity", "ambient.n.humidity"},
        {"ambient.2.contacts.31.status", "ambient.n.contacts.n.status"},
        {"input.L1.current", "input.L1.current"},
        {"output.L3-N.voltage", "output.L3-N.voltage"},
        {"ambient.humidity", "ambient.humidity"},
        {"ambient.0.humidity", NULL},
        {"ambient.01.humidity", NULL},
        {"ambient.1000.humidity", NULL},
        {"ambient.n.humidity", NULL},
        {"ambient.-1.humidity", NULL},
        {"ambient..humidity", NULL},
        {"battery.charge.", NULL},
        {".battery.charge", NULL},
        {"Battery.charge", NULL},
        {"", NULL},
        {".", NULL},
        {NULL, NULL},
        {"a.very.long.name.that.no.list.would.ever.hold.because.nobody.could.read.it.on.a.screen", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct sk_point_kind *kind = sk_point_kind_find(ROWS[i].name);
        const char *found = kind ? kind->name : "nothing";
        if (strcmp(found, ROWS[i].finds ? ROWS[i].finds : "nothing") != 0)
            fail_msg("'%s' finds %s", ROWS[i].name ? ROWS[i].name : "NULL", found);
    }
}

/* Positions are values in stored history: these may never move. */
static void words_stay_where_they_are(void **state)
{
    static const struct {
        const char *name, *word;
        int value;
    } ROWS[] = {
        {"device.comm", "normal", 0}, {"device.comm", "lost", 1},        {"link.state", "down", 0},
        {"link.state", "up", 1},      {"time.synced", "true", 1},        {"ups.status", "OL", 0},
        {"ups.status", "OB", 1},      {"ups.status", "WAIT", 15},        {"breaker.state", "tripped", 2},
        {"gen.mode", "auto", 0},      {"leak.zone.1.state", "fault", 2}, {"fire.vesda.level", "fire", 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        assert_int_equal(sk_point_state_parse(sk_point_kind_find(ROWS[i].name), ROWS[i].word), ROWS[i].value);
    assert_int_equal(sk_point_state_parse(NULL, "x"), -1);
    assert_int_equal(sk_point_kind_find("battery.runtime")->unit, SK_UNIT_SECOND);
    assert_int_equal(sk_point_kind_find("battery.runtime")->kind, SK_KIND_NUMBER);
}

/* What a person reads for a state: every word of points.def has a text in both languages, and no text stands for nothing. */
static void state_words_are_complete(void **state)
{
    (void)state;
    const struct sk_point_kind *kind;
    const struct sk_state_word *word;
    for (size_t i = 0; (kind = sk_point_kind_at(i)) != NULL; i++)
        for (size_t k = 0; k < kind->state_count; k++)
            for (int lang = SK_LANG_JA; lang <= SK_LANG_EN; lang++)
                if (sk_state_word_text(kind->states[k], (enum sk_lang)lang) == NULL)
                    fail_msg("'%s' of %s has no row in state_words.def", kind->states[k], kind->name);
    for (size_t i = 0; (word = sk_state_word_at(i)) != NULL; i++) {
        bool used = false;
        for (size_t p = 0; !used && (kind = sk_point_kind_at(p)) != NULL; p++)
            used = sk_point_state_parse(kind, word->word) >= 0;
        if (!used)
            fail_msg("no point kind has the word %s", word->word);
        if (word->ja[0] == 0 || word->en[0] == 0)
            fail_msg("%s has no text", word->word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_sound),
        cmocka_unit_test(bits_fit_their_masks),
        cmocka_unit_test(quality_bytes),
        cmocka_unit_test(events_have_class_and_code),
        cmocka_unit_test(topics),
        cmocka_unit_test(door_words),
        cmocka_unit_test(units),
        cmocka_unit_test(tags),
        cmocka_unit_test(permissions),
        cmocka_unit_test(point_kinds_are_sound),
        cmocka_unit_test(point_names),
        cmocka_unit_test(words_stay_where_they_are),
        cmocka_unit_test(state_words_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
