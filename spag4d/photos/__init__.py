"""Pictures and depth from files, and depth into files."""
