# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_config)
  sk_unit_test(plant sk_plant sk_demo_site)
  sk_unit_test(sim_modbus sk_simfaces)
  sk_unit_test(scenario sk_plant sk_demo_site)
endif()
