"""How Gaussians look: the parameters that the surfaces and the sky share."""

from dataclasses import dataclass

from spag4d.errors import InputError

_BACKED_SD_PER_FACTOR = 0.3
"""Cell pitches per unit: 0.45 at 1.5, which reproduced photographs best."""
_LONE_SD_PER_FACTOR = 0.47
"""0.7 at 1.5: where four such Gaussians of opacity 0.99 meet, 1.3 % of the light passes."""


@dataclass(frozen=True)
class Look:
    """Shape of Gaussians.

    ``scale_factor`` is calibrated: at 1.5 a cell with a backing layer gets
    the standard deviation (0.45 cell pitches) that reproduced photographs best, one without gets 0.7. ``thickness`` is the
    extent along the normal relative to that across. ``backing`` adds the wide Gaussians behind. Raises `InputError`.
    """

    scale_factor: float = 1.5
    thickness: float = 0.1
    opacity: float = 0.99
    backing: bool = True

    def __post_init__(self) -> None:
        """Refuse values that make no scene."""
        for name, low, high in (("scale_factor", 0.0, 10.0), ("thickness", 0.0, 1.0), ("opacity", 0.0, 1.0)):
            value = getattr(self, name)
            if not low < value <= high:
                raise InputError(f"{name} must be above {low:g} and at most {high:g}, got {value}")

    @property
    def backed_sd(self) -> float:
        """Standard deviation, in cell pitches, of a Gaussian that has a wide one behind it."""
        return _BACKED_SD_PER_FACTOR * self.scale_factor

    @property
    def lone_sd(self) -> float:
        """Standard deviation, in cell pitches, of a Gaussian that must close the surface without help."""
        return _LONE_SD_PER_FACTOR * self.scale_factor
