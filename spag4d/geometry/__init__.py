"""Pure mathematics of directions, cameras and resampling."""
