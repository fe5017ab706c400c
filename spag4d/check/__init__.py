"""How far a scene of any tool can be trusted: facts, likeness to its panorama, and the walking range."""
