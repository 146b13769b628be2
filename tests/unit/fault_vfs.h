/* SPDX-License-Identifier: Apache-2.0 */
/* A VFS in front of the system's own that fails the n-th write or sync, once or from there on, by plan. */
#ifndef SK_TEST_FAULT_VFS_H
#define SK_TEST_FAULT_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

enum call { CALL_WRITE, CALL_SYNC, CALL_COUNT };
static struct {
    bool armed, once;
    unsigned long left; /* calls until the failure; 0 fails */
    int result;         /* SQLITE_IOERR_..., SQLITE_FULL */
    enum call which;
    unsigned long failed;
} plan;

static sqlite3_vfs front, *system_vfs;

struct front_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct front_file *)file)->real;
}

static bool fails(enum call call)
{
    if (!plan.armed || plan.which != call)
        return false;
    if (plan.left > 0) {
        plan.left--;
        return false;
    }
    plan.failed++;
    if (plan.once)
        plan.armed = false;
    return true;
}

static int front_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    return fails(CALL_WRITE) ? plan.result : real_of(file)->pMethods->xWrite(real_of(file), bytes, length, at);
}
static int front_sync(sqlite3_file *file, int flags)
{
    return fails(CALL_SYNC) ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}
static int front_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}
static int front_read(sqlite3_file *file, void *to, int length, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), to, length, at);
}
static int front_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
static int front_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
static int front_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int front_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int front_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int front_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}
static int front_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int front_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
static int front_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, to);
}
static int front_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}
static void front_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int front_shm_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods front_methods = {2,
                                                 front_close,
                                                 front_read,
                                                 front_write,
                                                 front_truncate,
                                                 front_sync,
                                                 front_size,
                                                 front_lock,
                                                 front_unlock,
                                                 front_reserved,
                                                 front_control,
                                                 front_sector,
                                                 front_device,
                                                 front_shm_map,
                                                 front_shm_lock,
                                                 front_shm_barrier,
                                                 front_shm_unmap,
                                                 NULL,
                                                 NULL};

static int front_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct front_file *own = (struct front_file *)file;
    (void)vfs;
    own->real = (sqlite3_file *)(own + 1);
    const int result = system_vfs->xOpen(system_vfs, name, own->real, flags, ret_flags);
    file->pMethods = own->real->pMethods != NULL ? &front_methods : NULL;
    return result;
}

static bool front_register(void)
{
    system_vfs = sqlite3_vfs_find(NULL);
    front = *system_vfs;
    front.zName = "front";
    front.szOsFile = (int)sizeof(struct front_file) + system_vfs->szOsFile;
    front.xOpen = front_open;
    return sqlite3_vfs_register(&front, 1) == SQLITE_OK;
}

static void arm(enum call which, unsigned long n, bool once, int result)
{
    memset(&plan, 0, sizeof plan);
    plan.armed = true;
    plan.which = which;
    plan.left = n;
    plan.once = once;
    plan.result = result;
}

#endif
