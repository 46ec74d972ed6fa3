"""What is uncertain about Losant: the questions that its documents leave open.

The facts end with nine questions that only a live application can settle, and several facts are inferred. The simulator
does not guess once: each question is a variant, `--variant question=answer`, and laws run over all answers. A number is
that of section 7 of the facts.
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question("max-per-page", ("clamp", "reject", "unlimited"), "what happens above 1000 rows a page", 1),
    Question("replace-matches", ("desired", "current", "either"), "which rows hold the old version of a replace", 2),
    Question("release-without-selector", ("none", "all", "reject"), "a release that names no device and no tag", 3),
    Question("remove-null-null", ("reject", "all", "none"), "a remove whose flow and device are both null", 4),
    Question("scope-status", ("403", "401"), "the status for a token whose scope does not suffice", 5),
    Question("write-visible", ("later", "now"), "whether an accepted write can be read at once", 6),
    Question("write-status", ("202", "201"), "the status of an accepted write, by the age of the API"),
    Question("agent-error-text", (), "the text logged by an agent that is too old", 7, "workflow needs a newer agent"),
    Question("failure-log", ("attempted", "then-current", "bare"), "what else is logged with an error, or not"),
    Question("unknown-ids", ("ignore", "refuse"), "a release that names devices the application has not", 8),
    Question("overwrite-push", ("yes", "no"), "whether a release again pushes overwritten content", 9),
    Question("overwrite-etag", ("at-once", "at-release"), "when the rows of an overwritten version show its new etag"),
    Question("overwrite-id", ("same", "new"), "whether an overwritten version keeps its id"),
    Question("etags", ("shown", "absent"), "whether rows carry etags"),
    Question("empty-rows", ("kept", "dropped"), "whether a removed pair stays as a row with nulls"),
    Question("deleted-rows", ("dropped", "kept"), "whether the rows of a deleted device are still listed"),
    Question(
        "row-updated", ("always", "assigned"), "whether `lastUpdated` of a row moves with what devices report, too"
    ),
    Question("connection-updated", ("no", "yes"), "whether `lastUpdated` of a device moves with its connection"),
    Question("restore-updated", ("no", "yes"), "whether `lastUpdated` of a device moves when it is restored"),
    Question("rerelease-log", ("yes", "no"), "whether a release of what is desired already is logged"),
    Question("unknown-version", ("404", "400", "accept"), "a release of a version that the flow has not"),
    Question("develop-version", ("reject", "accept"), "a release of the version `develop`"),
    Question("tag-filter", ("or", "and"), "how several entries of a tag filter of devices combine"),
    Question("other-class", ("ignore", "refuse"), "a release to a device that is no Edge Compute device"),
)


class Variants(AnyVariants):
    """One answer to every question about Losant."""

    questions = QUESTIONS
