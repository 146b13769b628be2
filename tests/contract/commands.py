#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the collector can be told, the API can be told: commands.py SOURCE. Every command of the control socket stands in PROTOCOL.md, and has
a route, or a reason here why not. A route that is one command asks for the same permission as the command."""
import pathlib
import re
import sys

NO_ROUTE = {
    "account.create": "accounts are made at the console: whoever may make one over the network owns the house",
    "token.create": "shown once, at the console, to who made the account",
    "status": "for who is beside the collector; the API has /healthz, /site and /metrics",
}


def rows_of_commands(source):
    """{command: permission}"""
    found = {}
    for path in sorted((source / "collector").glob("*.[ch]")):
        text = path.read_text()
        found.update(re.findall(r'^ *X\("([a-z_.]+)", "([a-z_.]+)", \w+\)', text, re.M))
        for table in re.findall(r"commands\[\] = \{(.*?)\};", text, re.S):
            found.update(re.findall(r'\{"([a-z_.]+)", "([a-z_.]+)", \w+\}', table))
    return found


def main():
    source, wrong = pathlib.Path(sys.argv[1]), []
    commands = rows_of_commands(source)
    assert len(commands) > 60 and {"session.check", "zone.rule", "muster.seen", "register.act", "entries.export"} <= set(commands), sorted(commands)
    dashboard = "".join(path.read_text() for path in sorted((source / "dashboard-api").glob("*.c")))
    routes = (source / "dashboard-api/routes.def").read_text()
    acts = {handler: act for act, handler in re.findall(r'^R\("\w+", +"[^"]+", +"?([\w.]+)"?, +(\w+),', routes, re.M)}
    protocol = (source / "collector/PROTOCOL.md").read_text()
    said = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", protocol)) | set(re.findall(r"`(status)`", protocol))
    asked = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)?)"', dashboard))
    wrong += ["not in collector/PROTOCOL.md: " + name for name in commands if name not in said]
    wrong += ["no route, and no reason for that: " + name for name in commands if name not in asked and name not in NO_ROUTE]
    wrong += ["a reason against a route that is there: " + name for name in NO_ROUTE if name not in commands or name + '"' in dashboard]
    for handler, name in re.findall(r'^[LSGPAB]\((\w+), "([a-z_.]+)"', dashboard, re.M):
        if handler not in acts:
            wrong.append("no route leads to %s (%s)" % (handler, name))
        elif acts[handler] != commands.get(name):
            wrong.append("%s: the route asks for %s, the command for %s" % (name, acts[handler], commands.get(name)))
    print("\n".join(wrong) or "ok: %d commands" % len(commands))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
