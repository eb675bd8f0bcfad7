"""Text encoders: what `encoder.handle` may name, where it comes from, and what it brings (sizes, vocabulary, casing).

Nothing heavy is imported here: the command line asks `handles` and `fingerprint` before any work begins.
"""
