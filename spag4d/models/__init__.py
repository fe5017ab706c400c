"""Weights of published models: what they are, where they are kept, how they are downloaded."""
