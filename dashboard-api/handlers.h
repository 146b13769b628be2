/* SPDX-License-Identifier: Apache-2.0 */
/* One function per handler word of routes.def; each answers its call exactly once. */
#ifndef SK_DASHBOARD_HANDLERS_H
#define SK_DASHBOARD_HANDLERS_H

#include "dashboard-api/app.h"

void sk_handle_page_index(struct sk_call *call);
void sk_handle_page_script(struct sk_call *call);
void sk_handle_page_sections(struct sk_call *call);
void sk_handle_page_style(struct sk_call *call);
void sk_handle_get_health(struct sk_call *call);
void sk_handle_get_metrics(struct sk_call *call);
void sk_handle_get_openapi(struct sk_call *call);
void sk_handle_get_texts_ja(struct sk_call *call);
void sk_handle_get_texts_en(struct sk_call *call);
void sk_handle_get_session(struct sk_call *call);
void sk_handle_post_session(struct sk_call *call);
void sk_handle_delete_session(struct sk_call *call);
void sk_handle_get_site(struct sk_call *call);
void sk_handle_get_points(struct sk_call *call);
void sk_handle_get_point(struct sk_call *call);
void sk_handle_get_history(struct sk_call *call);
void sk_handle_get_alarms(struct sk_call *call);
void sk_handle_get_alarm(struct sk_call *call);
void sk_handle_post_acknowledge(struct sk_call *call);
void sk_handle_get_entries(struct sk_call *call);
void sk_handle_get_export(struct sk_call *call);
void sk_handle_get_records(struct sk_call *call);
void sk_handle_get_events(struct sk_call *call);
void sk_handle_get_people(struct sk_call *call);
void sk_handle_get_person(struct sk_call *call);
void sk_handle_post_person(struct sk_call *call);
void sk_handle_get_credentials(struct sk_call *call);
void sk_handle_get_credential(struct sk_call *call);
void sk_handle_post_credential(struct sk_call *call);
void sk_handle_get_authorizations(struct sk_call *call);
void sk_handle_get_authorization(struct sk_call *call);
void sk_handle_post_authorization(struct sk_call *call);
void sk_handle_get_occupancy(struct sk_call *call);
void sk_handle_post_correct(struct sk_call *call);
void sk_handle_post_forgive(struct sk_call *call);
void sk_handle_get_muster(struct sk_call *call);
void sk_handle_post_muster(struct sk_call *call);
void sk_handle_post_muster_seen(struct sk_call *call);
void sk_handle_post_muster_unseen(struct sk_call *call);
void sk_handle_post_muster_end(struct sk_call *call);
void sk_handle_get_registers(struct sk_call *call);
void sk_handle_get_register(struct sk_call *call);
void sk_handle_post_register(struct sk_call *call);
void sk_handle_post_register_import(struct sk_call *call);
void sk_handle_post_register_act(struct sk_call *call);
void sk_handle_post_people_import(struct sk_call *call);
void sk_handle_post_person_update(struct sk_call *call);
void sk_handle_post_person_end(struct sk_call *call);
void sk_handle_post_credential_lose(struct sk_call *call);
void sk_handle_post_credential_return(struct sk_call *call);
void sk_handle_post_credential_disable(struct sk_call *call);
void sk_handle_post_authorization_revoke(struct sk_call *call);
void sk_handle_get_schedules(struct sk_call *call);
void sk_handle_post_schedule(struct sk_call *call);
void sk_handle_get_rules(struct sk_call *call);
void sk_handle_post_zone_rule(struct sk_call *call);
void sk_handle_post_door_rule(struct sk_call *call);
void sk_handle_post_credential_find(struct sk_call *call);
void sk_handle_get_leavers(struct sk_call *call);
void sk_handle_get_unused(struct sk_call *call);
void sk_handle_get_access_report(struct sk_call *call);
void sk_handle_get_lists(struct sk_call *call);
void sk_handle_post_list(struct sk_call *call);
void sk_handle_get_list_rows(struct sk_call *call);
void sk_handle_get_differences(struct sk_call *call);
void sk_handle_get_reviews(struct sk_call *call);
void sk_handle_post_review(struct sk_call *call);
void sk_handle_get_review(struct sk_call *call);
void sk_handle_get_review_rows(struct sk_call *call);
void sk_handle_post_review_decide(struct sk_call *call);
void sk_handle_post_review_verify(struct sk_call *call);
void sk_handle_post_review_close(struct sk_call *call);
void sk_handle_post_biometric(struct sk_call *call);
void sk_handle_post_biometric_withdraw(struct sk_call *call);
void sk_handle_post_person_erase(struct sk_call *call);
void sk_handle_get_registers(struct sk_call *call);
void sk_handle_get_register(struct sk_call *call);
void sk_handle_post_register(struct sk_call *call);
void sk_handle_post_register_import(struct sk_call *call);
void sk_handle_post_register_act(struct sk_call *call);
void sk_handle_get_signals(struct sk_call *call);
void sk_handle_get_doors(struct sk_call *call);
void sk_handle_get_door(struct sk_call *call);
void sk_handle_post_door_resolve(struct sk_call *call);

/* For the live stream: describes the present, and reads missed records from the store. */
void sk_events_describe(void *app, struct sk_out *out);
enum sk_err sk_events_replay(void *app, uint16_t class_mask, uint64_t *next, uint64_t last, struct sk_out *out);
/* Texts and vocabulary of both languages, once at start. */
enum sk_err sk_texts_build(struct sk_app *app);

#endif
