"""The same encoder in ONNX Runtime, fed with the same tokens in the same batches; runs in .venv-benchmarks."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.peers import onnx_graph, worker

_SAME = 1e-4  # the two compute in float32, in another order


class OnnxWorker:
    """Commands on one model and one list of batches. Answers' times are in seconds."""

    def load(self, weights: str, tokens: str, threads: int) -> worker.Answer:
        """Builds the graph, and finds the pooling with which its scores are the SavedModel's, over every batch.

        Raises:
            ValueError: with none of them they are.
        """
        with np.load(weights) as arrays:
            by_name = dict(arrays)
        with np.load(tokens) as arrays:
            count = sum(name.startswith("ids_") for name in arrays)
            self._feeds = [_feed(arrays, index) for index in range(count)]
            expected = [arrays[f"scores_{index}"] for index in range(count)]
        differences = {}
        for pooling in onnx_graph.POOLINGS:
            self._session = _session(onnx_graph.build(by_name, pooling), threads)
            differences[pooling] = self._largest_difference(expected)
            if differences[pooling] <= _SAME:
                return {
                    "version": onnxruntime.__version__,
                    "threads": threads,
                    "pooling": pooling,
                    "largest_score_difference": differences[pooling],
                }
        raise ValueError(f"ONNX Runtime's scores differ from the SavedModel's: {differences}")

    def tokens(self) -> worker.Answer:
        """All batches, once."""
        start = time.perf_counter()
        for feed in self._feeds:
            self._session.run(None, feed)
        return {"seconds": time.perf_counter() - start, "texts": sum(len(feed[onnx_graph.IDS]) for feed in self._feeds)}

    def _largest_difference(self, expected: list[np.ndarray]) -> float:
        pairs = zip(self._feeds, expected, strict=True)
        return max(float(np.abs(np.asarray(self._session.run(None, feed)[0]) - scores).max()) for feed, scores in pairs)


def _feed(arrays: Any, index: int) -> dict[str, np.ndarray]:
    return {onnx_graph.IDS: arrays[f"ids_{index}"], onnx_graph.MASK: arrays[f"mask_{index}"]}


def _session(model: Any, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def main() -> None:
    """Answers commands until standard input ends."""
    commands = OnnxWorker()
    worker.serve({"load": commands.load, "tokens": commands.tokens})


if __name__ == "__main__":
    main()
