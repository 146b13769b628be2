/* SPDX-License-Identifier: Apache-2.0 */
/* The limit beside our Modbus poller: libmodbus, one thread per device, one read of COUNT registers per second and nothing
 * else.
 *
 * bare_modbus PORT DEVICES COUNT PERIOD_MS: devices are 127.1.a.b of the farm, their phases spread over the period. Prints
 * {"ready":true} when all are connected and ends when stdin ends. Its CPU is read from outside, like ours. */
#include <modbus.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES_MAX = 900, STACK = 64 << 10 };

struct device {
    pthread_t thread;
    modbus_t *modbus;
    int index;
};

static struct device devices[DEVICES_MAX];
static int device_count, register_count;
static int64_t period_us, start_us;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bare_modbus: %s\n", what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *read_forever(void *argument)
{
    const struct device *device = argument;
    uint16_t values[125];
    int64_t due_us = start_us + period_us * device->index / device_count;
    for (;; due_us += period_us) {
        const struct timespec due = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        if (modbus_read_registers(device->modbus, 0, register_count, values) != register_count)
            die("a read failed");
    }
}

int main(int argc, char **argv)
{
    pthread_attr_t attributes;
    char host[32], byte;
    if (argc != 5)
        die("usage: bare_modbus PORT DEVICES COUNT PERIOD_MS");
    device_count = atoi(argv[2]);
    register_count = atoi(argv[3]);
    period_us = (int64_t)atoi(argv[4]) * 1000;
    if (device_count < 1 || device_count > DEVICES_MAX || register_count < 1 || register_count > 125)
        die("DEVICES 1 to 900, COUNT 1 to 125");
    for (int i = 0; i < device_count; i++) {
        snprintf(host, sizeof host, "127.1.%d.%d", i / 250, i % 250 + 1);
        devices[i] = (struct device){.modbus = modbus_new_tcp(host, atoi(argv[1])), .index = i};
        if (devices[i].modbus == NULL || modbus_connect(devices[i].modbus) != 0)
            die("connect");
    }
    start_us = now_us() + 100000;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (int i = 0; i < device_count; i++)
        if (pthread_create(&devices[i].thread, &attributes, read_forever, &devices[i]) != 0)
            die("thread");
    puts("{\"ready\":true}");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}
