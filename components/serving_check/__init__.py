"""Decides whether a model can be served: a server process loads it, and answers real and hostile requests."""
