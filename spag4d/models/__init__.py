"""Weights of published models: what they are, where they lie, how they are fetched."""
