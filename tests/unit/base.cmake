# SPDX-License-Identifier: Apache-2.0
sk_unit_test(bytes sk_base)
sk_unit_test(json sk_base)
sk_unit_test(json_write sk_base)
sk_unit_test(clock sk_base)
sk_unit_test(crypto sk_base)
