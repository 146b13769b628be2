/* SPDX-License-Identifier: Apache-2.0 */
/* A log set aside is a directory of its own, so that every tool that reads a state directory reads it as it is: same names,
 * same bytes. The move is made under a name ending in ".partial": whoever finds that finishes it. */
#include "schemas/store/aside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/store/db.h"

enum { DIRECTORY_MODE = 02750, FILE_MODE = 0640, SAME_SECOND = 100 };
static const char prefix[] = "damaged-", partial[] = ".partial", why_file[] = "why.txt";
static const char *const moved[] = {"log.db", "log.db-wal", "log.db-shm", SK_SIGNING_KEY_FILE, SK_NOTE_FILE};

static bool path_make(char *to, const char *directory, const char *name, const char *file)
{
    return file == NULL ? sk_text_format(to, SK_PATH_MAX, "%s/%s", directory, name)
                        : sk_text_format(to, SK_PATH_MAX, "%s/%s/%s", directory, name, file);
}

static enum sk_err refused(const char *path, struct sk_fault *fault)
{
    return sk_fault_set(fault, SK_ERR_IO, "cannot set the log aside at '%s': %s; nothing was changed in it", path,
                        strerror(errno));
}

static bool directory_sync(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool text_write(const char *path, const char *text, size_t length)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    const bool good = fd >= 0 && fchmod(fd, FILE_MODE) == 0 && write(fd, text, length) == (ssize_t)length;
    if (fd >= 0)
        close(fd);
    return good;
}

/* At most capacity - 1 bytes; -1 when it cannot be read or is longer. */
static ssize_t text_read(const char *path, char *to, size_t capacity)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const ssize_t length = fd >= 0 ? read(fd, to, capacity) : -1;
    if (fd >= 0)
        close(fd);
    if (length < 0 || (size_t)length >= capacity)
        return -1;
    to[length] = '\0';
    return length;
}

/* What is still in the state directory goes in; then the directory gets its real name. */
static enum sk_err complete(const char *directory, const char *name, struct sk_fault *fault)
{
    char from[SK_PATH_MAX], to[SK_PATH_MAX], half[SK_ASIDE_NAME_MAX + sizeof partial];
    sk_text_format(half, sizeof half, "%s%s", name, partial);
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        if (!path_make(from, directory, moved[i], NULL) || !path_make(to, directory, half, moved[i]))
            return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
        if (access(to, F_OK) == 0 || access(from, F_OK) != 0)
            continue; /* moved by an earlier try, or never there */
        if (rename(from, to) != 0)
            return refused(to, fault);
    }
    if (!path_make(from, directory, half, NULL) || !path_make(to, directory, name, NULL))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
    return directory_sync(from) && rename(from, to) == 0 && directory_sync(directory) ? SK_OK : refused(to, fault);
}

/* "damaged-20261120T155300Z", with "-2" and so on for one more in the same second. */
static void name_make(char to[SK_ASIDE_NAME_MAX], int64_t utc_us, int again)
{
    char time[SK_TIME_TEXT], digits[20];
    size_t length = 0;
    sk_time_format(time, utc_us);
    for (const char *p = time; *p != '.' && *p != '\0'; p++)
        if (*p != '-' && *p != ':')
            digits[length++] = *p;
    digits[length] = '\0';
    sk_text_format(to, SK_ASIDE_NAME_MAX, again < 2 ? "%s%sZ" : "%s%sZ-%02d", prefix, digits, again);
}

enum sk_err sk_aside_move(const char *directory, struct sk_old_log *old, struct sk_fault *fault)
{
    char path[SK_PATH_MAX], half[SK_ASIDE_NAME_MAX + sizeof partial];
    const int64_t utc_us = sk_clock_read().utc_us;
    for (int again = 1; again < SAME_SECOND; again++) {
        name_make(old->name, utc_us, again);
        if (!path_make(path, directory, old->name, NULL))
            return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
        if (access(path, F_OK) != 0)
            break;
    }
    sk_text_format(half, sizeof half, "%s%s", old->name, partial);
    if (!path_make(path, directory, half, NULL) || mkdir(path, 0750) != 0 || chmod(path, DIRECTORY_MODE) != 0)
        return refused(path, fault);
    if (!path_make(path, directory, half, why_file) || !text_write(path, old->why, strlen(old->why)))
        return refused(path, fault);
    return complete(directory, old->name, fault);
}

/* The last name, in the order of names, that begins and ends so; names without the ending when it is "". */
static bool newest_named(const char *directory, const char *ending, char to[SK_ASIDE_NAME_MAX])
{
    DIR *folder = opendir(directory);
    const struct dirent *entry;
    to[0] = '\0';
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const size_t length = strlen(entry->d_name), tail = strlen(ending);
        const bool half = length > strlen(partial) && strcmp(entry->d_name + length - strlen(partial), partial) == 0;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || half != (tail > 0) || length - tail >= SK_ASIDE_NAME_MAX)
            continue;
        char name[SK_ASIDE_NAME_MAX];
        memcpy(name, entry->d_name, length - tail);
        name[length - tail] = '\0';
        if (strcmp(name, to) > 0)
            memcpy(to, name, sizeof name);
    }
    if (folder != NULL)
        closedir(folder);
    return to[0] != '\0';
}

enum sk_err sk_aside_finish(const char *directory, struct sk_fault *fault)
{
    char name[SK_ASIDE_NAME_MAX];
    enum sk_err err = SK_OK;
    while (err == SK_OK && newest_named(directory, partial, name))
        err = complete(directory, name, fault);
    return err;
}

enum sk_err sk_aside_newest(const char *directory, struct sk_old_log *old)
{
    char path[SK_PATH_MAX];
    if (!newest_named(directory, "", old->name))
        return SK_ERR_NOT_FOUND;
    if (!path_make(path, directory, old->name, why_file) || text_read(path, old->why, sizeof old->why) <= 0 ||
        !sk_text_is_clean(old->why, strlen(old->why), false))
        sk_text_copy(old->why, sizeof old->why, "the reason was not kept");
    return SK_OK;
}

enum sk_err sk_note_file_read(const char *directory, char to[SK_NOTE_MAX])
{
    char path[SK_PATH_MAX];
    if (!path_make(path, directory, SK_NOTE_FILE, NULL))
        return SK_ERR_TOO_LONG;
    if (access(path, F_OK) != 0)
        return SK_ERR_NOT_FOUND;
    return text_read(path, to, SK_NOTE_MAX) > 0 ? SK_OK : SK_ERR_PARSE;
}

enum sk_err sk_log_note_put(const char *directory, const char *note)
{
    char path[SK_PATH_MAX], fresh[SK_PATH_MAX];
    if (!path_make(path, directory, SK_NOTE_FILE, NULL) || !path_make(fresh, directory, SK_NOTE_FILE ".new", NULL))
        return SK_ERR_TOO_LONG;
    return text_write(fresh, note, strlen(note)) && rename(fresh, path) == 0 ? SK_OK : SK_ERR_IO;
}
