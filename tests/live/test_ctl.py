# SPDX-License-Identifier: MIT
"""`lampyrid ctl` against a living server: every command for people and for scripts, a good and a
bad new configuration, two servers on one socket, what a dead one left, thousands of rows, and
clients that are slow, silent or talk nonsense."""

import json
import os
import re
import socket
import stat
import time

import live

CONFIG = """\
domain: {domain}
listen: [{listen}]
ctl: CTL
trunks: {{acme: {{uri: "sip:127.0.0.1:9"}}}}
extensions:
  "201": {{name: Alice, password: "firefly-lamp-201", groups: [sales]}}
  "202": {{name: "Bøb \\"B\\"", password: "evening-glow-202", groups: [sales]}}
  "203": {{name: Carol, password: "meadow-spark-203", groups: [sales]}}
"""


def start(scene, config=CONFIG):
    path = scene.path("ctl.sock")
    server = scene.server(config=config.replace("CTL", path))
    server.socket = path
    return server


def ctl(scene, server, *words):
    """The exit code and the lines that were printed."""
    process = scene.run("ctl", [live.LAMPYRID, "ctl", "--socket", server.socket, *words])
    return process.end(), process.lines


def rows(scene, server, *words):
    status, lines = ctl(scene, server, "--json", *words)
    live.expect_equal(f"exit code of {words}", status, 0)
    return [json.loads(line) for line in lines]


def raw(server, request, timeout_s=live.DEADLINE_S):
    """What the server says to these bytes, until it hangs up."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout_s)
        sock.connect(server.socket)
        sock.sendall(request)
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts)


def expect_in(what, lines):
    text = "\n".join(lines)
    if what not in text:
        raise live.Failure(f"{what!r} is not in:\n{text}")


def expect_row(table, **wanted):
    for row in table:
        if all(row.get(key) == value for key, value in wanted.items()):
            return row
    raise live.Failure(f"no row has {wanted} in {table}")


def ringing(scene):
    """201 calls 202, which 203 watches."""
    server = start(scene)
    called = scene.phone(server, "202").ready()
    watcher = scene.phone(server, "203", keys=["202"]).ready(1)
    caller = scene.phone(server, "201").ready()
    caller.send("dial 202")
    watcher.expect_lamp(1, "flash")
    live.poll("the second NOTIFY is answered", lambda: is_answered(scene, server), server)
    return server, caller, called, watcher


def is_answered(scene, server):
    """The lamp is lit at the phone, maybe before its answer is here."""
    notify = rows(scene, server, "lamp", "202")[1]["notify"]
    return (notify["cseq"], notify.get("status")) == (2, 200)


def scripts_get_a_row_a_line(scene):
    """ctl --json: calls, registrations, subscriptions, lamps as they are, a row a line"""
    server, caller, called, _ = ringing(scene)
    call = rows(scene, server, "calls")[0]
    live.expect_equal("from, to, state", (call["from"], call["to"]["number"], call["state"]),
                      ({"number": "201", "name": "Alice"}, "202", "ringing"))
    live.expect_equal("legs", [(leg["number"], leg["state"]) for leg in call["legs"]],
                      [("201", "ringing"), ("202", "ringing")])
    live.expect_equal("calls of another", rows(scene, server, "calls", "203"), [])
    live.expect_equal("registrations", sorted(r["extension"] for r in
                                              rows(scene, server, "registrations")),
                      ["201", "202", "203"])
    live.expect_equal("one's own", [r["extension"] for r in
                                    rows(scene, server, "registrations", "203")], ["203"])
    expect_row(rows(scene, server, "subscriptions"), watcher="203", watched="202", event="dialog",
               state="active", notify=200)
    lamps = rows(scene, server, "lamps")
    expect_row(lamps, extension="201", lamp="steady", watchers=0)
    row = expect_row(lamps, extension="202", lamp="flash", watchers=1, registered=True)
    live.expect_equal("why", [(leg["call"], leg["with"]) for leg in row["legs"]], [(1, "201")])
    called.send("answer")
    caller.expect_event("answered")
    expect_row(rows(scene, server, "lamps", "202"), lamp="steady")
    live.expect_equal("with", rows(scene, server, "calls", "202")[0]["with"]["number"], "202")


def a_list_is_a_row(scene):
    """ctl --json subscriptions: a list, for who watches it and for each who is on it; a reload that
    changes it changes the phone's keys; it is nobody else's, and the log says who tried"""
    keys = CONFIG.replace('"meadow-spark-203",', '"meadow-spark-203", keys: ["202"],')
    server = start(scene, keys)
    watcher = scene.phone(server, "203", options=["--key", "1=list:keys-203"]).ready(1)
    for number in ((), ("203",), ("202",)):
        expect_row(rows(scene, server, "subscriptions", *number), watcher="203",
                   watched="keys-203", event="dialog", state="active")
    live.expect_equal("by the list", rows(scene, server, "lamp", "202")[1]["list"], "keys-203")
    live.expect_equal("of somebody else", rows(scene, server, "subscriptions", "201"), [])
    server.write_config(keys.replace('["202"]', '["202", "201"]').replace("CTL", server.socket))
    live.expect_equal("reload", ctl(scene, server, "reload")[0], 0)
    watcher.expect_lamp(2, "off")
    expect_row(rows(scene, server, "subscriptions", "201"), watched="keys-203")
    scene.phone(server, "201", options=["--key", "1=list:keys-203"]).ready()
    server.expect("event=refused cause=unseen watcher=201 watched=keys-203")


def people_get_tables(scene):
    """ctl: tables for people, aligned, and a page for the status"""
    server, *_ = ringing(scene)
    _, lines = ctl(scene, server, "calls")
    for word in ("CALL", "FROM", "201 Alice", '202 Bøb "B"', "ringing"):
        expect_in(word, lines)
    _, lines = ctl(scene, server, "lamps")
    live.expect_equal("titles", lines[0].split(), ["EXTENSION", "NAME", "LAMP", "WHY", "WATCHERS"])
    column = lines[0].index("LAMP")
    live.expect_equal("one column", [line[column:].split()[0] for line in lines[1:]],
                      ["steady", "flash", "off"])
    _, lines = ctl(scene, server, "registrations")
    if not re.search(r"^201 +(59m\d\ds|1h00m)  udp:127\.0\.0\.1:\d+  sip:201@", lines[1]):
        raise live.Failure(f"no line of a registration: {lines[1]}")
    _, lines = ctl(scene, server, "trunks")
    live.expect_equal("trunk", lines[1].split()[:2], ["acme", "unknown"])
    _, lines = ctl(scene, server, "status")
    for word in ("listening on    udp:127.0.0.1:", "calls           1 now", "ROOM FOR"):
        expect_in(word, lines)
    live.expect_equal("nothing there", ctl(scene, server, "calls", "299"), (0, ["no calls: 299"]))


def a_lamp_is_explained(scene):
    """ctl lamp: what a watcher's key shows, because of which call, told by which NOTIFY, and why"""
    server, caller, called, watcher = ringing(scene)
    lamp, told = rows(scene, server, "lamp", "202")
    live.expect_equal("lamp", (lamp["type"], lamp["lamp"], lamp["watchers"]), ("lamp", "flash", 1))
    live.expect_equal("told", {key: told[key] for key in
                               ("watcher", "watching", "lamp", "sees", "sees_by", "pickup",
                                "pickup_by", "profile_by", "told")},
                      {"watcher": "203", "watching": True, "lamp": "flash", "sees": "numbers",
                       "sees_by": "default", "pickup": True, "pickup_by": "same-group",
                       "profile_by": "user-agent", "told": "right"})
    live.expect_equal("dialogs", [(d["state"], d["direction"], d["call"], d["with"])
                                  for d in told["dialogs"]], [("early", "recipient", 1, "201")])
    live.expect_equal("answer", (told["notify"]["status"], told["notify"]["cseq"],
                                 told["notify"]["version"]), (200, 2, 1))
    _, lines = ctl(scene, server, "lamp", "202", "--watcher", "203")
    live.expect_equal("first", lines[0], '202 Bøb "B": flash')
    for what in ("  call 1: ringing for ", "203 Carol watches 202: flash",
                 "  shown: early, recipient, with sip:201@", "because of call 1 since ",
                 "  told so: NOTIFY 2, version 1, Call-ID ", " ago, answered 200 after ",
                 "  sees calls and with whom (`visibility` for everybody), may pick up "
                 "(`pickup: same-group`, and they share one)", " (by its User-Agent)",
                 "  subscribed to sip:202@"):
        expect_in(what, lines)
    called.send("answer")
    caller.expect_event("answered")
    watcher.expect_lamp(1, "steady")
    expect_in("203 Carol watches 202: steady", ctl(scene, server, "lamp", "202")[1])
    live.expect_equal("nobody", ctl(scene, server, "lamp", "201")[1][-1], "  nobody watches it")
    _, lines = ctl(scene, server, "lamp", "202", "--watcher", "201")
    expect_in("201 Alice does not watch 202", lines)
    expect_in("  it has not subscribed", lines)
    expect_in("there is no such extension", ctl(scene, server, "lamp", "202",
                                                "--watcher", "299")[1])
    live.expect_equal("whose", ctl(scene, server, "lamp", "299"),
                      (0, ["no such extension or orbit: 299"]))
    live.expect_equal("without", ctl(scene, server, "lamp")[0], 2)
    live.expect_equal("elsewhere", ctl(scene, server, "lamps", "--watcher", "203")[0], 2)


def the_status_counts(scene):
    """ctl status: version, listeners, counts, pools with use, limit and peak"""
    server, *_ = ringing(scene)
    status = rows(scene, server, "status")[0]
    for key, value in {"calls": 1, "registrations": 3, "subscriptions": 1, "extensions": 3,
                       "domain": live.DOMAIN, "log_dropped": 0}.items():
        live.expect_equal(key, status[key], value)
    live.expect_equal("listeners", len(status["listeners"]), 2)
    pool = expect_row(status["pools"], name="calls")
    live.expect_equal("calls", (pool["used"], pool["peak"], pool["refused"]), (1, 1, 0))
    if status["messages"]["received"] < 8 or status["memory"]["bytes"] < 10000:
        raise live.Failure(f"counts that cannot be: {status}")


def a_reload_says_what_is_wrong(scene):
    """ctl reload: a good configuration is taken, a bad one told with every mistake"""
    server = start(scene)
    config = CONFIG.replace("CTL", server.socket)
    server.write_config(config.replace("Carol", "Caroline"))
    live.expect_equal("reload", ctl(scene, server, "reload"), (0, ["the configuration is taken"]))
    expect_row(rows(scene, server, "lamps"), extension="203", name="Caroline")
    server.write_config(config.replace("name", "nam").replace("groups", "group"))
    status, lines = ctl(scene, server, "reload")
    live.expect_equal("exit code", status, 1)
    live.expect_equal("lines", len(lines), 7)
    expect_in(f"{server.config}:6:11: extensions.201.nam: unknown key; did you mean 'name'?", lines)
    expect_in("refused; the old one stays", lines)
    status, lines = ctl(scene, server, "--json", "reload")
    live.expect_equal("exit code", status, 1)
    mistake = json.loads(lines[0])
    live.expect_equal("mistake", (mistake["type"], mistake["line"]), ("mistake", 6))
    server.write_config(config.replace("ctl: ", "ctl: /elsewhere"))
    status, lines = ctl(scene, server, "reload")
    live.expect_equal("exit code", status, 0)
    expect_in("until the server is restarted", lines)


def only_its_owner_may_speak(scene):
    """ctl: the socket is its owner's from the first moment on, and gone with the server"""
    server = start(scene)
    live.expect_equal("mode", stat.S_IMODE(os.lstat(server.socket).st_mode), 0o600)
    live.expect_equal("exit code", server.stop(), 0)
    if os.path.exists(server.socket):
        raise live.Failure("the socket is still there")
    status, lines = ctl(scene, server, "status")
    live.expect_equal("exit code", status, 1)
    expect_in("is the server running", lines)


def a_living_server_keeps_its_socket(scene):
    """serve: a second server on one control socket is refused, and takes a dead one's place"""
    server = start(scene)
    second = scene.run("second", [live.LAMPYRID, "serve", "-c", server.config])
    live.expect_equal("exit code", second.end(), 1)
    expect_in("another lampyrid answers there", second.lines)
    live.expect_equal("the first", ctl(scene, server, "calls"), (0, ["no calls"]))
    server.kill()
    if not os.path.exists(server.socket):
        raise live.Failure("a killed server cannot have removed its socket")
    status, lines = ctl(scene, server, "status")
    live.expect_equal("exit code", status, 1)
    expect_in("nobody listens there", lines)
    third = scene.run("third", [live.LAMPYRID, "serve", "-c", server.config])
    third.expect("event=start")
    live.expect_equal("the third", ctl(scene, server, "calls"), (0, ["no calls"]))
    live.expect_equal("exit code", third.stop(), 0)


def a_place_of_others_is_refused(scene):
    """serve: no control socket in a folder that others may write, nor over a file"""
    folder = scene.folder_for("open")
    config = scene.path("lampyrid.yaml")
    text = CONFIG.format(domain=live.DOMAIN, listen='"udp:127.0.0.1:0"')
    os.chmod(folder, 0o777)
    for place in (os.path.join(folder, "ctl.sock"), config, "/proc/ctl.sock",
                  scene.path("none/ctl.sock")):
        with open(config, "w", encoding="utf-8") as file:
            file.write(text.replace("CTL", place))
        server = scene.run("serve", [live.LAMPYRID, "serve", "-c", config])
        live.expect_equal(f"exit code for {place}", server.end(), 1)
        expect_in(f"cannot make the control socket {place}: ", server.lines)
    live.expect_equal("the file", open(config, encoding="utf-8").read()[:7], "domain:")


def nonsense_is_answered(scene):
    """ctl: garbage, and too much of it, is answered with an error; half a request with nothing"""
    server = start(scene)
    for request, told in ((b"dance\n", "'dance' is no command"), (b"\n", "'' is no command"),
                          (b"\x00\xff\x1b[2J \n", "is no command"),
                          (b"calls 201 202\n", "one extension or trunk at most"),
                          (b"status now\n", "one extension or trunk at most"),
                          (b"lamp 202 203 204\n", "one extension or trunk at most"),
                          (b"x" * 10000, "the request is too long")):
        answer = raw(server, request).decode()
        row = json.loads(answer)
        live.expect_equal("type", row["type"], "error")
        expect_in(told, [row["text"]])
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(server.socket)
        sock.sendall(b"sta")
    live.expect_equal("still there", ctl(scene, server, "calls"), (0, ["no calls"]))


def a_last_line_says_how_it_ended(scene):
    """ctl: an answer ends with a line of its own; CRLF and two requests at once are no matter"""
    server = start(scene)
    lines = raw(server, b"lamps\r\nlamps\r\n").decode().splitlines()
    live.expect_equal("last line", json.loads(lines[-1]), {"type": "end", "rows": 3})
    live.expect_equal("lines", len(lines), 4)


REGISTER = ("REGISTER sip:{domain} SIP/2.0\r\n"
            "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}\r\n"
            "From: <sip:201@{domain}>;tag=1\r\nTo: <sip:201@{domain}>\r\nCall-ID: {n}\r\n"
            "CSeq: 1 REGISTER\r\nContact: <sip:201@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n")


def many_rows_do_not_stop_the_calls(scene):
    """ctl: thousands of rows to slow readers, while the server answers phones"""
    people = "".join(f'  "{n}": {{name: "Somebody with a long name {n}", password: p{n}}}\n'
                     for n in range(10000, 15000))
    server = start(scene, CONFIG + people.replace("{", "{{").replace("}", "}}"))
    slow = []
    for _ in range(4):
        sock = socket.socket(socket.AF_UNIX)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(server.socket)
        sock.sendall(b"lamps\n")
        slow.append(sock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(live.DEADLINE_S)
        sock.connect(("127.0.0.1", server.port()))
        for n in range(20):
            sock.send(REGISTER.format(domain=live.DOMAIN, port=sock.getsockname()[1],
                                      n=n).encode())
            expect_in("SIP/2.0 401", [sock.recv(65536).decode()])
    lamps = rows(scene, server, "lamps")
    live.expect_equal("rows", len({row["extension"] for row in lamps}), 5003)
    whole = b""
    while part := slow[0].recv(65536):
        whole += part
    live.expect_equal("slow rows", json.loads(whole.splitlines()[-1]),
                      {"type": "end", "rows": 5003})
    for sock in slow:
        sock.close()
    _, lines = ctl(scene, server, "lamps")
    live.expect_equal("lines", len(lines), 5004)
    live.expect_equal("sorted", [lines[1].split()[0], lines[-1].split()[0]], ["201", "14999"])


def too_many_clients_are_told(scene):
    """ctl: eight clients at once, the ninth is told; who is silent makes room after a while"""
    server = start(scene)
    start_s = time.monotonic()
    silent = [socket.socket(socket.AF_UNIX) for _ in range(8)]
    for sock in silent:
        sock.connect(server.socket)
    status, lines = ctl(scene, server, "calls")
    live.expect_equal("exit code", status, 1)
    expect_in("too many clients", lines)
    silent[0].settimeout(live.DEADLINE_S)
    live.expect_equal("hung up", silent[0].recv(1), b"")
    if time.monotonic() - start_s < 5:
        raise live.Failure(f"after {time.monotonic() - start_s} s")
    live.expect_equal("room again", ctl(scene, server, "calls"), (0, ["no calls"]))
    for sock in silent:
        sock.close()


def the_usual_place_needs_no_word(scene):
    """serve and ctl: without a path they meet in the usual place, if there is one to be had"""
    if os.geteuid() == 0:
        # Root's usual place is the system's: not for a test to take.
        live.expect_equal("exit code", scene.run("ctl", [live.LAMPYRID, "ctl", "help"]).end(), 0)
        return
    os.environ["XDG_RUNTIME_DIR"] = scene.folder
    server = scene.server(config=CONFIG.replace("ctl: CTL\n", ""))
    server.expect(f"event=ctl path={scene.folder}/lampyrid/ctl.sock")
    process = scene.run("ctl", [live.LAMPYRID, "ctl", "calls"])
    live.expect_equal("exit code", process.end(), 0)
    live.expect_equal("lines", process.lines, ["no calls"])


def wrong_words_are_explained(scene):
    """ctl: a misspelled command, and too many words, are told with what is right"""
    for words, told in ((["cals"], "did you mean 'calls'?"), ([], "There is status"),
                        (["status", "201"], "too much: 201"), (["calls", "2", "3"], "too much: 3"),
                        (["calls", "2 3"], "spaces"), (["--jason"], "unknown option: --jason")):
        process = scene.run("ctl", [live.LAMPYRID, "ctl", *words])
        live.expect_equal(f"exit code of {words}", process.end(), 2)
        expect_in(told, process.lines)
    for words in (["help"], ["--help"]):
        process = scene.run("ctl", [live.LAMPYRID, "ctl", *words])
        live.expect_equal(f"exit code of {words}", process.end(), 0)
        expect_in("usage: lampyrid ctl", process.lines)


live.main([scripts_get_a_row_a_line, a_list_is_a_row, people_get_tables, a_lamp_is_explained,
           the_status_counts,
           a_reload_says_what_is_wrong, only_its_owner_may_speak, a_living_server_keeps_its_socket,
           a_place_of_others_is_refused, nonsense_is_answered, a_last_line_says_how_it_ended,
           many_rows_do_not_stop_the_calls, too_many_clients_are_told,
           the_usual_place_needs_no_word, wrong_words_are_explained])
