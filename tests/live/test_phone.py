# SPDX-License-Identifier: MIT
"""`lampyrid phone` as a person or a script meets it: what it says when it cannot register, its exit
code, and what its commands tell."""

import re
import socket

import live


def start(scene, aor, *options):
    """A phone that talks to a person."""
    return scene.run("phone", [live.LAMPYRID, "phone", "--aor", aor, *options])


def quit_and_expect(phone, status):
    phone.send("quit")
    live.expect_equal("the phone's exit code", phone.end(), status)


def a_wrong_password_is_said(scene):
    """phone: a wrong password is told as such, and the exit code is 3"""
    phone = start(scene, scene.server().uri("201"), "--password", "wrong")
    phone.expect(r"unregistered .* \(401 Unauthorized\): the password is not the one of '201'")
    quit_and_expect(phone, 3)
    phone.expect("it was never registered")


def a_missing_password_is_said(scene):
    """phone: a server that asks for a password when there is none is told, and the code is 3"""
    phone = start(scene, scene.server().uri("201"))
    phone.expect(r"\(401 Unauthorized\): the server asks for a password, and none was given")
    quit_and_expect(phone, 3)


def a_refused_connection_is_said(scene):
    """phone: where nobody listens by TCP, what to look at is told at once, and the code is 3"""
    port = live.free_port(socket.SOCK_STREAM)
    phone = start(scene, f"sip:201@127.0.0.1:{port};transport=tcp", "--password", "x")
    phone.expect(rf"\(503 .*\): no connection to 127.0.0.1:{port} by tcp; does the server run")
    quit_and_expect(phone, 3)


def silence_is_said(scene):
    """phone: where nobody answers by UDP, it says after some seconds that it is still trying"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        phone = start(scene, f"sip:201@127.0.0.1:{port}", "--password", "x")
        phone.expect(f"no answer from 127.0.0.1:{port} by udp yet, still trying")
        quit_and_expect(phone, 3)


def a_registered_phone_ends_well(scene):
    """phone: once registered, and without registering, the exit code is 0"""
    server = scene.server()
    phone = start(scene, server.uri("201"), "--password", live.PASSWORDS["201"])
    phone.expect("^registered sip:201@")
    quit_and_expect(phone, 0)
    quit_and_expect(start(scene, server.uri("202"), "--no-register"), 0)


def its_commands_explain_themselves(scene):
    """phone: help lists the commands, and a mistyped one is recognized"""
    phone = start(scene, scene.server().uri("201"), "--password", live.PASSWORDS["201"])
    phone.send("help")
    for line in (r"^dial +TARGET +calls 202", r"^hold +\[CALL\] ", r"^quit "):
        phone.expect(line)
    phone.send("hodl")
    phone.expect("error: 'hodl' is no command; did you mean 'hold'?")


def calls_tell_who_called(scene):
    """phone: calls shows who called whom, and whether the other side holds us"""
    server = scene.server()
    alice, bob = (scene.phone(server, number).ready() for number in ("201", "202"))
    alice.send("dial 202")
    bob.expect_event("ringing")
    alice.expect_event("ringback")
    expect_row(alice, "ringback", "out", False)
    expect_row(bob, "ringing", "in", False)
    bob.send("answer")
    alice.expect_event("answered")
    alice.send("hold")
    bob.expect_event("held", by="remote")
    alice.expect_event("held", by="local")
    expect_row(alice, "holding", "out", False)
    expect_row(bob, "talking", "in", True)
    alice.send("resume")
    bob.expect_event("resumed", by="remote")
    expect_row(bob, "talking", "in", False)


def expect_row(phone, state, direction, is_held):
    mark = phone.event_mark()
    phone.send("calls")
    rows = phone.expect_event("calls", mark)["calls"]
    row = rows[0] if rows else {}
    live.expect_equal(f"{phone.name}: a call", (row.get("state"), row.get("direction"),
                                                row.get("held")), (state, direction, is_held))


def do_not_disturb_is_no_call(scene):
    """phone: do-not-disturb of a watched one is on the lamp, and not on the calls screen"""
    server = scene.server()
    bob = scene.phone(server, "202").ready()
    carol = scene.phone(server, "203", keys=["202"]).ready(1)
    bob.send("dial *78")
    carol.expect_event("lamp", lamp="steady", status="do-not-disturb")
    mark = carol.event_mark()
    carol.send("calls")
    live.expect_equal("calls", carol.expect_event("calls", mark)["calls"], [])


def who_answers_is_shown(scene):
    """phone: the other party is who has answered, after a forward and a pick-up"""
    server = scene.server(config=live.OFFICE)
    alice, bob, carol = (scene.phone(server, number).ready() for number in ("201", "202", "203"))
    alice.send("dial 202")
    bob.expect_event("ringing")
    bob.send("hangup")
    carol.expect_event("ringing")
    carol.send("answer")
    expect_party(alice, "Carol", 0)
    expect_party(carol, "Alice", 0)
    marks = [phone.event_mark() for phone in (alice, carol)]
    alice.send("hangup")
    carol.expect_event("ended", marks[1])
    mark = bob.event_mark()
    alice.send("dial 202")
    bob.expect_event("ringing", mark)
    carol.send("dial **202")
    expect_party(alice, "Carol", marks[0])
    expect_party(carol, "Alice", marks[1])


LISTED = live.CONFIG.replace('"203": {{name: Carol,', '"203": {{keys: ["202", "201"], name: Carol,')


def a_list_fills_the_keys(scene):
    """phone: keys come from a list, show who calls, and pick up as the make does"""
    server = scene.server(config=LISTED)
    alice, bob = (scene.phone(server, number).ready() for number in ("201", "202"))
    carol = scene.phone(server, "203", options=["--key", "1=list:keys-203", "--key", "2=speed:204",
                                                "--profile", "yealink"])
    for key, name in ((1, "Bob"), (3, "Alice")):
        live.expect_equal("name", carol.expect_event("lamp", key=key, lamp="off")["name"], name)
    alice.send("dial 202")
    carol.expect_lamp(1, "flash")
    carol.expect_lamp(3, "steady")
    carol.send("press 1")
    live.expect_equal("called", carol.expect_event("calling")["remote"].split("@")[0], "sip:201")
    expect_party(alice, "Carol", 0)
    bob.expect_event("ended", cause="elsewhere")
    carol.expect_lamp(1, "off")
    mark = carol.event_mark()
    carol.send("calls")
    rows = carol.expect_event("calls", mark)["calls"]
    live.expect_equal("rows", [(row.get("call"), row.get("key"), row["state"]) for row in rows],
                      [(1, None, "talking"), (None, 3, "confirmed")])
    server.expect_traced("INVITE sip:**202@", "User-Agent: Yealink ")


def a_make_that_does_not_fit_is_said(scene):
    """phone: an unknown make, and a key that its make would leave dark, are refused"""
    aor = "sip:203@127.0.0.1:1"
    for options, told in ((["--profile", "snoom"], "--profile should be generic, snom, yealink"),
                          (["--key", "1=blf:202,subscribe=no"], "subscribe=no needs a make"),
                          (["--key", "1=list:"], "--key lacks the one to watch or call"),
                          (["--key", "1=lst:202"], "--key should be as 1=blf:202, 1=list:keys-203"),
                          (["--key", "1=park:*851,talking=calls"], "behind the comma only"),
                          (["--key-transfer", "later"], "--key-transfer should be calls, attended"),
                          (["--transfer", "hold,go"], "--transfer should be some of hold, cancel"),
                          (["--lacks", "sound"], "--lacks should be refer, replaces"),
                          (["--pickup", "code"], "--pickup code needs a --pickup-code")):
        phone = start(scene, aor, *options)
        live.expect_equal(f"exit code of {options}", phone.end(), 2)
        phone.expect(re.escape(told))


def expect_party(phone, display, since):
    live.expect_equal(f"who {phone.name} sees", phone.expect_event("answered", since)["display"],
                      display)


live.main([a_wrong_password_is_said, a_missing_password_is_said, a_refused_connection_is_said,
           silence_is_said, a_registered_phone_ends_well, its_commands_explain_themselves,
           calls_tell_who_called, do_not_disturb_is_no_call, who_answers_is_shown,
           a_list_fills_the_keys, a_make_that_does_not_fit_is_said])
