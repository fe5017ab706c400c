"""Hostile files: honest ones of every kind are changed at random, and none may end in a traceback or be taken for whole."""
