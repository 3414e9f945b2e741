# SPDX-License-Identifier: MIT
"""What the live tests share: real processes on loopback, started, listened to with a deadline, and
ended for certain; free ports; a configuration; and TAP.

Nothing sleeps for a fixed time. Whatever is waited for has DEADLINE_S, generous because the server
is sanitized and the machine may be busy."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAMPYRID = os.environ.get("LAMPYRID") or os.path.join(ROOT, "build", "lampyrid")
DEADLINE_S = 60
SHOWN_LINES = 40

DOMAIN = "lampyrid.test"
PASSWORDS = {"201": "firefly-lamp-201", "202": "evening-glow-202", "203": "meadow-spark-203",
             "204": "summer-night-204"}
CONFIG = """\
domain: {domain}
listen: [{listen}]
ctl: off
extensions:
  "201": {{name: Alice, password: "firefly-lamp-201", groups: [sales]}}
  "202": {{name: Bob, password: "evening-glow-202", groups: [sales]}}
  "203": {{name: Carol, password: "meadow-spark-203", groups: [sales]}}
  "204": {{name: Dave, password: "summer-night-204"}}
"""

# Groups and forwards: Bob has one call at a time, and Carol is there for him; Dave has nobody, but
# for the time when his phone is off.
OFFICE = """\
domain: {domain}
listen: [{listen}]
ctl: off
groups:
  office: {{number: "600", ring: all}}
extensions:
  "201": {{name: Alice, password: "firefly-lamp-201", groups: [sales]}}
  "202":
    name: Bob
    password: "evening-glow-202"
    groups: [sales, office]
    max-calls: 1
    forward: {{busy: "203", no-answer: {{to: "203", after: 45}}}}
  "203": {{name: Carol, password: "meadow-spark-203", groups: [sales, office]}}
  "204": {{name: Dave, password: "summer-night-204", forward: {{unregistered: "203"}}}}
"""


class Failure(Exception):
    """What was expected did not come; the text says what, and what came in its place."""


class Process:
    """A program whose lines of output (both kinds, in the order they came) can be waited for."""

    def __init__(self, name, command, cwd=None):
        self.name = name
        self.lines = []
        self.is_ended = False
        self.changed = threading.Condition()
        try:
            self.popen = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                          text=True, errors="replace", bufsize=1)
        except OSError as error:
            raise Failure(f"{name}: cannot be started: {error}") from None
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            with self.changed:
                self.on_line(line.rstrip("\r\n"))
                self.changed.notify_all()
        with self.changed:
            self.is_ended = True
            self.changed.notify_all()

    def on_line(self, line):
        self.lines.append(line)

    def wait(self, what, condition, deadline_s=DEADLINE_S):
        """Until condition() is true, with the lock held; returns its value."""
        deadline = time.monotonic() + deadline_s
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0 or self.is_ended:
                    why = "it ended" if self.is_ended else f"not within {deadline_s} s"
                    raise Failure(f"{self.name}: {what}: {why}\n{self.tail()}")
                self.changed.wait(left)

    def expect(self, pattern, since=0, deadline_s=DEADLINE_S):
        """The match of the first line from number `since` on that has the pattern."""
        regex = re.compile(pattern)

        def find():
            return next((m for m in map(regex.search, self.lines[since:]) if m), None)
        return self.wait(f"a line with {pattern!r}", find, deadline_s)

    def mark(self):
        with self.changed:
            return len(self.lines)

    def tail(self):
        return "\n".join(f"    {self.name} | {line}" for line in self.lines[-SHOWN_LINES:])

    def send(self, line):
        try:
            self.popen.stdin.write(line + "\n")
            self.popen.stdin.flush()
        except OSError as error:
            raise Failure(f"{self.name}: takes no more input: {error}\n{self.tail()}") from None

    def raise_signal(self, signum):
        self.popen.send_signal(signum)

    def end(self, deadline_s=DEADLINE_S):
        """The exit status of a program that ends by itself or was told to."""
        try:
            status = self.popen.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: still runs after {deadline_s} s\n{self.tail()}") from None
        self.reader.join(deadline_s)
        return status

    def stop(self, signum=signal.SIGTERM):
        self.raise_signal(signum)
        return self.end()

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.reader.join(DEADLINE_S)
        with contextlib.suppress(OSError):
            self.popen.stdin.close()
        self.popen.stdout.close()


class Server(Process):
    """`lampyrid serve` on free ports; uris are what its greeting tells."""

    def __init__(self, scene, listen=("udp:127.0.0.1:0", "tcp:127.0.0.1:0"), config=CONFIG):
        self.scene = scene
        self.listen = ", ".join(f'"{address}"' for address in listen)
        self.config = scene.path("lampyrid.yaml")
        self.trace = scene.path("trace.txt")
        self.write_config(config)
        super().__init__("serve", [LAMPYRID, "serve", "-c", self.config, "--trace", self.trace])
        self.expect("event=start")
        self.addresses = [re.match(r" +(udp|tcp|tls):(\S+:\d+)", line) for line in self.lines]
        self.addresses = [match.groups() for match in self.addresses if match]

    def write_config(self, config):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(config.format(domain=DOMAIN, listen=self.listen))

    def address(self, transport="udp"):
        return next((a for name, a in self.addresses if name == transport), None)

    def port(self, transport="udp"):
        return int(self.address(transport).rsplit(":", 1)[1])

    def traced(self, *words):
        """The messages of the trace with all of the words, which `Sent to` may be one of."""
        with open(self.trace, encoding="utf-8", errors="replace") as file:
            messages = re.split(r"^(?=(?:Sent to|Received from) )", file.read(), flags=re.M)
        return [m for m in messages if all(word in m for word in words)]

    def expect_traced(self, *words):
        if not self.traced(*words):
            raise Failure(f"no message in the trace has all of {words}\n{self.tail()}")

    def media(self, number):
        """Of each call of this extension's phone that nobody has hung up: the sound (address, port,
        direction) in the last description that was sent to it, and in the last one received."""
        calls = {}
        register = self.traced("Received from", "\nREGISTER ", f"sip:{number}@")[-1]
        for message in self.traced(f" {register.split()[2]} "):
            call_id = re.search(r"^Call-ID: (.*)", message, flags=re.M)
            media = re.search(r"^c=IN IP4 (\S+)$.*^m=audio (\d+) ", message, flags=re.M | re.S)
            direction = re.search(r"^a=(sendonly|recvonly|inactive)$", message, flags=re.M)
            if call_id and re.search(r"^BYE ", message, flags=re.M):
                calls.pop(call_id.group(1), None)
            elif call_id and media:
                description = *media.groups(), direction.group(1) if direction else "sendrecv"
                both = calls.setdefault(call_id.group(1), [None, None])
                both[message.startswith("Received")] = description
        return calls.values()

    def expect_media(self, one, other):
        """Each of the two phones knows where the other one hears, and both talk."""
        def are_joined():
            return any(a == [b[1], b[0]] and all(m and m[2] == "sendrecv" for m in a)
                       for a in self.media(one) for b in self.media(other))
        poll(f"{one} and {other} hear each other", are_joined, self)

    def uri(self, number, transport="udp"):
        suffix = "" if transport == "udp" else f";transport={transport}"
        return f"sip:{number}@{self.address(transport)}{suffix}"


class Phone(Process):
    """`lampyrid phone --json`: its events, and what each of its keys' lamps shows."""

    def __init__(self, server, number, keys=(), transport="udp", options=()):
        self.number = number
        self.events = []
        self.lamps = {}
        aor = f"sip:{number}@{server.address(transport)}"
        command = [LAMPYRID, "phone", "--json", "--aor", aor, "--transport", transport,
                   "--password", PASSWORDS[number]]
        for index, watched in enumerate(keys, 1):
            command += ["--key", f"{index}=blf:{watched}"]
        super().__init__(f"phone {number}", command + list(options))

    def on_line(self, line):
        super().on_line(line)
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict) or "event" not in event:
            return
        self.events.append(event)
        if event["event"] == "lamp":
            self.lamps[event["key"]] = event["lamp"]
        self.on_event(event)

    def on_event(self, event):
        """For whoever wants to see them as they come."""

    def event_mark(self):
        with self.changed:
            return len(self.events)

    def expect_event(self, name, since=0, **wanted):
        def matches(event):
            return event["event"] == name and all(event.get(k) == v for k, v in wanted.items())

        def find():
            return next((e for e in self.events[since:] if matches(e)), None)
        return self.wait(f"the event {name} {wanted or ''}", find)

    def expect_lamp(self, key, lamp):
        self.wait(f"lamp {key} {lamp}, not {self.lamps.get(key)}",
                  lambda: self.lamps.get(key) == lamp)

    def ready(self, keys=0):
        """Registered, and every key knows what it watches."""
        self.expect_event("registered")
        for key in range(1, keys + 1):
            self.expect_lamp(key, "off")
        return self

    def quit(self):
        self.send("quit")
        expect_equal(f"{self.name}: exit code", self.end(), 0)


class Scene:
    """A folder of its own and processes that end with it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="lampyrid-live-")
        self.processes = []
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def folder_for(self, name):
        os.mkdir(self.path(name))
        return self.path(name)

    def add(self, process):
        self.processes.append(process)
        return process

    def server(self, **options):
        return self.add(Server(self, **options))

    def phone(self, server, number, **options):
        return self.add(Phone(server, number, **options))

    def run(self, name, command, **options):
        return self.add(Process(name, command, **options))


def make_certificate(scene, name, issuer=None, alt="IP:127.0.0.1", days=2):
    """name.pem and name.key in the scene's folder; without an issuer a root."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-subj", f"/CN={name}", "-days", str(days), "-keyout",
               scene.path(f"{name}.key"), "-out", scene.path(f"{name}.pem")]
    if issuer:
        command += ["-CA", scene.path(f"{issuer}.pem"), "-CAkey", scene.path(f"{issuer}.key"),
                    "-addext", f"subjectAltName={alt}",
                    "-addext", "basicConstraints=critical,CA:FALSE"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Failure(f"openssl: {result.stderr}")


def serve_tls(scene):
    """A server by UDP and TLS; who trusts root.pem trusts it."""
    make_certificate(scene, "root")
    make_certificate(scene, "server", issuer="root")
    return scene.server(config=CONFIG + "tls: {{certificate: server.pem, key: server.key}}\n",
                        listen=("udp:127.0.0.1:0", "tls:127.0.0.1:0"))


def free_port(kind=socket.SOCK_DGRAM):
    """For programs that must be told one. It is none of those that the kernel gives to whoever asks
    for any: until the program takes it, no other test can be given it by chance."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket(socket.AF_INET, kind) as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def poll(what, condition, process, deadline_s=DEADLINE_S):
    """For what tells nobody when it has changed: a file, the state of another program."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{process.name}: {what}: not within {deadline_s} s\n{process.tail()}")
        time.sleep(0.02)


def expect_equal(what, actual, expected):
    if actual != expected:
        raise Failure(f"{what}: {actual!r}, expected {expected!r}")


def main(tests):
    """Runs the functions; each gets a scene, its docstring is its name. Prints TAP."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    words = sys.argv[1:]
    tests = [t for t in tests if not words or any(w in t.__name__ for w in words)]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        name = " ".join(test.__doc__.split())
        try:
            with Scene() as scene:
                test(scene)
            print(f"ok {number} - {name}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            text = str(error) if isinstance(error, Failure) else traceback.format_exc()
            print(f"not ok {number} - {name}")
            print("\n".join(f"# {line}" for line in text.splitlines()))
    sys.exit(1 if failed else 0)
