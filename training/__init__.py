"""Procedural panoramas, and what trains and judges the built-in depth network with them."""
