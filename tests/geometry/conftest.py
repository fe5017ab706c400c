import pytest

from spag4d.geometry import RIGS


@pytest.fixture(params=list(RIGS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param
