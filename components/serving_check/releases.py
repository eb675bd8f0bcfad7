"""What each release of TensorFlow Serving links: which operators a model may hold.

A release links TensorFlow of its own number and the operators of TensorFlow Text that `tensorflow_text:ops_lib` has
(SUPPORTED_TENSORFLOW_OPS in tensorflow_serving/model_servers/BUILD; the version of TensorFlow Text stands in its
tensorflow_serving/workspace.bzl). Nothing here imports TensorFlow, so that the configuration can ask.
"""

from __future__ import annotations

RELEASES = ("2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "2.18", "2.19", "2.20")

# The operators of TensorFlow Text: those of its wheels 2.16.1 to 2.21.1, which are the same.
TEXT_OPERATORS = frozenset({
    "CaseFoldUTF8", "ConstrainedSequence", "FastBertNormalize", "FastWordpieceTokenizeWithOffsets",
    "FindSourceOffsets", "MaxSpanningTree", "NormalizeUTF8", "NormalizeUTF8WithOffsetsMap", "PhraseTokenize",
    "RegexSplitWithOffsets", "RougeL", "SentenceFragments", "SentenceFragmentsV2", "SentencepieceDetokenizeOp",
    "SentencepieceIdToStringOp", "SentencepieceOp", "SentencepieceStringToIdOp", "SentencepieceTokenizeOp",
    "SentencepieceTokenizeWithOffsetsOp", "SentencepieceVocabSizeOp", "SplitMergeTokenizeWithOffsets",
    "TFText>BoiseTagsToOffsets", "TFText>ByteSplitByOffsets", "TFText>ByteSplitWithOffsets",
    "TFText>FastSentencepieceDetokenize", "TFText>FastSentencepieceTokenize", "TFText>FastWordpieceDetokenize",
    "TFText>NgramsStringJoin", "TFText>OffsetsToBoiseTags", "TFText>PhraseDetokenize",
    "TFText>RoundRobinGenerateMasks", "TFText>RoundRobinTrim", "TFText>Utf8Binarize",
    "TFText>WhitespaceTokenizeWithOffsetsV2", "TokenizerFromLogits", "UnicodeScriptTokenizeWithOffsets",
    "WhitespaceTokenizeWithOffsets", "WordpieceTokenizeWithOffsets",
})  # fmt: skip

# Releases 2.12 to 2.19 link TensorFlow Text 2.12.1, whose wheel lacks these (tensorflow/serving issue 2267).
TEXT_ADDED = {
    "2.20": frozenset({"TFText>RoundRobinGenerateMasks", "TFText>RoundRobinTrim", "TFText>Utf8Binarize"}),
}

# Operators that TensorFlow's own wheels (tensorflow-cpu, tensorflow/python/ops/gen_*.py) have from that release on.
CORE_ADDED = {
    "2.13": frozenset({
        "CollectiveAllToAllV2", "DebugIdentityV3", "RaggedFillEmptyRows", "RaggedFillEmptyRowsGrad", "RelayoutGrad",
        "SegmentMaxV2", "SegmentMinV2", "SnapshotChunkDataset",
    }),
    "2.14": frozenset({
        "Conv", "RelayoutLike", "SparseSegmentMeanGradV2", "SparseSegmentSqrtNGradV2", "SparseSegmentSumGradV2",
        "TFRecordDatasetV2",
    }),
    "2.15": frozenset({"DynamicEnqueueTPUEmbeddingRaggedTensorBatch", "FFTND", "IFFTND", "IRFFTND", "RFFTND"}),
    "2.16": frozenset({
        "ConvertToCooTensor", "DatasetFingerprint", "GetMinibatchSplitsWithPhysicalReplica",
        "GetMinibatchesInCsrWithPhysicalReplica", "GlobalIterId", "ListSnapshotChunksDataset",
        "StoreMinibatchStatisticsInFdo", "TPUAnnotateTensorsWithDynamicShape", "TPUCopyWithDynamicShape",
        "XlaSparseCoreAdagrad", "XlaSparseCoreAdagradMomentum", "XlaSparseCoreAdam", "XlaSparseCoreFtrl",
        "XlaSparseCoreSgd", "XlaSparseDenseMatmul", "XlaSparseDenseMatmulGradWithAdagradAndCsrInput",
        "XlaSparseDenseMatmulGradWithAdagradMomentumAndCsrInput", "XlaSparseDenseMatmulGradWithAdamAndCsrInput",
        "XlaSparseDenseMatmulGradWithFtrlAndCsrInput", "XlaSparseDenseMatmulGradWithSgdAndCsrInput",
        "XlaSparseDenseMatmulWithCsrInput",
    }),
    "2.17": frozenset({
        "ConvertToListOfSparseCoreCooTensors", "ConvertToSparseCoreCsrWrappedCooTensor",
        "GetStatsFromListOfSparseCoreCooTensors", "GlobalShuffleDataset", "IndexFlatMapDataset",
        "IteratorGetModelProto", "SortListOfSparseCoreCooTensors", "WeightedFlatMapDataset",
        "XlaSparseDenseMatmulGradWithAdagradAndStaticBufferSize",
        "XlaSparseDenseMatmulGradWithAdagradMomentumAndStaticBufferSize",
        "XlaSparseDenseMatmulGradWithAdamAndStaticBufferSize", "XlaSparseDenseMatmulGradWithFtrlAndStaticBufferSize",
        "XlaSparseDenseMatmulGradWithSgdAndStaticBufferSize", "XlaSparseDenseMatmulWithStaticBufferSize",
    }),
    "2.18": frozenset({"CheckPinned", "XlaSparseDenseMatmulGradWithCsrInput"}),
    "2.20": frozenset({
        "DecodeWebP", "TPUDummyInput", "XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradAndCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradMomentumAndCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdamAndCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcGradWithCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcGradWithFtrlAndCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcGradWithSgdAndCsrInput",
        "XlaSparseDenseMatmulCustomCombinerOnTcWithCsrInput",
    }),
    "2.21": frozenset({"DecodeJxl"}),
}  # fmt: skip


def release_for(tensorflow_version: str) -> str:
    """The newest release that is no newer than a version of TensorFlow: for 2.16.2 it is 2.16, for 2.21.0 2.20."""
    version = _numbers(tensorflow_version)[:2]
    return max((release for release in RELEASES if _numbers(release) <= version), key=_numbers, default=RELEASES[0])


def later_than(release: str, by_release: dict[str, frozenset[str]]) -> frozenset[str]:
    """What came only after a release."""
    came = (names for added, names in by_release.items() if _numbers(added) > _numbers(release))
    return frozenset().union(*came)


def _numbers(version: str) -> tuple[int, ...]:
    """2.16.2 as (2, 16, 2), without what follows the first part that is no number."""
    return tuple(int(part) for part in version.split(".")[:2])
