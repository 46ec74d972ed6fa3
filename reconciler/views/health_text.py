"""What probes are answered: one line."""

from reconciler.model.health import Finding, Why
from reconciler.views.words import duration

WORDS = {
    Why.NOTHING: "ok",
    Why.STUCK: "no pass came to an end, and nothing happened in the running one, for {ago}",
    Why.NO_MANIFESTS: "no manifests are in force yet",
    Why.NOT_PASSED: "no pass has ended yet",
    Why.NO_DATABASE: "the database of jobs could not be reached for {ago}",
    Why.UNREAD: "no connection could be read for {ago}",
}


def render(one: Finding) -> str:
    """Return a finding as a line."""
    return WORDS[one.why].format(ago=duration(one.seconds))
