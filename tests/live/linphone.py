# SPDX-License-Identifier: MIT
"""linphone-daemon, on free ports, driven by its commands and watched by its events; and linphonec,
which has a list of friends. They have neither sound nor pictures here, only what they say about
them."""

import os
import re
import socket

import live

CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
root_ca={root_ca}
use_ipv6=0
guess_hostname=0
keepalive_period=0
{sip}
[rtp]
nortp_timeout=3600
audio_rtp_port=-1
video_rtp_port=-1
[video]
capture=0
display=0
"""


class Linphone(live.Process):
    """One account; `sip` are more lines of its [sip] section. Calls have numbers, from 1 on."""

    def __init__(self, scene, server, number, transport="udp", sip=""):
        home = scene.folder_for(f"linphone-{number}")
        os.makedirs(f"{home}/.local/share/linphone")  # without it there is no database, and no call
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        ports = {"udp": 0, "tcp": 0, "tls": 0, transport: live.free_port(kind)}
        with open(f"{home}/linphonerc", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(sip=sip, root_ca=scene.path("root.pem"), **ports))
        self.number, self.server, self.transport = number, server, transport
        self.event = self.remote = ""
        self.events = []  # (state, call)
        self.remotes = {}  # of each call: "Alice" <sip:201@...>
        self.port = ports[transport]
        super().__init__(f"linphone {number}",
                         ["env", f"HOME={home}", "LC_ALL=C", "linphone-daemon",
                          "--disable-stats-events", "--config", f"{home}/linphonerc"])

    def on_line(self, line):
        """An event is told as `Event: LinphoneCallX`, who it is, and `Id: N`."""
        super().on_line(line)
        if match := re.fullmatch(r"Event: LinphoneCall(\w+)", line):
            self.event = match.group(1)
        elif self.event and line.startswith("From: "):
            self.remote = line.removeprefix("From: ")
        elif self.event and (match := re.fullmatch(r"Id: (\d+)", line)):
            call = int(match.group(1))
            self.remotes[call] = self.remote
            self.events.append((self.event, call))
            self.event = ""

    def command(self, line):
        """Waits for its success."""
        mark = super().mark()
        self.send(line)
        status = self.expect(r"^Status: (\w+)", mark).group(1)
        live.expect_equal(f"{self.name}: {line}", status, "Ok")

    def mark(self):
        with self.changed:
            return len(self.events)

    def expect_event(self, state, since=0):
        """The number of the call that comes to this state."""
        def find():
            return next((call for seen, call in self.events[since:] if seen == state), None)
        return self.wait(f"the event {state}", find)

    def registered(self):
        transport = "" if self.transport == "udp" else f";transport={self.transport}"
        self.command(f"register {self.server.uri(self.number, self.transport)}"
                     f" sip:{self.server.address(self.transport)}{transport}"
                     f" {live.PASSWORDS[self.number]} {self.number}")
        self.server.expect(f"event=register extension={self.number} contacts=1")
        return self

    def dial(self, number):
        self.command(f"call {self.server.uri(number, self.transport)}")

    def quit(self):
        """Unregisters and ends."""
        self.command("unregister ALL")
        self.server.expect(f"event=register extension={self.number} contacts=0")
        self.send("quit")
        live.expect_equal(f"{self.name}: exit code", self.end(), 0)


class LinphoneConsole(live.Process):
    """linphonec: a person's console, which subscribes to the presence of friends and says what they
    do. It reads a line at a time and forgets what comes before its prompt."""

    def __init__(self, scene, server, number):
        home = scene.folder_for(f"linphonec-{number}")
        os.makedirs(f"{home}/.local/share/linphone")
        with open(f"{home}/linphonerc", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(sip="", root_ca="", udp=live.free_port(), tcp=0, tls=0))
        self.number, self.server = number, server
        super().__init__(f"linphonec {number}",
                         ["env", f"HOME={home}", "LC_ALL=C", "linphonec", "-c",
                          f"{home}/linphonerc"])

    def registered(self):
        self.expect("video is disabled")
        self.send(f"register {self.server.uri(self.number)} sip:{self.server.address()}"
                  f" {live.PASSWORDS[self.number]}")
        self.server.expect(f"event=register extension={self.number} contacts=1")
        return self

    def befriend(self, name, number):
        self.send(f"friend add {name} {self.server.uri(number)}")

    def expect_friend(self, name, status, since=0):
        self.expect(f'Friend "{name}" .* is {status}', since)

    def quit(self):
        self.send("quit")
        live.expect_equal(f"{self.name}: exit code", self.end(), 0)
