# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(json sk_base)
