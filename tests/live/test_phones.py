# SPDX-License-Identifier: MIT
"""The story of the README with `lampyrid serve` and three `lampyrid phone`s, in its variants: every
way to pick up, every transport, and what must not happen."""

import signal

import live

# Alice has keys for Bob and Carol, each of these one for the other.
KEYS = {"201": ["202", "203"], "202": ["203"], "203": ["202"]}


def office(scene, transport="udp", listen=("udp:127.0.0.1:0", "tcp:127.0.0.1:0"), carol=()):
    """The server and Alice, Bob and Carol, registered and watching; `carol` are her options."""
    server = scene.server(listen=listen)
    phones = [scene.phone(server, number, keys=keys, transport=transport,
                          options=carol if number == "203" else ())
              for number, keys in KEYS.items()]
    for phone in phones:
        phone.ready(len(KEYS[phone.number]))
    return server, *phones


def expect_lamps(phones, watched, lamp):
    for phone in phones:
        if watched in KEYS.get(phone.number, ()):
            phone.expect_lamp(KEYS[phone.number].index(watched) + 1, lamp)


def ring(caller, called, phones):
    """Alice calls Bob; whoever watches him sees it, and who may take the call sees it flash."""
    caller.send(f"dial {called.number}")
    called.expect_event("ringing")
    expect_lamps([phone for phone in phones if phone is not caller], called.number, "flash")
    expect_lamps([caller], called.number, "steady")


def story(scene, command="press 1", **options):
    """Bob's call is picked up by Carol with her command."""
    server, alice, bob, carol = office(scene, **options)
    phones = (alice, bob, carol)
    ring(alice, bob, phones)
    carol.send(command)
    carol.expect_event("answered")
    alice.expect_event("answered")
    bob.expect_event("ended", cause="elsewhere")
    expect_lamps(phones, "202", "off")
    expect_lamps(phones, "203", "steady")
    alice.send("hangup")
    alice.expect_event("ended")
    carol.expect_event("ended")
    for number in KEYS:
        expect_lamps(phones, number, "off")
    for phone in phones:
        phone.send("quit")
        live.expect_equal(f"{phone.name}: exit code", phone.end(), 0)
    live.expect_equal("serve's exit code", server.stop(), 0)


def picked_up_by_replaces(scene):
    """phones: a flashing key picks up by Replaces; lamps tell it all along"""
    story(scene, carol=["--pickup", "replaces"])


def picked_up_by_target(scene):
    """phones: a flashing key picks up by an INVITE to the remote target"""
    story(scene, carol=["--pickup", "target"])


def picked_up_by_code(scene):
    """phones: a flashing key picks up by a code"""
    story(scene, carol=["--pickup", "code", "--pickup-code", "*8"])


def picked_up_by_dialing(scene):
    """phones: **202 picks up the call that rings at 202"""
    story(scene, command="dial **202")


def picked_up_in_the_group(scene):
    """phones: *8 picks up the call that rings in one's group"""
    story(scene, command="dial *8")


def picked_up_over_tcp(scene):
    """phones: the same over TCP"""
    story(scene, transport="tcp")


def picked_up_over_ipv6(scene):
    """phones: the same over IPv6"""
    story(scene, listen=["udp:[::1]:0"])


def picked_up_over_ipv6_and_tcp(scene):
    """phones: the same over IPv6 and TCP"""
    story(scene, transport="tcp", listen=["tcp:[::1]:0"])


def a_stranger_cannot_pick_up(scene):
    """phones: who shares no group gets nothing, and the call rings on"""
    server, alice, bob, carol = office(scene)
    dave = scene.phone(server, "204", keys=["202"]).ready(1)
    ring(alice, bob, (alice, carol))
    dave.expect_lamp(1, "steady")
    dave.send("dial *8202")
    live.expect_equal("Dave is told", dave.expect_event("ended", cause="refused")["status"], 403)
    bob.send("answer")
    alice.expect_event("answered")
    dave.expect_lamp(1, "steady")


def nothing_to_pick_up(scene):
    """phones: a code for a phone that does not ring is refused"""
    _, _, _, carol = office(scene)
    carol.send("dial **202")
    ended = carol.expect_event("ended", cause="refused")
    live.expect_equal("a refusal", ended["status"] in (404, 480, 481), True)


def a_call_is_answered_and_held(scene):
    """phones: answer, hold and resume; the lamps are steady meanwhile"""
    _, alice, bob, carol = office(scene)
    ring(alice, bob, (alice, carol))
    bob.send("answer")
    alice.expect_event("answered")
    expect_lamps((alice, carol), "202", "steady")
    alice.send("hold")
    alice.expect_event("held", by="local")
    bob.expect_event("held", by="remote")
    expect_lamps((alice, carol), "202", "steady")
    alice.send("resume")
    alice.expect_event("resumed", by="local")
    bob.expect_event("resumed", by="remote")
    bob.send("hangup")
    alice.expect_event("ended", cause="remote")
    expect_lamps((alice, carol), "202", "off")


def a_call_is_given_up(scene):
    """phones: the caller hangs up while it rings"""
    _, alice, bob, carol = office(scene)
    ring(alice, bob, (alice, carol))
    alice.send("hangup")
    bob.expect_event("ended", cause="cancelled")
    expect_lamps((alice, carol), "202", "off")


def a_reload_keeps_a_call(scene):
    """phones: SIGHUP takes a new configuration while a call goes on"""
    server, alice, bob, carol = office(scene)
    ring(alice, bob, (alice, carol))
    bob.send("answer")
    alice.expect_event("answered")
    server.write_config(live.CONFIG.replace("Bob", "Robert"))
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=taken")
    expect_lamps((alice, carol), "202", "steady")
    mark = bob.event_mark()
    alice.send("hangup")
    bob.expect_event("ended", mark)
    expect_lamps((alice, carol), "202", "off")
    bob.send("dial 201")
    live.expect_equal("the new name", alice.expect_event("ringing")["display"], "Robert")


def it_ends_in_the_middle(scene):
    """phones: SIGTERM ends the server cleanly while phones ring and talk"""
    server, alice, bob, carol = office(scene)
    ring(alice, bob, (alice, carol))
    live.expect_equal("serve's exit code", server.stop(), 0)


def the_trace_is_drawn(scene):
    """phones: lampyrid flow draws what serve has traced"""
    server, alice, bob, carol = office(scene)
    ring(alice, bob, (alice, carol))
    carol.send("press 1")
    carol.expect_event("answered")
    server.stop()
    flow = scene.run("flow", [live.LAMPYRID, "flow", "--width", "160", server.trace])
    live.expect_equal("flow's exit code", flow.end(), 0)
    for what in ("INVITE", "CANCEL", "NOTIFY"):
        flow.expect(what)


live.main([picked_up_by_replaces, picked_up_by_target, picked_up_by_code, picked_up_by_dialing,
           picked_up_in_the_group, picked_up_over_tcp, picked_up_over_ipv6,
           picked_up_over_ipv6_and_tcp, a_stranger_cannot_pick_up, nothing_to_pick_up,
           a_call_is_answered_and_held, a_call_is_given_up, a_reload_keeps_a_call,
           it_ends_in_the_middle, the_trace_is_drawn])
