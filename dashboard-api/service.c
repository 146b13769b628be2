/* SPDX-License-Identifier: Apache-2.0 */
/* For machines and for the page: health, metrics, openapi.json, texts, and the three files of the page. */
#include <stdio.h>
#include <string.h>

#include "dashboard-api/assets.h"
#include "dashboard-api/handlers.h"
#include "dashboard-api/reply.h"
#include "schemas/model/register.h"
#include "schemas/model/vocab.h"
#include "schemas/text/text.h"

void sk_handle_get_health(struct sk_call *call)
{
    struct sk_mirror_state state;
    sk_mirror_state(call->app->mirror, &state);
    const char *text = !state.connected  ? "{\"status\":\"fail\",\"reason\":\"the collector's feed is gone\"}"
                       : !state.writable ? "{\"status\":\"fail\",\"reason\":\"the collector cannot write its log\"}"
                                         : "{\"status\":\"ok\"}";
    sk_reply(call, &(struct sk_http_answer){.status = state.connected && state.writable ? 200 : 503,
                                            .type = "application/json",
                                            .bytes = text,
                                            .length = strlen(text),
                                            .fixed = true});
}

enum { SEVERITIES = SK_SEV_CRITICAL + 1 };
struct counts {
    unsigned long long alarms[SEVERITIES], good, uncertain, bad;
};

static bool count_point(void *context, const struct sk_mirror_point *point)
{
    struct counts *counts = context;
    uint8_t quality = (uint8_t)point->quality;
    *(sk_quality_is_good(quality) ? &counts->good : sk_quality_is_bad(quality) ? &counts->bad : &counts->uncertain) += 1;
    return true;
}

static bool count_alarm(void *context, const struct sk_mirror_alarm *alarm)
{
    struct counts *counts = context;
    if (alarm->severity >= 0 && alarm->severity < SEVERITIES)
        counts->alarms[alarm->severity]++;
    return true;
}

static void put_gauge(struct sk_out *out, const char *name, const char *help, unsigned long long value)
{
    sk_out_format(out, "# TYPE %s gauge\n# HELP %s %s\n%s %llu\n", name, name, help, name, value);
}

static void put_counts(struct sk_out *out, const struct counts *counts)
{
    sk_out_put(out, "# TYPE sekisho_points gauge\n# HELP sekisho_points Points by band of quality.\n");
    sk_out_format(out, "sekisho_points{quality=\"good\"} %llu\n", counts->good);
    sk_out_format(out, "sekisho_points{quality=\"uncertain\"} %llu\n", counts->uncertain);
    sk_out_format(out, "sekisho_points{quality=\"bad\"} %llu\n", counts->bad);
    sk_out_put(out, "# TYPE sekisho_alarms_open gauge\n# HELP sekisho_alarms_open Open alarms by severity.\n");
    for (int severity = 0; severity < SEVERITIES; severity++)
        sk_out_format(out, "sekisho_alarms_open{severity=\"%s\"} %llu\n", sk_severity_name(severity), counts->alarms[severity]);
}

void sk_handle_get_metrics(struct sk_call *call)
{
    struct sk_app *app = call->app;
    struct sk_mirror_state state;
    struct counts counts = {0};
    struct sk_out out = {0};
    sk_mirror_state(app->mirror, &state);
    sk_mirror_points(app->mirror, "", count_point, &counts);
    sk_mirror_alarms(app->mirror, UINT64_MAX, count_alarm, &counts);
    put_gauge(&out, "sekisho_collector_up", "Whether the collector's feed speaks.", state.connected);
    put_gauge(&out, "sekisho_log_writable", "Whether the collector can write its log.", state.writable);
    put_gauge(&out, "sekisho_log_records", "Records in the log.", state.has_record ? state.record + 1 : 0);
    put_gauge(&out, "sekisho_streams", "Open event streams.", sk_live_count(app->live));
    put_counts(&out, &counts);
    sk_out_put(&out, "# TYPE sekisho_http_answers counter\n# HELP sekisho_http_answers Answers by class of status.\n");
    for (int digit = 2; digit < SK_APP_STATUSES; digit++)
        sk_out_format(&out, "sekisho_http_answers_total{status=\"%dxx\"} %llu\n", digit,
                      (unsigned long long)atomic_load(&app->answers[digit]));
    sk_out_put(&out, "# EOF\n");
    if (out.bad)
        sk_reply_problem(call, 503, "nomem", "out of memory");
    else
        sk_reply(call, &(struct sk_http_answer){.status = 200,
                                                .type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
                                                .bytes = out.text,
                                                .length = out.length});
    sk_out_release(&out);
}

void sk_handle_page_index(struct sk_call *call)
{
    sk_reply_open_fixed(call, "text/html; charset=utf-8", sk_asset_index_html, sk_asset_index_html_length);
}

void sk_handle_page_script(struct sk_call *call)
{
    sk_reply_open_fixed(call, "text/javascript; charset=utf-8", sk_asset_app_js, sk_asset_app_js_length);
}

void sk_handle_page_sections(struct sk_call *call)
{
    sk_reply_open_fixed(call, "text/javascript; charset=utf-8", sk_asset_sections_js, sk_asset_sections_js_length);
}

void sk_handle_page_style(struct sk_call *call)
{
    sk_reply_open_fixed(call, "text/css; charset=utf-8", sk_asset_style_css, sk_asset_style_css_length);
}

void sk_handle_get_openapi(struct sk_call *call)
{
    sk_reply_open_fixed(call, "application/json", sk_asset_openapi_json, sk_asset_openapi_json_length);
}

void sk_handle_get_texts_ja(struct sk_call *call)
{
    sk_reply_open_fixed(call, "application/json", call->app->texts[SK_LANG_JA].text, call->app->texts[SK_LANG_JA].length);
}

void sk_handle_get_texts_en(struct sk_call *call)
{
    sk_reply_open_fixed(call, "application/json", call->app->texts[SK_LANG_EN].text, call->app->texts[SK_LANG_EN].length);
}

static void put_text(struct sk_out *out, const char *family, const char *name, const char *text)
{
    char key[192];
    snprintf(key, sizeof key, "%s%s%s", family, family[0] ? "." : "", name);
    sk_out_put(out, out->length > 1 ? "," : "");
    sk_out_json_text(out, key);
    sk_out_put(out, ":");
    sk_out_json_text(out, text);
}

/* All words of a vocabulary as "family.word"; codes of the lists lie below 0x1000. */
static void put_family(struct sk_out *out, const char *family, const char *(*name)(int), int (*parse)(const char *),
                       const char *(*text)(int, enum sk_lang), enum sk_lang lang)
{
    for (int value = 0; value < 0x1000; value++) {
        const char *word = name(value);
        if (word && word[0] && parse(word) == value)
            put_text(out, family, word, text(value, lang));
    }
}

/* The state of a door event stands in its record as a word of the family that ends the event's name ("door.phys": "Open"). */
static void put_door_words(struct sk_out *out, enum sk_lang lang)
{
    static const char *const families[] = {"mode", "phys", "lock", "alarm", "tamper", "fault", "model"};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        char key[32];
        const char *word;
        snprintf(key, sizeof key, "door.%s", families[i]);
        for (int value = 0; (word = sk_door_word(families[i], value)); value++)
            put_text(out, key, word, sk_door_text(families[i], value, lang));
    }
}

/* Registers begin at 1; states of entries are one list for all, at most 63. */
static void put_register_words(struct sk_out *out, enum sk_lang lang)
{
    const struct sk_register_row *row;
    for (size_t i = 0; (row = sk_register_at(i)); i++)
        put_text(out, "register", row->name, lang == SK_LANG_JA ? row->ja : row->en);
    for (uint8_t state = 1; state < 64; state++)
        if (sk_register_state_name(state))
            put_text(out, "register_state", sk_register_state_name(state), sk_register_state_text(state, lang));
}

enum sk_err sk_texts_build(struct sk_app *app)
{
    for (int lang = SK_LANG_JA; lang <= SK_LANG_EN; lang++) {
        struct sk_out *out = &app->texts[lang];
        sk_out_put(out, "{");
        const struct sk_text_row *row;
        for (size_t i = 0; (row = sk_text_at(i)); i++)
            put_text(out, "", row->key, row->text[lang]);
#define F(family) put_family(out, #family, sk_##family##_name, sk_##family##_parse, sk_##family##_text, (enum sk_lang)lang);
        SK_VOCAB_FAMILIES(F)
#undef F
        put_door_words(out, (enum sk_lang)lang);
        put_register_words(out, (enum sk_lang)lang);
        const struct sk_state_word *state;
        for (size_t i = 0; (state = sk_state_word_at(i)); i++)
            put_text(out, "state", state->word, lang == SK_LANG_JA ? state->ja : state->en);
        const struct sk_point_kind *kind;
        for (size_t i = 0; (kind = sk_point_kind_at(i)); i++)
            put_text(out, "point", kind->name, lang == SK_LANG_JA ? kind->ja : kind->en);
        sk_out_put(out, "}");
        if (out->bad)
            return SK_ERR_NOMEM;
    }
    return SK_OK;
}
