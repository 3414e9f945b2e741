# SPDX-License-Identifier: MIT
"""baresip, a softphone with real sound: it registers, calls and is called through the server, and
RTP flows both ways."""

import live
from baresip import Baresip


def pair(scene, **options):
    server = scene.server()
    phones = [scene.add(Baresip(scene, server, number, **options)).registered()
              for number in ("201", "202")]
    return server, *phones


def answered(caller, called, number):
    marks = caller.mark(), called.mark()
    caller.dial(number)
    called.expect_event("CALL_INCOMING", marks[1])
    caller.expect_event("CALL_RINGING", marks[0])
    called.command("accept")
    called.expect_event("CALL_ESTABLISHED", marks[1])
    caller.expect_event("CALL_ESTABLISHED", marks[0])


def hung_up(phone, other):
    mark = other.mark()
    phone.command("hangup")
    other.expect_event("CALL_CLOSED", mark)


def two_talk(scene):
    """baresip: two register and call, sound flows both ways, either hangs up"""
    server, alice, bob = pair(scene)
    answered(alice, bob, "202")
    live.expect_equal("who Bob sees", bob.expect_event("CALL_INCOMING")["peerdisplayname"],
                      "Alice")
    alice.expect_sound()
    bob.expect_sound()
    hung_up(alice, bob)
    answered(bob, alice, "201")
    alice.expect_sound()
    hung_up(alice, bob)
    live.expect_equal("serve's exit code", server.stop(), 0)


def two_talk_over_tcp(scene):
    """baresip: the same over TCP"""
    _, alice, bob = pair(scene, transport="tcp")
    answered(alice, bob, "202")
    alice.expect_sound()
    bob.expect_sound()
    hung_up(bob, alice)


def a_call_is_held(scene):
    """baresip: hold stops the other's sound, resume brings it back"""
    _, alice, bob = pair(scene)
    answered(alice, bob, "202")
    alice.expect_sound()
    alice.command("hold")
    bob.expect_direction("recvonly")
    alice.command("resume")
    bob.expect_direction("sendrecv")
    bob.expect_sound()
    alice.expect_sound()
    hung_up(bob, alice)


def both_hold(scene):
    """baresip: two holds are two resumes"""
    _, alice, bob = pair(scene)
    answered(alice, bob, "202")
    alice.command("hold")
    bob.expect_direction("recvonly")
    bob.command("hold")
    bob.expect_direction("inactive")
    alice.expect_direction("inactive")
    alice.command("resume")
    alice.expect_direction("recvonly")
    bob.expect_direction("sendonly")
    bob.command("resume")
    bob.expect_sound()
    alice.expect_sound()
    hung_up(alice, bob)


def a_call_with_our_phone_is_held(scene):
    """baresip and our phone: either is held by the other"""
    server = scene.server()
    alice = scene.add(Baresip(scene, server, "201")).registered()
    bob = scene.phone(server, "202").ready()
    bob.send("dial 201")
    alice.expect_event("CALL_INCOMING")
    alice.command("accept")
    bob.expect_event("answered")
    alice.expect_event("CALL_ESTABLISHED")
    alice.command("hold")
    bob.expect_event("held", by="remote")
    alice.command("resume")
    bob.expect_event("resumed", by="remote")
    bob.send("hold")
    bob.expect_event("held", by="local")
    alice.expect_direction("recvonly")
    bob.send("resume")
    bob.expect_event("resumed", by="local")
    alice.expect_direction("sendrecv")
    hung_up_by_phone(bob, alice)
    for phone in (alice, bob):
        phone.quit()
    live.expect_equal("serve's exit code", server.stop(), 0)


def one_call_at_a_time(scene):
    """baresip: who may have one call is busy for the second, and free when it is over"""
    server = scene.server(config=live.CONFIG.replace("name: Bob,", "name: Bob, max-calls: 1,"))
    alice, bob = (scene.add(Baresip(scene, server, number)).registered()
                  for number in ("201", "202"))
    carol = scene.phone(server, "203", keys=["202"]).ready(1)
    answered(alice, bob, "202")
    carol.expect_lamp(1, "steady")
    carol.send("dial 202")
    live.expect_equal("Carol is told", carol.expect_event("ended", cause="refused")["status"], 486)
    hung_up(alice, bob)
    carol.expect_lamp(1, "off")
    mark = bob.mark()
    carol.send("dial 202")
    bob.expect_event("CALL_INCOMING", mark)
    carol.send("hangup")
    bob.expect_event("CALL_CLOSED", mark)


def a_call_is_refused_and_given_up(scene):
    """baresip: a refused call ends, a call that is given up stops ringing"""
    _, alice, bob = pair(scene)
    alice.dial("202")
    bob.expect_event("CALL_INCOMING")
    mark = alice.mark()
    bob.command("hangup")
    closed = alice.expect_event("CALL_CLOSED", mark)
    live.expect_equal("why it ended", closed["param"][:3], "486")
    mark = bob.mark()
    alice.dial("202")
    bob.expect_event("CALL_INCOMING", mark)
    alice.command("hangup")
    bob.expect_event("CALL_CLOSED", mark)


def baresip_and_our_phone(scene):
    """baresip calls our phone, and our phone calls baresip"""
    server = scene.server()
    alice = scene.add(Baresip(scene, server, "201")).registered()
    bob = scene.phone(server, "202", keys=["201"]).ready(keys=1)
    alice.dial("202")
    bob.expect_event("ringing")
    bob.expect_lamp(1, "steady")  # a caller is busy: there is nothing to pick up
    bob.send("answer")
    bob.expect_event("answered")
    alice.expect_event("CALL_ESTABLISHED")
    hung_up_by_phone(bob, alice)
    bob.expect_lamp(1, "off")
    mark, event_mark = alice.mark(), bob.event_mark()
    bob.send("dial 201")
    alice.expect_event("CALL_INCOMING", mark)
    alice.command("accept")
    bob.expect_event("answered", event_mark)
    alice.command("hangup")
    bob.expect_event("ended", event_mark)
    live.expect_equal("serve's exit code", server.stop(), 0)


def hung_up_by_phone(phone, other):
    mark = other.mark()
    phone.send("hangup")
    other.expect_event("CALL_CLOSED", mark)


def baresip_calls_by_tls(scene):
    """baresip by TLS: it registers, is called and calls"""
    server = live.serve_tls(scene)
    alice = scene.phone(server, "201", transport="tls",
                        options=["--tls-ca", scene.path("root.pem")]).ready()
    bob = scene.add(Baresip(scene, server, "202", transport="tls",
                            more=f"sip_cafile {scene.path('root.pem')}\n")).registered()
    alice.send("dial 202")
    bob.expect_event("CALL_INCOMING")
    bob.command("accept")
    alice.expect_event("answered")
    alice.send("hangup")
    bob.expect_event("CALL_CLOSED")
    since, since_bob = alice.event_mark(), bob.mark()
    bob.dial("201")
    alice.expect_event("ringing", since)
    alice.send("answer")
    bob.expect_event("CALL_ESTABLISHED", since_bob)
    bob.command("hangup")
    alice.expect_event("ended", since)


live.main([two_talk, two_talk_over_tcp, a_call_is_held, both_hold, one_call_at_a_time,
           a_call_is_refused_and_given_up, baresip_and_our_phone, a_call_with_our_phone_is_held,
           baresip_calls_by_tls])
