# SPDX-License-Identifier: MIT
"""servers.py BUILD: what a call and a registration cost lampyrid in CPU and memory, beside Kamailio
as a stateful proxy, in one run on one machine.

What is kept of a registration or a call is told by a second burst of them: the first one has left
the room of its transactions behind, so that what grows is what is kept."""

import statistics
import time

from under_load import SETTLE_S, compare, print_generators, print_table

USERS = 20000
COUNT = 3000  # calls, and registrations, of one measurement; told for 10,000
RUNG = 2000  # calls that ring
HELD = 5000  # calls of each of two bursts that are left talking
WINDOW = 50  # under way at a time
RATE = 2000  # calls per second, where they come one by one
ROUNDS = 3

WHAT = {
    "registrations": ("10,000 digest registrations, each with its 401", "s"),
    "calls": (f"10,000 calls, {WINDOW} at a time", "s"),
    "paced": (f"10,000 calls, {RATE} per second", "s"),
    "registration": ("a registration", "bytes"),
    "ringing": ("a call that rings", "bytes"),
    "talking": ("a call that talks, its transactions gone", "bytes"),
}
TARGETS = {"registrations": 0.10, "calls": 0.40, "registration": 600, "talking": 4000}


def measure_memory(servers):
    half = USERS // 2
    for server in servers:
        server.measure_cpu("registrations", f"register 0 {half} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        with server.growth("registration", half):
            server.measure_cpu("registrations", f"register {half} {half} {WINDOW}")
        with server.growth("ringing", RUNG):
            server.do(f"ring 0 {RUNG} {WINDOW}")
        server.do(f"answer 0 {RUNG} {WINDOW}")
        server.do(f"hangup 0 {RUNG} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        server.do(f"ring 0 {HELD} {WINDOW}")
        server.do(f"answer 0 {HELD} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        with server.growth("talking", HELD):
            server.do(f"ring {HELD} {HELD} {WINDOW}")
            server.do(f"answer {HELD} {HELD} {WINDOW}")
        server.do(f"hangup 0 {2 * HELD} {WINDOW}")


def measure(servers):
    measure_memory(servers)
    for _ in range(ROUNDS):
        for server in servers:
            server.measure_cpu("registrations", f"register 0 {COUNT} {WINDOW}")
            server.measure_cpu("calls", f"call 0 {COUNT} {WINDOW} 0")
            server.measure_cpu("paced", f"call 0 {COUNT} {WINDOW} {RATE}")
    rows = [("CPU of the server for", [], "")]
    for key, (text, unit) in WHAT.items():
        if key == "registration":
            rows.append(("Bytes for", [], ""))
        aim = TARGETS.get(key)
        told = "" if aim is None else f"{aim:.2f} s" if unit == "s" else f"{aim}"
        rows.append((text, [figure(server, key) for server in servers], told))
    print_table(servers, rows)
    print_generators(servers)


def figure(server, key):
    value = statistics.median(server.figures[key])
    return f"{value:.3f} s" if WHAT[key][1] == "s" else f"{max(value, 0):.0f}"


compare("kamailio.cfg", "registrar", USERS, measure)
