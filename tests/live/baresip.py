# SPDX-License-Identifier: MIT
"""baresip, a softphone with real sound, headless, driven and watched through its control socket."""

import json
import re
import socket
import threading

import live

CONFIG = """\
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
module_app debug_cmd.so
ctrl_tcp_listen 127.0.0.1:{control}
audio_source ausine,440
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
ausrc_srate 48000
ausrc_channels 2
"""


class Baresip(live.Process):
    """Its events (CALL_INCOMING, CALL_ESTABLISHED, ...) and the answers to commands."""

    def __init__(self, scene, server, number, transport="udp", more=""):
        control = live.free_port(socket.SOCK_STREAM)
        folder = scene.folder_for(f"baresip-{number}")
        files = {"config": CONFIG.format(control=control) + more, "contacts": "",
                 "accounts": f"<{server.uri(number, transport)}>;regint=600"
                             f";auth_pass={live.PASSWORDS[number]}\n"}
        for name, text in files.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        self.events, self.answers, self.unread = [], [], b""
        self.server, self.transport = server, transport
        super().__init__(f"baresip {number}", ["baresip", "-f", folder])
        self.expect("baresip is ready")
        self.control = socket.create_connection(("127.0.0.1", control), live.DEADLINE_S)
        self.control.settimeout(None)
        threading.Thread(target=self.read_control, daemon=True).start()

    def read_control(self):
        while data := self.receive():
            self.unread += data
            while message := self.take_message():
                with self.changed:
                    (self.events if message.get("event") else self.answers).append(message)
                    self.changed.notify_all()

    def receive(self):
        try:
            return self.control.recv(65536)
        except OSError:
            return b""

    def take_message(self):
        """A netstring, `12:{"a": "b"...},`, or None until one is whole."""
        head, colon, rest = self.unread.partition(b":")
        if not colon or len(rest) <= int(head):
            return None
        self.unread = rest[int(head) + 1:]
        return json.loads(rest[:int(head)])

    def command(self, name, params=""):
        """Returns what baresip says to it."""
        with self.changed:
            count = len(self.answers)
        text = json.dumps({"command": name, "params": params, "token": "live"}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))
        self.wait(f"an answer to {name}", lambda: len(self.answers) > count)
        return self.answers[count].get("data", "")

    def mark(self):
        with self.changed:
            return len(self.events)

    def expect_event(self, kind, since=0):
        def find():
            return next((e for e in self.events[since:] if e["type"] == kind), None)
        return self.wait(f"the event {kind}", find)

    def registered(self):
        self.expect(r"200 OK \(lampyrid")
        return self

    def dial(self, number):
        self.command("dial", self.server.uri(number, self.transport))

    def sound(self, pattern):
        """The number in what the audio stream says of itself, 0 while it is not there."""
        match = re.search(pattern, self.command("audio_debug"))
        return int(match.group(1)) if match else 0

    def sent(self):
        return self.sound(r"TX: packets=(\d+)")

    def heard(self):
        return self.sound(r"rcvd=(\d+)")

    def direction(self):
        match = re.search(r"audio dir=(\w+)", self.command("audio_debug"))
        return match.group(1) if match else ""

    def poll(self, what, condition):
        live.poll(what, condition, self)

    def expect_sound(self):
        """Half a second of it in each direction, from now on."""
        sent, heard = self.sent(), self.heard()
        self.poll("sends sound", lambda: self.sent() >= sent + 25)
        self.poll("hears sound", lambda: self.heard() >= heard + 25)

    def expect_direction(self, direction):
        self.poll(f"sound is {direction}", lambda: self.direction() == direction)

    def quit(self):
        live.expect_equal(f"{self.name}: exit code", self.stop(), 0)
