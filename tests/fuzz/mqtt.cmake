# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(mqtt_envelope sk_driver_mqtt)
sk_fuzz_target(mqtt_payload sk_driver_mqtt)
sk_fuzz_target(mqtt_permits sk_driver_mqtt sk_handover)
