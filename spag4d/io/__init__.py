"""Files only: pictures and videos in, whole files out."""
