# SPDX-License-Identifier: MIT
"""SIPp registers, calls, is called and watches, one by one and at a steady rate."""

import live
from sipp import Sipp


def registers(scene):
    """sipp: REGISTER is challenged, then accepted"""
    server = scene.server()
    Sipp(scene, server, "201").run("register")
    server.expect("event=register extension=201 contacts=1")


def registers_over_tcp(scene):
    """sipp: the same over TCP"""
    server = scene.server()
    Sipp(scene, server, "202", "tcp").run("register")
    server.expect("event=register extension=202 contacts=1")


def calls(scene):
    """sipp: a call is set up, answered and hung up through the server"""
    call(scene, 1, 1)


def a_call_is_held(scene):
    """sipp: a call is held and resumed by re-INVITE, which is not challenged"""
    call(scene, 1, 1, ("hold",))


def calls_at_a_steady_rate(scene):
    """sipp: 100 calls a second for 8 s, none of them failed"""
    call(scene, 800, 100)


def held_calls_at_a_steady_rate(scene):
    """sipp: 50 calls a second for 8 s, every other one held and resumed, none of them failed"""
    call(scene, 400, 50, ("talk", "hold"))


def call(scene, count, rate, plans=("talk",)):
    """That many calls at that rate a second; the plans are taken in turn."""
    server = scene.server()
    caller, called = Sipp(scene, server, "201"), Sipp(scene, server, "202")
    called.run("register")
    bound = ["-m", str(count), "-l", str(count)]
    answering = called.start_answering("answer", options=bound)
    calling = caller.start("call", "202", [*bound, "-r", str(rate), *caller.injection(plans)])
    caller.finish(calling)
    called.finish(answering)
    for sipp, scenario in ((caller, "call"), (called, "answer")):
        live.expect_equal("calls", sipp.count(scenario, "SuccessfulCall(C)"), count)
        live.expect_equal("failed calls", sipp.count(scenario, "FailedCall(C)"), 0)
        expect_few_repeats(sipp, scenario, count)
    holds = len(server.traced("Sent to", "INVITE sip:", "a=sendonly"))
    live.expect_equal("holds", holds >= count * plans.count("hold") // len(plans), True)
    server.expect("event=call .*state=ended")
    live.expect_equal("serve's exit code", server.stop(), 0)


def expect_few_repeats(sipp, scenario, count):
    """Who waits 500 ms for an answer asks again; a busy machine may be that late now and then. What
    is never answered in time is repeated in each call, or in every other one."""
    repeats = sipp.count(scenario, "Retransmissions(C)")
    if repeats > count // 4:
        raise live.Failure(f"sipp {scenario}: {repeats} retransmissions in {count} calls")


def watches(scene):
    """sipp: SUBSCRIBE is answered by NOTIFY at once, and by a last one at its end"""
    server = scene.server()
    Sipp(scene, server, "203").run("subscribe", "202")
    server.expect("event=watch watcher=203 watched=202")
    server.expect("event=unwatch watcher=203 watched=202")


def a_lamp_through_a_call(scene):
    """sipp: a foreign watcher of one lamp sees a call ring, be answered and end"""
    watch_a_call(scene, "202", "replaces")


def a_list_through_a_call(scene):
    """sipp: a foreign watcher of a list sees a call of somebody on it ring, be answered and end"""
    server = watch_a_call(scene, "keys-203", "eventlist")
    notifies = server.traced("Sent to", "NOTIFY sip:203@")
    for notify in notifies:
        live.expect_equal("Require", "\nRequire: eventlist\n" in notify, True)
    live.expect_equal("the first names all", all(word in notifies[0] for word in (
        'version="0" fullState="true"', "<name>Bob</name>", "<name>Dave</name>")), True)


def watch_a_call(scene, service, knows):
    """203 is SIPp and watches; 201 calls 202, who is on its list."""
    server = scene.server(config=live.CONFIG.replace('"meadow-spark-203",',
                                                     '"meadow-spark-203", keys: ["202", "204"],'))
    alice, bob = (scene.phone(server, number).ready() for number in ("201", "202"))
    watcher = Sipp(scene, server, "203")
    watching = watcher.start("watch", service, ["-m", "1", "-key", "knows", knows])
    server.expect(f"event=watch watcher=203 (watched|list)={service}")
    alice.send("dial 202")
    bob.expect_event("ringing")
    expect_told(server, 'direction="recipient"', "<state>early</state>")
    bob.send("answer")
    expect_told(server, 'direction="recipient"', "<state>confirmed</state>")
    alice.send("hangup")
    watcher.finish(watching)
    server.expect(f"event=unwatch watcher=203 (watched|list)={service}")
    return server


def expect_told(server, *words):
    """What is told while a NOTIFY is unanswered is told together: nobody may be too quick."""
    live.poll(f"a NOTIFY with {words}", lambda: server.traced("Sent to", "NOTIFY", *words), server)


live.main([registers, registers_over_tcp, calls, a_call_is_held, watches,
           a_lamp_through_a_call, a_list_through_a_call,
           calls_at_a_steady_rate, held_calls_at_a_steady_rate])
