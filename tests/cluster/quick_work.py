"""A converter for the workers of a test cluster, whose built-in model looks at small pictures."""

from typing import Any

from spag4d.core import SPAG4D
from spag4d.depth import builtin
from tests.small_models import QUICK_DEPTH


def quick(**settings: Any) -> SPAG4D:
    """Return it."""
    builtin.WORKING_HW = QUICK_DEPTH[1]
    return SPAG4D(**settings)
