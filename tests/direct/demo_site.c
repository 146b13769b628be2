/* SPDX-License-Identifier: Apache-2.0 */
/* Fills {{MODBUS_PORT}} and {{MQTT_PORT}} with 1: nothing here ever connects. */
#include "tests/direct/demo_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEMPLATE_MAX = 1 << 20 };

static void fill(FILE *from, FILE *to)
{
    char line[8192];
    while (fgets(line, sizeof line, from) != NULL) {
        for (char *mark = line; (mark = strstr(mark, "{{")) != NULL;) {
            char *end = strstr(mark, "}}");
            if (end == NULL) {
                break;
            }
            *mark = '1';
            memmove(mark + 1, end + 2, strlen(end + 2) + 1);
        }
        (void)fputs(line, to);
    }
}

static void give_numbers(struct sk_site *site)
{
    for (size_t i = 0; i < site->zone_count; i++) {
        site->zones[i].number = (uint16_t)(i + 1);
    }
    for (size_t i = 0; i < site->door_count; i++) {
        site->doors[i].number = (uint16_t)(i + 1);
    }
    for (size_t i = 0; i < site->device_count; i++) {
        const struct sk_profile *profile = site->devices[i].profile;
        if (profile != NULL && profile->kind == SK_DEV_DOOR) {
            site->devices[i].number = (uint16_t)(i + 1);
        }
    }
}

enum sk_err demo_site_load(const char *template_path, const char *profiles, struct sk_site **ret_site, struct sk_fault *fault)
{
    char path[] = "/tmp/sekisho-site-XXXXXX";
    FILE *from = fopen(template_path, "re");
    const int fd = from != NULL ? mkstemp(path) : -1;
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    enum sk_err err = SK_ERR_IO;
    if (to == NULL) {
        (void)sk_fault_set(fault, err, "cannot read '%s' or write a temporary file", template_path);
    } else {
        fill(from, to);
        (void)fclose(to);
        err = sk_site_load(path, profiles, ret_site, fault);
        (void)unlink(path);
    }
    if (from != NULL) {
        (void)fclose(from);
    }
    if (err == SK_OK) {
        give_numbers(*ret_site);
    }
    return err;
}
