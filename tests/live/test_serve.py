# SPDX-License-Identifier: MIT
"""`lampyrid serve` as its administrator meets it: options, mistakes, signals, what it says."""

import os
import re
import signal
import socket

import live

GOOD = live.CONFIG.format(domain=live.DOMAIN, listen='"udp:127.0.0.1:0"')
BAD = 'domain: lampyrid.test\nlisen: []\nextensions:\n  "201":\n    name: Alice\n'

PING = ("OPTIONS sip:lampyrid.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1\r\n"
        "From: <sip:a@lampyrid.test>;tag=1\r\nTo: <sip:lampyrid.test>\r\nCall-ID: 1\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")


def run(scene, *arguments):
    """The exit code and what was printed."""
    process = scene.run("lampyrid", [live.LAMPYRID, *arguments], cwd=scene.folder)
    status = process.end()
    return status, "\n".join(process.lines)


def file(scene, name, text):
    with open(scene.path(name), "w", encoding="utf-8") as out:
        out.write(text)
    return scene.path(name)


def expect_in(what, text):
    if what not in text:
        raise live.Failure(f"{what!r} is not in:\n{text}")


def check_is_silent_about_a_good_file(scene):
    """serve --check: a good file is no word and exit code 0"""
    answer = run(scene, "serve", "--check", "-c", file(scene, "good.yaml", GOOD))
    live.expect_equal("exit code and output", answer, (0, ""))


def the_example_is_good_with_everything(scene):
    """serve --check: config/lampyrid.yaml is good, with all that is switched off in it, too"""
    with open(os.path.join(live.ROOT, "config", "lampyrid.yaml"), encoding="utf-8") as example:
        text = re.sub(r"^#(?=[^ ]|  )", "", example.read(), flags=re.M)
    for key in ("tls", "ctl", "records", "dns", "trunks", "routes"):
        expect_in(f"\n{key}:", text)
    for name, issuer in (("ca", None), ("pbx", "ca")):
        live.make_certificate(scene, name, issuer)
    answer = run(scene, "serve", "--check", "-c", file(scene, "all.yaml", text))
    live.expect_equal("exit code and output", answer, (0, ""))


def check_tells_every_mistake(scene):
    """serve --check: a bad file is a line for each mistake and exit code 1"""
    path = file(scene, "bad.yaml", BAD)
    status, text = run(scene, "serve", "--check", "-c", path)
    live.expect_equal("exit code", status, 1)
    expect_in(f"{path}:2:1: lisen: unknown key; did you mean 'listen'?", text)
    expect_in(f"{path}:4:", text)


def a_file_is_found_where_it_is_usual(scene):
    """serve: without -c it takes ./lampyrid.yaml, and says where it has looked"""
    status, text = run(scene, "serve", "--check")
    live.expect_equal("exit code", status, 2)
    expect_in("./lampyrid.yaml", text)
    expect_in("/etc/lampyrid/lampyrid.yaml", text)
    file(scene, "lampyrid.yaml", GOOD)
    live.expect_equal("exit code and output", run(scene, "serve", "--check"), (0, ""))


def wrong_options_are_explained(scene):
    """lampyrid: what is misspelled is told, with what was probably meant"""
    for arguments, told in [(["serv"], "did you mean 'serve'?"),
                            (["doctor"], "not yet available"),
                            (["serve", "--port", "5060"], "unknown option: --port"),
                            (["serve", "--listen", "5060"], "udp:, tcp: or tls:"),
                            (["serve", "--listen"], "a value is missing"),
                            (["serve", "lampyrid.yaml"], "-c")]:
        status, text = run(scene, *arguments)
        live.expect_equal(f"exit code of {arguments}", status, 2)
        expect_in(told, text)


def help_and_version_are_there(scene):
    """lampyrid: --help and --version"""
    for arguments in (["--help"], ["help"], ["serve", "--help"], ["help", "serve"],
                      ["flow", "--help"], ["phone", "--help"]):
        status, text = run(scene, *arguments)
        live.expect_equal(f"exit code of {arguments}", status, 0)
        expect_in("usage: lampyrid", text)
    status, text = run(scene, "--version")
    live.expect_equal("exit code", status, 0)
    expect_in("lampyrid 0.", text)


def a_taken_address_is_explained(scene):
    """serve: an address that is taken is named, with what to do"""
    path = file(scene, "good.yaml", GOOD)
    for kind, name in ((socket.SOCK_DGRAM, "udp"), (socket.SOCK_STREAM, "tcp")):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            address = f"{name}:127.0.0.1:{taken.getsockname()[1]}"
            status, text = run(scene, "serve", "-c", path, "--listen", address)
        live.expect_equal("exit code", status, 1)
        expect_in(f"cannot listen on {address}: another program has this address", text)


def the_greeting_says_what_to_type(scene):
    """serve: the greeting has addresses, extensions, and no password"""
    server = scene.server()
    text = "\n".join(server.lines)
    for what in (f"udp:127.0.0.1:{server.port()}", f"tcp:127.0.0.1:{server.port('tcp')}",
                 "202", "Bob", "extensions.201.password"):
        expect_in(what, text)
    for password in live.PASSWORDS.values():
        live.expect_equal(f"{password} is told", password in text, False)


def the_greeting_says_what_to_dial(scene):
    """serve: the greeting has groups and codes, those that there are"""
    groups = 'groups:\n  door: {{number: "5"}}\n  gate: {{number: "601"}}\n'
    text = "\n".join(scene.server(config=live.OFFICE.replace("groups:\n", groups, 1)).lines)
    order = re.findall(r"^  (\d+) rings the group", text, re.M)
    live.expect_equal("groups in the order of their numbers", order, ["5", "600", "601"])
    for what in ("  600 rings the group office", "  **202 takes the call that rings at 202",
                 "  *78 turns do-not-disturb on, *79 turns it off"):
        expect_in(what, text)
    text = "\n".join(scene.server(config=live.CONFIG + 'park: {{orbits: 12}}\n').lines)
    expect_in("  *85, with the transfer key, parks a call in *8501 to *8512; who dials that", text)
    text = "\n".join(scene.server(config=live.CONFIG + 'codes: {{dnd-on: ""}}\n').lines)
    for what in ("rings the group", "*79", "*85", "trunk", " ctl "):
        live.expect_equal(f"{what} is told", what in text, False)


def the_greeting_says_what_leads_outside(scene):
    """serve: the greeting has the routes, and how to look in"""
    path = os.path.join(scene.folder, "ctl.sock")
    config = live.CONFIG.replace("ctl: off", f"ctl: {path}") + (
        'trunks: {{acme: {{uri: "sip:127.0.0.1:9"}}}}\n'
        'routes: [{{match: "0*", trunk: acme, strip: 1}}, {{match: "112", trunk: acme}}]\n')
    text = "\n".join(scene.server(config=config).lines)
    for what in ("  0... leaves by the trunk acme", "  112 leaves by the trunk acme",
                 f"ctl --socket {path} status"):
        expect_in(what, text)


def wildcards_are_resolved(scene):
    """serve: a wildcard listener is told as the addresses that the machine has"""
    server = scene.server(listen=["udp:0.0.0.0:0"])
    live.expect_equal("loopback is among them", f"127.0.0.1:{server.port()}" in
                      [address for _, address in server.addresses], True)


def a_bad_reload_is_refused(scene):
    """serve: SIGHUP takes a good file; a bad one is refused with all its mistakes"""
    server = scene.server()
    server.write_config(BAD)
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=refused mistakes=[2-9]")
    server.expect(r"event=mistake .*:2:1: lisen: unknown key")
    server.write_config(live.CONFIG + '  "205": {{name: Eve, password: "firefly-205"}}\n')
    server.raise_signal(signal.SIGHUP)
    server.expect("event=reload .*result=taken extensions=5")
    live.expect_equal("exit code", server.stop(), 0)


def changed_listeners_need_a_restart(scene):
    """serve: each SIGHUP with other listeners says that a restart is needed"""
    server = scene.server()
    server.listen = '"udp:127.0.0.1:0"'
    server.write_config(live.CONFIG)
    for _ in range(2):
        mark = server.mark()
        server.raise_signal(signal.SIGHUP)
        server.expect("event=restart-needed", mark)


def other_name_servers_need_a_restart(scene):
    """serve: SIGHUP with other name servers says that a restart is needed"""
    server = scene.server()
    server.write_config(live.CONFIG + 'dns: "127.0.0.1:5353"\n')
    server.raise_signal(signal.SIGHUP)
    server.expect("event=restart-needed .*dns")


def signals_end_it_cleanly(scene):
    """serve: SIGTERM and SIGINT end it with exit code 0"""
    for signum in (signal.SIGTERM, signal.SIGINT):
        live.expect_equal(f"exit code after {signum.name}", scene.server().stop(signum), 0)


def a_log_file_may_be_moved_away(scene):
    """serve: after SIGHUP the log goes to a new file where the old one was moved away"""
    config, log = file(scene, "good.yaml", GOOD), scene.path("log.txt")
    server = scene.run("serve", [live.LAMPYRID, "serve", "-c", config, "--log", log])
    server.expect("Ctrl-C ends the server")
    expect_log(server, log, "event=start")
    os.rename(log, log + ".1")
    server.raise_signal(signal.SIGHUP)
    expect_log(server, log, "result=taken")
    live.expect_equal("exit code", server.stop(), 0)


def closed_descriptors_are_filled(scene):
    """serve: started without standard descriptors, it does not give their numbers to sockets"""
    config, log = file(scene, "good.yaml", GOOD), scene.path("log.txt")
    server = scene.run("serve", ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", live.LAMPYRID,
                                 "serve", "-c", config, "--log", log])
    expect_log(server, log, "event=start")  # before that SIGTERM would be its end
    descriptors = [os.readlink(f"/proc/{server.popen.pid}/fd/{number}") for number in range(3)]
    live.expect_equal("descriptors 0 to 2", descriptors, ["/dev/null"] * 3)
    live.expect_equal("exit code", server.stop(), 0)


def a_trace_by_symbolic_link_is_refused(scene):
    """serve: a trace that is a symbolic link or a device is refused in words"""
    path = file(scene, "good.yaml", GOOD)
    os.symlink(scene.path("elsewhere"), scene.path("link"))
    for trace in (scene.path("link"), "/dev/null"):
        status, text = run(scene, "serve", "-c", path, "--trace", trace)
        live.expect_equal("exit code", status, 1)
        expect_in("it must be a regular file of your own", text)
    live.expect_equal("elsewhere was made", os.path.exists(scene.path("elsewhere")), False)


def a_full_log_stops_nobody(scene):
    """serve: where nobody reads its standard error, it goes on"""
    os.mkfifo(scene.path("log"))
    reader = os.open(scene.path("log"), os.O_RDONLY | os.O_NONBLOCK)
    with open(scene.path("log"), "wb", buffering=0) as writer:
        os.set_blocking(writer.fileno(), False)
        while writer.write(b"x" * 4096):
            pass
    config = file(scene, "good.yaml", GOOD)
    server = scene.run("serve", ["sh", "-c", 'exec "$@" 2>"$0"', scene.path("log"),
                                 live.LAMPYRID, "serve", "-c", config])
    address = server.expect(r" udp:127.0.0.1:(\d+)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(live.DEADLINE_S)
        sock.connect(("127.0.0.1", int(address.group(1))))
        sock.send(PING.format(port=sock.getsockname()[1]).encode())
        expect_in("SIP/2.0 200", sock.recv(65536).decode())
    live.expect_equal("exit code", server.stop(), 0)
    os.close(reader)


def expect_log(server, path, text):
    def is_there():
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as log:
            return text in log.read()
    live.poll(f"{text} in the log", is_there, server)


live.main([check_is_silent_about_a_good_file, the_example_is_good_with_everything,
           check_tells_every_mistake,
           a_file_is_found_where_it_is_usual, wrong_options_are_explained,
           help_and_version_are_there, a_taken_address_is_explained,
           the_greeting_says_what_to_type, the_greeting_says_what_to_dial,
           the_greeting_says_what_leads_outside,
           wildcards_are_resolved, a_bad_reload_is_refused,
           changed_listeners_need_a_restart, other_name_servers_need_a_restart,
           signals_end_it_cleanly, a_log_file_may_be_moved_away, closed_descriptors_are_filled,
           a_trace_by_symbolic_link_is_refused, a_full_log_stops_nobody])
