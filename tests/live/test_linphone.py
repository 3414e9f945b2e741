# SPDX-License-Identifier: MIT
"""linphone-daemon, a softphone with a SIP stack of its own (belle-sip): it places, takes, holds,
resumes and ends calls with our phone and with baresip, in both directions."""

import live
from baresip import Baresip
from linphone import Linphone, LinphoneConsole


EVERYTHING = """\
supported=replaces, outbound, gruu, 100rel, timer
session_expires_enabled=1
session_expires_value=120
"""


def with_phone(scene, transport="udp", sip=""):
    """linphone is Alice, our phone is Bob, who watches her."""
    server = scene.server()
    alice = scene.add(Linphone(scene, server, "201", transport, sip)).registered()
    return server, alice, scene.phone(server, "202", keys=["201"]).ready(1)


def ends_well(server, *phones):
    """Everybody leaves, and nothing is left behind."""
    for phone in phones:
        phone.quit()
    live.expect_equal("serve's exit code", server.stop(), 0)


def alice_dials_bob(alice, bob):
    """The call's number at linphone."""
    marks = alice.mark(), bob.event_mark()
    alice.dial("202")
    live.expect_equal("who Bob sees", bob.expect_event("ringing", marks[1])["display"], "Alice")
    alice.expect_event("OutgoingRinging", marks[0])
    bob.send("answer")
    bob.expect_event("answered", marks[1])
    return alice.expect_event("StreamsRunning", marks[0])


def bob_dials_alice(alice, bob):
    marks = alice.mark(), bob.event_mark()
    bob.send("dial 201")
    call = alice.expect_event("IncomingReceived", marks[0])
    bob.expect_event("ringback", marks[1])
    alice.command(f"answer {call}")
    alice.expect_event("StreamsRunning", marks[0])
    bob.expect_event("answered", marks[1])
    return call


def alice_holds(alice, call, bob):
    marks = alice.mark(), bob.event_mark()
    alice.command(f"call-pause {call}")
    alice.expect_event("Paused", marks[0])
    bob.expect_event("held", marks[1], by="remote")
    marks = alice.mark(), bob.event_mark()
    alice.command(f"call-resume {call}")
    alice.expect_event("StreamsRunning", marks[0])
    bob.expect_event("resumed", marks[1], by="remote")


def bob_holds(alice, bob):
    marks = alice.mark(), bob.event_mark()
    bob.send("hold")
    alice.expect_event("PausedByRemote", marks[0])
    bob.expect_event("held", marks[1], by="local")
    marks = alice.mark(), bob.event_mark()
    bob.send("resume")
    alice.expect_event("StreamsRunning", marks[0])
    bob.expect_event("resumed", marks[1], by="local")


def alice_ends(alice, call, bob):
    marks = alice.mark(), bob.event_mark()
    alice.command(f"terminate {call}")
    alice.expect_event("Released", marks[0])
    bob.expect_event("ended", marks[1], cause="remote")


def bob_ends(alice, bob):
    marks = alice.mark(), bob.event_mark()
    bob.send("hangup")
    bob.expect_event("ended", marks[1], cause="local")
    alice.expect_event("End", marks[0])
    alice.expect_event("Released", marks[0])


def calls_both_ways(server, alice, bob):
    bob.expect_lamp(1, "off")
    call = alice_dials_bob(alice, bob)
    bob.expect_lamp(1, "steady")
    alice_holds(alice, call, bob)
    bob_holds(alice, bob)
    alice_ends(alice, call, bob)
    bob.expect_lamp(1, "off")
    call = bob_dials_alice(alice, bob)
    bob_holds(alice, bob)
    alice_holds(alice, call, bob)
    bob_ends(alice, bob)
    ends_well(server, alice, bob)


def calls_with_our_phone(scene):
    """linphone and our phone: either calls, holds, resumes and ends"""
    calls_both_ways(*with_phone(scene))


def calls_with_our_phone_over_tcp(scene):
    """linphone and our phone: the same over TCP"""
    calls_both_ways(*with_phone(scene, transport="tcp"))


def calls_with_our_phone_over_tls(scene):
    """linphone and our phone: the same over TLS, each trusting the test's root only"""
    server = live.serve_tls(scene)
    # It checks who has signed the certificate, but finds no addresses in it, only names.
    alice = scene.add(Linphone(scene, server, "201", "tls", "verify_server_cn=0")).registered()
    bob = scene.phone(server, "202", keys=["201"], transport="tls",
                      options=["--tls-ca", scene.path("root.pem")]).ready(1)
    calls_both_ways(server, alice, bob)


def calls_with_everything_supported(scene):
    """linphone and our phone: the same with session timers and 100rel"""
    server, alice, bob = with_phone(scene, sip=EVERYTHING)
    calls_both_ways(server, alice, bob)
    server.expect_traced("Sent to", "SIP/2.0 200 OK", "Session-Expires: 120;")


def two_linphones(scene):
    """linphone calls linphone with session timers and 100rel: each holds, the called one ends"""
    server = scene.server()
    alice, bob = (scene.add(Linphone(scene, server, number, sip=EVERYTHING)).registered()
                  for number in ("201", "202"))
    alice.dial("202")
    called = bob.expect_event("IncomingReceived")
    alice.expect_event("OutgoingRinging")
    bob.command(f"answer {called}")
    bob.expect_event("StreamsRunning")
    calling = alice.expect_event("StreamsRunning")
    for holder, call, held in ((alice, calling, bob), (bob, called, alice)):
        marks = holder.mark(), held.mark()
        holder.command(f"call-pause {call}")
        holder.expect_event("Paused", marks[0])
        held.expect_event("PausedByRemote", marks[1])
        holder.command(f"call-resume {call}")
        holder.expect_event("StreamsRunning", marks[0])
        held.expect_event("StreamsRunning", marks[1])
    bob.command(f"terminate {called}")
    alice.expect_event("Released")
    bob.expect_event("Released")
    ends_well(server, alice, bob)


def the_hold_is_in_the_description(scene):
    """linphone: its hold leaves the server as sendonly, and the answer comes back as recvonly"""
    server, alice, bob = with_phone(scene)
    call = alice_dials_bob(alice, bob)
    alice_holds(alice, call, bob)
    server.expect_traced("Sent to", "INVITE sip:202@", "a=sendonly")
    server.expect_traced("Sent to", "SIP/2.0 200", "a=recvonly")
    bob_holds(alice, bob)
    server.expect_traced("Sent to", "INVITE sip:201@", "a=sendonly")
    alice_ends(alice, call, bob)
    ends_well(server, alice, bob)


def both_hold(scene):
    """linphone and our phone: two holds are two resumes"""
    server, alice, bob = with_phone(scene)
    call = alice_dials_bob(alice, bob)
    mark = bob.event_mark()
    alice.command(f"call-pause {call}")
    alice.expect_event("Paused")
    bob.expect_event("held", mark, by="remote")
    bob.send("hold")
    bob.expect_event("held", mark, by="local")
    marks = alice.mark(), bob.event_mark()
    alice.command(f"call-resume {call}")
    alice.expect_event("PausedByRemote", marks[0])
    marks = alice.mark(), bob.event_mark()
    bob.send("resume")
    bob.expect_event("resumed", marks[1], by="local")
    alice.expect_event("StreamsRunning", marks[0])
    alice_ends(alice, call, bob)
    ends_well(server, alice, bob)


def calls_are_refused_and_given_up(scene):
    """linphone and our phone: a refused call ends, a call that is given up stops ringing"""
    server, alice, bob = with_phone(scene)
    alice.dial("202")
    bob.expect_event("ringing")
    bob.send("hangup")
    alice.expect_event("Released")
    mark = bob.event_mark()
    bob.send("dial 201")
    call = alice.expect_event("IncomingReceived")
    alice.command(f"terminate {call}")
    status = bob.expect_event("ended", mark, cause="refused")["status"]
    live.expect_equal("a refusal", status, 603)
    marks = alice.mark(), bob.event_mark()
    alice.dial("202")
    bob.expect_event("ringing", marks[1])
    call = alice.expect_event("OutgoingRinging", marks[0])
    alice.command(f"terminate {call}")
    bob.expect_event("ended", marks[1], cause="cancelled")
    alice.expect_event("Released", marks[0])
    marks = alice.mark(), bob.event_mark()
    bob.send("dial 201")
    alice.expect_event("IncomingReceived", marks[0])
    bob.send("hangup")
    alice.expect_event("Released", marks[0])
    bob.expect_lamp(1, "off")
    ends_well(server, alice, bob)


def with_baresip(scene):
    server = scene.server()
    alice = scene.add(Linphone(scene, server, "201")).registered()
    return server, alice, scene.add(Baresip(scene, server, "202")).registered()


def linphone_dials_baresip(scene):
    """linphone calls baresip: each holds the other, and baresip's sound comes back"""
    server, alice, bob = with_baresip(scene)
    alice.dial("202")
    bob.expect_event("CALL_INCOMING")
    alice.expect_event("OutgoingRinging")
    bob.command("accept")
    call = alice.expect_event("StreamsRunning")
    each_holds(alice, call, bob)
    mark = bob.mark()
    alice.command(f"terminate {call}")
    bob.expect_event("CALL_CLOSED", mark)
    alice.expect_event("Released")
    ends_well(server, alice, bob)


def baresip_dials_linphone(scene):
    """baresip calls linphone: the same, and baresip hangs up"""
    server, alice, bob = with_baresip(scene)
    bob.dial("201")
    call = alice.expect_event("IncomingReceived")
    bob.expect_event("CALL_RINGING")
    alice.command(f"answer {call}")
    alice.expect_event("StreamsRunning")
    bob.expect_event("CALL_ESTABLISHED")
    each_holds(alice, call, bob)
    bob.command("hangup")
    alice.expect_event("Released")
    ends_well(server, alice, bob)


def each_holds(alice, call, bob):
    bob.expect_direction("sendrecv")
    mark = alice.mark()
    alice.command(f"call-pause {call}")
    alice.expect_event("Paused", mark)
    bob.expect_direction("recvonly")
    mark = alice.mark()
    alice.command(f"call-resume {call}")
    bob.expect_direction("sendrecv")
    alice.expect_event("StreamsRunning", mark)
    mark = alice.mark()
    bob.command("hold")
    alice.expect_event("PausedByRemote", mark)
    mark = alice.mark()
    bob.command("resume")
    alice.expect_event("StreamsRunning", mark)
    bob.expect_direction("sendrecv")


def presence_is_the_lamp(scene):
    """linphone's friend: presence shows when our phone is there, is called and talks"""
    server = scene.server()
    alice = scene.add(LinphoneConsole(scene, server, "201")).registered()
    alice.befriend("Bob", "202")
    alice.expect_friend("Bob", "Offline")
    bob = scene.phone(server, "202").ready()
    carol = scene.phone(server, "203").ready()
    alice.expect_friend("Bob", "Online")
    mark = alice.mark()
    carol.send("dial 202")
    bob.expect_event("ringing")
    alice.expect_friend("Bob", "Busy", mark)
    bob.send("answer")
    carol.expect_event("answered")
    alice.expect_friend("Bob", "On the phone", mark)
    mark = alice.mark()
    carol.send("hangup")
    alice.expect_friend("Bob", "Online", mark)
    alice.quit()
    ends_well(server, bob, carol)


live.main([presence_is_the_lamp, calls_with_our_phone, calls_with_our_phone_over_tcp,
           calls_with_our_phone_over_tls, calls_with_everything_supported, two_linphones,
           the_hold_is_in_the_description, both_hold, calls_are_refused_and_given_up,
           linphone_dials_baresip, baresip_dials_linphone])
