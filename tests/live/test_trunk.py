# SPDX-License-Identifier: MIT
"""Two servers, of which one is the other's provider, found by a name server on loopback: SRV names
the provider's port, the trunk registers there, and calls go both ways."""

import contextlib
import re
import socket
import struct
import threading

import live

A, NAPTR, SRV = 1, 35, 33
HOST = "sip1.lampyrid.test"


class NameServer:
    """Answers SRV and A questions about one provider; remembers what it was asked."""

    def __init__(self, port):
        self.port = port
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.sock.getsockname())
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.sock.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, peer = self.sock.recvfrom(2048)
                self.sock.sendto(self.answer(question), peer)

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("ascii"))
            at += 1 + question[at]
        kind, = struct.unpack(">H", question[at + 1:at + 3])
        name = ".".join(labels)
        self.asked.append((kind, name))
        data = self.data(kind, name)
        record = b""
        if data:
            record = struct.pack(">HHHIH", 0xc00c, kind, 1, 60, len(data)) + data
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if data else 0, 0, 0)
        return head + question[12:at + 5] + record

    def data(self, kind, name):
        if (kind, name) == (SRV, f"_sip._udp.{live.DOMAIN}"):
            target = b"".join(bytes([len(l)]) + l.encode() for l in HOST.split(".")) + b"\0"
            return struct.pack(">HHH", 10, 0, self.port) + target
        if (kind, name) == (A, HOST):
            return socket.inet_aton("127.0.0.1")
        return None


TRUNK = """\
dns: "{dns}"
trunks:
  provider:
    uri: "sip:{domain}"
    username: "203"
    password: "meadow-spark-203"
    numbers: {{{{"203": "201"}}}}
    qualify: 5
routes:
  - {{{{match: "9*", trunk: provider, strip: 1}}}}
"""


@contextlib.contextmanager
def two_offices(scene):
    """Bob's phone at the provider, Alice's at ours, and the trunk registered."""
    with live.Scene() as far:
        provider = far.server()
        names = NameServer(provider.port())
        try:
            config = live.CONFIG + TRUNK.format(dns=names.address, domain=live.DOMAIN)
            office = scene.server(config=config)
            office.expect("event=trunk trunk=provider registration=up")
            office.expect("event=trunk trunk=provider state=up")
            bob = far.phone(provider, "202").ready()
            alice = scene.phone(office, "201").ready()
            yield provider, office, names, alice, bob
        finally:
            names.close()


def found_and_called(scene):
    """trunk: a provider is found by SRV, registered with, and called"""
    with two_offices(scene) as (_, office, names, alice, bob):
        alice.send("dial 9202")
        bob.expect_event("ringing")
        bob.send("answer")
        alice.expect_event("answered")
        bob.send("hangup")
        alice.expect_event("ended")
        live.expect_equal("asked", names.asked[:1], [(NAPTR, live.DOMAIN)])
        for name in {name for _, name in names.asked}:
            if not re.search(r"(^|\.)" + re.escape(live.DOMAIN) + "$", name):
                raise live.Failure(f"asked for {name}")
        live.expect_equal("serve's exit code", office.stop(), 0)


def called_from_outside(scene):
    """trunk: the provider calls our registered contact"""
    with two_offices(scene) as (_, _, _, alice, bob):
        bob.send("dial 203")
        alice.expect_event("ringing")
        alice.send("answer")
        bob.expect_event("answered")
        alice.send("hangup")
        bob.expect_event("ended")


def leaves_with_the_server(scene):
    """trunk: a server that ends is no longer registered with its provider"""
    with two_offices(scene) as (provider, office, _, _, _):
        since = provider.mark()
        live.expect_equal("serve's exit code", office.stop(), 0)
        provider.expect("event=register extension=203 contacts=0", since=since)


if __name__ == "__main__":
    live.main([found_and_called, called_from_outside, leaves_with_the_server])
