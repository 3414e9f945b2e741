# SPDX-License-Identifier: MIT
"""lamps.py BUILD: what lamps cost lampyrid, beside Kamailio with its presence modules, in one run
on one machine: one extension with 1 to 5000 watchers, a call in which each party is watched by
one, and what is kept of a subscription.

A call to the watched extension is three changes: it rings, it talks, it is over. Each is a NOTIFY
for each watcher, answered with 200. From the callee's 180, as it is sent, it is measured when the
first, the middle and the last NOTIFY of its watchers arrive; the CPU of one is that of such calls
less that of calls that nobody watches, by the NOTIFYs sent. Beside it stands what the kernel alone
needs for as many datagrams and their answers (bench/floor), which nobody can be better than."""

import os
import statistics
import subprocess
import time

from under_load import SETTLE_S, compare, print_table

USERS = 16000  # the first half calls the second
VIEWERS = 2500  # the first of the users who watch, none of whom calls or is called
PAIRS = 1000  # callers, and callees, that are watched by one each
WATCHERS = (1, 100, 1000, 5000)
HUBS = {watchers: PAIRS + i for i, watchers in enumerate(WATCHERS)}  # callers whose callee is
BESIDE = PAIRS + len(WATCHERS)  # the first of the callers with whom nobody watches anybody
CALLS = 1000  # of one measurement of calls; told for 10,000
WINDOW = 10  # at a time: of more, Kamailio loses messages
ROUNDS = 3
NOTIFIES = 15000  # at least so many for one figure ...
CALLS_MAX = 100  # ... but no more calls than these
STEP_S = 0.02  # a server that needs less than QUIET_S of CPU in this time has nothing to do
QUIET_S = 0.001
QUIET_MAX_S = 10


def watch(server, command):
    return server.do(command, server.watch)


def settle(server):
    """Until what came after the last NOTIFY is done with, too: answers, and NOTIFYs once more. A
    message more than a server has room for would be lost, and load sends none a second time."""
    end = time.monotonic() + QUIET_MAX_S
    used = server.cpu_s()
    while True:
        time.sleep(STEP_S)
        before, used = used, server.cpu_s()
        if used - before < QUIET_S or time.monotonic() > end:
            return


def used_by(server, action):
    before = server.cpu_s()
    action()
    settle(server)
    return server.cpu_s() - before


def measure_calls(server, key, first):
    used = used_by(server, lambda: server.do(f"call {first} {CALLS} {WINDOW} 0"))
    server.figures[key].append(used / CALLS * 10000)


def calls_and_watched_calls(servers):
    for _ in range(ROUNDS):
        for server in servers:
            measure_calls(server, "unwatched", BESIDE)
    for server in servers:
        watch(server, f"subscribe {PAIRS} {VIEWERS} 0 1")
        watch(server, f"subscribe {PAIRS} {VIEWERS} {USERS // 2} 1")
    for _ in range(ROUNDS):
        for server in servers:
            watch(server, "await 0")
            measure_calls(server, "watched", 0)
            told = watch(server, "await 0")
            server.figures["per call"].append(int(told["count"]) / CALLS)
            measure_calls(server, "unwatched", BESIDE)


def change(server, command, watchers):
    """One step of the call, and its NOTIFYs. When they came after the 180, in ms."""
    step = server.do(command)
    told = watch(server, f"await {watchers}")
    server.figures["repeated"].append(int(told["repeated"]))
    settle(server)
    return [(int(told[which]) - int(step["rang_ns"])) / 1e6
            for which in ("first_ns", "median_ns", "last_ns")]


def one_call(server, caller, watchers):
    lags = change(server, f"ring {caller} 1 1", watchers)
    change(server, f"answer {caller} 1 1", watchers)
    change(server, f"hangup {caller} 1 1", watchers)
    return lags


def fan_out(server, watchers):
    calls = min(max(NOTIFIES // (3 * watchers), 3), CALLS_MAX)
    lags = []

    def run(caller, watchers):
        for _ in range(calls):
            lags.append(one_call(server, caller, watchers))

    settle(server)
    watch(server, "await 0")
    alone = used_by(server, lambda: run(BESIDE, 0))
    lags.clear()
    used = used_by(server, lambda: run(HUBS[watchers], watchers))
    server.figures["cpu", watchers].append((used - alone) / (3 * watchers * calls) * 100000)
    for which, values in zip(("first", "median", "last"), zip(*lags)):
        server.figures[which, watchers] += values


def measure_floor(server, watchers):
    """The kernel's part, noted with the server's own figures."""
    line = subprocess.run([os.path.join(server.build, "bench", "floor"), str(watchers)],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    result = dict(word.split("=") for word in line.split()[1:])
    server.figures["floor", watchers].append(int(result["cpu_ns"]) / 1e9 * 100000)
    server.figures["floor last", watchers].append(int(result["last_ns"]) / 1e6)


def subscribe_to_hub(server, count, first, watchers):
    watch(server, f"subscribe {count} {VIEWERS + first} {USERS // 2 + HUBS[watchers]} 0")


def weigh_subscriptions(servers):
    """The first burst leaves the room of its transactions behind for the second one. Nobody is
    registered by then, who would leave room as well."""
    most = WATCHERS[-1]
    half = most // 2
    for server in servers:
        subscribe_to_hub(server, half, 0, most)
    time.sleep(SETTLE_S)
    before = [server.memory() for server in servers]
    for server in servers:
        subscribe_to_hub(server, most - half, half, most)
    time.sleep(SETTLE_S)
    for server, bytes_before in zip(servers, before):
        server.figures["subscription"].append((server.memory() - bytes_before) / (most - half))


def measure(servers):
    for server in servers:
        server.start_watch(2 * PAIRS + sum(WATCHERS))
    weigh_subscriptions(servers)
    for server in servers:
        server.do(f"register 0 {USERS} {WINDOW}")
    calls_and_watched_calls(servers)
    for watchers in WATCHERS:
        for server in servers:
            if watchers != WATCHERS[-1]:
                subscribe_to_hub(server, watchers, 0, watchers)
            for _ in range(ROUNDS):
                measure_floor(servers[0], watchers)
            fan_out(server, watchers)

    def row(text, key, form, aim=""):
        return (text, [form.format(statistics.median(server.figures[key])) for server in servers],
                aim)

    def floor_row(key, watchers, form):
        figure = statistics.median(servers[0].figures[key, watchers])
        return ("  the kernel alone", [form.format(figure)], "")

    rows = [("CPU of the server for", [], "")]
    rows.append(row("10,000 calls that nobody watches", "unwatched", "{:.3f} s"))
    rows.append(row("10,000 calls, both parties watched by one", "watched", "{:.3f} s"))
    rows.append(row("  NOTIFYs in each of these", "per call", "{:.1f}"))
    # Of one watcher it is the small difference of two large figures.
    for watchers in WATCHERS[1:]:
        rows.append(row(f"100,000 NOTIFYs, {watchers} watchers", ("cpu", watchers), "{:.2f} s",
                        "0.40 s"))
        rows.append(floor_row("floor", watchers, "{:.2f} s"))
    rows.append(("From 180 to the NOTIFY", [], ""))
    for watchers in WATCHERS:
        for which in ("first", "median", "last"):
            aim = "20 ms" if (which, watchers) == ("last", 5000) else ""
            rows.append(row(f"{which} of {watchers}", (which, watchers), "{:.2f} ms", aim))
        rows.append(floor_row("floor last", watchers, "{:.2f} ms"))
    rows.append(("Bytes for", [], ""))
    rows.append(row("a subscription", "subscription", "{:.0f}", "1000"))
    print_table(servers, rows)
    for server in servers:
        print(f"# {server.name}: {sum(server.figures['repeated'])} NOTIFYs came twice")


compare("kamailio_lamps.cfg", "presence_dialoginfo", USERS, measure)
