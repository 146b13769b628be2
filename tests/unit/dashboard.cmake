# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_dashboard)
  sk_unit_test(dashboard_target sk_dashboard)
  sk_unit_test(dashboard_gate sk_dashboard)
  sk_unit_test(dashboard_negotiate sk_dashboard)
  sk_unit_test(dashboard_live sk_dashboard)
  sk_unit_test(text sk_text)
  set_property(TEST unit.dashboard_live APPEND PROPERTY LABELS threads)
endif()
