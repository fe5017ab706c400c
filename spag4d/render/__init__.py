"""Gaussians → pictures: views, panoramas and depth from anywhere."""
