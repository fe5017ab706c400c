"""SPAG-4D turns 360° panoramas into 3D scenes of Gaussian splats.

The public names are imported on first use, so that ``import spag4d`` and ``spag4d --help`` stay quick.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spag4d.conversion import ConversionResult as ConversionResult
    from spag4d.core import SPAG4D as SPAG4D
    from spag4d.data import DepthMap as DepthMap
    from spag4d.data import Gaussians as Gaussians
    from spag4d.data import Panorama as Panorama
    from spag4d.errors import Cancelled as Cancelled
    from spag4d.errors import InputError as InputError
    from spag4d.errors import ResourceError as ResourceError
    from spag4d.errors import Spag4dError as Spag4dError
    from spag4d.errors import WeightsError as WeightsError
    from spag4d.settings import Settings as Settings

# What Apple's GPUs lack runs on the processor instead of failing. PyTorch reads this when it is imported, which comes later.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

__version__ = "0.1.0"

_HOMES = {
    "spag4d.conversion": ("ConversionResult",),
    "spag4d.core": ("SPAG4D",),
    "spag4d.data": ("DepthMap", "Gaussians", "Panorama"),
    "spag4d.errors": ("Cancelled", "InputError", "ResourceError", "Spag4dError", "WeightsError"),
    "spag4d.settings": ("Settings",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'spag4d' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
