/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of points (written) and of alarms (built: members are added without checks, the end asks once). */
#include "schemas/model/json.h"

#include <math.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"

struct builder {
    cJSON *object;
    bool bad;
};

static void put_text(struct builder *b, const char *name, const char *value)
{
    b->bad |= cJSON_AddStringToObject(b->object, name, value != NULL ? value : "") == NULL;
}

static void put_bool(struct builder *b, const char *name, bool value)
{
    b->bad |= cJSON_AddBoolToObject(b->object, name, value) == NULL;
}

static void put_number(struct builder *b, const char *name, double value)
{
    bool added = isfinite(value) ? cJSON_AddNumberToObject(b->object, name, value) != NULL
                                 : cJSON_AddNullToObject(b->object, name) != NULL;
    b->bad |= !added;
}

/* A text, or null where there is none (""). */
static void put_text_or_null(struct builder *b, const char *name, const char *value)
{
    bool added = *value != '\0' ? cJSON_AddStringToObject(b->object, name, value) != NULL
                                : cJSON_AddNullToObject(b->object, name) != NULL;
    b->bad |= !added;
}

/* A time, or null where there is none (0). */
static void put_time(struct builder *b, const char *name, int64_t utc_us)
{
    bool added = utc_us != 0 ? sk_json_add_time(b->object, name, utc_us) : cJSON_AddNullToObject(b->object, name) != NULL;
    b->bad |= !added;
}

static enum sk_err finish(struct builder *b, cJSON **ret_json)
{
    if (b->bad) {
        cJSON_Delete(b->object);
        return SK_ERR_NOMEM;
    }
    *ret_json = b->object;
    return SK_OK;
}

static void write_flags(struct sk_json_writer *to, const struct sk_point_kind *kind, double mask)
{
    const uint64_t bits = mask >= 0 && mask < 9007199254740992.0 ? (uint64_t)mask : 0;
    sk_json_write_open(to, "value", '[');
    for (size_t i = 0; i < kind->state_count && i < 53; i++)
        if ((bits >> i & 1) != 0)
            sk_json_write_text(to, NULL, kind->states[i]);
    sk_json_write_close(to, ']');
}

static void write_state(struct sk_json_writer *to, const struct sk_point_kind *kind, double index)
{
    const bool listed = index >= 0 && index < (double)kind->state_count;
    sk_json_write_text(to, "value", listed ? kind->states[(size_t)index] : "unknown");
}

/* A point that never had a value has none to show: a 0 beside a bad quality would read as one. */
static void write_value(struct sk_json_writer *to, const struct sk_point_kind *kind, const struct sk_sample *sample,
                        const char *text, bool ever)
{
    if (!ever || sample->quality == SK_Q_COMM_NO_VALUE || sample->quality == SK_Q_WAITING)
        sk_json_write_null(to, "value");
    else if (kind->kind == SK_KIND_NUMBER)
        sk_json_write_number(to, "value", sample->number);
    else if (kind->kind == SK_KIND_STATE)
        write_state(to, kind, sample->number);
    else if (kind->kind == SK_KIND_FLAGS)
        write_flags(to, kind, sample->number);
    else
        sk_json_write_text(to, "value", text);
}

void sk_point_write(struct sk_json_writer *to, const struct sk_point *point, const struct sk_device *device,
                    const struct sk_sample *sample, const char *text, int64_t changed_us, bool stale)
{
    static const char *const kinds[] = {"number", "state", "flags", "text"};
    const bool has_source = (sample->flags & SK_SAMPLE_HAS_SOURCE) != 0;
    sk_json_write_text(to, "id", point->id);
    sk_json_write_text(to, "device", device->id);
    sk_json_write_text(to, "name", point->name);
    sk_json_write_text(to, "kind", kinds[point->kind->kind]);
    write_value(to, point->kind, sample, text, changed_us != 0);
    sk_json_write_text(to, "unit", sk_unit_code(point->kind->unit));
    sk_json_write_text(to, "quality", sk_quality_name(sample->quality));
    sk_json_write_number(to, "opc", sample->quality);
    sk_json_write_text(to, "reason", sk_quality_reason_name(sample->reason));
    sk_json_write_time(to, "time", has_source ? sample->source_us : sample->recv_us);
    sk_json_write_time(to, "received", sample->recv_us);
    sk_json_write_time(to, "changed", changed_us);
    sk_json_write_bool(to, "stale", stale);
    sk_json_write_bool(to, "simulated", (sample->flags & SK_SAMPLE_SIMULATED) != 0);
    sk_json_write_bool(to, "source_time", has_source);
}

/* The unit of an alarm's figures: that of the point its source names. */
static const char *unit_of(const struct sk_alarm *alarm)
{
    const char *slash = strchr(alarm->source, '/');
    const struct sk_point_kind *kind = slash != NULL ? sk_point_kind_find(slash + 1) : NULL;
    return kind != NULL ? sk_unit_code(kind->unit) : "";
}

static void put_figure(struct builder *b, const char *name, const struct sk_alarm *alarm, double value)
{
    put_number(b, name, alarm->has_value ? value : NAN);
}

enum sk_err sk_alarm_to_json(const struct sk_alarm *alarm, bool recorded, cJSON **ret_json)
{
    struct builder b = {.object = cJSON_CreateObject()};
    char number[24];
    if (b.object == NULL)
        return SK_ERR_NOMEM;
    sk_text_format(number, sizeof number, "%llu", (unsigned long long)alarm->occurrence);
    put_text(&b, "id", number);
    put_text(&b, "occurrence", number);
    put_text(&b, "state", sk_alarm_state_name((int)sk_alarm_state_of(alarm->bits)));
    put_bool(&b, "active", (alarm->bits & SK_ALARM_BIT_ACTIVE) != 0);
    put_bool(&b, "acknowledged", (alarm->bits & SK_ALARM_BIT_ACKED) != 0);
    put_bool(&b, "stale", (alarm->bits & SK_ALARM_BIT_STALE) != 0);
    put_text(&b, "severity", sk_severity_name(alarm->severity));
    put_text(&b, "condition", sk_condition_name(alarm->condition));
    put_text(&b, "source", alarm->source);
    put_text(&b, "detail", alarm->detail);
    put_text(&b, "place", alarm->place);
    put_figure(&b, "value", alarm, alarm->value);
    put_figure(&b, "limit", alarm, alarm->limit);
    put_text(&b, "unit", unit_of(alarm));
    put_text(&b, "quality", sk_quality_name(alarm->quality));
    put_time(&b, "raised", alarm->raised_us);
    put_time(&b, "since", alarm->since_us);
    put_time(&b, "returned", alarm->returned_us);
    put_time(&b, "acked", alarm->acked_us);
    put_text_or_null(&b, "acked_by", alarm->acked_by);
    put_bool(&b, "simulated", (alarm->bits & SK_ALARM_BIT_SIMULATED) != 0);
    put_bool(&b, "recorded", recorded);
    sk_text_format(number, sizeof number, "%llu", (unsigned long long)alarm->raise_seq);
    put_text_or_null(&b, "record", recorded ? number : "");
    return finish(&b, ret_json);
}
