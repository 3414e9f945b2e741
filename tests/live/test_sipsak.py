# SPDX-License-Identifier: MIT
"""sipsak, a small tool that has nothing in common with us, asks whether we are there."""

import live


def options_is_answered(scene):
    """sipsak: OPTIONS is answered 200"""
    server = scene.server()
    sipsak = scene.run("sipsak", ["sipsak", "-vv", "-H", "127.0.0.1", "-s", server.uri("201")])
    live.expect_equal("sipsak's exit code", sipsak.end(), 0)
    sipsak.expect(r"SIP/2\.0 200 OK")
    live.expect_equal("serve's exit code", server.stop(), 0)


def options_over_tcp_is_answered(scene):
    """sipsak: OPTIONS is answered over TCP"""
    server = scene.server()
    sipsak = scene.run("sipsak", ["sipsak", "-vv", "-H", "127.0.0.1", "-E", "tcp",
                                  "-s", f"sip:201@{server.address('tcp')}"])
    live.expect_equal("sipsak's exit code", sipsak.end(), 0)
    sipsak.expect(r"SIP/2\.0 200 OK")


live.main([options_is_answered, options_over_tcp_is_answered])
