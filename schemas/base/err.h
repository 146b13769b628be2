/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: one code for the machine, one sentence for the person.
 *
 * Every fallible function of the house returns an enum sk_err (0 or negative) and, where a person will read about it, fills a
 * struct sk_fault that the caller gave. Libraries never print, log or exit; the daemon that decides what to do logs once.
 * A fault says what, where, what was expected and what to do, in that order: "cannot open 'x': no such file; create it".
 *
 * Threads: a fault belongs to its caller; nothing here is shared. Codes: schemas/vocab/errors.def. */
#ifndef SK_BASE_ERR_H
#define SK_BASE_ERR_H

#include <stdarg.h>

enum sk_err {
#define X(symbol, value, text, duty) symbol = (value),
#include "schemas/vocab/errors.def"
#undef X
};

/* Room for one sentence. Longer text is cut at a UTF-8 border, never refused. */
#define SK_FAULT_TEXT 320

struct sk_fault {
    enum sk_err code;
    char text[SK_FAULT_TEXT];
};

/* Sets the fault (when not NULL) and returns code, so that "return sk_fault_set(...)" is the whole error path. */
enum sk_err sk_fault_set(struct sk_fault *fault, enum sk_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* it sees one file at a time: without this it believes that a fault may come back as SK_OK */
#define sk_fault_set(...)                                                                                                      \
    __extension__({                                                                                                            \
        const enum sk_err fault_set_ = (sk_fault_set)(__VA_ARGS__);                                                            \
        if (fault_set_ == SK_OK)                                                                                               \
            __builtin_unreachable();                                                                                           \
        fault_set_;                                                                                                            \
    })
#endif

/* Puts "where: " before the text already there; for callers that know the file or the path. Returns fault->code. */
enum sk_err sk_fault_prefix(struct sk_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The list's text and the caller's duty of a code; "unknown error" outside the list. Never NULL. */
const char *sk_err_text(enum sk_err code);
const char *sk_err_duty(enum sk_err code);
/* The symbol without SK_ERR_, lower case ("not_found"): the word used on the wire. */
const char *sk_err_word(enum sk_err code);

#endif
