"""Whether a commit was signed by somebody who may: SSH signatures against a file of allowed signers."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.errors import SettingsError, SourceError
from reconciler.git.command import git

HEADER = re.compile(rb"^gpgsig(?:-sha256)? -----BEGIN SSH SIGNATURE-----$", re.MULTILINE)
GOOD = re.compile(r'^Good "git" signature for (.+) with \S+ key (\S+)', re.MULTILINE)
KEY = re.compile(r"\S+ key (\S+)")
ONLY_SSH = tuple(
    word for name in ("gpg.program", "gpg.openpgp.program", "gpg.x509.program") for word in ("-c", f"{name}=/bin/false")
)
"""A key ring of the machine must not answer for the file."""


def allowed_signers(path: Path) -> Path:
    """Return the file as git needs it; raise SettingsError where it cannot be read or names nobody."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", hint="--verify-signatures FILE") from error
    if not any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        raise SettingsError(f"{path} names no signer", hint="write a line for each: NAME ssh-ed25519 KEY")
    return path.resolve()


def signer(repository: Path, commit: str, signers: Path) -> str:
    """Return who signed a commit; raise SourceError where that is nobody whom the file allows."""
    shown = commit[:12]
    head = git(repository, "cat-file", "commit", commit).output.partition(b"\n\n")[0]
    if not HEADER.search(head):
        how = "is signed, but not with an SSH key" if b"\ngpgsig" in head else "is not signed"
        raise SourceError(f"the commit {shown} {how}", hint="sign it: git commit -S, with gpg.format ssh")
    config = ("-c", f"gpg.ssh.allowedSignersFile={allowed_signers(signers)}", "-c", "gpg.minTrustLevel=fully")
    answer = git(repository, *ONLY_SSH, *config, "verify-commit", "--raw", commit)
    found = GOOD.search(answer.said)
    if answer.problem or found is None:
        key = KEY.search(answer.said)
        by = f" with the key {key[1]}" if key else ""
        raise SourceError(f"the commit {shown} is signed{by} by nobody whom {signers} allows")
    return f"{found[1]} ({found[2]})"
