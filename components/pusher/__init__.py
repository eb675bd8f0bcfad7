"""Publishes a blessed model in a folder that TensorFlow Serving watches."""
