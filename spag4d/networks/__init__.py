"""Torch modules of the neural networks, without the code that runs them."""
