"""What the verbs of `bertline encoders` do."""
