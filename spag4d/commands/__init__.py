"""What each command of ``spag4d`` does, and what all of them share."""
