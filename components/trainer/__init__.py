"""Trainer: fine-tunes the encoder on Transform's ids and exports a model that takes text."""
