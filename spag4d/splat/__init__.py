"""Panorama and DepthMap → Gaussians."""
