"""What an HTML line break is, to identity and word counts (in Python) and to tokens (in TensorFlow's graph) alike."""

from __future__ import annotations

# Understood by Python's re and by TensorFlow's RE2, as the same: HTML's white space is spelled out, since `\s` holds
# Unicode's in the one and lacks the vertical tab in the other. Spaces before `br` are no HTML, but no words either.
LINE_BREAK = r"(?i)<[ \t\r\n\f]*br[ \t\r\n\f]*/?[ \t\r\n\f]*>"
