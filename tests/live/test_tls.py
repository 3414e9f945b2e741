# SPDX-License-Identifier: MIT
"""TLS with real processes: phones call by it, certificates are renewed under them, strangers are
told nothing. The certificates are made for each test."""

import contextlib
import os
import signal
import socket
import ssl
import threading

import live

def phone(scene, server, number, **options):
    return scene.phone(server, number, transport="tls",
                       options=["--tls-ca", scene.path("root.pem")], **options)


def trace_of(scene):
    with open(scene.path("trace.txt"), encoding="utf-8") as file:
        return file.read()


def connect(scene, server, root="root", **options):
    """A plain TLS client, and the serial number of the certificate that it was shown."""
    context = ssl.create_default_context(cafile=scene.path(f"{root}.pem"))
    for name, value in options.items():
        setattr(context, name, value)
    sock = socket.create_connection(("127.0.0.1", server.port("tls")), live.DEADLINE_S)
    client = context.wrap_socket(sock, server_hostname="127.0.0.1")
    return client, client.getpeercert()["serialNumber"]


def talk(caller, called):
    """From dialing to hanging up."""
    since, since_called = caller.event_mark(), called.event_mark()
    caller.send(f"dial {called.number}")
    called.expect_event("ringing", since_called)
    called.send("answer")
    caller.expect_event("answered", since)
    caller.send("hangup")
    called.expect_event("ended", since_called)


class Wire:
    """Between a phone and the server: carries bytes until it is cut, and whatever comes anew."""

    def __init__(self, server):
        self.server = ("127.0.0.1", server.port("tls"))
        self.socks = []
        self.lock = threading.Lock()  # the phone may come back while it is cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.server, live.DEADLINE_S)
            except OSError:
                return
            with self.lock:
                self.socks += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def carry(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def cut(self):
        with self.lock:
            socks, self.socks = self.socks, []
        for sock in socks:
            with contextlib.suppress(OSError):  # the other end was quicker
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def close(self):
        self.listener.close()
        self.cut()


def a_call_outlives_its_connection(scene):
    """TLS: a call goes on when its connection is cut; the phone comes back, and hears the BYE"""
    server = live.serve_tls(scene)
    alice = scene.phone(server, "201").ready()
    wire = Wire(server)
    bob = scene.phone(server, "202", transport="tls",
                      options=["--tls-ca", scene.path("root.pem"), "--server", wire.address])
    bob.ready()
    since = alice.event_mark()
    alice.send("dial 202")
    bob.expect_event("ringing")
    bob.send("answer")
    alice.expect_event("answered", since)
    for _ in range(2):
        mark = server.mark()
        wire.cut()
        server.expect("event=unreachable extension=202", since=mark)
        server.expect("event=register extension=202", since=mark)
    alice.send("hangup")
    bob.expect_event("ended", cause="remote")
    wire.close()


def phones_call_by_tls(scene):
    """TLS: phones register, call and watch each other by it; trace and headers say so"""
    server = live.serve_tls(scene)
    alice = phone(scene, server, "201", keys=["202"]).ready(keys=1)
    bob = phone(scene, server, "202").ready()
    talk(alice, bob)
    talk(bob, alice)
    alice.expect_lamp(1, "off")
    text = trace_of(scene)
    for piece in ("Received from tls:127.0.0.1:", "Sent to tls:127.0.0.1:", "Via: SIP/2.0/TLS ",
                  f"Contact: <sip:202@{server.address('tls')};transport=tls>"):
        if piece not in text:
            raise live.Failure(f"the trace lacks {piece!r}")
    carol = scene.phone(server, "203").ready()
    talk(alice, carol)
    talk(carol, bob)


def a_phone_trusts_no_stranger(scene):
    """TLS: a phone refuses a server that its roots do not know, or that is for another name"""
    server = live.serve_tls(scene)
    unknown = scene.phone(server, "201", transport="tls")
    unknown.expect("no TLS with the server: cause=\"unable to get local issuer certificate\"")
    unknown.expect_event("unregistered")
    live.make_certificate(scene, "server", issuer="root", alt="DNS:pbx.example.com")
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=certificate state=expires-soon", since=mark)
    other = phone(scene, server, "202")
    other.expect("no TLS with the server: cause=\"hostname mismatch\"")
    named = scene.run("named", [
        live.LAMPYRID, "phone", "--aor", "sip:203@pbx.example.com;transport=tls", "--server",
        server.address("tls"), "--tls-ca", scene.path("root.pem"), "--password",
        live.PASSWORDS["203"]])
    named.expect("registered")


def certificates_are_renewed_by_sighup(scene):
    """TLS: SIGHUP renews the certificate; connections and calls go on, a bad one is refused"""
    server = live.serve_tls(scene)
    alice = phone(scene, server, "201").ready()
    bob = phone(scene, server, "202").ready()
    client, first = connect(scene, server)
    since = bob.event_mark()
    alice.send("dial 202")
    bob.expect_event("ringing", since)
    live.make_certificate(scene, "server", issuer="root")
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=taken", since=mark)
    renewed, second = connect(scene, server)
    if first == second:
        raise live.Failure("the old certificate is shown after the reload")
    bob.send("answer")
    alice.expect_event("answered")
    live.make_certificate(scene, "other")
    os.replace(scene.path("other.key"), scene.path("server.key"))
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("tls.key: the key is not that of the certificate", since=mark)
    third, serial = connect(scene, server)
    live.expect_equal("the serial number after a bad file", serial, second)
    alice.send("hangup")
    bob.expect_event("ended", since)
    for sock in (client, renewed, third):
        sock.close()
    if any("connection-closed" in line for line in server.lines[:mark]):
        raise live.Failure("a connection was lost by the reload")


def old_protocols_are_refused(scene):
    """TLS: 1.2 and 1.3 are spoken, nothing older"""
    server = live.serve_tls(scene)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client, _ = connect(scene, server, minimum_version=version, maximum_version=version)
        client.close()
    try:
        connect(scene, server, minimum_version=ssl.TLSVersion.TLSv1,
                maximum_version=ssl.TLSVersion.TLSv1_1)
    except (ssl.SSLError, OSError):
        return
    raise live.Failure("TLS 1.1 was spoken")


def check_looks_into_the_certificates(scene):
    """serve --check: certificates are checked, and a listener by TLS must have one"""
    live.make_certificate(scene, "root")
    live.make_certificate(scene, "server", issuer="root")
    live.make_certificate(scene, "other")
    config = scene.path("lampyrid.yaml")

    def check(section, *options):
        with open(config, "w", encoding="utf-8") as file:
            file.write(live.CONFIG.format(domain=live.DOMAIN, listen='"tls:127.0.0.1:0"') + section)
        process = scene.run("check", [live.LAMPYRID, "serve", "-c", config, *options])
        return process.end(), "\n".join(process.lines)
    live.expect_equal("a good one", check("tls: {certificate: server.pem, key: server.key}\n",
                                          "--check"), (0, ""))
    status, text = check("tls: {certificate: server.pem, key: other.key}\n", "--check")
    live.expect_equal("another's key", status, 1)
    if ":37: tls.key: the key is not that of the certificate" not in text:
        raise live.Failure(text)
    status, text = check("", "--check")
    if status != 1 or "tls needs a certificate" not in text:
        raise live.Failure(text)
    with open(config, "w", encoding="utf-8") as file:
        file.write(live.CONFIG.format(domain=live.DOMAIN, listen='"udp:127.0.0.1:0"'))
    process = scene.run("listen", [live.LAMPYRID, "serve", "-c", config, "--listen",
                                   "tls:127.0.0.1:0"])
    live.expect_equal("a listener by option", process.end(), 1)
    process.expect("it needs a certificate; add tls:")


def roots_alone_are_for_calling_others(scene):
    """TLS: a section with ca alone needs no listener, and no certificate"""
    live.make_certificate(scene, "root")
    server = scene.server(config=live.CONFIG + "tls: {{ca: root.pem}}\n")
    scene.phone(server, "201").ready()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=taken")
    live.expect_equal("serve's exit code", server.stop(), 0)


def a_stranger_holds_nobody_up(scene):
    """TLS: garbage and half handshakes cost the others nothing"""
    server = live.serve_tls(scene)
    alice = phone(scene, server, "201").ready()
    socks = []
    for index in range(200):
        sock = socket.create_connection(("127.0.0.1", server.port("tls")), live.DEADLINE_S)
        sock.sendall([b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b""][index % 3])
        socks.append(sock)
    bob = phone(scene, server, "202")
    bob.ready()
    talk(alice, bob)
    for sock in socks:
        sock.close()


live.main([phones_call_by_tls, a_phone_trusts_no_stranger, certificates_are_renewed_by_sighup,
           old_protocols_are_refused, check_looks_into_the_certificates,
           roots_alone_are_for_calling_others, a_stranger_holds_nobody_up,
           a_call_outlives_its_connection])
