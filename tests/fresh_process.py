"""A model as a server meets it: loaded by a process that knows nothing of the one that made it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_CODE = """
import json, sys, tensorflow as tf, tensorflow_text
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(json.dumps(serve(text=tf.constant(json.loads(sys.argv[2])))["scores"].numpy().tolist()))
"""


def scores_in_a_fresh_process(folder: Path, texts: Sequence[str]) -> np.ndarray:
    """Scores [texts, labels] of the SavedModel in `folder`, by `serving_default`."""
    command = [sys.executable, "-c", _CODE, str(folder), json.dumps(list(texts))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout.splitlines()[-1]))
