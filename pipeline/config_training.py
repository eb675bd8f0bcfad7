"""The sections of the configuration that the Trainer reads: training, decisions and tracking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.section import Fraction, Positive, Section


class Training(Section):
    """How the encoder is fine-tuned. Every batch has `batch_size` examples, however many devices share it."""

    epochs: Annotated[int, Field(ge=1)] = 2
    batch_size: Annotated[int, Field(ge=1)] = Field(default=32, description="examples a step, on all devices together")
    accumulate: Annotated[int, Field(ge=1)] = Field(
        default=1, description="parts that a batch is computed in, one after the other, to take less memory"
    )
    optimizer: Literal["adamw", "adam", "radam"] = "adamw"
    learning_rate: Positive = 1e-4
    schedule: Literal["linear", "constant"] = Field(
        default="linear", description="after the warm-up; linear falls to 0"
    )
    warmup_fraction: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    weight_decay: Annotated[float, Field(ge=0.0)] = Field(default=0.01, description="of adamw and radam")
    clip_norm: Positive | None = Field(default=1.0, description="the gradients' global norm at most")
    layer_decay: Fraction = Field(default=1.0, description="learning rate of each layer, of the one above it")
    frozen_layers: Annotated[int, Field(ge=0)] = Field(
        default=0, description="how many of the lowest layers stay as they are, and the embeddings with them"
    )
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: Annotated[float, Field(ge=0.0)] = Field(default=2.0, description="of the focal loss")
    class_weights: Literal["none", "balanced"] | dict[str, Positive] = Field(
        default="none", description="of each label in the loss: balanced, or by its name"
    )
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    head_size: Annotated[int, Field(ge=0)] = Field(default=0, description="width of a layer before the last; 0: none")
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    select_by: Literal["auc", "auc_pr", "accuracy", "f1", "loss"] = Field(
        default="auc", description="what the best epoch is known by, on the eval split"
    )
    patience: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="epochs without a better one after which training stops; none: all epochs"
    )
    at_recall: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        default=0.5, description="recall at which precision_at_recall is measured"
    )
    group_by_length: bool = Field(default=True, description="texts of like length in a batch, padded to its longest")
    static_shapes: bool = Field(default=False, description="every batch padded to max_tokens; on TPUs always")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="auto is bfloat16 where the CPU computes in it; float16 is for GPUs; the exported model is float32",
    )
    devices: Literal["auto", "one", "mirrored", "multi_worker", "tpu"] = Field(
        default="auto", description="tf.distribute's strategies; auto takes all that there is (TF_CONFIG, TPUs, GPUs)"
    )
    tpu: str | None = Field(default=None, description="name or address of the TPU; local: this machine's own")
    warm_start: bool = Field(default=False, description="from the weights of the served model, where they fit")
    checkpoint_steps: Annotated[int, Field(ge=1)] = Field(
        default=500, description="after so many steps, and every epoch, training can go on where it was killed"
    )
    checkpoints: str | None = Field(
        default=None, description="folder or URL for that; ROOT/NAME/checkpoints where it is left out"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42

    @model_validator(mode="after")
    def _parts_hold_examples(self) -> Training:
        if self.accumulate > self.batch_size:
            raise ValueError(
                f"training.accumulate {self.accumulate} is above training.batch_size {self.batch_size}: a part would "
                "hold no example"
            )
        return self

    @model_validator(mode="after")
    def _tpu_is_used(self) -> Training:
        if self.tpu is not None and self.devices not in ("auto", "tpu"):
            raise ValueError(f"training.tpu is given, but training.devices is {self.devices}; set it to tpu")
        return self


class Decisions(Section):
    """From scores to answers, worked out on the eval split with the exported graph, and exported with it."""

    tune: Literal["none", "accuracy", "f1", "precision", "recall"] = Field(
        default="none",
        description="what each label's threshold is tuned for: the most of it, or for precision and recall at least "
        "`floor` of it with the most of the other; none: labels.threshold",
    )
    floor: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(default=None, description="of precision or recall")
    calibrate: bool = Field(default=True, description="scores as probabilities, by a temperature (Guo et al. 2017)")

    @model_validator(mode="after")
    def _floor_goes_with_tune(self) -> Decisions:
        needed = self.tune in ("precision", "recall")
        if needed and self.floor is None:
            raise ValueError(f"decisions.tune {self.tune} needs decisions.floor, the least {self.tune} that will do")
        if not needed and self.floor is not None:
            raise ValueError(f"decisions.floor is of decisions.tune precision or recall, and not of {self.tune}")
        return self


class WandB(Section):
    """Weights & Biases. The key comes from the environment (WANDB_API_KEY) alone."""

    project: Annotated[str, Field(min_length=1)]
    entity: str | None = None
    mode: Literal["online", "offline"] = Field(default="online", description="offline: files, for `wandb sync`")
    log_model: bool = Field(default=True, description="the exported model as an artifact with its version")


class Tracking(Section):
    """Where a training is recorded beside its own files."""

    tensorboard: bool = True
    wandb: WandB | None = None
