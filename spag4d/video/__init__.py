"""State across frames: the camera's rotation, motion, and steady depth and Gaussians."""
