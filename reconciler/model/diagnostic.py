"""What is wrong with a document, told to a person: severity, place, message, hint."""

from enum import StrEnum

import msgspec

from reconciler.model.origin import NOWHERE, Origin


class Severity(StrEnum):
    """How bad it is: an error stops the run, a warning does not (unless `--strict`)."""

    ERROR = "error"
    WARNING = "warning"


class Related(msgspec.Struct, frozen=True):
    """A second place that takes part in the problem, with what it has to do with it."""

    message: str
    origin: Origin


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding. `code` is stable and short (`unknown-key`); `hint` says what to do next."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    origin: Origin = NOWHERE
    hint: str = ""
    related: tuple[Related, ...] = ()
    excerpt: str = ""
    """The source line concerned, without its line break; shown with a caret under `origin.column`."""
