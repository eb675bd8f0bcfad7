"""What a process does that knows nothing of this one: loading a model as a server does, importing as a command does."""

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


def heavy_imports(code: str) -> set[str]:
    """Which of the modules that take seconds to import are there once the code has run."""
    told = f"import sys\n{code}\nprint(*{{'tensorflow', 'apache_beam', 'tfx', 'numpy', 'pandas'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
