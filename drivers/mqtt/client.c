/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that speaks to paho. Callbacks set a flag and wake the talker, or pass a message to the inbox; nothing more,
 * because paho holds its lock around them.
 *
 * No persistence at the client: what is not acknowledged must come from the broker again, not from a file of paho's that would
 * deliver first after a kill. messageArrived never returns 0, for 1.3.12 would acknowledge the message all the same. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/mqtt/session.h"
#include "schemas/base/bytes.h"
#include "schemas/base/mem.h"

enum { CONNECT_TIMEOUT_S = 10, CONNACK_VERSION_311 = 1, PASSWORD_MAX = 1024, KEEPALIVE_S = 30, EXPIRY_S = 86400 };

enum sk_err sk_mqtt_password_read(const char *path, char *to, size_t capacity, size_t *ret_length, struct sk_fault *fault)
{
    struct stat status;
    enum sk_err err = SK_OK;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return sk_fault_set(fault, SK_ERR_IO, "cannot open password file '%s': %s", path, strerror(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        err = sk_fault_set(fault, SK_ERR_IO, "password file '%s' is not a regular file", path);
    else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        err = sk_fault_set(fault, SK_ERR_DENIED, "password file '%s' is open to others; chmod 0600 it", path);
    else if ((got = read(fd, to, capacity)) < 0)
        err = sk_fault_set(fault, SK_ERR_IO, "cannot read password file '%s': %s", path, strerror(errno));
    close(fd);
    if (err != SK_OK)
        return err;
    size_t length = (size_t)got;
    if (length == capacity)
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "password file '%s' holds more than %zu bytes", path, capacity - 1);
    if (length > 0 && to[length - 1] == '\n')
        length--;
    if (length > 0 && to[length - 1] == '\r')
        length--;
    *ret_length = length;
    return SK_OK;
}

/* --- callbacks: paho's threads, paho's lock held --- */

static void note_outcome(struct sk_driver_session *s, enum sk_dial_outcome outcome)
{
    pthread_mutex_lock(&s->lock);
    s->outcome = outcome;
    s->outcome_ready = true;
    s->lost = s->lost && outcome != SK_DIAL_OK;
    s->inbound_us = sk_clock_mono_us();
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

static void note_why(struct sk_driver_session *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    if (s->why[0] == '\0')
        sk_text_format(s->why, sizeof s->why, "%.*s", (int)(sizeof s->why - 1), text);
    pthread_mutex_unlock(&s->lock);
}

/* What the library underneath says of a handshake that failed; its first words name the cause. */
static int on_tls_error(const char *text, size_t length, void *context)
{
    char all[SK_MQTT_WHY_MAX], line[SK_MQTT_WHY_MAX + 8];
    sk_text_format(all, sizeof all, "%.*s", (int)(length < sizeof all ? length : sizeof all - 1), text);
    all[strcspn(all, "\n")] = '\0';
    const char *error = strstr(all, "error:"); /* before it stands a thread's number, another each time */
    sk_text_format(line, sizeof line, "TLS: %s", error != NULL ? error : all);
    note_why(context, line);
    return 1;
}

static void note_failure(struct sk_driver_session *s, int code, const char *message)
{
    static const struct {
        int code;
        const char *text;
    } refusals[] = {{4, "user name or password is wrong"},
                    {5, "not authorised, or the password is wrong"},
                    {MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD, "user name or password is wrong"},
                    {MQTTREASONCODE_NOT_AUTHORIZED, "not authorised, or the password is wrong"}};
    char line[SK_MQTT_WHY_MAX];
    const bool refused = message != NULL && strstr(message, "CONNACK") != NULL;
    sk_text_format(line, sizeof line, "%s (%d)", message != NULL ? message : "no connection", code);
    for (size_t i = 0; refused && i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].code == code)
            sk_text_format(line, sizeof line, "the broker refuses: %s", refusals[i].text);
    note_why(s, line);
}

static void on_connect(void *context, MQTTAsync_successData *data)
{
    (void)data;
    note_outcome(context, SK_DIAL_OK);
}

static void on_connect5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    note_outcome(context, SK_DIAL_OK);
}

/* paho tells the cases apart only by its text: "CONNACK return code" with the broker's number; two texts for a broker that hung
 * up (or spoke what paho could not read) after TCP stood and CONNECT was out. */
static enum sk_dial_outcome outcome_of(int code, const char *message)
{
    static const char *const HUNG_UP[] = {"socket error", "TCP connect completion failure"};
    const char *text = message == NULL ? "" : message;
    if (strstr(text, "CONNACK") != NULL && (code == CONNACK_VERSION_311 || code == MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION))
        return SK_DIAL_VERSION_REFUSED;
    for (size_t i = 0; i < sizeof(HUNG_UP) / sizeof(HUNG_UP[0]); i++) {
        if (strcmp(text, HUNG_UP[i]) == 0)
            return SK_DIAL_CLOSED_EARLY;
    }
    return SK_DIAL_FAILED;
}

static void on_connect_failed(void *context, MQTTAsync_failureData *data)
{
    note_failure(context, data != NULL ? data->code : 0, data != NULL ? data->message : NULL);
    note_outcome(context, data == NULL ? SK_DIAL_FAILED : outcome_of(data->code, data->message));
}

static void on_connect_failed5(void *context, MQTTAsync_failureData5 *data)
{
    note_failure(context, data != NULL ? data->code : 0, data != NULL ? data->message : NULL);
    note_outcome(context, data == NULL ? SK_DIAL_FAILED : outcome_of(data->code, data->message));
}

static void on_lost(void *context, char *cause)
{
    struct sk_driver_session *s = context;
    (void)cause;
    pthread_mutex_lock(&s->lock);
    s->lost = true;
    s->live = false;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

/* MQTT 5: the broker said why it hangs up. paho then does not call on_lost. */
static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
    (void)properties;
    (void)code;
    on_lost(context, NULL);
}

static void note_suback(struct sk_mqtt_chunk *chunk, const int *codes, size_t count)
{
    struct sk_driver_session *s = chunk->session;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < count; i++) {
        if (codes[i] >= 0x80)
            s->refused_topics++;
        else if (chunk->first + i == 0)
            s->tick_granted = true;
    }
    if (s->subacks_due > 0)
        s->subacks_due--;
    s->inbound_us = sk_clock_mono_us();
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

static void on_suback(void *context, MQTTAsync_successData *data)
{
    struct sk_mqtt_chunk *chunk = context;
    note_suback(chunk, chunk->count == 1 ? &data->alt.qos : data->alt.qosList, chunk->count);
}

static void on_suback5(void *context, MQTTAsync_successData5 *data)
{
    struct sk_mqtt_chunk *chunk = context;
    int codes[SK_MQTT_CHUNK];
    for (size_t i = 0; i < chunk->count; i++)
        codes[i] = chunk->count == 1 ? (int)data->reasonCode : (int)data->alt.sub.reasonCodes[i];
    note_suback(chunk, codes, chunk->count);
}

static void note_all_refused(struct sk_mqtt_chunk *chunk)
{
    int codes[SK_MQTT_CHUNK];
    for (size_t i = 0; i < chunk->count; i++)
        codes[i] = 0x80;
    note_suback(chunk, codes, chunk->count);
}

static void on_suback_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    note_all_refused(context);
}

static void on_suback_failed5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    note_all_refused(context);
}

/* Never lets paho go on: returning would acknowledge a message that nobody committed. The process is at its end anyway. */
static void hold(struct sk_driver_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->held = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    for (;;)
        pause();
}

static int on_message(void *context, char *topic, int topic_length, MQTTAsync_message *message)
{
    struct sk_driver_session *s = context;
    /* paho ends every topic with a NUL and tells a length, 0 at times; one that has a NUL inside is no topic of ours. */
    bool whole = topic_length <= 0 || strlen(topic) == (size_t)topic_length;
    struct sk_mqtt_message taken = {.topic = whole ? topic : "",
                                    .bytes = message->payload == NULL ? "" : message->payload,
                                    .length = message->payloadlen < 0 ? 0 : (size_t)message->payloadlen,
                                    .retained = message->retained != 0,
                                    .repeated = message->dup != 0 || message->retained != 0};
    pthread_mutex_lock(&s->lock);
    s->in_callback = true;
    s->messages++;
    pthread_mutex_unlock(&s->lock);
    bool done = sk_mqtt_inbox_take(s, &taken);
    if (!done)
        hold(s);
    pthread_mutex_lock(&s->lock);
    s->in_callback = false;
    s->inbound_us = sk_clock_mono_us();
    pthread_mutex_unlock(&s->lock);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* --- the talker's calls --- */

static enum sk_err create(struct sk_driver_session *s)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    if (s->client != NULL && s->client_version == s->dial.version)
        return SK_OK;
    sk_mqtt_client_drop(s);
    options.MQTTVersion = s->dial.version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    if (MQTTAsync_createWithOptions(&s->client, s->uri, s->plan.client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options) !=
        MQTTASYNC_SUCCESS) {
        s->client = NULL;
        return SK_ERR_NOMEM;
    }
    s->client_version = s->dial.version;
    if (MQTTAsync_setCallbacks(s->client, s, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setDisconnected(s->client, s, on_disconnected) != MQTTASYNC_SUCCESS)
        return SK_ERR_INVALID;
    return SK_OK;
}

static void fill_tls(struct sk_driver_session *s, MQTTAsync_SSLOptions *tls)
{
    const struct sk_link *link = s->link;
    bool own_ca = link->ca_file != NULL && link->ca_file[0] != '\0';
    tls->trustStore = own_ca ? link->ca_file : NULL;
    tls->disableDefaultTrustStore = own_ca ? 1 : 0;
    tls->keyStore = link->cert_file != NULL && link->cert_file[0] != '\0' ? link->cert_file : NULL;
    tls->privateKey = link->key_file != NULL && link->key_file[0] != '\0' ? link->key_file : NULL;
    tls->enableServerCertAuth = 1;
    tls->verify = 1; /* the name in the certificate too */
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = s;
}

static void fill_version(struct sk_driver_session *s, MQTTAsync_connectOptions *options, MQTTProperties *properties)
{
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    if (s->client_version != 5) {
        options->MQTTVersion = MQTTVERSION_3_1_1;
        options->cleansession = 0;
        options->onSuccess = on_connect;
        options->onFailure = on_connect_failed;
        return;
    }
    expiry.value.integer4 = s->link->session_expiry_s > 0 ? s->link->session_expiry_s : EXPIRY_S;
    MQTTProperties_add(properties, &expiry);
    options->cleanstart = 0;
    options->connectProperties = properties;
    options->onSuccess5 = on_connect5;
    options->onFailure5 = on_connect_failed5;
}

static enum sk_err start_connect(struct sk_driver_session *s, const char *password, size_t password_length)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTProperties properties = MQTTProperties_initializer;
    if (s->client_version == 5)
        options = options5;
    options.context = s;
    options.keepAliveInterval = s->link->keepalive_s > 0 ? (int)s->link->keepalive_s : KEEPALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    if (s->link->user != NULL && s->link->user[0] != '\0')
        options.username = s->link->user;
    if (password != NULL) {
        options.binarypwd.data = password;
        options.binarypwd.len = (int)password_length;
    }
    if (s->link->tls) {
        fill_tls(s, &tls);
        options.ssl = &tls;
    }
    fill_version(s, &options, &properties);
    int rc = MQTTAsync_connect(s->client, &options);
    MQTTProperties_free(&properties);
    return rc == MQTTASYNC_SUCCESS ? SK_OK : SK_ERR_IO;
}

enum sk_err sk_mqtt_client_dial(struct sk_driver_session *s)
{
    char password[PASSWORD_MAX + 1];
    size_t length = 0;
    struct sk_fault fault = {0};
    bool has_password = s->link->password_file != NULL && s->link->password_file[0] != '\0';
    enum sk_err err = create(s);
    if (err == SK_OK && has_password) /* read each time: it may have been changed */
        err = sk_mqtt_password_read(s->link->password_file, password, sizeof(password), &length, &fault);
    pthread_mutex_lock(&s->lock);
    s->outcome_ready = s->lost = s->live = s->tick_granted = false;
    sk_text_format(s->why, sizeof s->why, "%.*s", (int)(sizeof s->why - 1), fault.text);
    pthread_mutex_unlock(&s->lock);
    if (err == SK_OK)
        err = start_connect(s, has_password ? password : NULL, length);
    explicit_bzero(password, sizeof(password));
    return err;
}

enum sk_err sk_mqtt_client_subscribe(struct sk_driver_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->subacks_due = s->chunk_count;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->chunk_count; i++) {
        MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
        const struct sk_mqtt_chunk *chunk = &s->chunks[i];
        char *topics[SK_MQTT_CHUNK];
        response.context = &s->chunks[i];
        if (s->client_version == 5) {
            response.onSuccess5 = on_suback5;
            response.onFailure5 = on_suback_failed5;
        } else {
            response.onSuccess = on_suback;
            response.onFailure = on_suback_failed;
        }
        for (size_t k = 0; k < chunk->count; k++)
            topics[k] = s->plan.topics[chunk->first + k];
        if (MQTTAsync_subscribeMany(s->client, (int)chunk->count, topics, s->plan.qos + chunk->first, &response) !=
            MQTTASYNC_SUCCESS)
            return SK_ERR_IO;
    }
    return SK_OK;
}

bool sk_mqtt_client_publish(struct sk_driver_session *s, const char *topic, const char *text, int qos)
{
    return s->client != NULL && MQTTAsync_send(s->client, topic, (int)strlen(text), text, qos, 0, NULL) == MQTTASYNC_SUCCESS;
}

void sk_mqtt_client_hang_up(struct sk_driver_session *s)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.timeout = 100; /* ms for what is still on its way */
    if (s->client != NULL)
        MQTTAsync_disconnect(s->client, &options);
}

void sk_mqtt_client_drop(struct sk_driver_session *s)
{
    if (s->client != NULL)
        MQTTAsync_destroy(&s->client);
    s->client = NULL;
}
