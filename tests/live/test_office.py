# SPDX-License-Identifier: MIT
"""What an office sets up, with other people's phones: Alice has our phone, Bob baresip and Carol
linphone; they are in a group, forwarded, not to be disturbed, and pick up for each other."""

import live
from baresip import Baresip
from linphone import Linphone


def office(scene, config=live.OFFICE):
    """Alice watches Bob and Carol."""
    server = scene.server(config=config)
    alice = scene.phone(server, "201", keys=["202", "203"]).ready(2)
    bob = scene.add(Baresip(scene, server, "202")).registered()
    carol = scene.add(Linphone(scene, server, "203")).registered()
    return server, alice, bob, carol


def expect_free(alice):
    """Nobody has a call any more, as Alice sees it."""
    for key in (1, 2):
        alice.expect_lamp(key, "off")


def is_closed(server, alice, *others):
    expect_free(alice)
    for phone in (alice, *others):
        phone.quit()
    live.expect_equal("serve's exit code", server.stop(), 0)


def carol_answers(alice, carol):
    """And Alice is told who is there; she hangs up."""
    alice_mark, carol_mark = alice.event_mark(), carol.mark()
    call = carol.expect_event("IncomingReceived")
    carol.command(f"answer {call}")
    carol.expect_event("StreamsRunning", carol_mark)
    answered = alice.expect_event("answered", alice_mark)
    live.expect_equal("who Alice sees", answered["display"], "Carol")
    alice.expect_lamp(2, "steady")
    alice.send("hangup")
    carol.expect_event("Released", carol_mark)


def a_group_rings(scene):
    """office: 600 rings baresip and linphone; who answers has the call, the other falls silent"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 600")
    bob.expect_event("CALL_INCOMING")
    carol.expect_event("IncomingReceived")
    for key in (1, 2):
        alice.expect_lamp(key, "steady")  # she makes the call, and cannot take it
    mark = bob.mark()
    carol_answers(alice, carol)
    bob.expect_event("CALL_CLOSED", mark)
    expect_free(alice)
    marks = bob.mark(), carol.mark(), alice.event_mark()
    alice.send("dial 600")
    bob.expect_event("CALL_INCOMING", marks[0])
    carol.expect_event("IncomingReceived", marks[1])
    bob.command("accept")
    carol.expect_event("Released", marks[1])
    live.expect_equal("who Alice sees", alice.expect_event("answered", marks[2])["display"], "Bob")
    bob.command("hangup")
    alice.expect_event("ended", marks[2])
    is_closed(server, alice, bob, carol)


def a_group_goes_on_when_one_refuses(scene):
    """office: baresip refuses the group's call, linphone rings on"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 600")
    bob.expect_event("CALL_INCOMING")
    carol.expect_event("IncomingReceived")
    bob.command("hangup")
    alice.expect_lamp(1, "off")
    carol_answers(alice, carol)
    is_closed(server, alice, bob, carol)


def a_refused_call_is_forwarded(scene):
    """office: baresip refuses with 486, and linphone rings by forward.busy"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING")
    bob.command("hangup")
    carol_answers(alice, carol)
    server.expect_traced("Sent to", "INVITE sip:203@", "Diversion: ", "reason=user-busy")
    is_closed(server, alice, bob, carol)


def a_busy_phone_is_not_called(scene):
    """office: baresip talks and may have one call, so that the next one rings at linphone"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING")
    bob.command("accept")
    alice.expect_event("answered")
    mark = bob.mark()
    alice.send("dial 202")
    carol_answers(alice, carol)
    live.expect_equal("what Bob's phone saw", [e for e in bob.events[mark:]
                                               if e["type"] == "CALL_INCOMING"], [])
    mark = bob.mark()
    alice.send("hangup")
    bob.expect_event("CALL_CLOSED", mark)
    is_closed(server, alice, bob, carol)


def nobody_answers(scene):
    """office: after five seconds baresip falls silent and linphone rings by forward.no-answer"""
    server, alice, bob, carol = office(scene, live.OFFICE.replace("after: 45", "after: 5"))
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING")
    mark = bob.mark()
    carol_answers(alice, carol)
    bob.expect_event("CALL_CLOSED", mark)
    is_closed(server, alice, bob, carol)


def nobody_is_registered(scene):
    """office: Dave's phone is off, and linphone rings by forward.unregistered"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 204")
    carol_answers(alice, carol)
    is_closed(server, alice, bob, carol)


def do_not_disturb(scene):
    """office: linphone dials *78 and is not called until it has dialled *79"""
    server, alice, bob, carol = office(scene)
    mark = carol.mark()
    carol.dial("*78")
    carol.expect_event("PausedByRemote", mark)  # nobody is there to talk to
    server.expect("event=dnd extension=203 state=on")
    carol.expect_event("Released", mark)
    alice.send("dial 203")
    live.expect_equal("Alice is told", alice.expect_event("ended", cause="refused")["status"], 480)
    mark = carol.mark()
    carol.dial("*79")
    server.expect("event=dnd extension=203 state=off")
    carol.expect_event("Released", mark)
    alice.send("dial 203")
    carol_answers(alice, carol)
    is_closed(server, alice, bob, carol)


def baresip_is_not_disturbed(scene):
    """office: baresip dials *78; its calls go on to linphone, as when it is busy"""
    server, alice, bob, carol = office(scene)
    mark = bob.mark()
    bob.dial("*78")
    bob.expect_event("CALL_ESTABLISHED", mark)
    bob.expect_event("CALL_CLOSED", mark)
    alice.send("dial 202")
    carol_answers(alice, carol)
    mark = bob.mark()
    bob.dial("*79")
    bob.expect_event("CALL_CLOSED", mark)
    mark = bob.mark()
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING", mark)
    alice.send("hangup")
    bob.expect_event("CALL_CLOSED", mark)
    is_closed(server, alice, bob, carol)


def linphone_picks_up(scene):
    """office: linphone dials *8202 and has the call that rang at baresip"""
    server, alice, bob, carol = office(scene)
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING")
    mark = bob.mark()
    carol.dial("*8202")
    carol.expect_event("StreamsRunning")
    bob.expect_event("CALL_CLOSED", mark)
    live.expect_equal("who Alice sees", alice.expect_event("answered")["display"], "Carol")
    alice.send("hold")
    carol.expect_event("PausedByRemote")
    mark = carol.mark()
    alice.send("resume")
    carol.expect_event("StreamsRunning", mark)
    alice.send("hangup")
    carol.expect_event("Released")
    is_closed(server, alice, bob, carol)


def a_call_of_linphone_is_picked_up(scene):
    """office: linphone calls baresip, and our phone picks up by its flashing key"""
    server, alice, bob, carol = office(scene)
    carol.dial("202")
    bob.expect_event("CALL_INCOMING")
    alice.expect_lamp(1, "flash")
    mark = bob.mark()
    alice.send("press 1")
    call = carol.expect_event("StreamsRunning")
    bob.expect_event("CALL_CLOSED", mark)
    live.expect_equal("who Alice sees", alice.expect_event("answered")["display"], "Carol")
    carol.command(f"call-pause {call}")
    carol.expect_event("Paused")
    alice.expect_event("held", by="remote")
    mark = carol.mark()
    carol.command(f"call-resume {call}")
    alice.expect_event("resumed", by="remote")
    carol.expect_event("StreamsRunning", mark)
    carol.command(f"terminate {call}")
    alice.expect_event("ended", cause="remote")
    is_closed(server, alice, bob, carol)


live.main([a_group_rings, a_group_goes_on_when_one_refuses, a_refused_call_is_forwarded,
           a_busy_phone_is_not_called, nobody_answers, nobody_is_registered, do_not_disturb,
           baresip_is_not_disturbed, linphone_picks_up, a_call_of_linphone_is_picked_up])
