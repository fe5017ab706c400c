"""Several panoramas of one place → one scene."""

EVERY_S = 0.5
"""Seconds between the panoramas that are taken of a walk: half a step to a step."""
