"""What of a still panorama moves, and how: as Gaussians that loop, and as a film."""
