"""The formats that rows of text come in: a module each, all of which give rows in the same way (`formats.py`)."""
