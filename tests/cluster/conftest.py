import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cluster import cluster


@pytest.fixture(scope="module")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a Ray cluster of two nodes on this machine, to which this process is connected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
        patch.setenv("SPAG4D_HOME", str(tmp_path_factory.getbasetemp() / "nothing installed"))
        patch.setenv("OMP_NUM_THREADS", "1")
        with cluster(2) as found:
            yield found
