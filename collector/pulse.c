/* SPDX-License-Identifier: Apache-2.0 */
/* A thread of its own in the poller, because its main thread waits for its parent's packets. */
#include "collector/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static void *beat(void *context)
{
    const struct timespec rest = {.tv_nsec = SK_PULSE_MS * 1000000L};
    (void)context;
    while (write(SK_PULSE_FD, "", 1) == 1 || errno == EAGAIN || errno == EINTR)
        nanosleep(&rest, NULL);
    return NULL;
}

void sk_pulse_start(void)
{
    pthread_t thread;
    const int flags = fcntl(SK_PULSE_FD, F_GETFL);
    if (flags >= 0 && fcntl(SK_PULSE_FD, F_SETFL, flags | O_NONBLOCK) == 0 && pthread_create(&thread, NULL, beat, NULL) == 0)
        pthread_detach(thread);
}

bool sk_pulse_open(int ret_ends[2])
{
    return pipe2(ret_ends, O_CLOEXEC | O_NONBLOCK) == 0;
}

bool sk_pulse_take(int fd)
{
    char bytes[256];
    bool any = false;
    while (read(fd, bytes, sizeof bytes) > 0)
        any = true;
    return any;
}
