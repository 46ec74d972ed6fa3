"""The questions that Losant's documents leave open, each with its possible answers.

The facts end with nine questions that only a live application can settle, and several facts are inferred. The simulator
does not guess once: each question is a variant, `--variant question=answer`, and laws run over all answers. The number
is that of section 7 of the facts; a dash marks an inference that is worth doubting.

| # | question | answers | default | about |
|---|---|---|---|---|
| 1 | max-per-page | clamp, reject, unlimited | clamp | what happens above 1000 rows a page |
| 2 | replace-matches | desired, current, either | desired | which rows hold the old version of a replace |
| 3 | release-without-selector | all, none, reject | none | a release that names no device and no tag |
| 4 | remove-null-null | all, none, reject | reject | a remove whose flow and device are both null |
| 5 | scope-status | 401, 403 | 403 | the status for a token whose scope does not suffice |
| 6 | write-visible | now, later | now | whether a 201 means that the new state can be read |
| 7 | agent-error-text | any text | workflow needs a newer agent | the text logged by an agent that is too old |
| 8 | unknown-ids | ignore, refuse | ignore | a release that names devices the application has not |
| 9 | overwrite-push | yes, no | yes | whether a release again pushes overwritten content |
| - | overwrite-etag | at-once, at-release | at-once | when the rows of an overwritten version show its new etag |
| - | overwrite-id | same, new | same | whether an overwritten version keeps its id |
| - | etags | shown, absent | shown | whether rows carry etags |
| - | empty-rows | kept, dropped | kept | whether a removed pair stays as a row with nulls |
| - | deleted-rows | dropped, kept | dropped | whether the rows of a deleted device are still listed |
| - | rerelease-log | yes, no | yes | whether a release of what is desired already is logged |
| - | unknown-version | 404, 400, accept | 404 | a release of a version that the flow has not |
| - | develop-version | reject, accept | reject | a release of the version `develop` |
| - | other-class | ignore, refuse | ignore | a release to a device that is no Edge Compute device |
| - | tag-filter | or, and | or | how several entries of a tag filter combine |
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question("max-per-page", ("clamp", "reject", "unlimited"), "clamp", 1),
    Question("replace-matches", ("desired", "current", "either"), "desired", 2),
    Question("release-without-selector", ("all", "none", "reject"), "none", 3),
    Question("remove-null-null", ("all", "none", "reject"), "reject", 4),
    Question("scope-status", ("401", "403"), "403", 5),
    Question("write-visible", ("now", "later"), "now", 6),
    Question("agent-error-text", (), "workflow needs a newer agent", 7),
    Question("unknown-ids", ("ignore", "refuse"), "ignore", 8),
    Question("overwrite-push", ("yes", "no"), "yes", 9),
    Question("overwrite-etag", ("at-once", "at-release"), "at-once"),
    Question("overwrite-id", ("same", "new"), "same"),
    Question("etags", ("shown", "absent"), "shown"),
    Question("empty-rows", ("kept", "dropped"), "kept"),
    Question("deleted-rows", ("dropped", "kept"), "dropped"),
    Question("rerelease-log", ("yes", "no"), "yes"),
    Question("unknown-version", ("404", "400", "accept"), "404"),
    Question("develop-version", ("reject", "accept"), "reject"),
    Question("other-class", ("ignore", "refuse"), "ignore"),
    Question("tag-filter", ("or", "and"), "or"),
)


class Variants(AnyVariants):
    """One answer to every question about Losant."""

    questions = QUESTIONS
