# SPDX-License-Identifier: MIT
"""What `make demo` runs must go on to work: it is the first thing that a stranger tries."""

import os
import sys

import live


def the_demo_plays(scene):
    """demo: every step of the story happens, and the ladder is drawn"""
    demo = scene.run("demo", [sys.executable, os.path.join(live.ROOT, "tools", "demo")])
    live.expect_equal("the demo's exit code", demo.end(3 * live.DEADLINE_S), 0)
    for what in ("key 1 for Bob: flash", "INVITE .*Replaces", "CANCEL", "told of the transfer: 200",
                 "REFER 202", "NOTIFY .*sipfrag 200", "every step happened"):
        demo.expect(what)


live.main([the_demo_plays])
