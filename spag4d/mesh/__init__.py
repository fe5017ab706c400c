"""Surfaces as triangles, for programs that draw no Gaussians."""
