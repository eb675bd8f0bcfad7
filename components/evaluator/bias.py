"""Whether a model is worse, or harder, on texts that name a group of people: the three areas of Jigsaw's metric.

Borkan et al. 2019, "Nuanced Metrics for Measuring Unintended Bias with Real Data for Text Classification", section 3:
each is the area under a ROC curve of some of the rows. A low `bpsn_auc` (background positive, subgroup negative) means
that harmless texts naming the group are scored above harmful ones that do not; a low `bnsp_auc` the opposite.
"""

from __future__ import annotations

import numpy as np

from components.evaluator.areas import Ranking
from components.evaluator.measures import Evidence, whole_trials
from components.evaluator.names import BNSP_AUC, BPSN_AUC, SUBGROUP_AUC


class BiasMeasurer:
    """One group's three areas, ready to be measured again and again."""

    def __init__(self, scores: np.ndarray, is_positive: np.ndarray, is_member: np.ndarray) -> None:
        """
        Args:
            scores: float32 [n], of one label; NaN where it is no probability.
            is_positive: bool [n].
            is_member: bool [n], whether the row is of the group.
        """
        rows = {
            SUBGROUP_AUC: is_member,
            BPSN_AUC: np.where(is_member, ~is_positive, is_positive),
            BNSP_AUC: np.where(is_member, is_positive, ~is_positive),
        }
        self._parts = {name: (chosen, Ranking(scores[chosen], is_positive[chosen])) for name, chosen in rows.items()}
        self._is_positive = is_positive
        self._invalid = not np.isfinite(scores).all()

    def evidence(self, weights: np.ndarray) -> dict[str, Evidence]:
        """What the areas rest on: the rows of the rarer class.

        Args:
            weights: of how many trials each row is one, [n]: of fewer where rows repeat a text.
        """
        trials = {
            name: min(weights[chosen & self._is_positive].sum(), weights[chosen & ~self._is_positive].sum())
            for name, (chosen, _) in self._parts.items()
        }
        return {name: Evidence(whole_trials(of), is_share=False) for name, of in trials.items()}

    def measure(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """The areas by name; NaN where one has no row of a class, or any score is no probability.

        Args:
            weights: how often each row counts, [n]; once where it is left out.
        """
        if self._invalid:
            return dict.fromkeys(self._parts, float("nan"))
        return {
            name: ranking.areas(None if weights is None else weights[chosen])[0]
            for name, (chosen, ranking) in self._parts.items()
        }
