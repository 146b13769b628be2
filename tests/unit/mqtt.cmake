# SPDX-License-Identifier: Apache-2.0
sk_unit_test(mqtt_envelope sk_driver_mqtt)
sk_unit_test(mqtt_payload sk_driver_mqtt)
sk_unit_test(mqtt_permits sk_driver_mqtt sk_handover)
