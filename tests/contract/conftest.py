"""Every promise is held against every platform."""

import pytest

from tests.contract.subjects import SUBJECTS, Subject


@pytest.fixture(params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    """One platform with its simulator."""
    found: Subject = request.param
    return found
