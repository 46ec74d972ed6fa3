"""Messages as signed JSON to a server of one's own.

The body is signed so that the server can verify that it comes from here, unchanged and now: `Reconciler-Signature` is `sha256=`
and the hexadecimal HMAC-SHA256, with the key, of `Reconciler-Timestamp` (seconds since 1970), a full stop and the body.
`Reconciler-Delivery` is the same for each attempt of a message.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from reconciler.errors import NotifyError, PlatformError, SettingsError
from reconciler.model.notice import Message
from reconciler.model.notifying import Target
from reconciler.model.quantity import iso
from reconciler.notify.template import filled
from reconciler.platforms.credentials import NoCredentials
from reconciler.platforms.http import Client
from reconciler.plugin import wrong_address
from reconciler.ports import Clock

FORMAT = "reconciler/notice.v1"
TIMEOUT = 10.0
"""Seconds that one attempt may take."""
WRONG = {
    "url": "is no web address such as https://hooks.example.com/fleet",
    "url-credentials": "carries a user or a password; put what is secret into its path or query",
    "plain-http": "is plain http, which is for this machine alone; use https",
}
"""What is wrong with an address, without showing it."""
SHORTEST = 16
"""Characters of a key at least."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a web hook."""

    format: str
    target: str
    kind: str
    title: str
    text: str
    fleets: tuple[str, ...]
    run: str
    at: str
    """ISO 8601 in UTC."""


class ByHook:
    """One web hook."""

    def __init__(
        self, target: Target, url: str, key: str, clock: Clock, environ: Mapping[str, str] = os.environ
    ) -> None:
        """Check address and key; nothing is sent. Raises SettingsError."""
        for finding in wrong_address(url.split("?", 1)[0], (), secret=True):
            raise SettingsError(f"the url of the web hook {target.name} {WRONG.get(finding.code, WRONG['url'])}")
        if len(key) < SHORTEST:
            hint = "make one, for example with `openssl rand -hex 32`"
            raise SettingsError(f"the key of the web hook {target.name} has less than {SHORTEST} characters", hint=hint)
        parts = urlsplit(url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._target, self._key, self._clock, self._environ = target, key.encode(), clock, environ
        self._delivery: tuple[Message, str] | None = None

    def notify(self, message: Message) -> None:
        """Send a message; raise NotifyError where the server did not take it."""
        if self._delivery is None or self._delivery[0] is not message:
            self._delivery = message, str(uuid4())
        content = self._content(message)
        sent = str(int(self._clock.now()))
        headers = {
            "Reconciler-Timestamp": sent,
            "Reconciler-Signature": signature(self._key, sent, content),
            "Reconciler-Delivery": self._delivery[1],
        }
        client = Client(
            self._base,
            NoCredentials(),
            platform=self._target.name,
            clock=self._clock,
            headers=headers,
            timeout=TIMEOUT,
            max_megabytes=1,
            environ=self._environ,
        )
        try:
            with closing(client):
                client.send(self._path, "notify", msgspec.Raw(content), self._clock.monotonic() + TIMEOUT)
        except PlatformError as error:  # its text may quote the address, which is a secret
            status = f"the server answered {error.status}" if error.status is not None else "the server did not answer"
            raise NotifyError(status, retryable=error.retryable or not error.sent) from None

    def _content(self, message: Message) -> bytes:
        title, text = filled(self._target, message)
        return msgspec.json.encode(
            Payload(
                format=FORMAT,
                target=self._target.name,
                kind=message.kind.value,
                title=title,
                text=text,
                fleets=message.fleets,
                run=message.run,
                at=iso(message.at),
            )
        )


def signature(key: bytes, timestamp: str, content: bytes) -> str:
    """Return the signature of a body that is sent at a time."""
    return "sha256=" + hmac.new(key, timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
