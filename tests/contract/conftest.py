"""Every promise is held against every platform."""

import pytest

from reconciler.testing.subject import Subject
from tests.contract.subjects_getapp import GETAPP_AGENT, GETAPP_CDN
from tests.contract.subjects_losant import LOSANT
from tests.contract.subjects_memfault import MEMFAULT

SUBJECTS = [LOSANT, GETAPP_CDN, GETAPP_AGENT, MEMFAULT]


@pytest.fixture(params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    """One platform with its simulator."""
    found: Subject = request.param
    return found
