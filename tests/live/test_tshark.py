# SPDX-License-Identifier: MIT
"""Wireshark's reader of SIP, SDP and XML finds nothing wrong with what server and phones send."""

import re
import struct

import live

LINKTYPE_RAW = 101  # packets begin with the IP header
HEAD = re.compile(rb"(Sent to|Received from) udp:127\.0\.0\.1:(\d+) (?:from|to) 127\.0\.0\.1:(\d+)"
                  rb" at \S+ \S+ \((\d+) bytes\):\n\n")


def records(trace):
    """(source port, destination port, message) of each record of a trace."""
    with open(trace, "rb") as file:
        text = file.read()
    at = 0
    while match := HEAD.search(text, at):
        peer, own, size = (int(number) for number in match.groups()[1:])
        ports = (own, peer) if match.group(1) == b"Sent to" else (peer, own)
        yield *ports, text[match.end():match.end() + size]
        at = match.end() + size


def packet(source, destination, message):
    """IPv4 (RFC 791) and UDP (RFC 768), without checksums."""
    udp = struct.pack(">4H", source, destination, 8 + len(message), 0) + message
    loopback = bytes([127, 0, 0, 1])
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + 2 * loopback + udp


def write_pcap(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 0xffff, LINKTYPE_RAW))
        for number, data in enumerate(packets):
            file.write(struct.pack("<4I", number, 0, len(data), len(data)) + data)


def tshark(scene, path, port, wanted):
    """A line for each packet that the filter wants."""
    process = scene.run("tshark", ["tshark", "-r", path, "-d", f"udp.port=={port},sip",
                                   "-d", "media_type==application/dialog-info+xml,xml",
                                   "-Y", wanted, "-T", "fields", "-e", "frame.number",
                                   "-e", "sip.Method", "-e", "_ws.expert.message",
                                   "-E", "header=y"])
    live.expect_equal("tshark's exit code", process.end(2 * live.DEADLINE_S), 0)
    start = next(i for i, line in enumerate(process.lines) if line.startswith("frame.number"))
    return process.lines[start + 1:]


def expect_well_formed(scene, server, methods):
    """Every message that the server sent or received is SIP, and none has a fault; of each method
    there is one."""
    found = list(records(server.trace))
    pcap = scene.path("trace.pcap")
    write_pcap(pcap, [packet(*record) for record in found])
    live.expect_equal("messages that are SIP", len(tshark(scene, pcap, server.port(), "sip")),
                      len(found))
    live.expect_equal("messages with a fault", tshark(
        scene, pcap, server.port(), "_ws.malformed || _ws.expert.severity >= 0x600000"), [])
    for method in methods:
        seen = tshark(scene, pcap, server.port(), f'sip.Method == "{method}"')
        live.expect_equal(f"a {method} is there", bool(seen), True)
    return pcap


def nothing_is_malformed(scene):
    """tshark: every message of a pick-up is SIP, and none is malformed"""
    server = scene.server()
    alice = scene.phone(server, "201", keys=["202"]).ready(1)
    bob = scene.phone(server, "202").ready()
    carol = scene.phone(server, "203", keys=["202"]).ready(1)
    alice.send("dial 202")
    bob.expect_event("ringing")
    carol.expect_lamp(1, "flash")
    carol.send("press 1")
    carol.expect_event("answered")
    carol.expect_lamp(1, "off")
    alice.send("hangup")
    carol.expect_event("ended")
    end(server, alice, bob, carol)
    expect_well_formed(scene, server, ("INVITE", "CANCEL", "NOTIFY", "BYE"))


def lists_are_read(scene):
    """tshark: a list's NOTIFYs are multipart/related with documents of lists and dialogs"""
    server = scene.server(config=live.CONFIG.replace("name: Bob", 'name: "Böb <&>"').replace(
        '"meadow-spark-203",', '"meadow-spark-203", keys: ["202", "204"],'))
    alice = scene.phone(server, "201").ready()
    bob = scene.phone(server, "202").ready()
    carol = scene.phone(server, "203", options=["--key", "1=list:keys-203"]).ready(2)
    alice.send("dial 202")
    bob.expect_event("ringing")
    carol.expect_lamp(1, "flash")
    alice.send("hangup")
    bob.expect_event("ended")
    carol.expect_lamp(1, "off")
    end(server, alice, bob, carol)
    pcap = expect_well_formed(scene, server, ("SUBSCRIBE", "NOTIFY"))
    for wanted in ('list.fullstate == "true" && list.resource.name contains "&lt;&amp;&gt;"',
                   'list.fullstate == "false" && list.resource.instance.cid',
                   'mime_multipart.header.content-id contains "rlmi"'):
        seen = tshark(scene, pcap, server.port(), wanted)
        live.expect_equal(f"a message with {wanted}", bool(seen), True)


def a_transfer_is_read(scene):
    """tshark: a transfer's REFER, NOTIFYs with sipfrag, and documents of who was transferred"""
    server = scene.server()
    alice = scene.phone(server, "201").ready()
    bob = scene.phone(server, "202").ready()
    carol = scene.phone(server, "203", keys=["201"]).ready(1)
    alice.send("dial 202")
    bob.expect_event("ringing")
    bob.send("answer")
    bob.expect_event("answered")
    carol.expect_lamp(1, "steady")
    bob.send("transfer 203")
    carol.expect_event("ringing")
    bob.expect_event("transfer", status=180)
    carol.send("answer")
    bob.expect_event("ended")
    live.poll("Carol is told by whom", lambda: server.traced(
        "Sent to", "NOTIFY", "<referred-by"), server)
    alice.send("hangup")
    carol.expect_event("ended")
    carol.expect_lamp(1, "off")
    end(server, alice, bob, carol)
    pcap = expect_well_formed(scene, server, ("REFER", "NOTIFY", "BYE"))
    for status in (100, 180, 200):
        wanted = f'sip.Event contains "refer" && sipfrag.line contains "SIP/2.0 {status} "'
        seen = tshark(scene, pcap, server.port(), wanted)
        live.expect_equal(f"a sipfrag of {status}", bool(seen), True)
    seen = tshark(scene, pcap, server.port(), 'xml.tag contains "<referred-by"')
    live.expect_equal("a document with referred-by", bool(seen), True)


def end(server, *phones):
    for phone in phones:
        phone.send("quit")
        phone.end()
    server.stop()


live.main([nothing_is_malformed, lists_are_read, a_transfer_is_read])
