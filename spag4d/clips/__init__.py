"""Films from files, frame by frame, and films into files."""
