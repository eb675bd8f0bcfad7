"""The names of what is measured, of the models that are, and of the slices: verdicts, reports and gates go by them."""

from __future__ import annotations

from components.errors import ConfigError
from components.features import LABEL

# Models.
CANDIDATE = "candidate"
SERVED = "served"  # the model that users have now
LINEAR = "linear"  # the linear baseline
RIVALS = (SERVED, LINEAR)

# The slice that holds every row; every other is written feature=value.
OVERALL = "overall"
IDENTITY = "identity"  # the feature of slices by the groups of people that a text names
EVERY_VALUE = "*"

# Metrics.
ACCURACY, AUC, AUC_PR, PRECISION, RECALL, F1 = "accuracy", "auc", "auc_pr", "precision", "recall", "f1"
LOG_LOSS = "log_loss"
CALIBRATION_ERROR = "ece"
METRICS = (ACCURACY, AUC, AUC_PR, PRECISION, RECALL, F1, LOG_LOSS, CALIBRATION_ERROR)
LOWER_IS_BETTER = frozenset({LOG_LOSS, CALIBRATION_ERROR})
MACRO = (AUC, AUC_PR, PRECISION, RECALL, F1)  # of several labels a mean, and of each label too
MICRO = (AUC, PRECISION, RECALL, F1)  # of all labels together
NEED_BOTH_CLASSES = frozenset({AUC, AUC_PR})
# Of an identity: see `bias`.
SUBGROUP_AUC, BPSN_AUC, BNSP_AUC = "subgroup_auc", "bpsn_auc", "bnsp_auc"
BIAS = (SUBGROUP_AUC, BPSN_AUC, BNSP_AUC)

# Among the examples of one label those of another label are 0 by construction, and drag a mean over labels down.
_OF_SEVERAL_LABELS = frozenset({PRECISION, RECALL, F1})

EXAMPLE_COUNT = "example_count"
INVALID_SCORES = "invalid_scores"
COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def of_label(metric: str, label: str) -> str:
    """The name of a metric of one of several labels."""
    return f"{metric}/{label}"


def micro(metric: str) -> str:
    """The name of a metric of all labels together."""
    return f"{metric}_micro"


def base(metric: str) -> str:
    """The metric that a label's own, or that of all labels together, is of."""
    return metric.partition("/")[0].removesuffix("_micro")


def lower_is_better(metric: str) -> bool:
    """Whether less of the metric is better."""
    return base(metric) in LOWER_IS_BETTER


def tells(metric: str, slice_name: str) -> bool:
    """Whether the metric says anything of the slice: in that of the negative label F1 of the positive one does not."""
    return base(metric) not in _OF_SEVERAL_LABELS or slice_name.partition("=")[0] != LABEL


def slice_feature(slice_name: str) -> str:
    """The feature of a slice written feature=value. Raises ConfigError where it is written otherwise."""
    feature, separator, value = slice_name.partition("=")
    if not (feature and separator and value):
        raise ConfigError(f"gates.slices: {slice_name!r} names no slice; write feature=value, as length_band=300+")
    return feature
