# SPDX-License-Identifier: Apache-2.0
sk_unit_test(roster sk_model)
sk_unit_test(register sk_engine)
sk_unit_test(decide sk_engine)
sk_unit_test(occupancy sk_engine)
sk_unit_test(rights sk_engine)
sk_unit_test(registers_engine sk_engine sk_store)
