/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads of measuring devices from any bytes, by every kind of point, retained or not; and birth words. */
#include <stdlib.h>

#include "drivers/mqtt/payload.h"
#include "tests/unit/mqtt_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sk_mqtt_batch *batch)
{
    if (batch->count > SK_BATCH_MAX || batch->text_length > SK_BATCH_TEXT_MAX)
        abort();
    for (size_t i = 0; i < batch->count; i++) {
        const struct sk_sample *sample = &batch->samples[i];
        bool text_ok =
            sample->kind != SK_KIND_TEXT ||
            (sample->text < batch->text_length && memchr(batch->text + sample->text, '\0', batch->text_length - sample->text));
        if (!text_ok || !isfinite(sample->number) || sk_quality_name(sample->quality) == NULL ||
            (sk_quality_is_good(sample->quality) && (sample->flags & SK_SAMPLE_RETAINED) != 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mqtt_fixture fixture;
    static struct sk_mqtt_batch batch;
    static const uint32_t points[] = {FIX_TEMPERATURE, FIX_PLAIN, FIX_STATE, FIX_WORDS, FIX_FLAGS, FIX_TEXT, FIX_HUMIDITY};
    struct sk_mqtt_last last[FIX_POINTS] = {0};
    struct sk_fault fault;
    cJSON *root = NULL;
    fixture_init(&fixture);
    struct sk_payload_context context = {.site = &fixture.site,
                                         .last = last,
                                         .points = points,
                                         .point_count = sizeof(points) / sizeof(points[0]),
                                         .retained = size % 2 == 0,
                                         .queued = size % 3 == 0};
    sk_payload_birth(&fixture.profiles[0].mqtt, (const char *)data, size);
    if (sk_payload_parse((const char *)data, size, &root, &fault) == SK_OK) {
        size_t cursor = 0, refused = 0;
        batch.count = batch.text_length = 0;
        sk_payload_samples(&context, root, &cursor, &batch, &refused, &fault);
        check(&batch);
        cJSON_Delete(root);
    }
    return 0;
}
