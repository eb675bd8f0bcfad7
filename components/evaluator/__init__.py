"""Decides whether a model may be published: TensorFlow Model Analysis computes, our gates give the verdict."""
