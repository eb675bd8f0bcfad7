"""When two texts are the same text: normal form and identity.

Case, white space, HTML line breaks and the many ways in which Unicode writes one character make no difference: a text
that differs from another in these alone would be remembered, not judged, by a model that saw the other in training.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from components.line_breaks import LINE_BREAK

_BREAK = re.compile(LINE_BREAK)
_ID_BYTES = 16


def without_breaks(text: str) -> str:
    """The text with a space for every HTML line break (`<br />` and its variants)."""
    return _BREAK.sub(" ", text) if "<" in text else text


def normalise(text: str) -> str:
    """The normal form: NFKC and case-folded, without HTML breaks, white space collapsed to single spaces.

    Folding can undo the normal form, hence NFKC before and after it (Unicode 15, section 3.13, D146).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(without_breaks(folded).split())


def text_id(text: str) -> str:
    """Identity of a text: 128-bit BLAKE2b of its normal form, 32 hexadecimal digits."""
    return id_of_normalised(normalise(text))


def id_of_normalised(normalised: str) -> str:
    """`text_id` of a text whose normal form is at hand."""
    return hashlib.blake2b(normalised.encode(), digest_size=_ID_BYTES).hexdigest()
