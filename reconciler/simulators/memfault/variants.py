"""What is uncertain about Memfault: the questions that its documents leave open.

The facts end with nine questions that only a live project can settle, and many facts are inferred or differ between
years. The simulator does not guess once: each question is a variant, `--variant question=answer`, and laws run over all
answers. A number is that of section 10 of the facts.
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question(
        "patch-rollout", ("accept", "reject", "ignore"), "whether a PATCH may change the percentage of a rollout", 1
    ),
    Question("activation-status", ("done", "in_progress"), "the status of an activation that is in force", 2),
    Question("pull-status", ("removed", "pulled", "aborted"), "what is left of an activation that was deleted", 2),
    Question("per-page", ("capped-100", "as-asked"), "whether more than 100 rows a page can be had", 3),
    Question("cohort-devices", ("shown", "404"), "whether the members of a cohort can be listed", 5),
    Question("already-active", ("400", "409", "200"), "the status when a release is activated twice", 7),
    Question("approval", ("off", "pending"), "whether an activation waits for a second person", 8),
    Question("device-shape", ("reference", "live"), "devices as documented, or as seen since 2022"),
    Question("write-status", ("200", "201", "202"), "the status of creates; with 202, of all writes that take time"),
    Question("release-of-events", ("listed", "hidden"), "whether a release known from events alone is a release"),
    Question("activation-visible", ("now", "later"), "when a created activation can be read and is in force"),
    Question("min-version", ("respected", "ignored"), "whether a device below it is offered the release"),
    Question("version-order", ("semver", "natural"), "how versions are ordered"),
    Question("type-versions", ("shown", "404"), "whether the versions of a software type can be read"),
    Question("must-pass-told", ("shown", "absent"), "whether replies say that a release must be passed through"),
    Question("activate-empty", ("accept", "reject"), "whether a release without payloads can be activated"),
)

OBJECTS = "objects"
"""The reads that answer JSON."""


class Variants(AnyVariants):
    """One answer to every question about Memfault."""

    questions = QUESTIONS
