"""`bertline tune`: a search over training settings."""
