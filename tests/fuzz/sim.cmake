# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(sim_modbus sk_simfaces)
sk_fuzz_target(scenario sk_plant)
