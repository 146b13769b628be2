# SPDX-License-Identifier: Apache-2.0
"""HTTPS beside nginx and bare libmicrohttpd."""
from kit import NotBuilt


def alarms(build, quick):
    raise NotBuilt("bare_mhd")


def streams(build, quick):
    raise NotBuilt("sse_client")
