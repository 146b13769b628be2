# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_dashboard)
  sk_fuzz_target(dashboard_target sk_dashboard)
endif()
