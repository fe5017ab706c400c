"""A clip becomes one scene that moves: what stands is made once, and of each frame only what moves."""
