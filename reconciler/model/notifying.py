"""Who is notified of troubles (`--notify-config FILE`), exactly as people write it: addresses and keys are references."""

from typing import Annotated

import msgspec

from reconciler.model.connection import Secret
from reconciler.model.kind import Kind, Name, Text

ALL = ("drift", "failure", "halt", "rollback", "hold", "recovery")
Reported = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(ALL)})$(?!\n)")]
FIELDS = ("kind", "title", "body", "fleets", "run", "time")
"""What templates may use: `$title`, `${kind}`."""


class Webhook(Kind, frozen=True, kw_only=True):
    """An HTTP server of one's own: messages are JSON, signed with a key that both know."""

    url: Secret
    key: Secret


class Target(Kind, frozen=True, kw_only=True):
    """One place that messages go to: exactly one of `apprise` and `webhook`."""

    name: Name
    apprise: Secret | None = None
    """A URL of apprise, such as `slack://…` or `mailtos://…`."""
    webhook: Webhook | None = None
    fleets: Annotated[list[Text], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=lambda: ["*"])
    """Globs of fleets; what is about all of them goes to every target."""
    kinds: Annotated[list[Reported], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=lambda: [*ALL])
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    """Messages in an hour at most; the rest is counted, and said in one."""
    format: Annotated[str, msgspec.Meta(pattern=r"^(text|markdown)$(?!\n)")] = "text"
    title: Text = "$title"
    body: Text = "$body"


class Notifications(Kind, frozen=True, kw_only=True):
    """All targets."""

    targets: Annotated[list[Target], msgspec.Meta(min_length=1)]
