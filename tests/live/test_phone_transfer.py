# SPDX-License-Identifier: MIT
"""Transfers between real processes: three of our phones and the server, as a script sees them."""

import live


def talking(scene, *options):
    """Alice (201) has called Bob (202), who has the options; Carol is 203."""
    server = scene.server()
    alice, carol = (scene.phone(server, number).ready() for number in ("201", "203"))
    bob = scene.phone(server, "202", keys=["203"], options=options).ready(1)
    alice.send("dial 202")
    bob.expect_event("ringing")
    bob.send("answer")
    alice.expect_event("answered", display="Bob")
    return alice, bob, carol


def expect_moved(alice, bob, carol, status=200):
    bob.expect_event("transfer", status=status, result="done")
    bob.expect_event("ended", call=1)
    live.expect_equal("who Alice has", alice.expect_event("connected")["display"], "Carol")
    mark = alice.event_mark()
    alice.send("calls")
    row, = alice.expect_event("calls", mark)["calls"]
    live.expect_equal("Alice's call", (row["display"], row["state"]), ("Carol", "talking"))
    carol.send("hangup")
    alice.expect_event("ended", cause="remote")


def a_blind_transfer(scene):
    """transfer: blind, with the ringing told on the way, and Alice's screen changes to Carol"""
    alice, bob, carol = talking(scene)
    bob.send("transfer 203")
    bob.expect_event("transfer", status=202, by="local", call=1)
    bob.expect_event("transfer", status=180)
    carol.expect_event("ringing", display="Alice")
    carol.send("answer")
    expect_moved(alice, bob, carol)


def an_attended_transfer_by_one_key(scene):
    """transfer: attended, by two presses of the key with Carol's lamp"""
    alice, bob, carol = talking(scene, "--key-transfer", "attended")
    bob.send("press 1")
    carol.expect_event("ringing", display="Bob")
    bob.expect_event("held", call=1, by="local")
    carol.send("answer")
    bob.expect_event("answered", call=2)
    bob.send("press 1")
    live.expect_equal("who Carol has", carol.expect_event("connected")["display"], "Alice")
    expect_moved(alice, bob, carol)


def a_transfer_that_fails(scene):
    """transfer: to who does not want it; the call goes on"""
    alice, bob, carol = talking(scene, "--transfer", "hold")
    carol.send("dnd on")
    carol.expect_event("dnd")
    bob.send("transfer 203")
    bob.expect_event("held", by="local")
    bob.expect_event("transfer", status=486, result="failed")
    bob.expect_event("resumed", by="local")
    bob.send("hangup")
    alice.expect_event("ended", cause="remote")


live.main([a_blind_transfer, an_attended_transfer_by_one_key, a_transfer_that_fails])
