/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's binary: reads its options, loads the site, and is either the collector or one of its pollers. */
#include <unistd.h>

#include "collector/collector.h"
#include "collector/exports.h"
#include "collector/options.h"
#include "collector/poller.h"
#include "schemas/base/log.h"
#include "schemas/config/config.h"

/* Our own file, so that pollers run the same binary even when it was found through PATH. */
static const char *own_binary(char *to, size_t capacity, const char *fallback)
{
    ssize_t length = readlink("/proc/self/exe", to, capacity - 1);
    if (length <= 0)
        return fallback;
    to[length] = '\0';
    return to;
}

int main(int argc, char **argv)
{
    struct sk_options options;
    struct sk_fault fault = {0};
    struct sk_site *site = NULL;
    static char binary[4096];
    int ended = sk_options_read(argc, argv, &options);
    if (ended != 0)
        return ended == 1 ? 0 : 2;
    if (options.export) {
        sk_log_init("export", SK_LOG_INFO);
        return sk_export_child_main(options.state);
    }
    sk_log_init(options.poller >= 0 ? "poller" : "collector", options.debug ? SK_LOG_DEBUG : SK_LOG_INFO);
    static struct sk_config_faults all;
    if (sk_site_load_all(options.site, options.profiles, &site, &all, &fault) != SK_OK) {
        for (size_t i = 1; i < all.count; i++)
            sk_log(SK_LOG_ERROR, "%s: %s: %s", all.at[i].file, all.at[i].path, all.at[i].text[SK_LANG_EN]);
        sk_log(SK_LOG_ERROR, "%s%s", fault.text, all.count > 1 ? " (and what stands above)" : "");
        return 2;
    }
    int status = options.poller >= 0 ? sk_poller_main(site, (size_t)options.poller)
                                     : sk_collector_run(&options, site, own_binary(binary, sizeof binary, argv[0]));
    sk_site_free(site);
    return status;
}
