# SPDX-License-Identifier: MIT
"""Transfers with phones that know less than ours, or are in more of a hurry: SIPp. Bob (202)
transfers Alice (201) to Carol (203)."""

import live
from party import Ours, end_well, talk
from sipp import Sipp


class OfSipp:
    """It is called, and goes through its scenario."""

    def __init__(self, scene, server, number, scenario, **keys):
        self.sipp = Sipp(scene, server, number)
        self.sipp.run("register")
        options = [word for key, value in keys.items() for word in ("-key", key, value)]
        self.process = self.sipp.start_answering(scenario, options=["-m", "1", *options])
        self.number = number

    def finish(self):
        self.sipp.finish(self.process)


def expect_transferred(server, first="200"):
    """`first` is what somebody has said to the first re-INVITE."""
    server.expect("event=transfer .*by=202 of=201 .*result=done status=200")
    server.expect_media("201", "203")
    server.expect_traced("Received from", f"\nSIP/2.0 {first} ")
    for word in ("\nREFER ", "\nReplaces: "):
        live.expect_equal(f"sent with {word!r}", server.traced("Sent to", word), [])


# --- Who is transferred, and to whom ---------------------------------------------------------


def transferee(scene, first):
    """sipp is led to Carol, whose offer it gets."""
    server = scene.server()
    alice = OfSipp(scene, server, "201", "led", first=first)
    bob, carol = (Ours(scene, server, number) for number in ("202", "203"))
    bob.dial("201")
    bob.await_talk()
    bob.transfer("203")
    carol.await_ring()
    carol.answer()
    bob.await_end()
    expect_transferred(server, first)
    carol.hang_up()
    alice.finish()
    end_well(server, bob, carol)


def who_knows_no_refer_is_transferred(scene):
    """sipp: a phone without REFER is transferred"""
    transferee(scene, "200")


def who_is_busy_with_an_offer_is_asked_again(scene):
    """sipp: who is transferred answers 491 at first, and is asked again"""
    transferee(scene, "491")


def who_knows_no_replaces_is_called(scene):
    """sipp: a phone without Replaces is the target of a blind transfer"""
    server = scene.server()
    carol = OfSipp(scene, server, "203", "led", first="200")
    alice, bob = (Ours(scene, server, number) for number in ("201", "202"))
    talk(alice, bob)
    bob.transfer("203")
    bob.await_end()
    expect_transferred(server)
    alice.hang_up()
    carol.finish()
    end_well(server, alice, bob)


def attended_target(scene, first):
    """sipp is led to Alice, and is asked for an offer."""
    server = scene.server()
    carol = OfSipp(scene, server, "203", "led", first=first)
    alice, bob = (Ours(scene, server, number) for number in ("201", "202"))
    talk(alice, bob)
    bob.dial("203")
    bob.await_talk()
    bob.connect()
    bob.await_end()
    expect_transferred(server, first)
    alice.hang_up()
    carol.finish()
    end_well(server, alice, bob)


def who_knows_no_replaces_is_consulted(scene):
    """sipp: a phone without Replaces is the target of an attended transfer"""
    attended_target(scene, "200")


def who_describes_nothing_unasked_is_offered(scene):
    """sipp: the target refuses an INVITE without offer, and gets one with an offer"""
    attended_target(scene, "488")


# --- Who transfers ---------------------------------------------------------------------------


def transferor(scene, plan):
    """sipp does it by this plan; Alice and Carol ring."""
    server = scene.server()
    bob = OfSipp(scene, server, "202", "refer", plan=plan, target="203")
    alice, carol = (Ours(scene, server, number) for number in ("201", "203"))
    alice.dial("202")
    alice.await_talk()
    carol.await_ring()
    return server, alice, bob, carol


def ends(server, alice, bob, carol):
    carol.answer()
    bob.finish()
    expect_transferred(server)
    carol.hang_up()
    alice.await_end()
    end_well(server, alice, carol)


def who_transfers_is_told(scene):
    """sipp: REFER is answered by 202, told of by NOTIFY, and ends when it has worked"""
    ends(*transferor(scene, "told"))


def who_transfers_need_not_wait(scene):
    """sipp: who transfers hangs up right after the 202; the target rings on and takes the call"""
    server, alice, bob, carol = transferor(scene, "leaving")
    server.expect("event=hangup call=1 party=202")
    ends(server, alice, bob, carol)


def who_does_not_want_to_know_is_not_told(scene):
    """sipp: a REFER with Refer-Sub: false brings no NOTIFY, but a BYE when it has worked"""
    ends(*transferor(scene, "silent"))


live.main([who_knows_no_refer_is_transferred, who_is_busy_with_an_offer_is_asked_again,
           who_knows_no_replaces_is_called, who_knows_no_replaces_is_consulted,
           who_describes_nothing_unasked_is_offered, who_transfers_is_told,
           who_transfers_need_not_wait, who_does_not_want_to_know_is_not_told])
