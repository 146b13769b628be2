# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_driver_modbus)
  sk_fuzz_target(modbus_decode sk_driver_modbus)
endif()
if(TARGET sk_handover)
  sk_fuzz_target(handover sk_handover)
endif()
