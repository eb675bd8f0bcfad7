"""What a run leaves to read: tables on the terminal, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.data_gate.files import ANOMALIES_FILE
from components.errors import ConfigError
from components.example_gen.files import SUMMARY_FILE
from components.features import NO_LABEL
from components.page.excerpts import visible, visible_lines
from components.rounded import rounded
from components.trainer.files import HISTORY_FILE
from components.whole_file import write_whole
from pipeline.steps import Step
from pipeline.training_account import account_of_training
from pipeline.verdict import Outcome, Scored, Verdict, read_json

STYLES = {
    Verdict.PUSHED: "bold green",
    Verdict.UNCHANGED: "bold blue",
    Verdict.NOT_BLESSED: "bold yellow",
    Verdict.STOPPED: "bold red",
}
_SHOWN_SCORES = 3  # of the samples, where there are several labels
# The model that a check's value stands beside, and on which side of the limit it must be.
_BESIDE = {"max_drop": "served", "max_rise": "served", "above_linear": "linear"}
_CEILINGS = ("at_most", "max_rise")
GATE = "data gate"  # the path to what it found, where it stopped the run


@dataclasses.dataclass
class Run:
    """What is known of a run: `started` in ISO 8601, `steps` as they come about, `paths` by what lies there."""

    pipeline: str
    run_id: str
    started: str
    steps: list[Step] = dataclasses.field(default_factory=list)
    paths: dict[str, str] = dataclasses.field(default_factory=dict)

    def output(self, step: str, key: str) -> str | None:
        """The URI of a step's output, None where the step has not ended well."""
        return next((known.outputs.get(key) for known in self.steps if known.name == step), None)

    def rows(self) -> dict[str, Any] | None:
        """The account of the rows that ingestion kept, None where there is none yet."""
        quarantine = self.output("TextExampleGen", "quarantine")
        return None if quarantine is None else read_json(quarantine, SUMMARY_FILE)

    def training(self) -> dict[str, Any] | None:
        """What the Trainer tells of the training, None where it has not ended well."""
        folder = self.output("Trainer", "model_run")
        return None if folder is None else read_json(folder, HISTORY_FILE)

    def gate(self) -> dict[str, Any] | None:
        """What the data gate found and compared (see `components.data_gate.findings`), None where there is nothing."""
        folder = self.output("DataGate", "blessing") or self.paths.get(GATE)
        return None if folder is None else read_json(folder, ANOMALIES_FILE)


def summarise(run: Run, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """The run as a JSON value: verdict, reasons, metrics beside their thresholds, version, seconds by step, paths."""
    evaluation, serving = outcome.evaluation or {}, outcome.serving or {}
    return {
        "pipeline": run.pipeline,
        "run_id": run.run_id,
        "started": run.started,
        "verdict": outcome.verdict.value,
        "reasons": outcome.reasons,
        "notes": evaluation.get("notes", []),
        "version": outcome.version,
        "data": run.rows(),
        "data_gate": run.gate(),
        "training": run.training(),
        "metrics": evaluation.get("metrics"),
        "baseline_metrics": evaluation.get("baseline_metrics"),
        "baseline_version": evaluation.get("baseline_version"),
        "linear_metrics": evaluation.get("linear_metrics"),
        "intervals": evaluation.get("intervals"),
        "comparisons": evaluation.get("comparisons", []),
        "forced": evaluation.get("forced"),
        "thresholds": evaluation.get("thresholds"),
        "checks": evaluation.get("checks", []),
        "serving": {key: serving[key] for key in ("release", "server", "checks")} if serving else None,
        "samples": [vars(scored) for scored in outcome.samples],
        "seconds": round(seconds, 1),
        "steps": {step.name: {"state": step.state.value, "seconds": rounded(step.seconds, 1)} for step in run.steps},
        "paths": run.paths,
    }


def write_summary(summary: dict[str, Any], path: Path, option: str = "--summary") -> None:
    """Writes the summary so that a reader never meets half of it. Raises ConfigError where it cannot be written."""
    if not path.name:
        raise ConfigError(f"{option} names no file; give the path of a JSON file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigError(f"{option} {path} cannot be written: {error.strerror}; give another file") from error


def print_outcome(console: Console, run: Run, outcome: Outcome) -> None:
    """Prints the account of the rows, metrics beside thresholds, the samples' scores, paths, and the verdict last."""
    evaluation = outcome.evaluation or {}
    for sentence in _sentences(run):
        console.print(visible_lines(sentence), soft_wrap=True)
    if evaluation.get("checks"):
        console.print(_checks_table(evaluation["checks"]))
    if outcome.serving:
        console.print(_serving_table(outcome.serving))
    for note in _notes(evaluation):
        console.print(f"note: {visible_lines(note)}", soft_wrap=True)
    if outcome.samples:
        console.print(_samples_table(outcome.samples))
    for name, path in run.paths.items():
        console.print(Text.assemble((f"{name:<10} ", "dim"), visible(path)), soft_wrap=True)
    console.print()
    console.print(Text(visible_lines(outcome.sentence), STYLES[outcome.verdict]), soft_wrap=True)


def _notes(evaluation: dict[str, Any]) -> Iterator[str]:
    """What else there is to know of the evaluation, and what a forced blessing passed over."""
    if evaluation.get("forced"):
        yield f"blessed by force: {evaluation['forced']}"
        yield from (f"missed all the same: {reason}" for reason in evaluation["reasons"])
    yield from evaluation.get("notes", [])


def _sentences(run: Run) -> Iterator[str]:
    """What there is to say of data and training."""
    rows, training = run.rows(), run.training()
    if rows is not None:
        yield account_of(rows)
    for comparison in (run.gate() or {}).get("comparisons", []):
        yield f"{comparison['kind']} of {comparison['feature']}: {comparison['sentence']}"
    if training is not None:
        yield from account_of_training(training)


def account_of(rows: dict[str, Any]) -> str:
    """The account of the rows that ingestion kept, as a sentence."""
    told = [f"{rows['not_sampled']:,} not sampled"] if rows["not_sampled"] else []
    told += [f"{rows['unlabelled']:,} never labelled"] if rows["unlabelled"] else []
    told += [f"{sum(rows['duplicates'].values()):,} duplicates dropped{_places(rows['duplicates'])}"]
    told += [f"{sum(rows['repeated'].values()):,} repeated texts kept"] if rows["repeated"] else []
    bad = sum(rows["quarantined"].values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in rows["quarantined"].items())
    told += [f"{bad:,} in quarantine{f' ({reasons})' if bad else ''}"]
    examples = ", ".join(f"{count:,} {split}" for split, count in rows["examples"].items())
    return f"{rows['rows']:,} rows: {examples}; {', '.join(told)}"


_PLACES = {"across_splits": "of the official test split", "within_split": "within a split"}


def _places(counts: dict[str, int]) -> str:
    """Where those stand that the rows repeat; not worth saying where no test split is official."""
    if "across_splits" not in counts:
        return ""
    return f" ({', '.join(f'{count:,} {_PLACES[place]}' for place, count in counts.items())})"


def _checks_table(checks: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("slice", "metric"):
        table.add_column(name)
    for name in ("value", "interval", "gate"):
        table.add_column(name, justify="right")
    table.add_column("")
    for check in checks:
        table.add_row(
            Text(visible(check["slice"])),
            Text(visible(check["metric"])),
            _figure(check["value"]),
            _interval(check.get("interval"), is_difference=check["kind"] in _BESIDE),
            _asked(check),
            _passed(check),
        )
    return table


def _asked(check: dict[str, Any]) -> str:
    """What a check asks of the value, as an inequality."""
    order = "≤" if check["kind"] in _CEILINGS else "≥"
    if check["kind"] not in _BESIDE:
        return f"{order} {check['limit']:.4f}"
    margin = -check["limit"] if check["kind"] == "max_drop" else check["limit"]
    sign = "-" if margin < 0 else "+"
    return f"{order} {_BESIDE[check['kind']]} {_figure(check['baseline'])} {sign} {abs(margin):.4f}"


def _interval(interval: Sequence[float] | None, *, is_difference: bool) -> str:
    if interval is None:
        return ""
    form = "+.4f" if is_difference else ".4f"
    return " to ".join(format(bound, form) for bound in interval)


def _serving_table(serving: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"serving check ({visible(serving['server'])})", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("limit", justify="right")
    table.add_column("")
    for check in serving["checks"]:
        passed = _passed(check)
        table.add_row(
            visible(check["name"]), _measured(check["value"], check["unit"]), _measured(check["limit"], ""), passed
        )
    return table


def _samples_table(samples: list[Scored]) -> Table:
    """Each sample with the score of its one label, or with the highest scores of several."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("serving_default answers")
    several = any(len(scored.scores) > 1 for scored in samples)
    table.add_column("highest scores" if several else "score", justify="left" if several else "right")
    table.add_column("predicted")
    for scored in samples:
        texts = [scored.text] if isinstance(scored.text, str) else scored.text
        told = (_scores(scored.scores), _answer(scored.predicted))
        table.add_row(Text("\n".join(map(visible_lines, texts))), *(Text(visible(one)) for one in told))
    return table


def _scores(scores: dict[str, float]) -> str:
    if len(scores) == 1:
        return f"{next(iter(scores.values())):.4f}"
    highest = sorted(scores.items(), key=lambda score: -score[1])[:_SHOWN_SCORES]
    return ", ".join(f"{name} {score:.4f}" for name, score in highest)


def _answer(predicted: str | tuple[str, ...]) -> str:
    return predicted if isinstance(predicted, str) else ", ".join(predicted) or NO_LABEL


def _passed(check: dict[str, Any]) -> Text:
    return Text("passed", "green") if check["passed"] else Text("FAILED", "bold red")


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _measured(value: float | str | None, unit: str) -> str:
    """A measured value as it is read, with its unit."""
    if value is None or isinstance(value, str):
        return "none" if value is None else visible(value)
    return f"{value:,.0f} {unit}".strip() if value >= 100 else f"{value:.3g} {unit}".strip()
