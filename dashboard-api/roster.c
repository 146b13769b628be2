/* SPDX-License-Identifier: Apache-2.0 */
/* People, credentials, authorisations, schedules, rules and doors: each route is one command of the collector,
 * one row here. The collector checks the role again, reads the names from the vault and answers. */
#include "dashboard-api/ask_rows.h"

L(get_people, "person.list")
G(get_person, "person.get", "person")
P(post_person, "person.create")
P(post_people_import, "roster.import")
A(post_person_update, "person.update", "person")
A(post_person_end, "person.end", "person")
L(get_credentials, "credential.list")
G(get_credential, "credential.get", "credential")
P(post_credential, "credential.issue")
A(post_credential_lose, "credential.lose", "credential")
A(post_credential_return, "credential.return", "credential")
A(post_credential_disable, "credential.disable", "credential")
L(get_authorizations, "authorization.list")
G(get_authorization, "authorization.get", "authorization")
P(post_authorization, "authorization.grant")
A(post_authorization_revoke, "authorization.revoke", "authorization")
L(get_schedules, "schedule.list")
P(post_schedule, "schedule.put")
L(get_rules, "rule.list")
A(post_zone_rule, "zone.rule", "zone")
A(post_door_rule, "door.rule", "door")
L(get_doors, "door.list")
G(get_door, "door.get", "door")
A(post_door_resolve, "door.resolve", "door")
