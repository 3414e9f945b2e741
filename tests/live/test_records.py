# SPDX-License-Identifier: MIT
"""Call records of a living server: a line for each call, in a file that may be moved away, on
standard output, and where nothing can be written."""

import json
import os
import re
import signal
import stat

import live

CONFIG = live.CONFIG.replace("ctl: off\n", "ctl: off\nrecords: RECORDS\n")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def start(scene, records=None):
    path = records or scene.path("calls.jsonl")
    server = scene.server(config=CONFIG.replace("RECORDS", json.dumps(path)))
    server.records = path
    return server


def phones(scene, server):
    called = scene.phone(server, "202").ready()
    return scene.phone(server, "201").ready(), called


def talk(caller, called):
    since = caller.event_mark()
    since_called = called.event_mark()
    caller.send("dial 202")
    called.expect_event("ringing", since_called)
    called.send("answer")
    caller.expect_event("answered", since)


def call(caller, called):
    since = caller.event_mark()
    talk(caller, called)
    called.send("hangup")
    caller.expect_event("ended", since)


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def expect_records(server, path, count):
    live.poll(f"{count} records", lambda: len(read(path)) == count, server)
    return read(path)


def a_call_is_a_line(scene):
    """records: a call is a line of JSON, in a file for its owner only"""
    server = start(scene)
    call(*phones(scene, server))
    record = expect_records(server, server.records, 1)[0]
    live.expect_equal("mode", stat.S_IMODE(os.lstat(server.records).st_mode), 0o600)
    live.expect_equal("parties", [record[name] for name in ("from", "to", "with")],
                      [{"number": "201", "name": "Alice"}, {"number": "202", "name": "Bob"},
                       {"number": "202", "name": "Bob"}])
    live.expect_equal("end", (record["cause"], record["by"]["number"]), ("hangup", "202"))
    live.expect_equal("legs", [(leg["number"], leg["direction"], leg["status"])
                               for leg in record["legs"]],
                      [("201", "in", 200), ("202", "out", 200)])
    for name in ("start", "answer", "end"):
        if not TIME.match(record[name]):
            raise live.Failure(f"no time: {record}")
    if not 0 <= record["talk"] <= record["duration"] < live.DEADLINE_S:
        raise live.Failure(f"times that cannot be: {record}")


def the_file_may_be_moved_away(scene):
    """records: SIGHUP opens the file anew, with a good configuration and with a bad one"""
    server = start(scene)
    caller, called = phones(scene, server)
    call(caller, called)
    expect_records(server, server.records, 1)
    os.rename(server.records, server.records + ".1")
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=taken", mark)
    call(caller, called)
    expect_records(server, server.records, 1)
    os.rename(server.records, server.records + ".2")
    server.write_config("lisen: []\n")
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=refused", mark)
    call(caller, called)
    live.expect_equal("numbers", [expect_records(server, server.records + end, 1)[0]["call"]
                                  for end in (".1", ".2", "")], [1, 2, 3])


def calls_that_are_up_at_the_end_are_told(scene):
    """records: calls that are up when the server ends are told as shut down"""
    server = start(scene)
    talk(*phones(scene, server))
    live.expect_equal("exit code", server.stop(), 0)
    record = read(server.records)[0]
    live.expect_equal("cause", record["cause"], "shutdown")
    live.expect_equal("legs", len(record["legs"]), 2)


def a_transfer_is_in_two_records(scene):
    """records: a transfer is in the records of both of its calls"""
    server = start(scene)
    caller, called = phones(scene, server)
    target = scene.phone(server, "203").ready()
    talk(caller, called)
    since, since_called = target.event_mark(), called.event_mark()
    called.send("transfer 203")
    target.expect_event("ringing", since)
    target.send("answer")
    called.expect_event("ended", since_called)
    caller.send("hangup")
    target.expect_event("ended", since)
    first, second = sorted(expect_records(server, server.records, 2), key=lambda r: r["call"])
    live.expect_equal("causes", (first["cause"], second["cause"]), ("transferred", "hangup"))
    live.expect_equal("transfers", *[[(item["by"], item["of"], item["to"], item["how"],
                                       item["result"], item["from_call"], item["to_call"])
                                      for item in record["transfers"]]
                                     for record in (first, second)])
    live.expect_equal("transfer", [first["transfers"][0][name] for name in ("by", "of", "to")],
                      ["202", "201", "203"])
    live.expect_equal("legs", [sorted(leg["number"] for leg in record["legs"])
                               for record in (first, second)], [["201", "202"], ["201", "203"]])


def standard_output_will_do(scene):
    """records: "-" is standard output"""
    server = start(scene, "-")
    call(*phones(scene, server))
    line = server.expect(r'^(\{"type":"record".*\})$').group(1)
    live.expect_equal("cause", json.loads(line)["cause"], "hangup")


def what_cannot_be_written_stops_nobody(scene):
    """records: a place where nothing can be written stops no call, and is told in the log"""
    server = start(scene)
    caller, called = phones(scene, server)
    os.mkdir(scene.path("folder"))
    server.write_config(CONFIG.replace("RECORDS", scene.path("folder")))
    mark = server.mark()
    server.raise_signal(signal.SIGHUP)
    server.expect("event=records-kept path=" + re.escape(server.records), mark)
    call(caller, called)
    expect_records(server, server.records, 1)


def a_place_of_others_is_refused(scene):
    """records: neither a symbolic link nor a folder, at the start"""
    os.symlink(scene.path("elsewhere"), scene.path("link"))
    config = scene.path("lampyrid.yaml")
    for place in (scene.path("link"), scene.folder, scene.path("none/calls.jsonl"), "/dev/null"):
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(domain=live.DOMAIN, listen='"udp:127.0.0.1:0"')
                       .replace("RECORDS", place))
        server = scene.run("serve", [live.LAMPYRID, "serve", "-c", config])
        live.expect_equal(f"exit code for {place}", server.end(), 1)
        server.expect(f"cannot write the records {re.escape(place)}: ")


live.main([a_call_is_a_line, a_transfer_is_in_two_records, the_file_may_be_moved_away,
           calls_that_are_up_at_the_end_are_told, standard_output_will_do,
           what_cannot_be_written_stops_nobody, a_place_of_others_is_refused])
