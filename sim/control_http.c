/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to orders: collect the body, find the route, answer JSON. */
#include "sim/control_http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "schemas/base/bytes.h"
#include "schemas/base/json.h"
#include "schemas/base/mem.h"
#include "sim/mqtt_face.h"
#include "sim/plant/scenario.h"
#include "sim/play.h"
#include "sim/state_json.h"

enum { BODY_MAX = 65536, ID_MAX = 128 };

struct sim_control {
    struct sim *sim;
    struct MHD_Daemon *daemon;
    uint16_t port;
};
struct request {
    char *body;
    size_t length, capacity;
    bool too_long;
};

typedef enum sk_err (*route_fn)(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault);

static enum sk_err get_state(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)id, (void)body, (void)fault;
    *ret_answer = sim_state_json(sim);
    return *ret_answer != NULL ? SK_OK : SK_ERR_NOMEM;
}

static enum sk_err get_scenarios(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)id, (void)body, (void)fault;
    *ret_answer = sim_scenarios_json(sim);
    return *ret_answer != NULL ? SK_OK : SK_ERR_NOMEM;
}

static enum sk_err post_points(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)id, (void)ret_answer;
    return sk_order_set(sim->plant, body, fault);
}

static enum sk_err post_device(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)ret_answer;
    const int32_t device = sk_site_device(sim->site, id);
    struct sim_fault_request request;
    if (device < 0) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no device '%s'; GET /state lists them", id);
    }
    const enum sk_err err = sim_fault_read(body, &request, fault);
    return err != SK_OK ? err : sim_fail(sim, (uint32_t)device, &request, fault);
}

static enum sk_err post_link(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)ret_answer;
    const int32_t link = sk_site_link(sim->site, id);
    struct sim_fault_request request;
    if (link < 0) {
        return sk_fault_set(fault, SK_ERR_NOT_FOUND, "no link '%s'; GET /state lists them", id);
    }
    const enum sk_err err = sim_fault_read(body, &request, fault);
    const int wire = err == SK_OK ? sim_wire_parse(request.name) : -1;
    if (err != SK_OK || wire < 0) {
        return err != SK_OK ? err : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no fault of a wire is called '%s'", request.name);
    }
    sim->link_faults[link] = sim_wire_fault_make((enum sim_wire)wire, &request);
    return SK_OK;
}

static enum sk_err post_passage(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)ret_answer;
    const int32_t door = sk_site_door(sim->site, id);
    return door >= 0 ? sk_order_pass(sim->plant, (uint32_t)door, body, fault)
                     : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no door '%s'; GET /state lists them", id);
}

static enum sk_err post_scenario(struct sim *sim, const char *id, const cJSON *body, cJSON **ret_answer, struct sk_fault *fault)
{
    (void)id, (void)ret_answer;
    const char *name = sk_json_text(sk_json_get(body, "name"));
    return name != NULL ? sim_play_start(sim, name, fault)
                        : sk_fault_set(fault, SK_ERR_PARSE, "expected {\"name\": \"utility-outage\"}");
}

static const struct route {
    const char *method, *before, *after; /* path = before + id + after; no id when after is NULL */
    route_fn run;
} ROUTES[] = {
    {"GET", "/state", NULL, get_state},
    {"GET", "/scenarios", NULL, get_scenarios},
    {"POST", "/scenarios", NULL, post_scenario},
    {"POST", "/points", NULL, post_points},
    {"POST", "/devices/", "", post_device},
    {"POST", "/links/", "", post_link},
    {"POST", "/doors/", "/passages", post_passage},
};

/* Does path fit the route? The id between its parts is copied out. */
static bool fits(const struct route *route, const char *path, char id[ID_MAX])
{
    const size_t before = strlen(route->before), length = strlen(path);
    if (route->after == NULL) {
        id[0] = '\0';
        return strcmp(path, route->before) == 0;
    }
    const size_t after = strlen(route->after);
    if (length <= before + after || strncmp(path, route->before, before) != 0 ||
        strcmp(path + length - after, route->after) != 0) {
        return false;
    }
    return sk_text_format(id, ID_MAX, "%.*s", (int)(length - before - after), path + before) && strchr(id, '/') == NULL;
}

static const struct route *find_route(const char *method, const char *path, char id[ID_MAX], bool *ret_path_known)
{
    *ret_path_known = false;
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        if (fits(&ROUTES[i], path, id)) {
            *ret_path_known = true;
            if (strcmp(ROUTES[i].method, method) == 0) {
                return &ROUTES[i];
            }
        }
    }
    return NULL;
}

static unsigned status_of(enum sk_err err)
{
    static const struct {
        enum sk_err err;
        unsigned status;
    } STATUS[] = {{SK_OK, 200},           {SK_ERR_NOT_FOUND, 404}, {SK_ERR_BUSY, 409},
                  {SK_ERR_TOO_LONG, 413}, {SK_ERR_PARSE, 400},     {SK_ERR_INVALID, 400},
                  {SK_ERR_RANGE, 400},    {SK_ERR_DENIED, 403},    {SK_ERR_UNSUPPORTED, 405}};
    for (size_t i = 0; i < sizeof STATUS / sizeof STATUS[0]; i++) {
        if (STATUS[i].err == err) {
            return STATUS[i].status;
        }
    }
    return 500;
}

static enum MHD_Result reply(struct MHD_Connection *connection, enum sk_err err, cJSON *answer, const struct sk_fault *fault)
{
    if (answer == NULL) {
        answer = cJSON_CreateObject();
        if (err == SK_OK) {
            (void)cJSON_AddTrueToObject(answer, "ok");
        } else {
            (void)cJSON_AddStringToObject(answer, "error", sk_err_word(err));
            (void)cJSON_AddStringToObject(answer, "detail", fault->text);
        }
    }
    char *text = cJSON_PrintUnformatted(answer);
    cJSON_Delete(answer);
    if (text == NULL) {
        return MHD_NO;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    cJSON_free(text);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    const enum MHD_Result queued = MHD_queue_response(connection, status_of(err), response);
    MHD_destroy_response(response);
    return queued;
}

static enum sk_err run(struct sim *sim, const char *method, const char *path, const struct request *request, cJSON **ret_answer,
                       struct sk_fault *fault)
{
    char id[ID_MAX];
    bool path_known = false;
    cJSON *body = NULL;
    const struct route *route = find_route(method, path, id, &path_known);
    if (route == NULL) {
        return path_known ? sk_fault_set(fault, SK_ERR_UNSUPPORTED, "this path does not take %s", method)
                          : sk_fault_set(fault, SK_ERR_NOT_FOUND, "no such path; see sim/README.md");
    }
    if (request->too_long) {
        return sk_fault_set(fault, SK_ERR_TOO_LONG, "a request holds at most %d bytes", BODY_MAX);
    }
    if (strcmp(method, "POST") == 0) {
        const enum sk_err err =
            sk_json_parse(request->body != NULL ? request->body : "", request->length, &SK_JSON_REQUEST, &body, fault);
        if (err != SK_OK) {
            return err;
        }
        if (!cJSON_IsObject(body)) {
            cJSON_Delete(body);
            return sk_fault_set(fault, SK_ERR_PARSE, "expected a JSON object");
        }
    }
    const enum sk_err err = route->run(sim, id, body, ret_answer, fault);
    cJSON_Delete(body);
    return err;
}

static void collect(struct request *request, const char *bytes, size_t length)
{
    if (request->length + length > BODY_MAX) {
        request->too_long = true;
        return;
    }
    char *grown = sk_realloc(request->body, request->length + length + 1, 1);
    if (grown == NULL) {
        request->too_long = true;
        return;
    }
    request->body = grown;
    memcpy(request->body + request->length, bytes, length);
    request->length += length;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *length, void **state)
{
    (void)version;
    struct sim_control *control = context;
    struct request *request = *state;
    if (request == NULL) {
        *state = sk_calloc(1, sizeof *request);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*length > 0) {
        collect(request, bytes, *length);
        *length = 0;
        return MHD_YES;
    }
    struct sk_fault fault = {0};
    cJSON *answer = NULL;
    enum sk_err err = SK_ERR_DENIED;
    if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin") != NULL) {
        (void)sk_fault_set(&fault, err, "requests of web pages are refused");
    } else {
        err = run(control->sim, method, path, request, &answer, &fault);
    }
    return reply(connection, err, answer, &fault);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct request *request = *state;
    if (request != NULL) {
        sk_free(request->body);
        sk_free(request);
        *state = NULL;
    }
}

enum sk_err sim_control_create(struct sim *sim, uint16_t port, struct sim_control **ret_control, struct sk_fault *fault)
{
    struct sim_control *control = sk_calloc(1, sizeof *control);
    if (control == NULL) {
        return sk_fault_set(fault, SK_ERR_NOMEM, "no memory for the control interface");
    }
    control->sim = sim;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    control->daemon = MHD_start_daemon(MHD_USE_EPOLL, port, NULL, NULL, on_request, control, MHD_OPTION_SOCK_ADDR, &address,
                                       MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_CONNECTION_LIMIT, 64u,
                                       MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (control->daemon == NULL) {
        sk_free(control);
        return sk_fault_set(fault, SK_ERR_IO, "control: cannot listen on 127.0.0.1 port %u; choose another --control", port);
    }
    control->port = MHD_get_daemon_info(control->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = control};
    if (epoll_ctl(sim->epoll, EPOLL_CTL_ADD, MHD_get_daemon_info(control->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                  &event) != 0) {
        sim_control_free(control);
        return sk_fault_set(fault, SK_ERR_IO, "control: epoll refused");
    }
    *ret_control = control;
    return SK_OK;
}

void sim_control_free(struct sim_control *control)
{
    if (control != NULL) {
        MHD_stop_daemon(control->daemon);
        sk_free(control);
    }
}

bool sim_control_ready(struct sim_control *control, const void *tag)
{
    if (tag != control) {
        return false;
    }
    (void)MHD_run(control->daemon);
    return true;
}

uint16_t sim_control_port(const struct sim_control *control)
{
    return control->port;
}
