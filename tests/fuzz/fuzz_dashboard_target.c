/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets and header blocks from anywhere: first line the target, the other lines fields. What is taken must keep the
 * promises of target.h: no empty, dotted or control-bearing piece. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dashboard-api/gate.h"
#include "dashboard-api/target.h"
#include "schemas/base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool promise)
{
    if (!promise)
        abort();
}

static void check_target(const char *raw, size_t length)
{
    static struct sk_target target;
    if (sk_target_parse(raw, length, &target, NULL) != SK_OK)
        return;
    for (size_t i = 0; i < target.segment_count; i++) {
        const char *segment = target.segments[i];
        check(segment[0] != '\0' && !strchr(segment, '/') && strcmp(segment, "..") != 0);
        check(sk_text_is_clean(segment, strlen(segment), false));
    }
    for (size_t i = 0; i < target.param_count; i++) {
        check(sk_target_param(&target, target.params[i].name) == target.params[i].value);
        check(sk_target_unknown(&target, "") != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes, *end = at + length;
    const char *line = memchr(at, '\n', length);
    size_t first = line ? (size_t)(line - at) : length;
    check_target(at, first);
    struct sk_gate gate = {0};
    for (at += first + (line != NULL); at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t size = next ? (size_t)(next - at) : (size_t)(end - at);
        const char *colon = memchr(at, ':', size);
        size_t name = colon ? (size_t)(colon - at) : size;
        sk_gate_field(&gate, at, name, at + name, size - name);
        at += size + (next != NULL);
    }
    check(sk_gate_done(&gate, "HTTP/1.0") != 0);
    return 0;
}
