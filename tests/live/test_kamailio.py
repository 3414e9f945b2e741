# SPDX-License-Identifier: MIT
"""Kamailio's presence modules as a notifier that is not ours: what our phone's lamps make of its
documents, its lists and its presence."""

import live
from kamailio import DOMAIN, Kamailio, Phone

PRESENCE = """\
<?xml version="1.0"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="{uri}">
<tuple id="phone"><status><basic>open</basic></status></tuple>
<dm:person id="bob">{activities}<dm:note>{note}</dm:note></dm:person>
</presence>
"""
ON_THE_PHONE = "<rpid:activities><rpid:on-the-phone/></rpid:activities>"


def phone_at(scene, server, number, **options):
    phone = scene.add(Phone(server, number, **options))
    phone.expect_event("registered")
    return phone


def screen(phone, key):
    """Who calls whom at the key, as it sees it."""
    mark = phone.event_mark()
    phone.send("calls")
    rows = phone.expect_event("calls", mark)["calls"]
    return sorted((row["state"], row["direction"], row["held"], row["remote"].split("@")[0])
                  for row in rows if row.get("key") == key)


def lamps_follow_a_call(scene):
    """kamailio: a lamp flashes while it rings, is steady while they talk, and goes off"""
    server = scene.add(Kamailio(scene))
    alice, bob = (phone_at(scene, server, number) for number in ("201", "202"))
    carol = phone_at(scene, server, "203", keys=["202", "201"]).ready(2)
    alice.send("dial 202")
    carol.expect_lamp(1, "flash")
    carol.expect_lamp(2, "steady")
    live.expect_equal("who calls Bob", screen(carol, 1), [("early", "in", False, "sip:201")])
    bob.send("answer")
    carol.expect_event("lamp", key=1, lamp="steady", state="confirmed")
    alice.send("hangup")
    carol.expect_lamp(1, "off")
    carol.expect_lamp(2, "off")
    for phone in (alice, bob, carol):
        phone.quit()
    live.expect_equal("errors", [e for e in carol.events if e["event"] == "error"], [])


def two_calls_are_two_rows(scene):
    """kamailio: of two calls the one that rings decides on the lamp, and both are on the screen"""
    server = scene.add(Kamailio(scene))
    alice, bob, dave = (phone_at(scene, server, number) for number in ("201", "202", "204"))
    carol = phone_at(scene, server, "203", keys=["202"]).ready(1)
    alice.send("dial 202")
    carol.expect_lamp(1, "flash")  # Kamailio's PUBLISHs may overtake each other
    bob.send("answer")
    carol.expect_event("lamp", key=1, lamp="steady", state="confirmed")
    mark = carol.event_mark()
    dave.send("dial 202")
    carol.expect_event("lamp", mark, key=1, lamp="flash")
    live.expect_equal("Bob's calls", screen(carol, 1),
                      [("confirmed", "in", False, "sip:201"), ("early", "in", False, "sip:204")])
    mark = carol.event_mark()
    dave.send("hangup")
    carol.expect_event("lamp", mark, key=1, lamp="steady", state="confirmed")
    alice.send("hangup")
    carol.expect_lamp(1, "off")
    for phone in (alice, bob, dave, carol):
        phone.quit()


def a_list_fills_the_keys(scene):
    """kamailio: a list (rls, RFC 4662) fills keys, and their lamps follow a call"""
    lists = {("203", "keys-203"): ["202", "201"]}
    server = scene.add(Kamailio(scene, ("DIALOGS", "LISTS"), lists))
    alice, bob = (phone_at(scene, server, number) for number in ("201", "202"))
    carol = phone_at(scene, server, "203", options=["--key", "1=list:keys-203"]).ready(2)
    entity = {event["key"]: event["entity"] for event in carol.events if event["event"] == "lamp"}
    live.expect_equal("keys", entity, {1: f"sip:202@{DOMAIN}", 2: f"sip:201@{DOMAIN}"})
    alice.send("dial 202")
    carol.expect_lamp(1, "flash")
    carol.expect_lamp(2, "steady")
    bob.send("answer")
    carol.expect_event("lamp", key=1, lamp="steady", state="confirmed")
    bob.send("hangup")
    carol.expect_lamp(1, "off")
    carol.expect_lamp(2, "off")
    for phone in (alice, bob, carol):
        phone.quit()


def presence_is_the_second_choice(scene):
    """kamailio: where no dialogs are known (489) the lamp follows presence"""
    server = scene.add(Kamailio(scene, defines=()))
    carol = phone_at(scene, server, "203", keys=["202"], options=["--pickup-code", "*8"]).ready(1)
    etag = None
    for activities, note, lamp in (("", "Ringing", "flash"), (ON_THE_PHONE, "Busy", "steady"),
                                   ("", "Here", "off")):
        mark = carol.event_mark()
        etag = server.publish("202", PRESENCE.format(uri=server.uri("202"), note=note,
                                                     activities=activities), etag)
        carol.expect_event("lamp", mark, key=1, lamp=lamp)
    carol.quit()


if __name__ == "__main__":
    live.main([lamps_follow_a_call, two_calls_are_two_rows, a_list_fills_the_keys,
               presence_is_the_second_choice])
