"""The sources of text: a module each, and the registry (`registry.py`) through which all others use them."""
