r"""Making foreign text harmless to show: names, versions and errors come from platforms and manifests.

Nothing is dropped silently: what cannot be shown as it is becomes a visible escape (`\x1b`, `\u202e`, `\n`), so two
names that differ still look different.
"""

import re

LONGEST = 400
"""Characters of one foreign text that are shown; errors of platforms can be whole web pages."""

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

RUNNER_COMMAND = re.compile(r"##(\w*)\[")
"""What build servers obey when it stands anywhere in a log line (`##[group]`, `##vso[...]`)."""


def clean(text: str, longest: int = LONGEST) -> str:
    """Return foreign text as one printable line of at most about `longest` characters.

    Control characters, terminal escapes, bidirectional marks, invisible and unassigned characters and line breaks
    become escapes.
    """
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text):,} characters in all)"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def _escape(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def inert(line: str) -> str:
    """Return a whole output line that no build server takes for a command (`::error::`, `##[group]`, `##vso[…]`).

    GitHub's runner obeys `::name::` at the start of a line, spaces before it aside; a folded line may start anywhere.
    """
    if line.lstrip().startswith("::"):
        line = line.replace("::", "\\x3a:", 1)
    return RUNNER_COMMAND.sub(r"##\1\\x5b", line) if "##" in line else line
