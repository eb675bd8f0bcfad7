"""Fetches the public data sets from where they are published: whole, checked, and going on where it was cut off."""
