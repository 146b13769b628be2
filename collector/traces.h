/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a person beside his own rows of the vault: his name in entries of the registers, and in texts that people
 * typed.
 *
 * An entry that refers to him (by id, or by an account that is his) loses his name: the field that names whom it refers to, and
 * any other that says his name whole. Where his name, or a part of it, was typed into free text, or stands in an entry that
 * does not refer to him (another person may have the name), nobody but a human being can tell: those places are listed. Found
 * are names as the roster had them, ever; blanks do not count, nor ASCII case. One thread; reads every text of the vault, for
 * rare work only. */
#ifndef SK_COLLECTOR_TRACES_H
#define SK_COLLECTOR_TRACES_H

#include "collector/request.h"

enum { SK_TRACE_NAMES = 64, SK_TRACE_NAME_MAX = 128, SK_TRACES_SHOWN = 200 };

struct sk_traces {
    struct request *request;
    const char *person; /* "": a text is looked for, nobody in particular */
    char wholes[SK_TRACE_NAMES][SK_TRACE_NAME_MAX], parts[SK_TRACE_NAMES][SK_TRACE_NAME_MAX]; /* squeezed */
    size_t whole_count, part_count;
    cJSON *entries; /* from which his name was taken */
    cJSON *remains; /* places: {"entry","step","field"} or {"words","kind","told"}; the first SK_TRACES_SHOWN */
    size_t remain_count;
};

/* What the vault calls him, under every version; or a text as it is. */
enum sk_err sk_traces_of_person(struct request *request, const char *person, struct sk_traces *ret_traces);
enum sk_err sk_traces_of_text(struct request *request, const char *text, struct sk_traces *ret_traces);
/* Takes his name out of the entries that refer to him. Before his labels are erased: afterwards nobody knows what to look for.
 */
enum sk_err sk_traces_erase(struct sk_traces *traces);
/* Lists where it still stands. */
enum sk_err sk_traces_find(struct sk_traces *traces);
/* Adds "entries", "remains" and "remain_count" to a result; frees what it does not give away. */
void sk_traces_answer(struct sk_traces *traces, cJSON *result);

#endif
