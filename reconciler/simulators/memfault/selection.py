"""Which release a device is offered: the service's rule, as a pure function.

Among the releases that are active for the device's cohort and have a payload for its hardware: a delta from the current
version; else the lowest must-pass-through version above it; else the highest full version above it (confirmed: MDX
docs/platform/ota.mdx). A full release leads downwards only where the cohort's version checking is off, a delta never
(confirmed: the same, WEB docs/best-practices/ota-downgrades). What a minimum version does is inferred (a variant).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.simulators.memfault.versions import SEMVER, order_of


@dataclass(frozen=True, slots=True)
class Offer:
    """An active release; `base` is the version that a delta starts from. An empty `minimum` is none."""

    version: str
    base: str | None = None
    must_pass_through: bool = False
    minimum: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """How versions are ordered (`semver`, `natural`), and whether minimum versions and version checks count."""

    order: str = SEMVER
    minimum: bool = True
    downgrade: bool = False


def choose(current: str | None, offers: Sequence[Offer], rules: Rules) -> Offer | None:
    """What a device that runs `current` takes; None for nothing. One that says no version gets the highest.

    That an unsaid version gets the newest is confirmed (MDX docs/mcu/releases-integration-guide.mdx).
    """
    known = {offer.version for offer in offers} | {offer.minimum for offer in offers if offer.minimum}
    key = order_of(known if current is None else known | {current}, rules.order)
    full = [offer for offer in offers if offer.base is None]
    if current is None:
        return max(full, key=lambda offer: key(offer.version), default=None)
    now = key(current)
    fit = [o for o in offers if not (rules.minimum and o.minimum) or key(o.minimum) <= now]
    above = sorted((o for o in fit if key(o.version) > now), key=lambda offer: key(offer.version))
    deltas = [offer for offer in above if offer.base == current]
    if deltas:
        return deltas[-1]
    steps = [offer for offer in above if offer.base is None]
    through = [offer for offer in steps if offer.must_pass_through]
    if through:
        return through[0]
    if steps:
        return steps[-1]
    fit = [offer for offer in fit if offer.base is None]
    highest = max(fit, key=lambda offer: key(offer.version), default=None)
    return highest if rules.downgrade and highest is not None and highest.version != current else None
