/* SPDX-License-Identifier: Apache-2.0 */
/* Permit lists from any bytes: as a controller's message, and as the flat bytes that cross to the collector. */
#include <stdlib.h>

#include "drivers/mqtt/permits.h"
#include "tests/unit/mqtt_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mqtt_fixture *fixture, const struct sk_permit_chunk *chunk)
{
    if (chunk->count > SK_PERMIT_ROWS_MAX || chunk->chunk == 0 || chunk->chunk > chunk->chunks)
        abort();
    for (size_t i = 0; i < chunk->count; i++) {
        const struct sk_permit_row *row = &chunk->rows[i];
        if (row->identifier_length == 0 || row->identifier_length > SK_IDENTIFIER_MAX ||
            row->door_count > SK_PERMIT_DOORS_MAX || memchr(row->from, '\0', sizeof row->from) == NULL ||
            memchr(row->until, '\0', sizeof row->until) == NULL)
            abort();
        for (size_t k = 0; k < row->door_count; k++)
            if (row->doors[k] >= fixture->site.door_count)
                abort();
    }
}

/* What was understood crosses and is the same behind. */
static void cross(const struct mqtt_fixture *fixture, const struct sk_permit_chunk *chunk)
{
    static struct sk_permit_chunk back;
    static uint8_t bytes[SK_PERMIT_BYTES_MAX];
    size_t length = 0;
    if (sk_permit_chunk_encode(chunk, bytes, sizeof bytes, &length) != SK_OK ||
        sk_permit_chunk_decode(&fixture->site, bytes, length, &back) != SK_OK || memcmp(chunk, &back, sizeof back) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mqtt_fixture fixture;
    static struct sk_permit_chunk chunk;
    struct sk_fault fault = {.text = ""};
    fixture_init(&fixture);
    char *copy = malloc(size + 1); /* of exactly this size, so that a byte too far is seen */
    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (sk_permits_decode(&fixture.site, FIX_CONTROLLER, copy, size, &chunk, &fault) == SK_OK) {
        check(&fixture, &chunk);
        cross(&fixture, &chunk);
    }
    if (sk_permit_chunk_decode(&fixture.site, copy, size, &chunk) == SK_OK)
        check(&fixture, &chunk);
    free(copy);
    return 0;
}
