"""The typed configuration: one frozen model a section. What does not fit is refused before any work.

A task is a YAML file: one of `pipeline/configs/` by its name (`imdb`), or any file by its path. Dotted overrides
(`training.epochs=2`) are laid over the file before it is checked.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from components.encoders.handles import EMBEDDED, known_max_positions
from components.errors import ConfigError
from components.evaluator.names import EVERY_VALUE, IDENTITY, NEED_BOTH_CLASSES
from components.example_gen import spans
from components.example_gen.bands import length_bands
from components.example_gen.settings import PREVIOUS_SPAN
from components.features import LABEL, LENGTH_BAND, NO_LABEL, RESERVED, SOURCE, SPAN
from components.serving_check.releases import RELEASES, release_for
from pipeline.config_gates import Gates, metric_fault
from pipeline.config_training import Decisions, Tracking, Training
from pipeline.home import CHECKPOINTS, SERVED
from pipeline.kubeflow.settings import Kubeflow
from pipeline.section import Fraction, Positive, Section

# The settings of `data` that only the source `files` reads.
_OF_FILES = ("test_path", "format", "text", "text_pair", "label", "label_delimiter", "columns", "delimiter")


class Splits(Section):
    """Weights of the splits; a source's official test split stays as it is, and `test` then has no weight."""

    train: Positive = 0.8
    eval: Positive = 0.1
    test: Positive = 0.1


class Sample(Section):
    """Which part of the rows is used."""

    fraction: Fraction = Field(default=1.0, description="of all texts, those of an official test split among them")
    stratify: bool = Field(default=False, description="the same fraction of every label, exactly")

    @model_validator(mode="after")
    def _stratifies_a_part(self) -> Sample:
        if self.stratify and self.fraction == 1.0:
            raise ValueError("data.sample.stratify has nothing to do with data.sample.fraction 1; lower it")
        return self


class Duplicates(Section):
    """What becomes of rows that repeat the text of another; those that are counted stay."""

    across_splits: Literal["drop", "count"] = Field(default="drop", description="texts of an official test split")
    within_split: Literal["drop", "count"] = "drop"


def _divides(delimiter: str) -> str:
    if delimiter in '"\r\n':
        raise ValueError("a quote or a line break cannot divide columns")
    return delimiter


Delimiter = Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_divides)]
Format = Literal["auto", "csv", "tsv", "jsonl", "parquet", "tfrecord"]


def _names_a_feature(column: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.-]+", column) is None:
        raise ValueError("only letters, digits, _, - and . can name a feature; rename the column in the files")
    if column in RESERVED:
        raise ValueError("a feature of ours has this name; rename the column in the files")
    return column


class ServingData(Section):
    """Texts that users sent to the served model, without labels: the data gate compares training with them."""

    path: str = Field(description="file, glob or URL")
    format: Format = "auto"
    text: str = Field(default="text", description="column of the text")
    text_pair: str | None = None
    delimiter: Delimiter | None = None


class Data(Section):
    """Where the text comes from, and which of it is used."""

    source: Literal["embedded", "imdb", "quora", "toxic", "files"]
    path: str | None = Field(
        default=None,
        description="file, glob, folder or URL; {SPAN}, {VERSION} and {YYYY}-{MM}-{DD} stand for numbers (files)",
    )
    test_path: str | None = Field(default=None, description="the official test split, where there is one (files)")
    format: Format = Field(default="auto", description="of the files; auto goes by their names")
    span: int | str = Field(default=spans.LATEST, description="which number {SPAN} is, or latest: the highest")
    window: Annotated[int, Field(ge=1)] = Field(default=1, description="how many spans are read: the latest")
    test_span: Literal["any", "newest"] = Field(
        default="any", description="newest: the newest span is the test split, and older ones train and eval"
    )
    reference_span: int | str = Field(
        default=PREVIOUS_SPAN, description="which span the newest is compared with: a number, or the one before it"
    )
    text: str = Field(default="text", description="column of the text (files)")
    text_pair: str | None = Field(default=None, description="column of a second text, where a task has pairs (files)")
    label: str | tuple[str, ...] = Field(
        default="label", description="column of the label, or a column a label where a row may have many (files)"
    )
    label_delimiter: str | None = Field(default=None, min_length=1, description="between labels in one column")
    columns: tuple[Annotated[str, AfterValidator(_names_a_feature)], ...] = Field(
        default=(), description="further columns, of few values each, to slice metrics by (files)"
    )
    delimiter: Delimiter | None = Field(default=None, description="of a CSV's columns")
    sample: Sample = Sample()
    splits: Splits = Splits()
    duplicates: Duplicates = Duplicates()
    serving: ServingData | None = Field(default=None, description="what users sent, to compare training data with")
    max_bad_fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.01
    max_characters: Annotated[int, Field(ge=1)] = 100_000
    length_bands: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(100, 300), description="bounds in words")

    @model_validator(mode="after")
    def _path_goes_with_source(self) -> Data:
        if self.source == "embedded" and self.path is not None:
            raise ValueError("data.path is given, but data.source embedded has its own data; set data.source to files")
        if self.source != "embedded" and self.path is None:
            raise ValueError(f"data.path is missing: data.source {self.source} needs it")
        return self

    @model_validator(mode="after")
    def _columns_are_of_files(self) -> Data:
        given = [key for key in _OF_FILES if getattr(self, key) != Data.model_fields[key].default]
        if self.source != "files" and given:
            raise ValueError(f"data.{given[0]} is for data.source files; {self.source} knows its own layout")
        return self

    @field_validator("span", "reference_span", mode="plain")
    @classmethod
    def _span_is_a_number_or_a_word(cls, span: Any, info: ValidationInfo) -> int | str:
        if info.field_name == "reference_span" and span == PREVIOUS_SPAN:
            return span
        try:
            return spans.read_span(span)
        except ConfigError as error:
            raise ValueError(str(error).partition("; ")[2]) from error

    @model_validator(mode="after")
    def _span_goes_with_path(self) -> Data:
        try:
            spans.check_span(self.path, self.span)
            has_spans = spans.has_span(self.path)
            if self.source != "files" and has_spans:
                raise ConfigError(
                    f"data.path {self.path!r} has a place for a span, which data.source {self.source} does not know; "
                    "set data.source to files, or give the path of one span"
                )
        except ConfigError as error:
            raise ValueError(str(error)) from error
        of_spans = {
            "window": self.window > 1,
            "test_span": self.test_span == "newest",
            "reference_span": self.reference_span != PREVIOUS_SPAN,
        }
        key = next((key for key, given in of_spans.items() if given), None)
        if not has_spans and key is not None:
            raise ValueError(f"data.{key} is of spans, but data.path {self.path!r} has no {{SPAN}} and no date")
        return self

    @model_validator(mode="after")
    def _test_split_has_one_origin(self) -> Data:
        if self.test_span == "newest" and self.window < 2:
            raise ValueError("data.test_span newest leaves nothing to train on with data.window 1; set it to 2 or more")
        if self.test_span == "newest" and self.test_path is not None:
            raise ValueError("data.test_span newest and data.test_path are both the test split; leave one out")
        return self

    @model_validator(mode="after")
    def _served_texts_are_alike(self) -> Data:
        if self.serving is not None and (self.serving.text_pair is None) != (self.text_pair is None):
            raise ValueError("data.text_pair and data.serving.text_pair go together; set both or neither")
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> Data:
        labels = (self.label,) if isinstance(self.label, str) else self.label
        named = {"data.text": [self.text], "data.text_pair": [self.text_pair] * (self.text_pair is not None)}
        columns = [*named["data.text"], *named["data.text_pair"], *labels, *self.columns]
        repeated = next((column for column in columns if columns.count(column) > 1), None)
        if repeated is not None:
            keys = "data.text, data.text_pair, data.label" if self.columns else "data.text, data.text_pair"
            last = "data.columns" if self.columns else "data.label"
            raise ValueError(f"{keys} and {last} name the column '{repeated}' twice")
        return self

    @field_validator("length_bands")
    @classmethod
    def _bands_rise(cls, bounds: tuple[int, ...]) -> tuple[int, ...]:
        if list(bounds) != sorted(set(bounds)):
            raise ValueError("the bounds must rise, as in [100, 300]")
        return bounds

    @property
    def open_slices(self) -> dict[str, tuple[str, str]]:
        """The features whose values only the data tells: what stands for one in messages, and what one looks like."""
        of_files = {SOURCE: ("FILE", r"[^/]+")} if self.source == "files" else {}
        of_spans = {SPAN: ("NUMBER", r"0|[1-9][0-9]*")} if spans.has_span(self.path) else {}
        return dict.fromkeys(self.columns, ("VALUE", r".+")) | of_files | of_spans


class Labels(Section):
    """What the labels are called, in the data and in the answers of the served model."""

    kind: Literal["binary", "multiclass", "multilabel"] = Field(
        default="binary", description="one of two, one of many, or any of many and none"
    )
    names: tuple[str, ...] = Field(
        default=("neg", "pos"), description="of two, the second is the positive one, whose score is given"
    )
    aliases: dict[str, str] = Field(default={}, description="value in the data: name")
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5

    @model_validator(mode="after")
    def _names_are_known(self) -> Labels:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"labels.names {list(self.names)}: each name may stand once")
        blurred = [name for name in (*self.names, *self.aliases) if name != name.strip() or name in ("", NO_LABEL)]
        if blurred:
            raise ValueError(
                f"labels.names, labels.aliases: {blurred[0]!r} can never be read; a value has no space around it, is "
                f"not empty and not {NO_LABEL}"
            )
        unknown = sorted(set(self.aliases.values()) - set(self.names))
        if unknown:
            raise ValueError(f"labels.aliases names {unknown}, which labels.names {list(self.names)} does not have")
        return self

    @model_validator(mode="after")
    def _names_go_with_kind(self) -> Labels:
        least = {"binary": 2, "multiclass": 3, "multilabel": 1}[self.kind]
        if len(self.names) < least or (self.kind == "binary" and len(self.names) > least):
            count = "two names" if self.kind == "binary" else f"at least {least} name(s)"
            raise ValueError(f"labels.kind {self.kind} has {count}, and labels.names gives {len(self.names)}")
        return self


class Encoder(Section):
    """Which BERT is fine-tuned, and how it reads a text."""

    handle: str = Field(
        default=EMBEDDED,
        description="the embedded encoder, a name of `bertline encoders list`, a SavedModel folder, or a TF Hub or "
        "Kaggle URL",
    )
    vocab_file: str | None = Field(default=None, description="only for an encoder that does not bring its own")
    lower_case: bool | None = None
    max_tokens: Annotated[int, Field(ge=8)] = 128
    truncation: Literal["head", "tail", "head_tail"] = "head_tail"
    pooling: Literal["pooled", "mean", "cls"] = "mean"

    @model_validator(mode="after")
    def _tokens_fit_positions(self) -> Encoder:
        positions = known_max_positions(self.handle)
        if positions is not None and self.max_tokens > positions:
            raise ValueError(
                f"encoder.max_tokens is {self.max_tokens}, but {self.handle} has {positions} positions; "
                f"set it to {positions} or less"
            )
        return self


class Serving(Section):
    """What a server that has loaded a model must reach before users get it."""

    release: str = Field(
        default_factory=lambda: release_for(metadata.version("tensorflow")),
        description="TensorFlow Serving's that users' models are served with, whose operators a model may hold",
    )
    examples: Annotated[int, Field(ge=20)] = Field(default=128, description="how many of the test split it is asked")
    max_p50_ms: Positive = Field(default=200.0, description="median time of a single text, nothing else under way")
    max_p99_ms: Positive = Field(default=1000.0, description="what one text in a hundred may take longer than")
    max_memory_mb: Positive = Field(default=4096.0, description="of the server process, resident")
    max_score_difference: Positive = Field(
        default=1e-4, description="of a served score from the one that the same model computes without a server"
    )

    @field_validator("release")
    @classmethod
    def _release_is_known(cls, release: str) -> str:
        if release not in RELEASES:
            raise ValueError(f"of TensorFlow Serving's releases those from {RELEASES[0]} to {RELEASES[-1]} are known")
        return release

    @model_validator(mode="after")
    def _ceilings_rise(self) -> Serving:
        if self.max_p99_ms < self.max_p50_ms:
            raise ValueError(
                f"serving.max_p99_ms {self.max_p99_ms:g} is below serving.max_p50_ms {self.max_p50_ms:g}, "
                "which no request could be; raise it"
            )
        return self


class Pipeline(Section):
    """What the run is called and where it keeps its artifacts, metadata and logs."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    root: str = Field(default="runs", description="folder; the run lives in ROOT/NAME")

    @field_validator("root")
    @classmethod
    def _root_is_local(cls, root: str) -> str:
        if "://" in root:
            raise ValueError("a local run keeps its artifacts in a local folder")
        return root

    @property
    def home(self) -> Path:
        """The folder of everything this pipeline keeps."""
        return Path(self.root).expanduser().absolute() / self.name


class Push(Section):
    """Where users' TF Serving looks for versions."""

    folder: str | None = Field(
        default=None, description="TF Serving's base path; ROOT/NAME/served where it is left out"
    )

    @field_validator("folder")
    @classmethod
    def _folder_is_local(cls, folder: str | None) -> str | None:
        if folder is not None and "://" in folder:
            raise ValueError("only a local folder can be pushed to; a bucket cannot rename a version into place")
        return folder


class Report(Section):
    """What the report of a run shows beside its numbers."""

    excerpts: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="how many of the hardest errors are shown, with the beginnings of their texts"
    )


class Config(Section):
    """A task: everything that a run depends on."""

    pipeline: Pipeline
    data: Data
    schema_file: str = Field(alias="schema", description="a schema.pbtxt, or the name of one of ours (imdb)")
    labels: Labels = Labels()
    encoder: Encoder = Encoder()
    training: Training = Training()
    decisions: Decisions = Decisions()
    tracking: Tracking = Tracking()
    gates: Gates
    serving: Serving = Field(default_factory=Serving)
    push: Push = Push()
    report: Report = Report()
    kubeflow: Kubeflow | None = Field(default=None, description="what only a cluster needs")
    samples: tuple[str | tuple[str, str], ...] = Field(
        default=(), description="texts, or pairs of them, that the pushed model scores at the end of a run"
    )

    @model_validator(mode="after")
    def _label_columns_are_of_labels(self) -> Config:
        columns, labels = self.data.label, self.labels
        if isinstance(columns, tuple) and labels.kind != "multilabel":
            raise ValueError(f"data.label is a list of columns, but labels.kind is {labels.kind}; set it to multilabel")
        if isinstance(columns, tuple) and len(columns) != len(labels.names):
            raise ValueError(f"data.label has {len(columns)} columns, but labels.names {len(labels.names)} names")
        delimiter = self.data.label_delimiter
        if delimiter is not None and any(delimiter in name for name in (*labels.names, *labels.aliases)):
            raise ValueError(f"data.label_delimiter {delimiter!r} stands in a name of labels; give another")
        return self

    @model_validator(mode="after")
    def _class_weights_are_of_labels(self) -> Config:
        weights, names = self.training.class_weights, self.labels.names
        if isinstance(weights, dict) and set(weights) != set(names):
            raise ValueError(f"training.class_weights weighs {sorted(weights)}, and labels.names are {list(names)}")
        return self

    @model_validator(mode="after")
    def _one_of_many_has_no_threshold(self) -> Config:
        if self.labels.kind == "multiclass" and self.decisions.tune != "none":
            raise ValueError(
                f"decisions.tune is {self.decisions.tune}, but of many labels the likeliest is answered, without a "
                "threshold; set it to none"
            )
        return self

    @model_validator(mode="after")
    def _samples_are_what_is_classified(self) -> Config:
        kind, wanted = (tuple, "pairs of texts") if self.data.text_pair is not None else (str, "texts")
        odd = [sample for sample in self.samples if not isinstance(sample, kind)]
        if odd:
            raise ValueError(f"samples holds {odd[0]!r}, but the task classifies {wanted}")
        return self

    @model_validator(mode="after")
    def _slices_exist(self) -> Config:
        values = {LABEL: self.labels.names, LENGTH_BAND: length_bands(self.data.length_bands)}
        if self.gates.identities is not None:
            values[IDENTITY] = tuple(self.gates.identities.terms)
        patterns = self.data.open_slices
        if SOURCE not in patterns:
            values[SOURCE] = [self.data.source]
        for name, gates in self.gates.slices.items():
            feature, _, value = name.partition("=")
            may_exist = feature in patterns and re.fullmatch(patterns[feature][1], value)
            is_every = value == EVERY_VALUE and (feature in values or feature in patterns)
            if value not in values.get(feature, ()) and not may_exist and not is_every:
                known = [f"{feature}={value}" for feature, all_values in values.items() for value in all_values]
                known += [f"{feature}={shown}" for feature, (shown, _) in patterns.items()]
                raise ValueError(f"gates.slices has '{name}', which is no slice; there are {', '.join(known)}")
            if not gates:
                raise ValueError(f"gates.slices.{name} gates nothing; give it a metric, or leave it out")
            meaningless = sorted(metric for metric in gates if self._needs_another_label(metric, value))
            if feature == LABEL and meaningless:
                raise ValueError(f"gates.slices.{name}: {meaningless[0]} has no meaning in a slice of one label")
        return self

    def _needs_another_label(self, metric: str, label: str) -> bool:
        """Whether a metric is undefined of rows that all hold a label: only of several labels may others vary."""
        name, is_own, of = metric.partition("/")
        varies = is_own and self.labels.kind == "multilabel" and label not in (of, NO_LABEL, EVERY_VALUE)
        return name in NEED_BOTH_CLASSES and not varies

    @model_validator(mode="after")
    def _metrics_are_of_labels(self) -> Config:
        scored = self.labels.names[1:] if self.labels.kind == "binary" else self.labels.names
        faults = [
            metric_fault(metric, scored)
            for gates in (self.gates.metrics, *self.gates.slices.values())
            for metric in gates
        ]
        fault = next((fault for fault in faults if fault), None)
        if fault:
            raise ValueError(fault)
        identities = self.gates.identities
        if identities is not None and identities.label is not None and identities.label not in scored:
            raise ValueError(f"gates.identities.label is {identities.label}; those with a score are {list(scored)}")
        return self

    @property
    def checkpoints_folder(self) -> str:
        """Where a training that was killed goes on from: outside what TFX gives an execution, which the next lacks."""
        given = self.training.checkpoints
        if given is None:
            return str(self.pipeline.home / CHECKPOINTS)
        return given if "://" in given else str(Path(given).expanduser().absolute())

    @property
    def push_folder(self) -> Path:
        """TF Serving's base path: a folder with a sub-folder a version."""
        if self.push.folder is None:
            return self.pipeline.home / SERVED
        return Path(self.push.folder).expanduser().absolute()
