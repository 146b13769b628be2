# SPDX-License-Identifier: Apache-2.0
sk_unit_test(vocab sk_model)
sk_unit_test(model_json sk_model)
sk_unit_test(signal sk_engine)
sk_unit_test(profiles sk_config)
sk_unit_test(profile_vectors sk_driver_modbus sk_config)
sk_unit_test(profile_payloads sk_driver_mqtt sk_config)
