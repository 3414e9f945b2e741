# SPDX-License-Identifier: MIT
"""What `--help` says, the manual page says, too, so that neither is forgotten."""

import os
import re

import live

PAGE = os.path.join(live.ROOT, "doc", "lampyrid.1")


def text_of(scene, *arguments):
    process = scene.run("lampyrid", [live.LAMPYRID, *arguments])
    live.expect_equal("exit code", process.end(), 0)
    return "\n".join(process.lines)


def section(name):
    """Of the manual page, as its reader sees it: without font changes and escaped hyphens."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    text = text.split(f".SH {name.upper()}\n", 1)[-1].split("\n.SH ", 1)[0]
    return re.sub(r"\\f[RPIB]", "", text).replace("\\-", "-")


def expect_words(name, words):
    text = section(name)
    missing = [word for word in words if not re.search(rf"(?<![\w-]){word}\b", text)]
    if missing:
        raise live.Failure(f"doc/lampyrid.1, {name.upper()}, does not name {', '.join(missing)}")


def each_option_is_in_the_manual(scene):
    """help: the manual page names each option of each command"""
    commands = re.findall(r"^  (\w+) {2,}(?!.*not yet available)", text_of(scene, "--help"), re.M)
    live.expect_equal("serve is a command", "serve" in commands, True)
    for command in commands:
        text = text_of(scene, command, "--help")
        options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.M)
        expect_words(command, [option for option in options if option != "--help"])


def each_command_of_the_phone_is_in_the_manual(scene):
    """help: the manual page names each command of the phone that is there"""
    phone = scene.run("phone", [live.LAMPYRID, "phone", "--no-register",
                                "--aor", "sip:201@127.0.0.1"])
    phone.send("help")
    phone.expect("^quit ")
    expect_words("phone", [line.split()[0] for line in phone.lines
                           if re.match(r"\w+ {2,}", line) and "not yet" not in line])


def each_event_of_the_phone_is_in_its_page(_):
    """help: doc/phone.md names each event, cause and state of a call"""
    with open(os.path.join(live.ROOT, "doc", "phone.md"), encoding="utf-8") as file:
        page = file.read()
    words = set()
    for name in ("event.c", "call.c"):
        with open(os.path.join(live.ROOT, "src", "phone", name), encoding="utf-8") as file:
            words |= set(re.findall(r'\[PHONE_\w+\] = SLICE_INIT\("(\w+)"\)', file.read()))
    live.expect_equal("words were found", {"registered", "elsewhere", "talking"} <= words, True)
    live.expect_equal("not in doc/phone.md", {w for w in words - {"free"} if f"`{w}`" not in page},
                      set())


live.main([each_option_is_in_the_manual, each_command_of_the_phone_is_in_the_manual,
           each_event_of_the_phone_is_in_its_page])
