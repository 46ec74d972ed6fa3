"""Messages through apprise, which knows a hundred services by their URLs."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from logging import getLogger
from typing import Any

from reconciler.errors import NotifyError, SettingsError
from reconciler.model.notice import Message, NoticeKind
from reconciler.model.notifying import Target
from reconciler.notify.template import filled

TYPES = {NoticeKind.RECOVERY: "success", NoticeKind.FAILURE: "failure", NoticeKind.HALT: "failure"}


class ByApprise:
    """One target of apprise. Its URL is a secret: apprise's own log, which may name it, goes nowhere."""

    def __init__(self, target: Target, url: str) -> None:
        """Check the URL; nothing is sent. Raises SettingsError."""
        try:
            import apprise
        except ImportError:
            hint = "install fleet-reconciler[notify]"
            raise SettingsError(f"the target {target.name} needs apprise, which is not installed", hint=hint) from None
        getLogger("apprise").disabled = True
        self._target = target
        self._apprise: Any = apprise.Apprise()
        if not self._apprise.add(url):
            hint = "check the variable or file that `apprise:` names; apprise's documentation lists the URLs it knows"
            raise SettingsError(f"the URL of the target {target.name} is none that apprise knows", hint=hint)
        for service in self._apprise:
            _secured(target, url, service)

    def notify(self, message: Message) -> None:
        """Send a message; raise NotifyError where the service did not take it."""
        title, body = filled(self._target, message)
        taken = False
        with suppress(
            Exception
        ):  # whatever a service of apprise raises: it may quote the URL, and must not end the thread
            taken = self._apprise.notify(
                title=title, body=body, body_format=self._target.format, notify_type=TYPES.get(message.kind, "warning")
            )
        if not taken:
            raise NotifyError("the service did not take the message, or could not be reached")


def _secured(target: Target, url: str, service: Any) -> None:
    """Raise SettingsError where a service would be spoken to in the clear, though it need not, beyond this machine."""
    scheme = url.split("://", 1)[0].lower()
    plain, secure = (_names(getattr(service, name, None)) for name in ("protocol", "secure_protocol"))
    if scheme in plain and secure and not _local(getattr(service, "host", "") or ""):
        hint = f"use {next(iter(sorted(secure)))}://"
        raise SettingsError(f"the URL of the target {target.name} sends messages without TLS", hint=hint)


def _names(value: object) -> set[str]:
    return (
        {value} if isinstance(value, str) else {str(one) for one in value} if isinstance(value, tuple | list) else set()
    )


def _local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
