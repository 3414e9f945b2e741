# SPDX-License-Identifier: MIT
"""Beside a PBX that is there already: the calls are Kamailio's, which publishes them (RFC 3903),
and the lamps are ours."""

import live
from kamailio import Kamailio, Phone

CONFIG = """\
domain: {{domain}}
listen: [{{listen}}]
ctl: off
extensions:
  "201": {{{{name: Alice, password: "firefly-lamp-201", lamps: published}}}}
  "202": {{{{name: Bob, password: "evening-glow-202", lamps: published}}}}
  "203": {{{{name: Carol, password: "meadow-spark-203"}}}}
trunks:
  pbx: {{{{uri: "sip:127.0.0.1:{port}", publish: yes}}}}
"""


def office_beside(scene):
    """Our server, and Alice's and Bob's phones at Kamailio."""
    port = live.free_port()
    server = scene.server(config=CONFIG.format(port=port))
    pbx = scene.add(Kamailio(scene, ("DIALOGS", "BESIDE"), port=port,
                             publishes_to=server.port()))
    phones = [scene.add(Phone(pbx, number)) for number in ("201", "202")]
    for phone in phones:
        phone.expect_event("registered")
    return server, *phones


def lamps_follow_a_call_elsewhere(scene):
    """kamailio: what it publishes lights our lamps, and its end darkens them"""
    server, alice, bob = office_beside(scene)
    carol = scene.phone(server, "203", keys=["202", "201"]).ready(2)
    alice.send("dial 202")
    carol.expect_lamp(1, "steady")  # nobody can pick it up here
    carol.expect_lamp(2, "steady")
    bob.send("answer")
    bob.expect_event("answered")
    alice.send("hangup")
    carol.expect_lamp(1, "off")
    carol.expect_lamp(2, "off")
    for phone in (alice, bob, carol):
        phone.quit()
    # 412 is for the one of two that it sends at once which comes second.
    refused = [m for m in server.traced("Sent to", " PUBLISH")
               if not any(f"SIP/2.0 {status} " in m for status in ("200", "412"))]
    live.expect_equal("PUBLISHes refused", refused, [])


def a_call_that_is_not_answered(scene):
    """kamailio: a call that is given up leaves no lamp"""
    server, alice, bob = office_beside(scene)
    carol = scene.phone(server, "203", keys=["202", "201"]).ready(2)
    alice.send("dial 202")
    carol.expect_lamp(1, "steady")
    bob.expect_event("ringing")
    alice.send("hangup")
    carol.expect_lamp(1, "off")
    carol.expect_lamp(2, "off")
    for phone in (alice, bob, carol):
        phone.quit()


if __name__ == "__main__":
    live.main([lamps_follow_a_call_elsewhere, a_call_that_is_not_answered])
