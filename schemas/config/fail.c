/* SPDX-License-Identifier: Apache-2.0 */
/* Saying what is wrong: "site.json: devices[3].limits.State: found 12; expected a list of words; ...".
 *
 * The path is walked from the chain on the stack, so that a good file never pays for it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/base/bytes.h"
#include "schemas/config/keys.h"
#include "schemas/text/text.h"

enum { PATH_MAX_TEXT = 160, FOUND_MAX = 48, SENTENCE_MAX = 240 };

/* A member whose name holds a dot is written in brackets: points["battery.charge"]. */
static size_t path_put(char *to, size_t capacity, const struct cfg_at *at)
{
    size_t used = at->up != NULL ? path_put(to, capacity, at->up) : 0;
    int n;
    if (used >= capacity)
        return used;
    if (at->name == NULL)
        n = at->up != NULL ? snprintf(to + used, capacity - used, "[%zu]", at->index) : 0;
    else if (strpbrk(at->name, ".[]\" ") != NULL)
        n = snprintf(to + used, capacity - used, "[\"%.64s\"]", at->name);
    else
        n = snprintf(to + used, capacity - used, "%s%.64s", used > 0 ? "." : "", at->name);
    return used + (n > 0 ? (size_t)n : 0);
}

/* Into the list of all, and, when it is the first, into the one fault. */
static struct sk_config_fault *keep(struct cfg *c, enum sk_err code, const char *path)
{
    struct sk_config_faults *all = c->all;
    if (all == NULL)
        return NULL;
    if (all->count == SK_CONFIG_FAULTS_MAX) {
        all->more++;
        return NULL;
    }
    struct sk_config_fault *kept = &all->at[all->count++];
    memset(kept, 0, sizeof(*kept));
    kept->code = code;
    (void)sk_text_copy(kept->file, sizeof(kept->file), c->file);
    (void)sk_text_copy(kept->path, sizeof(kept->path), path);
    return kept;
}

static enum sk_err first_set(struct cfg *c, enum sk_err code, const char *text)
{
    if (c->fault == NULL || c->fault->text[0] != '\0')
        return code;
    return sk_fault_set(c->fault, code, "%s", text);
}

enum sk_err cfg_pass(struct cfg *c, enum sk_err code, const char *text)
{
    struct sk_config_fault *kept = keep(c, code, "");
    for (size_t language = 0; kept != NULL && language < 2; language++)
        (void)sk_text_copy(kept->text[language], sizeof(kept->text[language]), text);
    return first_set(c, code, text);
}

bool cfg_goes_on(enum sk_err *first, enum sk_err err)
{
    if (*first == SK_OK)
        *first = err;
    return err != SK_ERR_NOMEM;
}

/* One sentence about one place, in the language of `format`. */
static enum sk_err say(struct cfg *c, const struct cfg_at *at, enum sk_err code, const char *const sentence[2])
{
    char path[PATH_MAX_TEXT] = "", whole[SK_FAULT_TEXT];
    (void)path_put(path, sizeof(path), at);
    (void)sk_text_format(whole, sizeof(whole), "%s: %s%s%s", c->file, path, path[0] != '\0' ? ": " : "", sentence[SK_LANG_EN]);
    struct sk_config_fault *kept = keep(c, code, path);
    for (size_t language = 0; kept != NULL && language < 2; language++)
        (void)sk_text_copy(kept->text[language], sizeof(kept->text[language]), sentence[language]);
    return first_set(c, code, whole);
}

enum sk_err cfg_fail(struct cfg *c, const struct cfg_at *at, enum sk_err code, const char *format, ...)
{
    char sentence[2][SENTENCE_MAX];
    for (int language = 0; language < 2; language++) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(sentence[language], sizeof(sentence[language]), sk_text_of_english(format, (enum sk_lang)language),
                        arguments);
        va_end(arguments);
    }
    return say(c, at, code, (const char *const[2]){sentence[0], sentence[1]});
}

/* What stands there, short enough for a sentence. */
static void found_text(const cJSON *found, enum sk_lang language, char to[FOUND_MAX])
{
    const char *key = found == NULL          ? "config.found.nothing"
                      : cJSON_IsNull(found)  ? "config.found.null"
                      : cJSON_IsArray(found) ? "config.found.list"
                                             : "config.found.object";
    if (found != NULL && cJSON_IsString(found))
        (void)snprintf(to, FOUND_MAX, "'%.40s'", found->valuestring);
    else if (found != NULL && cJSON_IsNumber(found))
        (void)snprintf(to, FOUND_MAX, "%.10g", found->valuedouble);
    else if (cJSON_IsBool(found))
        (void)sk_text_copy(to, FOUND_MAX, cJSON_IsTrue(found) ? "true" : "false");
    else
        (void)sk_text_copy(to, FOUND_MAX, sk_text(key, language));
}

enum sk_err cfg_wrong(struct cfg *c, const struct cfg_at *at, const cJSON *found, enum sk_err code, const char *format, ...)
{
    char expected[SENTENCE_MAX - FOUND_MAX - 24], what[FOUND_MAX], sentence[2][SENTENCE_MAX];
    for (int language = 0; language < 2; language++) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(expected, sizeof(expected), sk_text_of_english(format, (enum sk_lang)language), arguments);
        va_end(arguments);
        found_text(found, (enum sk_lang)language, what);
        (void)snprintf(sentence[language], sizeof(sentence[language]), sk_text("config.found_expected", (enum sk_lang)language),
                       what, expected);
    }
    return say(c, at, code, (const char *const[2]){sentence[0], sentence[1]});
}

enum sk_err cfg_nomem(struct cfg *c)
{
    char text[SK_FAULT_TEXT];
    (void)sk_text_format(text, sizeof(text), "%s: out of memory while reading it", c->file);
    return cfg_pass(c, SK_ERR_NOMEM, text);
}

struct sk_fault *cfg_fresh(struct sk_fault *fault)
{
    if (fault != NULL)
        *fault = (struct sk_fault){SK_OK, ""};
    return fault;
}
