"""The way from several panoramas of one place to one scene: `run` knows the order of its steps."""
