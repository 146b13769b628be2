/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines to stderr: escaped, one write() a line, with the priority prefix that a service manager reads. */
#include "schemas/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *component_name = "sekisho";
static enum sk_log_level lowest_shown = SK_LOG_INFO;
static int with_prefix;

void sk_log_init(const char *component, enum sk_log_level lowest)
{
    component_name = component;
    lowest_shown = lowest;
    with_prefix = getenv("JOURNAL_STREAM") != NULL; /* set by the service manager; the one look at the environment */
}

static const char *level_name(enum sk_log_level level)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
    return names[level - SK_LOG_ERROR];
}

/* Copies text with control characters shown as \xNN, so that no message can forge a second line. */
static size_t escape(char *to, size_t capacity, const char *text)
{
    size_t length = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && length + 5 < capacity; p++) {
        if (*p >= 0x20 && *p != 0x7F)
            to[length++] = (char)*p;
        else
            length += (size_t)snprintf(to + length, 5, "\\x%02x", *p);
    }
    to[length] = '\0';
    return length;
}

void sk_log(enum sk_log_level level, const char *format, ...)
{
    if (level > lowest_shown)
        return;
    char text[1024], line[2300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int head = with_prefix ? snprintf(line, sizeof line, "<%d>%s: ", (int)level, component_name)
                           : snprintf(line, sizeof line, "%s %s: ", level_name(level), component_name);
    size_t length = (size_t)head + escape(line + head, sizeof line - (size_t)head - 2, text);
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written; /* nobody is left to tell */
}
