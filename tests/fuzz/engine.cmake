# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(engine_pending sk_engine)
sk_fuzz_target(engine_event sk_engine)
