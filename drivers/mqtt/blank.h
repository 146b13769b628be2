/* SPDX-License-Identifier: Apache-2.0 */
/* Takes card numbers and names out of a payload before it is kept verbatim.
 *
 * Works in place on the raw text, so that what stays is exactly what came. Never lengthens or shortens it. Pure; any thread. */
#ifndef SK_MQTT_BLANK_H
#define SK_MQTT_BLANK_H

#include <stddef.h>

/* For text that sk_json_parse() took: every value below a member whose name tells of an identifier or a person is overwritten,
 * strings by '*', digits by '0'. A name written with an escape is not judged: its value is overwritten too. */
void sk_blank_members(char *text, size_t length);

/* For bytes that are no JSON: members as above as far as they can be told, then every run of six or more hexadecimal digits. */
void sk_blank_unknown(char *bytes, size_t length);

#endif
