# SPDX-License-Identifier: MIT
"""What the checks share: where the repository is, its files, and C text without comments."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(suffixes, below=("",)):
    """All files with one of these suffixes, relative to the root, sorted; no build folders."""
    found = []
    for start in below:
        for folder, names, leaves in os.walk(os.path.join(ROOT, start)):
            names[:] = [n for n in names if n not in (".git", "build", "__pycache__")
                        and not n.startswith("build-")]
            found += [os.path.relpath(os.path.join(folder, leaf), ROOT)
                      for leaf in leaves if leaf.endswith(suffixes)]
    return sorted(set(found))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C text with comments and the insides of literals blanked, every line where it was."""
    def blank(match):
        piece = match.group(0)
        if piece[0] in "\"'":
            return piece[0] + " " * (len(piece) - 2) + piece[0]
        return re.sub(r"[^\n]", " ", piece)
    return _NOISE.sub(blank, text)


def finish(tool, faults, seen):
    """Prints the faults and ends the tool; a check that saw nothing has not checked anything."""
    for fault in faults:
        print(fault)
    if not seen:
        print(f"{tool}: nothing to check was found")
    sys.exit(1 if faults or not seen else 0)
