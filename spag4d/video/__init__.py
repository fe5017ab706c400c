"""State across frames: how the camera turned, what moved, and depth and Gaussians that stay steady."""
