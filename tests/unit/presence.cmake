# SPDX-License-Identifier: Apache-2.0
sk_unit_test(presence sk_engine)
sk_unit_test(muster sk_collector)
