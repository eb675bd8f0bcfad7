"""The model in one TensorFlow process: offline batches of texts and of tokens, and calls one at a time beside gRPC."""

from __future__ import annotations

import base64
import json
import statistics
import time
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf

from benchmarks.peers import worker
from benchmarks.peers.saved_model import SCORES, SessionModel, batches
from benchmarks.peers.weights import write_weights
from serving.protos import messages

_BLOCK = 16  # texts
_SAME = 1e-4  # scores differ in float32's last digits with the shape of the batch


class TensorFlowWorker:
    """Commands on one model and one list of texts. Answers' times are in seconds."""

    def load(self, model: str, texts_file: str, batch_size: int, threads: int) -> worker.Answer:
        """Loads the model and the texts (in base64), and makes batches of them in their order."""
        self._model = SessionModel(Path(model), threads)
        self._texts = [base64.b64decode(text) for text in json.loads(Path(texts_file).read_text())]
        self._batches = [np.array(batch, dtype=object) for batch in batches(self._texts, batch_size)]
        return {"version": tf.__version__, "threads": threads}

    def texts(self) -> worker.Answer:
        """All texts in batches, through the graph that serves: tokenising and all."""
        start = time.perf_counter()
        for batch in self._batches:
            self._model.score_texts(batch)
        return {"seconds": time.perf_counter() - start, "texts": len(self._texts)}

    def prepare_tokens(self, file: str) -> worker.Answer:
        """Makes the batches' tokens, and writes them with the scores to an .npz file for a peer to read."""
        self._tokens = [self._model.tokenise(batch) for batch in self._batches]
        arrays: dict[str, np.ndarray] = {}
        for index, (batch, (ids, mask)) in enumerate(zip(self._batches, self._tokens, strict=True)):
            [scores] = self._model.score_tokens(ids, mask)
            _check_same(scores, self._model.score_texts(batch)[0])
            arrays |= {f"ids_{index}": ids, f"mask_{index}": mask, f"scores_{index}": scores}
        np.savez(file, **arrays)
        return {"batches": len(self._tokens)}

    def tokens(self) -> worker.Answer:
        """All texts in the same batches, from tokens already made."""
        start = time.perf_counter()
        for ids, mask in self._tokens:
            self._model.score_tokens(ids, mask)
        return {"seconds": time.perf_counter() - start, "texts": len(self._texts)}

    def write_weights(self, file: str) -> worker.Answer:
        """Writes the model's weights by name to an .npz file."""
        return write_weights(self._model, Path(file))

    def overhead(self, address: str, name: str, count: int) -> worker.Answer:
        """The first `count` texts one at a time, in process and by gRPC by turns, a block of texts each.

        A client of one sends its next text when the last is answered. Text by text instead, each way would find the
        processors asleep and their caches full of the other's weights, which is nothing that a client meets.

        Returns:
            Medians in milliseconds, and the largest difference between the two ways' scores.
        """
        in_process, by_grpc, differences = [], [], []
        texts = self._texts[:count]
        with grpc.insecure_channel(address) as channel:
            predict = _predict(channel)
            ways = [self._score, lambda text: _ask(predict, name, text)]
            for number, start in enumerate(range(0, len(texts), _BLOCK)):
                block = texts[start : start + _BLOCK]
                order = (0, 1) if number % 2 else (1, 0)
                timed = {way: [_timed(lambda t=text, w=way: ways[w](t)) for text in block] for way in order}
                in_process += [seconds for seconds, _ in timed[0]]
                by_grpc += [seconds for seconds, _ in timed[1]]
                differences += [abs(one - other) for (_, one), (_, other) in zip(timed[0], timed[1], strict=True)]
        if max(differences) > _SAME:
            raise ValueError(f"the server's scores differ by {max(differences):g} from those in process")
        return {
            "in_process_ms": statistics.median(in_process) * 1e3,
            "grpc_ms": statistics.median(by_grpc) * 1e3,
            "difference_ms": statistics.median(b - a for a, b in zip(in_process, by_grpc, strict=True)) * 1e3,
            "largest_score_difference": max(differences),
        }

    def _score(self, text: bytes) -> float:
        return float(self._model.score_texts(np.array([text], dtype=object))[0][0, 0])


def _check_same(of_tokens: np.ndarray, of_texts: np.ndarray) -> None:
    if not np.allclose(of_tokens, of_texts, rtol=0, atol=_SAME):
        raise ValueError(f"tokens and texts differ in score by {np.abs(of_tokens - of_texts).max():g}")


def _timed(call: Any) -> tuple[float, float]:
    start = time.perf_counter()
    score = call()
    return time.perf_counter() - start, score


def _predict(channel: grpc.Channel) -> Any:
    return channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=messages.PredictRequest.SerializeToString,
        response_deserializer=messages.PredictResponse.FromString,
    )


def _ask(predict: Any, model: str, text: bytes) -> float:
    """The text's first score, asked of a server: making the request and reading the answer are part of the call."""
    request = messages.PredictRequest()
    request.model_spec.name = model
    tensor = request.inputs["text"]
    tensor.dtype = int(tf.string.as_datatype_enum)
    tensor.tensor_shape.dim.add(size=1)
    tensor.string_val.append(text)
    scores = predict(request, timeout=30).outputs[SCORES]
    if scores.tensor_content:
        return float(np.frombuffer(scores.tensor_content, np.float32)[0])
    return float(scores.float_val[0])


def main() -> None:
    """Answers commands until standard input ends."""
    commands = TensorFlowWorker()
    worker.serve(
        {
            "load": commands.load,
            "texts": commands.texts,
            "prepare_tokens": commands.prepare_tokens,
            "tokens": commands.tokens,
            "write_weights": commands.write_weights,
            "overhead": commands.overhead,
        }
    )


if __name__ == "__main__":
    main()
