/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a corpus through a fuzz target without a fuzzer: every seed whole, cut at every length (up to a bound), and with bits
 * flipped from a fixed seed, so that each run is the same. An empty or missing corpus fails: a test that feeds nothing proves
 * nothing. Usage: replay_x CORPUS_DIRECTORY */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 1 << 16, CUTS_MAX = 512, FLIPS = 256 };

static uint64_t state = 0x9E3779B97F4A7C15u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A copy of exact size, so that the address sanitizer sees one byte too far. */
static void feed(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void mutate_and_feed(const uint8_t *bytes, size_t size)
{
    static uint8_t changed[SEED_MAX];
    for (int i = 0; size > 0 && i < FLIPS; i++) {
        memcpy(changed, bytes, size);
        for (uint64_t flips = 1 + next_random() % 4; flips > 0; flips--)
            changed[next_random() % size] = (uint8_t)next_random();
        feed(changed, size);
    }
}

static unsigned long replay_file(const char *path)
{
    static uint8_t bytes[SEED_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    feed(bytes, size);
    size_t step = size / CUTS_MAX + 1;
    for (size_t cut = 0; cut < size; cut += step)
        feed(bytes, cut);
    mutate_and_feed(bytes, size);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned long seeds = 0;
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    if (directory == NULL) {
        fprintf(stderr, "usage: %s CORPUS_DIRECTORY (must exist)\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        seeds += replay_file(path);
    }
    closedir(directory);
    printf("%lu seeds replayed\n", seeds);
    return seeds > 0 ? 0 : 1;
}
