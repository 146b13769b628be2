# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(roster sk_model)
sk_fuzz_target(fact sk_engine)
sk_fuzz_target(register sk_model)
