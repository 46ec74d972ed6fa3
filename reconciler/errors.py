"""The error tree. An exception means "this operation cannot go on"; a failed slot or call is an outcome, not an exception.

::

    ReconcilerError                      exit 1
    ├── SettingsError                    exit 1   an option, variable or file of the caller is wrong
    ├── ManifestError(diagnostics)       exit 1   documents are wrong; all findings at once
    ├── SourceError                      exit 1   a git repository elsewhere gives no manifests that may come into force
    ├── PlanError                        exit 1   a plan cannot be made or used
    │   ├── PlanExpired                  exit 1   the saved plan is too old
    │   └── PlanMismatch                 exit 1   edited, of another format, or of another application
    ├── PlatformError                    exit 1   operation, status, request_id, retryable
    │   ├── Unreachable                           no connection, TLS failure, timeout
    │   ├── RateLimited(retry_after)              the platform asks to wait, seconds
    │   ├── ServerFailed                          5xx
    │   ├── Unauthorized                          401, 403
    │   ├── NotFound                              404
    │   ├── Rejected                              another 4xx
    │   └── UnexpectedAnswer                      not what the API describes (HTML, truncated, wrong shape)
    ├── NotifyError(retryable)           exit 1   a message could not be delivered
    └── JournalError                     exit 1   history cannot be written
"""

from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic


class ReconcilerError(Exception):
    """Base of all. The text says what happened and where; `hint` what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def advised(self) -> str:
        """Return the text with the hint behind it, for where both stand in one line."""
        return f"{self} ({self.hint})" if self.hint else str(self)


class SettingsError(ReconcilerError):
    """An option, an environment variable or a file that the caller named is wrong."""


class ManifestError(ReconcilerError):
    """Documents are wrong; carries every finding of every file."""

    def __init__(self, diagnostics: Sequence[Diagnostic], *, hint: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(f"{one.origin}: {one.message}" for one in self.diagnostics), hint=hint)


class SourceError(ReconcilerError):
    """A git repository elsewhere cannot be reached, or what it says is refused."""


class PlanError(ReconcilerError):
    """A plan cannot be made or used."""


class PlanExpired(PlanError):
    """The saved plan is older than plans may get."""


class PlanMismatch(PlanError):
    """The saved plan was edited, is of another format, or belongs to another application."""


class PlatformError(ReconcilerError):
    """A platform could not do an operation. `sent` tells whether the request may have taken effect."""

    def __init__(  # what a person needs to know of a failed call, all of it
        self,
        message: str,
        *,
        operation: str,
        status: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        sent: bool = True,
        hint: str = "",
    ) -> None:
        """Take what happened; `operation` is what we asked for, in words (`PLATFORM: list devices`)."""
        super().__init__(f"{operation}: {message}", hint=hint)
        self.reason = message
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.retryable = retryable
        self.sent = sent


class Unreachable(PlatformError):
    """No connection, no TLS, or no answer in time."""


class RateLimited(PlatformError):
    """The platform asks to wait; `retry_after` in seconds where it says how long."""

    retry_after: float | None = None


class ServerFailed(PlatformError):
    """The platform failed (5xx)."""


class Unauthorized(PlatformError):
    """The platform does not accept the credentials (401) or they do not suffice (403)."""


class NotFound(PlatformError):
    """What was asked about is not there (404)."""


class Rejected(PlatformError):
    """The platform refused the request (another 4xx)."""


class UnexpectedAnswer(PlatformError):
    """The answer is not what the API describes: HTML, truncated JSON, another shape, a redirect elsewhere."""


class NotifyError(ReconcilerError):
    """A message could not be delivered; `retryable` where another attempt may help."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class JournalError(ReconcilerError):
    """History cannot be written."""
