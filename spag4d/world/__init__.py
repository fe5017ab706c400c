"""Several panoramas of one place → one scene."""
