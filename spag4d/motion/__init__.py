"""What changes in time: frames and clips become Gaussians that live for a time."""
