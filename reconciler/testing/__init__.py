"""The contract suite: what every platform promises, as tests that its authors run as well.

A plug-in's own tests give a fixture `subject` (a `reconciler.testing.subject.Subject`) and import the suite:

    from reconciler.testing.contract import *

It needs pytest and hypothesis: `fleet-reconciler[simulators,testing]`.
"""

import pytest

MODULES = ("applying", "cataloguing", "changes", "compiling", "executing", "observing", "plugging")

pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in MODULES))
