/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory and the lock against a second writer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schemas/store/db.h"

enum { DIRECTORY_MODE = 02750, LOCK_MODE = 0600 };

enum sk_err sk_directory_make(const char *directory, struct sk_fault *fault)
{
    if (mkdir(directory, 0750) == 0) {
        if (chmod(directory, DIRECTORY_MODE) != 0) /* past the umask, and mkdir drops setgid */
            return sk_fault_set(fault, SK_ERR_IO, "cannot set the mode of '%s': %s", directory, strerror(errno));
        return SK_OK;
    }
    struct stat status;
    if (errno == EEXIST && stat(directory, &status) == 0 && S_ISDIR(status.st_mode)) {
        if ((status.st_mode & 0022) != 0) /* another user's -shm or -wal in here would lock us out for good */
            return sk_fault_set(fault, SK_ERR_DENIED, "directory '%s' can be written by others; chmod it to 2750", directory);
        return SK_OK;
    }
    return sk_fault_set(fault, SK_ERR_IO, "cannot make directory '%s': %s", directory, strerror(errno));
}

static enum sk_err busy(int fd, const char *path, struct sk_fault *fault)
{
    char holder[32] = "";
    const ssize_t got = pread(fd, holder, sizeof holder - 1, 0);
    holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
    return sk_fault_set(fault, SK_ERR_BUSY, "'%s' is held by another writer (pid %s); stop it first", path,
                        holder[0] != '\0' ? holder : "unknown");
}

enum sk_err sk_lock_take(const char *directory, const char *name, int *ret_fd, struct sk_fault *fault)
{
    char path[SK_PATH_MAX], text[32];
    if (!sk_text_format(path, sizeof path, "%s/%s", directory, name))
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "path of directory '%.200s' is too long", directory);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
    if (fd < 0)
        return sk_fault_set(fault, SK_ERR_IO, "cannot open lock '%s': %s", path, strerror(errno));
    enum sk_err err = SK_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = errno == EWOULDBLOCK ? busy(fd, path, fault)
                                   : sk_fault_set(fault, SK_ERR_IO, "cannot lock '%s': %s", path, strerror(errno));
    if (err != SK_OK) {
        close(fd);
        return err;
    }
    const int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        /* the pid is a courtesy for the fault of the next one; the lock itself holds without it */
    }
    *ret_fd = fd;
    return SK_OK;
}
