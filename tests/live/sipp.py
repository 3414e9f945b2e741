# SPDX-License-Identifier: MIT
"""SIPp, with scenarios of our own (sipp/*.xml): each message is checked for being the expected one,
so a run that ends with exit code 0 says that all of them were."""

import csv
import glob
import os

import live

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp")


class Sipp:
    """SIPp on one port, whose scenarios run one after another."""

    def __init__(self, scene, server, number, transport="udp"):
        self.scene, self.server, self.number = scene, server, number
        self.transport = transport
        self.port = live.free_port()

    def start(self, scenario, service=None, options=()):
        """It counts into a file, SCENARIO-NUMBER.csv."""
        command = ["sipp", self.server.address(self.transport), "-nostdin", "-nd",
                   "-sf", os.path.join(FOLDER, scenario + ".xml"),
                   "-s", service or self.number, "-i", "127.0.0.1", "-p", str(self.port),
                   "-t", "t1" if self.transport == "tcp" else "u1",
                   "-au", self.number, "-ap", live.PASSWORDS[self.number],
                   "-timeout", f"{live.DEADLINE_S}s", "-timeout_error", "-trace_err",
                   "-error_file", self.scene.path(f"{scenario}-{self.number}.err"),
                   "-trace_stat", "-stf", self.counts_of(scenario), "-fd", "1"]
        if service:  # else the server itself is asked, and SIPp's own guess is right
            command += ["-auth_uri", f"{service}@{self.server.address(self.transport)}"]
        return self.scene.run(f"sipp {scenario}", command + list(options),
                              cwd=self.scene.folder)

    def start_answering(self, scenario, options=()):
        """The same of a scenario that waits to be called: its port is open."""
        process = self.start(scenario, options=options)
        live.poll("its port is open", lambda: self.is_bound() or process.is_ended, process)
        return process

    def is_bound(self):
        """As the kernel lists it: 127.0.0.1 and the port, in hexadecimal."""
        with open("/proc/net/udp", encoding="ascii") as file:
            return f" 0100007F:{self.port:04X} " in file.read()

    def counts_of(self, scenario):
        return self.scene.path(f"{scenario}-{self.number}.csv")

    def count(self, scenario, name):
        """What SIPp has counted in its last row."""
        with open(self.counts_of(scenario), encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return int(rows[-1][name])

    def finish(self, process):
        status = process.end(2 * live.DEADLINE_S)
        if status != 0:
            raise live.Failure(f"{process.name}: exit code {status}\n{process.tail()}\n"
                               + self.errors())

    def errors(self):
        texts = []
        for path in glob.glob(self.scene.path("*.err")):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(f"{os.path.basename(path)}:\n{file.read(4000)}")
        return "\n".join(texts)

    def run(self, scenario, service=None, options=()):
        self.finish(self.start(scenario, service, ["-m", "1", *options]))

    def injection(self, plans):
        """What call.xml needs beyond the options: who calls, with which password, and what for;
        the calls take the plans in turn."""
        path = self.scene.path("caller.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("SEQUENTIAL\n")
            for plan in plans:
                file.write(f"{self.number};[authentication username={self.number} "
                           f"password={live.PASSWORDS[self.number]}];{plan}\n")
        return ["-inf", path]
