# SPDX-License-Identifier: MIT
"""Kamailio with its presence modules, a notifier that is not ours. Users are 201 to 204 with the
password secret-NUMBER, whoever they are."""

import contextlib
import os
import re
import shutil
import socket
import subprocess

import live

DBTEXT = "/usr/share/kamailio/dbtext/kamailio"
CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kamailio.cfg")
SERVICES = """\
<?xml version="1.0"?><rls-services xmlns="urn:ietf:params:xml:ns:rls-services">\
<service uri="sip:{name}@{host}"><list>{entries}</list><packages><package>dialog</package>\
</packages></service></rls-services>"""
DOMAIN = "127.0.0.1"  # to rls and presence a port is no part of a URI
RLS_SERVICE = 8  # doc_type in the table xcap


class Kamailio(live.Process):
    """With `defines` of kamailio.cfg: DIALOGS, LISTS. `lists` are {(owner, name): numbers}. BESIDE:
    its dialogs are the business of lampyrid at the port `publishes_to`."""

    def __init__(self, scene, defines=("DIALOGS",), lists=None, port=None, publishes_to=None):
        self.port = port or live.free_port()
        folder = scene.folder_for("kamailio")
        database = os.path.join(folder, "db")
        shutil.copytree(DBTEXT, database)
        for number, ((owner, name), numbers) in enumerate((lists or {}).items(), 1):
            self.add_list(database, number, owner, name, numbers)
        with open(CONFIG, encoding="ascii") as file:
            text = file.read()
        for mark, value in (("PORT", self.port), ("DATABASE", database),
                            ("PUBLISHES_TO", publishes_to or self.port)):
            text = text.replace(mark, str(value))
        config = os.path.join(folder, "kamailio.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write(text)
        command = [shutil.which("kamailio") or "kamailio", "-DD", "-E", "-f", config, "-Y", folder,
                   "-w", folder, "-m", "64", "-M", "4"]
        for define in defines:
            command += ["-A", define]
        super().__init__("kamailio", command)
        live.poll("answers OPTIONS", self.answers, self)

    def kill(self):
        """Its workers end with it when it is asked to end, not when it is killed."""
        if self.popen.poll() is None:
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(live.DEADLINE_S)
        super().kill()

    def address(self, transport="udp"):
        """As live.Phone asks for it."""
        del transport
        return f"127.0.0.1:{self.port}"

    def uri(self, user):
        return f"sip:{user}@{self.address()}"

    def add_list(self, database, number, owner, name, numbers):
        entries = "".join(f'<entry uri="sip:{n}@{DOMAIN}"/>' for n in numbers)
        document = SERVICES.format(name=name, host=self.address(), entries=entries)
        row = [str(number), owner, DOMAIN, document.replace(":", "\\:"), str(RLS_SERVICE),
               "*", "0", "index", "0"]
        with open(os.path.join(database, "xcap"), "a", encoding="ascii") as file:
            file.write(":".join(row) + "\n")

    def request(self, text, body=""):
        """What is answered to a request, or None."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(0.5)
            via = f"127.0.0.1:{sock.getsockname()[1]};branch=z9hG4bK{os.urandom(8).hex()}"
            head = (f"{text}\nVia: SIP/2.0/UDP {via}\nCall-ID: {os.urandom(8).hex()}\n"
                    f"Max-Forwards: 70\nContent-Length: {len(body)}\n\n").replace("\n", "\r\n")
            try:
                sock.sendto((head + body).encode(), ("127.0.0.1", self.port))
                return sock.recv(65536).decode()
            except OSError:
                return None

    def answers(self):
        return self.request(f"OPTIONS {self.uri('x')} SIP/2.0\nFrom: <sip:x@x>;tag=1\n"
                            f"To: <{self.uri('x')}>\nCSeq: 1 OPTIONS") is not None

    def publish(self, user, body, etag=None):
        """Presence of somebody, for a minute, in the place of that with the tag (RFC 3903); the tag
        of what is there now."""
        match = f"SIP-If-Match: {etag}\n" if etag else ""
        answer = self.request(f"PUBLISH {self.uri(user)} SIP/2.0\nFrom: <{self.uri(user)}>;tag=1\n"
                              f"To: <{self.uri(user)}>\nCSeq: 1 PUBLISH\nEvent: presence\n{match}"
                              f"Expires: 60\nContent-Type: application/pidf+xml", body) or "none"
        tag = re.search(r"^SIP-ETag: (\S+)", answer, re.M)
        if not tag:
            raise live.Failure(f"PUBLISH: {answer}")
        return tag.group(1)


class Phone(live.Phone):
    """Ours, at Kamailio."""

    def __init__(self, server, number, keys=(), options=()):
        live.PASSWORDS = {**live.PASSWORDS, number: f"secret-{number}"}
        super().__init__(server, number, keys, options=options)
