# SPDX-License-Identifier: MIT
"""Transfers whose REFER goes on (`refer: forward`): baresip, linphone and our phone as who is sent
a REFER and calls by itself. Bob (202) transfers Alice (201) to Carol (203)."""

import live
from party import OfBaresip, OfLinphone, Ours, end_well, office, talk

FORWARD = live.CONFIG + "defaults: {{refer: forward}}\n"


def expect_transferred(server, alice, bob, carol):
    """Bob is out of it. Alice's call with Carol is another one than that with Bob."""
    bob.await_end()
    server.expect("event=transfer .*by=202 of=201 .*result=forwarded")
    server.expect("event=transfer .*by=202 of=201 .*result=done")
    server.expect_media("201", "203")
    carol.hang_up()
    server.expect("event=call call=2 state=ended")
    end_well(server, alice, bob, carol)


def blind(scene, alice, bob, carol):
    server, alice, bob, carol = office(scene, alice, bob, carol, FORWARD)
    talk(alice, bob)
    bob.transfer("203")
    live.expect_equal("who Carol sees", carol.await_ring(), "Alice")
    carol.answer()
    expect_transferred(server, alice, bob, carol)


def baresip_is_referred(scene):
    """our phone's REFER goes on to baresip, which calls linphone"""
    blind(scene, OfBaresip, Ours, OfLinphone)


def linphone_is_referred(scene):
    """baresip's REFER goes on to linphone, which calls another baresip"""
    blind(scene, OfLinphone, OfBaresip, OfBaresip)


def our_phone_is_referred(scene):
    """linphone's REFER goes on to our phone, which calls baresip"""
    blind(scene, Ours, OfLinphone, OfBaresip)


def attended(scene, alice, bob, carol):
    server, alice, bob, carol = office(scene, alice, bob, carol, FORWARD)
    talk(alice, bob)
    talk(bob, carol)
    alice.await_hold()  # a phone that is still busy with that takes no REFER
    bob.connect()
    return server, alice, bob, carol


def linphone_replaces_linphone(scene):
    """linphone is referred with Replaces, and takes linphone's place at one that lets it go"""
    server, alice, bob, carol = attended(scene, OfLinphone, OfLinphone, OfLinphone)
    carol.await_replaced()
    bob.await_end()
    server.expect_traced("Sent to", "\nINVITE ", "\nReplaces: ", "\nRequire: replaces\n")
    server.expect("event=hangup call=2 party=203 cause=bye")
    server.expect("event=transfer .*by=202 of=201 .*result=done")
    server.expect_media("201", "203")
    carol.hang_up()
    server.expect("event=call call=3 state=ended")
    end_well(server, alice, bob, carol)


def linphone_replaces_our_phone(scene):
    """linphone is referred with Replaces, and takes our phone's place at baresip, which has none"""
    expect_transferred(*attended(scene, OfLinphone, Ours, OfBaresip))


def our_phone_replaces_linphone(scene):
    """our phone is referred with Replaces, and takes linphone's place at ours"""
    expect_transferred(*attended(scene, Ours, OfLinphone, Ours))


def baresip_does_not_replace(scene):
    """baresip knows no Replaces: the server transfers it by itself"""
    server, alice, bob, carol = attended(scene, OfBaresip, OfLinphone, Ours)
    bob.await_end()
    server.expect("event=transfer .*by=202 of=201 .*result=done")
    server.expect_media("201", "203")
    live.expect_equal("REFERs from the server", server.traced("Sent to", "\nREFER "), [])
    carol.hang_up()
    alice.await_end()
    end_well(server, alice, bob, carol)


def the_target_refuses(scene):
    """linphone is referred to who refuses: it goes on talking with who transferred it"""
    server, alice, bob, carol = office(scene, OfLinphone, Ours, Ours, FORWARD)
    talk(alice, bob)
    bob.transfer("203")
    carol.await_ring()
    carol.hang_up()
    bob.await_transfer_failed()
    server.expect_media("201", "202")
    bob.hang_up()
    server.expect("event=call call=1 state=ended")
    end_well(server, alice, bob, carol)


live.main([baresip_is_referred, linphone_is_referred, our_phone_is_referred,
           linphone_replaces_linphone, linphone_replaces_our_phone, our_phone_replaces_linphone,
           baresip_does_not_replace, the_target_refuses])
