# SPDX-License-Identifier: MIT
"""Servers under load, each with its load generator: what servers.py and lamps.py have in common.
All on loopback, in a temporary folder.

CPU is that of all processes of a server (/proc/PID/task/*/schedstat, in ns), memory the sum of
their proportional set sizes, in which pages that they share count once. Both are taken before and
after the same messages."""

import collections
import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DBTEXT = "/usr/share/kamailio/dbtext/kamailio"
SETTLE_S = 34  # until every transaction is gone: 64*T1, and a little
WORKERS = 2
START_S = 20


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
    """A server with its load generators, all processes of ours."""

    def __init__(self, name, command, folder, build, port, users):
        self.name = name
        self.folder = folder
        self.log = open(os.path.join(folder, "log"), "w+b")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, cwd=folder)
        self.load = None
        self.watch = None
        self.figures = collections.defaultdict(list)
        self.load_cpu = []
        self.build = build
        self.port = port
        self.users = users

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
        self.load = self.start_generator("load", self.users)

    def start_generator(self, name, size):
        return subprocess.Popen([os.path.join(self.build, "bench", name),
                                 f"127.0.0.1:{self.port}", str(size)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start_watch(self, subscriptions):
        self.watch = self.start_generator("watch", subscriptions)

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

    def do(self, command, generator=None):
        """One command of a generator, load unless told; any failure in it fails the run."""
        generator = generator or self.load
        generator.stdin.write(command + "\n")
        generator.stdin.flush()
        line = generator.stdout.readline()
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
        for process in (self.load, self.watch, self.process):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.log.close()


def start_ours(build, folder, users):
    port = free_port()
    config = os.path.join(folder, "lampyrid.yaml")
    with open(config, "w", encoding="ascii") as f:
        f.write(f'domain: 127.0.0.1\nlisten: ["udp:127.0.0.1:{port}"]\n'
                'defaults: {pickup: all}\nextensions:\n')
        for number in range(100000, 100000 + users):
            f.write(f'  "{number}": {{password: load-secret}}\n')
    command = [os.path.join(build, "lampyrid"), "serve", "-c", config, "--log",
               os.path.join(folder, "events")]
    return Server("lampyrid", command, folder, build, port, users)


def start_kamailio(build, folder, source, name, arguments, users):
    """`source` is a configuration here. Its modules know no life without a database: an empty one
    of text files, which they are told not to use."""
    port = free_port()
    config = os.path.join(folder, "kamailio.cfg")
    database = os.path.join(folder, "db")
    with open(os.path.join(HERE, source), encoding="ascii") as f:
        text = f.read()
    for word, value in (("PORT", str(port)), ("WORKERS", str(WORKERS)), ("DATABASE", database)):
        text = text.replace(word, value)
    with open(config, "w", encoding="ascii") as f:
        f.write(text)
    shutil.copytree(DBTEXT, database)
    command = [shutil.which("kamailio"), "-DD", "-E", "-f", config, "-Y", folder, "-w", folder,
               "-m", "2048", "-M", "8", *arguments]
    return Server(name, command, folder, build, port, users)


def has_kamailio(module):
    return (shutil.which("kamailio") is not None and
            len(glob.glob(f"/usr/lib/*/kamailio/modules/{module}.so")) > 0)


def compare(source, module, users, measure):
    """Starts all servers, for measure(servers), and ends them; Kamailio with the configuration
    `source`, if it is here with this module."""
    build = os.path.abspath(sys.argv[1])
    servers = []
    with tempfile.TemporaryDirectory(prefix="lampyrid-bench-") as folder:
        def sub(name):
            path = os.path.join(folder, name)
            os.mkdir(path)
            return path

        try:
            servers.append(start_ours(build, sub("ours"), users))
            if has_kamailio(module):
                for name, arguments in (("kamailio -x fm", ["-x", "fm"]), ("kamailio", [])):
                    servers.append(start_kamailio(build, sub(name.replace(" ", "")), source, name,
                                                  arguments, users))
            else:
                print("# no kamailio here (tools/setup bench): lampyrid is measured alone")
            for server in servers:
                server.wait_ready()
            measure(servers)
        except Failed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            sys.exit(1)
        finally:
            for server in servers:
                server.end()


def print_table(servers, rows):
    """Rows of (text, [figure of each server], aim); a figure is text, a row without is a title."""
    print(f"\n{rows[0][0]:46}" + "".join(f"{s.name:>18}" for s in servers) + f"{'aim':>10}")
    for text, figures, aim in rows[1:]:
        print(f"{text:46}" + "".join(f"{figure:>18}" for figure in figures) + f"{aim:>10}")


def print_generators(servers):
    for server in servers:
        load = sum(cpu for cpu, _ in server.load_cpu)
        used = sum(cpu for _, cpu in server.load_cpu)
        print(f"# load generator: {load:.2f} s of CPU while {server.name} used {used:.2f} s")
