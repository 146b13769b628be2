# SPDX-License-Identifier: Apache-2.0
sk_unit_test(config sk_config)
