# SPDX-License-Identifier: MIT
"""Transfers by REFER with phones that have stacks of their own: baresip and linphone as who
transfers, who is transferred and whom it leads to, and our phone beside them. Bob (202) transfers
Alice (201) to Carol (203)."""

import live
from party import OfBaresip, OfLinphone, Ours, end_well, office, talk


def expect_transferred(server, alice, bob, carol):
    """Bob is out of it, Alice and Carol talk until she hangs up."""
    bob.await_end()
    server.expect("event=transfer .*by=202 of=201 .*result=done status=200")
    server.expect_media("201", "203")
    for party in (alice, carol):
        if isinstance(party, OfBaresip):
            party.phone.expect_direction("sendrecv")
    carol.hang_up()
    alice.await_end()
    end_well(server, alice, bob, carol)


# --- Blind -----------------------------------------------------------------------------------


def blind(scene, alice, bob, carol, is_called=True):
    """Bob is called, or has called."""
    server, alice, bob, carol = office(scene, alice, bob, carol)
    talk(*((alice, bob) if is_called else (bob, alice)))
    bob.transfer("203")
    live.expect_equal("who Carol sees", carol.await_ring(), "Alice")
    carol.answer()
    expect_transferred(server, alice, bob, carol)


def baresip_transfers_our_phone(scene):
    """baresip transfers our phone to linphone, blind"""
    blind(scene, Ours, OfBaresip, OfLinphone)


def baresip_transfers_linphone(scene):
    """baresip, who has called, transfers linphone to our phone, blind"""
    blind(scene, OfLinphone, OfBaresip, Ours, is_called=False)


def linphone_transfers_our_phone(scene):
    """linphone transfers our phone to baresip, blind"""
    blind(scene, Ours, OfLinphone, OfBaresip)


def linphone_transfers_baresip(scene):
    """linphone, who has called, transfers baresip to another linphone, blind"""
    blind(scene, OfBaresip, OfLinphone, OfLinphone, is_called=False)


def our_phone_transfers_baresip(scene):
    """our phone transfers baresip to linphone, blind"""
    blind(scene, OfBaresip, Ours, OfLinphone)


def our_phone_transfers_linphone(scene):
    """our phone, who has called, transfers linphone to baresip, blind"""
    blind(scene, OfLinphone, Ours, OfBaresip, is_called=False)


def sound_flows(scene):
    """three baresips: Alice hears Bob until Carol answers, and then Carol"""
    server, alice, bob, carol = office(scene, OfBaresip, OfBaresip, OfBaresip)
    talk(alice, bob)
    bob.transfer("203")
    carol.await_ring()
    alice.phone.expect_sound()
    carol.answer()
    server.expect_media("201", "203")
    alice.phone.expect_sound()
    carol.phone.expect_sound()
    expect_transferred(server, alice, bob, carol)


def refused(scene, alice, bob):
    """Carol does not take it."""
    server, alice, bob, carol = office(scene, alice, bob, Ours)
    talk(alice, bob)
    bob.transfer("203")
    carol.await_ring()
    carol.hang_up()
    server.expect("event=transfer .*result=failed status=486")
    return server, alice, bob, carol


def linphone_is_refused(scene):
    """linphone transfers to who refuses: its call goes on, and it can try again"""
    server, alice, bob, carol = refused(scene, OfBaresip, OfLinphone)
    expect_going_on(server, alice, bob)
    bob.transfer("203")
    carol.await_ring()
    carol.answer()
    expect_transferred(server, alice, bob, carol)


def a_transfer_to_nobody(scene):
    """linphone transfers to a number that is not there: the same"""
    server, alice, bob, carol = office(scene, OfBaresip, OfLinphone, Ours)
    talk(alice, bob)
    bob.transfer("299")
    live.poll("it is refused", lambda: server.traced("Sent to", "SIP/2.0 404", "REFER"), server)
    expect_going_on(server, alice, bob)
    bob.transfer("203")
    carol.await_ring()
    carol.answer()
    expect_transferred(server, alice, bob, carol)


def expect_going_on(server, alice, bob):
    """They still talk. linphone is busy with its REFER until it has read the answer, which it has
    when it has read what came behind."""
    alice.hold()
    bob.await_hold()
    alice.resume()
    bob.await_talk()
    server.expect_media("201", "202")


def baresip_is_refused(scene):
    """baresip transfers to who refuses: it is told, and hangs up by itself"""
    server, alice, bob, carol = refused(scene, OfLinphone, OfBaresip)
    bob.await_transfer_failed()
    alice.await_end()
    end_well(server, alice, bob, carol)


# --- Attended --------------------------------------------------------------------------------


def consulted(scene, alice, bob, carol):
    """Bob talks with Carol, and Alice is on hold."""
    server, alice, bob, carol = office(scene, alice, bob, carol)
    talk(alice, bob)
    talk(bob, carol)
    return server, alice, bob, carol


def attended(scene, alice, bob, carol):
    server, alice, bob, carol = consulted(scene, alice, bob, carol)
    bob.connect()
    expect_transferred(server, alice, bob, carol)


def linphone_connects_baresip_and_our_phone(scene):
    """linphone connects baresip and our phone, attended"""
    attended(scene, OfBaresip, OfLinphone, Ours)


def linphone_connects_our_phone_and_baresip(scene):
    """linphone connects our phone and baresip, attended"""
    attended(scene, Ours, OfLinphone, OfBaresip)


def linphone_connects_linphones(scene):
    """linphone connects two linphones, attended"""
    attended(scene, OfLinphone, OfLinphone, OfLinphone)


def our_phone_connects_linphone_and_baresip(scene):
    """our phone connects linphone and baresip, attended"""
    attended(scene, OfLinphone, Ours, OfBaresip)


def sound_flows_after_a_consultation(scene):
    """our phone connects two baresips, attended: they hear each other"""
    server, alice, bob, carol = consulted(scene, OfBaresip, Ours, OfBaresip)
    bob.connect()
    server.expect_media("201", "203")
    alice.phone.expect_sound()
    carol.phone.expect_sound()
    expect_transferred(server, alice, bob, carol)


def the_last_call_is_referred_to_the_first(scene):
    """linphone sends Carol to Alice, who is on hold with it and called it: they are connected"""
    server, alice, bob, carol = consulted(scene, OfBaresip, OfLinphone, OfBaresip)
    bob.connect(is_last_referred=True)
    bob.await_end()
    server.expect("event=transfer .*by=202 of=203 .*result=done status=200")
    server.expect_media("201", "203")
    alice.phone.expect_sound()
    carol.phone.expect_sound()
    alice.hang_up()
    carol.await_end()
    end_well(server, alice, bob, carol)


# --- Semi-attended ---------------------------------------------------------------------------


def ringing(scene, alice, carol):
    """linphone has connected Alice with Carol, whose phone still rings."""
    server, alice, bob, carol = office(scene, alice, OfLinphone, carol)
    talk(alice, bob)
    bob.dial("203")
    carol.await_ring()
    bob.await_ringback()
    bob.connect()
    live.poll("it is accepted", lambda: server.traced("Sent to", "SIP/2.0 202", "REFER"), server)
    return server, alice, bob, carol


def linphone_connects_with_who_rings(scene):
    """linphone connects our phone with baresip, which still rings"""
    server, alice, bob, carol = ringing(scene, Ours, OfBaresip)
    carol.answer()
    expect_transferred(server, alice, bob, carol)


def linphone_leaves_while_it_rings(scene):
    """linphone connects baresip with another one that rings, and hangs up there: it rings on"""
    server, alice, bob, carol = ringing(scene, OfBaresip, OfLinphone)
    bob.hang_up()
    live.poll("its hang-up has come", lambda: server.traced("Sent to", "SIP/2.0 487"), server)
    carol.answer()
    expect_transferred(server, alice, bob, carol)


# --- Who watches -----------------------------------------------------------------------------


def everybody_knows(scene):
    """lamps and screens of our phones follow linphone's blind transfer, step by step"""
    server, alice, bob, carol = office(scene, Ours, OfLinphone, Ours)
    dave = Ours(scene, server, "204", keys=["201", "202", "203"])

    def expect_lamps(*lamps):
        for key, lamp in enumerate(lamps, 1):
            dave.phone.expect_lamp(key, lamp)
    talk(alice, bob)
    expect_lamps("steady", "steady", "off")
    bob.transfer("203")
    carol.await_ring()
    expect_lamps("steady", "steady", "steady")  # Dave may not pick up there
    carol.answer()
    live.expect_equal("whom Alice sees", alice.await_event("connected")["display"], "Carol")
    bob.await_end()
    expect_lamps("steady", "off", "steady")
    carol.hang_up()
    alice.await_end()
    expect_lamps("off", "off", "off")
    end_well(server, alice, bob, carol, dave)


live.main([baresip_transfers_our_phone, baresip_transfers_linphone, linphone_transfers_our_phone,
           linphone_transfers_baresip, our_phone_transfers_baresip, our_phone_transfers_linphone,
           sound_flows, linphone_is_refused, a_transfer_to_nobody, baresip_is_refused,
           linphone_connects_baresip_and_our_phone, linphone_connects_our_phone_and_baresip,
           linphone_connects_linphones, our_phone_connects_linphone_and_baresip,
           sound_flows_after_a_consultation, the_last_call_is_referred_to_the_first,
           linphone_connects_with_who_rings, linphone_leaves_while_it_rings, everybody_knows])
