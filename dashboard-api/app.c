/* SPDX-License-Identifier: Apache-2.0 */
/* One read-only store per worker thread; the thread's end closes it. */
#include "dashboard-api/app.h"

#include <pthread.h>
#include <sys/stat.h>

#include "schemas/base/bytes.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key, history_key;

static void close_store(void *store)
{
    sk_store_close(store);
}

static void close_history(void *history)
{
    sk_history_close(history);
}

static void make_key(void)
{
    pthread_key_create(&key, close_store);
    pthread_key_create(&history_key, close_history);
}

/* The log of a thread's open store, by its file: after a damaged one was set aside another stands under its name. */
static _Thread_local struct {
    dev_t device;
    ino_t number;
} opened;

static bool file_changed(const struct sk_app *app)
{
    char path[4096];
    struct stat status = {0};
    if (!sk_text_format(path, sizeof path, "%s/log.db", app->state_directory) || stat(path, &status) != 0)
        return false; /* between two: what is open still reads */
    const bool changed = status.st_dev != opened.device || status.st_ino != opened.number;
    opened.device = status.st_dev;
    opened.number = status.st_ino;
    return changed;
}

enum sk_err sk_app_store(struct sk_app *app, struct sk_store **ret_store, struct sk_fault *fault)
{
    pthread_once(&once, make_key);
    if (file_changed(app))
        sk_app_store_drop(app);
    struct sk_store *store = pthread_getspecific(key);
    if (!store) {
        enum sk_err err = sk_store_open(app->state_directory, SK_STORE_READER, &store, fault);
        if (err != SK_OK)
            return err;
        pthread_setspecific(key, store);
    }
    *ret_store = store;
    return SK_OK;
}

void sk_app_store_drop(struct sk_app *app)
{
    (void)app;
    pthread_once(&once, make_key);
    sk_store_close(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
}

enum sk_err sk_app_history(struct sk_app *app, struct sk_history **ret_history, struct sk_fault *fault)
{
    pthread_once(&once, make_key);
    struct sk_history *history = pthread_getspecific(history_key);
    if (!history) {
        enum sk_err err = sk_history_open(app->state_directory, SK_STORE_READER, &history, fault);
        if (err != SK_OK)
            return err;
        pthread_setspecific(history_key, history);
    }
    *ret_history = history;
    return SK_OK;
}

void sk_app_history_drop(struct sk_app *app)
{
    (void)app;
    pthread_once(&once, make_key);
    sk_history_close(pthread_getspecific(history_key));
    pthread_setspecific(history_key, NULL);
}
