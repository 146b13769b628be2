/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines of the daemons, to stderr: one line each, "level component: text", systemd's <n> prefix when run under it.
 * CR, LF, ESC and other controls are escaped. No secrets. Only daemons and commands call this; libraries return errors.
 * Repeats: a daemon that meets the same failure in a loop logs the change, not every turn. Thread-safe (one write() a line). */
#ifndef SK_BASE_LOG_H
#define SK_BASE_LOG_H

enum sk_log_level { SK_LOG_ERROR = 3, SK_LOG_WARNING = 4, SK_LOG_NOTICE = 5, SK_LOG_INFO = 6, SK_LOG_DEBUG = 7 };

void sk_log_init(const char *component, enum sk_log_level lowest); /* component is borrowed for the life of the process */
void sk_log(enum sk_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
