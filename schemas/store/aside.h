/* SPDX-License-Identifier: Apache-2.0 */
/* The file side of setting a log aside: names, moves, the note beside the database. Private to this folder. */
#ifndef SK_STORE_ASIDE_H
#define SK_STORE_ASIDE_H

#include "schemas/store/succeed.h"

/* Moves databases, key and note of the log into a new directory damaged-<time of now>, with the reason beside them. */
enum sk_err sk_aside_move(const char *directory, struct sk_old_log *old, struct sk_fault *fault);
/* Finishes a move that was cut off; nothing to do is fine. */
enum sk_err sk_aside_finish(const char *directory, struct sk_fault *fault);
/* The newest directory set aside: fills name and why. NOT_FOUND: none. */
enum sk_err sk_aside_newest(const char *directory, struct sk_old_log *old);

/* The checkpoint kept beside the database: NOT_FOUND when there is none, PARSE when the file is no text of its length. */
enum sk_err sk_note_file_read(const char *directory, char to[SK_NOTE_MAX]);

#endif
