# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(command sk_collector)
sk_fuzz_target(csv sk_collector)
