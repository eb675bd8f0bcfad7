"""What the verbs of `bertline schema` do."""
