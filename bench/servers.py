# SPDX-License-Identifier: MIT
"""servers.py BUILD: what a call and a registration cost lampyrid in CPU and memory, beside Kamailio
as a stateful proxy, in one run on one machine. All on loopback, in a temporary folder.

CPU is that of all processes of a server (/proc/PID/task/*/schedstat, in ns), memory the sum of
their proportional set sizes, in which pages that they share count once. Both are taken before and
after the same messages. What is kept of a registration or a call is told by a second burst of them:
the first one has left the room of its transactions behind, so that what grows is what is kept."""

import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
USERS = 20000
COUNT = 3000  # calls, and registrations, of one measurement; told for 10,000
RUNG = 2000  # calls that ring
HELD = 5000  # calls of each of two bursts that are left talking
WINDOW = 50  # under way at a time
RATE = 2000  # calls per second, where they come one by one
ROUNDS = 3
SETTLE_S = 34  # until every transaction is gone: 64*T1, and a little
WORKERS = 2
START_S = 20

WHAT = {
    "registrations": ("10,000 digest registrations, each with its 401", "s"),
    "calls": (f"10,000 calls, {WINDOW} at a time", "s"),
    "paced": (f"10,000 calls, {RATE} per second", "s"),
    "registration": ("a registration", "bytes"),
    "ringing": ("a call that rings", "bytes"),
    "talking": ("a call that talks, its transactions gone", "bytes"),
}
TARGETS = {"registrations": 0.10, "calls": 0.40, "registration": 600, "talking": 4000}


class Failed(Exception):
    pass


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


class Server:
    """A server with its load generator, both processes of ours."""

    def __init__(self, name, command, folder, build, port):
        self.name = name
        self.folder = folder
        self.log = open(os.path.join(folder, "log"), "w+b")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, cwd=folder)
        self.load = None
        self.figures = {key: [] for key in WHAT}
        self.load_cpu = []
        self.build = build
        self.port = port

    def wait_ready(self):
        """It is there when it answers an OPTIONS, whatever it says."""
        ask = (f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;"
               "branch=z9hG4bKup;rport\r\nFrom: <sip:up@127.0.0.1>;tag=up\r\n"
               "To: <sip:127.0.0.1>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n"
               "Content-Length: 0\r\n\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.settimeout(0.2)
            for _ in range(START_S * 5):
                if self.process.poll() is not None:
                    break
                try:
                    s.sendto((ask % s.getsockname()[1]).encode(), ("127.0.0.1", self.port))
                    s.recv(65536)
                    break
                except (TimeoutError, ConnectionRefusedError):
                    time.sleep(0.1)
            else:
                raise Failed(f"{self.name} does not answer; its log: {self.tail()}")
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended; its log: {self.tail()}")
        self.load = subprocess.Popen([os.path.join(self.build, "bench", "load"),
                                      f"127.0.0.1:{self.port}", str(USERS)],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tail(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()[-600:].decode(errors="replace")

    def pids(self):
        found = [self.process.pid]
        for pid in found:
            found += children_of(pid)
        return found

    def cpu_s(self):
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        return total / 1e9

    def memory(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        return total * 1024

    def do(self, command):
        """One command of the generator; any failure in it is a failure of the run."""
        self.load.stdin.write(command + "\n")
        self.load.stdin.flush()
        line = self.load.stdout.readline()
        result = dict(word.split("=") for word in line.split()[1:])
        if result.get("failed") != "0":
            raise Failed(f"{self.name}: {command}: {line.strip() or 'the generator ended'}\n"
                         f"its log: {self.tail()}")
        return result

    def measure_cpu(self, key, command):
        before = self.cpu_s()
        result = self.do(command)
        used = self.cpu_s() - before
        self.figures[key].append(used / int(result["count"]) * 10000)
        self.load_cpu.append((float(result["cpu"]), used))

    @contextlib.contextmanager
    def growth(self, key, count):
        before = self.memory()
        yield
        self.figures[key].append((self.memory() - before) / count)

    def end(self):
        for process in (self.load, self.process):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.log.close()


def start_ours(build, folder):
    port = free_port()
    config = os.path.join(folder, "lampyrid.yaml")
    with open(config, "w", encoding="ascii") as f:
        f.write(f'domain: 127.0.0.1\nlisten: ["udp:127.0.0.1:{port}"]\nextensions:\n')
        for number in range(100000, 100000 + USERS):
            f.write(f'  "{number}": {{password: load-secret}}\n')
    command = [os.path.join(build, "lampyrid"), "serve", "-c", config, "--log",
               os.path.join(folder, "events")]
    return Server("lampyrid", command, folder, build, port)


def start_kamailio(build, folder, name, arguments):
    port = free_port()
    config = os.path.join(folder, "kamailio.cfg")
    with open(os.path.join(HERE, "kamailio.cfg"), encoding="ascii") as source:
        text = source.read().replace("PORT", str(port)).replace("WORKERS", str(WORKERS))
    with open(config, "w", encoding="ascii") as f:
        f.write(text)
    command = [shutil.which("kamailio"), "-DD", "-E", "-f", config, "-Y", folder, "-w", folder,
               "-m", "512", "-M", "8", *arguments]
    return Server(name, command, folder, build, port)


def measure_memory(servers):
    half = USERS // 2
    for server in servers:
        server.measure_cpu("registrations", f"register 0 {half} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        with server.growth("registration", half):
            server.measure_cpu("registrations", f"register {half} {half} {WINDOW}")
        with server.growth("ringing", RUNG):
            server.do(f"ring 0 {RUNG} {WINDOW}")
        server.do(f"answer 0 {RUNG} {WINDOW}")
        server.do(f"hangup 0 {RUNG} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        server.do(f"ring 0 {HELD} {WINDOW}")
        server.do(f"answer 0 {HELD} {WINDOW}")
    time.sleep(SETTLE_S)
    for server in servers:
        with server.growth("talking", HELD):
            server.do(f"ring {HELD} {HELD} {WINDOW}")
            server.do(f"answer {HELD} {HELD} {WINDOW}")
        server.do(f"hangup 0 {2 * HELD} {WINDOW}")


def measure(servers):
    for server in servers:
        server.wait_ready()
    measure_memory(servers)
    for _ in range(ROUNDS):
        for server in servers:
            server.measure_cpu("registrations", f"register 0 {COUNT} {WINDOW}")
            server.measure_cpu("calls", f"call 0 {COUNT} {WINDOW} 0")
            server.measure_cpu("paced", f"call 0 {COUNT} {WINDOW} {RATE}")


def figure(server, key):
    value = statistics.median(server.figures[key])
    return f"{value:.3f} s" if WHAT[key][1] == "s" else f"{max(value, 0):.0f}"


def print_table(servers):
    print(f"\n{'CPU of the server for':46}" + "".join(f"{s.name:>18}" for s in servers) +
          f"{'target':>10}")
    for key, (text, unit) in WHAT.items():
        if key == "registration":
            print("Bytes for")
        target = TARGETS.get(key)
        told = "" if target is None else f"{target:.2f} s" if unit == "s" else f"{target}"
        print(f"{text:46}" + "".join(f"{figure(s, key):>18}" for s in servers) + f"{told:>10}")
    for server in servers:
        load = sum(cpu for cpu, _ in server.load_cpu)
        used = sum(cpu for _, cpu in server.load_cpu)
        print(f"# load generator: {load:.2f} s of CPU while {server.name} used {used:.2f} s")


def main():
    build = os.path.abspath(sys.argv[1])
    servers = []
    with tempfile.TemporaryDirectory(prefix="lampyrid-bench-") as folder:
        def sub(name):
            path = os.path.join(folder, name)
            os.mkdir(path)
            return path

        try:
            servers.append(start_ours(build, sub("ours")))
            if shutil.which("kamailio"):
                servers.append(start_kamailio(build, sub("fm"), "kamailio -x fm", ["-x", "fm"]))
                servers.append(start_kamailio(build, sub("qm"), "kamailio", []))
            else:
                print("# no kamailio here (tools/setup bench): lampyrid is measured alone")
            measure(servers)
            print_table(servers)
        except Failed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            sys.exit(1)
        finally:
            for server in servers:
                server.end()


main()
