/* SPDX-License-Identifier: Apache-2.0 */
/* The limit beside our MQTT sessions: bare paho (MQTTAsync), one subscription, and the least that the same duty asks for.
 *
 * bare_paho PORT events DATABASE: each message is one row of a SQLite database in WAL mode with synchronous FULL, committed
 * before the callback returns and paho acknowledges. bare_paho PORT sample0|sample1: each message is parsed with cJSON and two
 * of its members are looked up. Prints {"ready":true} when subscribed; each line on stdin is answered with the count so far. */
#include <MQTTAsync.h>
#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_ullong count, unreadable;
static sqlite3 *database;
static sqlite3_stmt *insert;
static MQTTAsync client;
static const char *topic;
static int qos;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bare_paho: %s\n", what);
    exit(1);
}

static void open_database(const char *path)
{
    if (sqlite3_open(path, &database) != SQLITE_OK ||
        sqlite3_exec(database,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384;"
                     "CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(database, "INSERT INTO event (body) VALUES (?1)", -1, &insert, NULL) != SQLITE_OK)
        die("cannot open the database");
}

static void keep(const MQTTAsync_message *message)
{
    sqlite3_bind_blob(insert, 1, message->payload, message->payloadlen, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE)
        die("insert");
    sqlite3_reset(insert);
}

static void parse(const MQTTAsync_message *message)
{
    cJSON *root = cJSON_ParseWithLength(message->payload, (size_t)message->payloadlen);
    if (!cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "t")) ||
        !cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "n")))
        atomic_fetch_add(&unreadable, 1);
    cJSON_Delete(root);
}

static int arrived(void *context, char *name, int length, MQTTAsync_message *message)
{
    (void)context;
    (void)length;
    if (database != NULL)
        keep(message);
    else
        parse(message);
    atomic_fetch_add(&count, 1);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(name);
    return 1;
}

static void lost(void *context, char *cause)
{
    (void)context;
    (void)cause;
    die("the connection was lost");
}

static void subscribed(void *context, MQTTAsync_successData *data)
{
    (void)context;
    (void)data;
    puts("{\"ready\":true}");
    fflush(stdout);
}

static void failed(void *context, MQTTAsync_failureData *data)
{
    (void)context;
    (void)data;
    die("CONNECT or SUBSCRIBE failed");
}

static void connected(void *context, MQTTAsync_successData *data)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    (void)context;
    (void)data;
    options.onSuccess = subscribed;
    options.onFailure = failed;
    if (MQTTAsync_subscribe(client, topic, qos, &options) != MQTTASYNC_SUCCESS)
        die("subscribe");
}

int main(int argc, char **argv)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    char address[64], line[64];
    const bool events = argc == 4 && strcmp(argv[2], "events") == 0;
    if (argc < 3 || (!events && strncmp(argv[2], "sample", 6) != 0))
        die("usage: bare_paho PORT events DATABASE | sample0 | sample1");
    topic = events ? "bench/dc1/ev" : "bench/+/state";
    qos = events ? 1 : argv[2][6] - '0';
    if (events)
        open_database(argv[3]);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%s", argv[1]);
    if (MQTTAsync_create(&client, address, "bare-paho", MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(client, NULL, lost, arrived, NULL) != MQTTASYNC_SUCCESS)
        die("create");
    options.cleansession = 1;
    options.maxInflight = 65535;
    options.onSuccess = connected;
    options.onFailure = failed;
    if (MQTTAsync_connect(client, &options) != MQTTASYNC_SUCCESS)
        die("connect");
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("{\"count\":%llu,\"unreadable\":%llu}\n", (unsigned long long)atomic_load(&count),
               (unsigned long long)atomic_load(&unreadable));
        fflush(stdout);
    }
    return 0;
}
