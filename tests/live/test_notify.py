# SPDX-License-Identifier: MIT
"""Lamps without a subscription (notify:), and rights that change while they burn: a server, a phone
of a make that listens, and one of a make that does not."""

import signal

import live

CONFIG = """\
domain: {domain}
listen: [{listen}]
ctl: off
extensions:
  "201": {{name: Alice, password: "firefly-lamp-201", groups: [sales]}}
  "202": {{name: Bob, password: "evening-glow-202", groups: [sales], notify: ["203"],
         visibility: SHOWN}}
  "203": {{name: Carol, password: "meadow-spark-203", groups: [sales]}}
"""


def config(shown="numbers"):
    return CONFIG.replace("SHOWN", shown)


def office(scene, make):
    server = scene.server(config=config())
    listener = scene.phone(server, "203", options=["--profile", make, "--key",
                                                   "1=blf:202,subscribe=no"])
    listener.expect_event("registered")
    called = scene.phone(server, "202").ready()
    caller = scene.phone(server, "201").ready()
    return server, caller, called, listener


def a_lamp_lights_without_a_subscription(scene):
    """notify: a phone that does not subscribe sees a call come and go"""
    _, caller, called, listener = office(scene, "snom")
    caller.send("dial 202")
    listener.expect_lamp(1, "flash")
    called.send("answer")
    listener.expect_lamp(1, "steady")
    caller.send("hangup")
    listener.expect_lamp(1, "off")


def its_key_picks_up(scene):
    """notify: what a phone is told is enough to take the call"""
    _, caller, _, listener = office(scene, "snom")
    caller.send("dial 202")
    listener.expect_lamp(1, "flash")
    listener.send("press 1")
    listener.expect_event("answered")
    caller.expect_event("answered")
    listener.expect_lamp(1, "off")


def a_reload_changes_what_is_seen(scene):
    """notify, visibility: SIGHUP takes a right away from a lamp that burns, and gives it back"""
    server, caller, called, listener = office(scene, "snom")
    caller.send("dial 202")
    listener.expect_lamp(1, "flash")
    for shown, lamp in (('{{default: numbers, users: {{"203": busy}}}}', "steady"),
                        ("{{default: numbers, groups: {{sales: calls}}}}", "flash")):
        server.write_config(config(shown))
        mark = server.mark()
        server.raise_signal(signal.SIGHUP)
        server.expect("event=reload .*result=taken", mark)
        listener.expect_lamp(1, lamp)
    called.send("answer")
    listener.expect_lamp(1, "steady")


def a_phone_that_refuses_is_named(scene):
    """notify: a phone that does not take it is asked once, and the log says so"""
    server = scene.server(config=config())
    scene.phone(server, "203").ready()
    server.expect("event=unasked state=refused watcher=203 watched=202 status=481")


live.main([a_lamp_lights_without_a_subscription, its_key_picks_up, a_reload_changes_what_is_seen,
           a_phone_that_refuses_is_named])
