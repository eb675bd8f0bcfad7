"""The section `kubeflow` of the configuration: what a cluster needs to know beside the task."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.section import Positive, Section

# The steps of the compiled pipeline, beside TFX's: what lies outside is observed first, the report is written and the
# verdict given last.
OBSERVE = "Observe"
REPORT = "Report"
VERDICT = "Verdict"
TFX_STEPS = (
    "TextExampleGen", "StatisticsGen", "CuratedSchema", "ExampleValidator", "DataGate",
    "LinearBaseline", "Transform", "Trainer", "ServedModel", "Evaluator", "ServingCheck", "Pusher",
)  # fmt: skip
STEPS = (OBSERVE, *TFX_STEPS, REPORT, VERDICT)
DEFAULT = "default"
# What looks at the world is done in every run, and a refusal of ServingCheck is never answered from the cache.
NEVER_CACHED = frozenset({OBSERVE, "ServingCheck", "Pusher", REPORT, VERDICT})

# Kubernetes' own forms: a DNS-1123 subdomain, a quantity of memory, the name of an extended resource.
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
# A claim's name becomes a volume's in the pod, which has no dots.
Label = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
LabelKey = Annotated[str, Field(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$", max_length=63)]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Seconds = Annotated[int, Field(ge=1)]
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([KMGT]i?)?")
_UNITS = {"": 1, **{f"{unit}": 1000**power for power, unit in enumerate("KMGT", 1)}}
_UNITS |= {f"{unit}i": 1024**power for power, unit in enumerate("KMGT", 1)}
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}")


class Accelerator(Section):
    """An extended resource of a node, such as `nvidia.com/gpu` or `google.com/tpu`."""

    type: Annotated[str, Field(pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")]
    count: Annotated[int, Field(ge=1)] = 1


class Toleration(Section):
    """A taint of nodes that a step may run on, as Kubernetes writes it."""

    key: Annotated[str, Field(min_length=1)]
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""

    @model_validator(mode="after")
    def _what_exists_has_any_value(self) -> Toleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists tolerates any value; leave value out, which Kubernetes refuses beside it")
        return self


class Retries(Section):
    """How often a failed step is tried again, and how long after: Argo's exponential back-off.

    A step that fails is tried again; one whose pod was deleted or evicted may not be, since KFP sets Argo's policy
    OnFailure (backend/src/v2/compiler/argocompiler/container.go).
    """

    count: Annotated[int, Field(ge=0)] = 2
    backoff_seconds: Seconds = Field(default=30, description="before the second attempt")
    factor: Annotated[int, Field(ge=1)] = Field(default=2, description="how much longer each further wait is")
    within_seconds: Seconds = Field(
        default=86_400, description="all attempts together: Argo ends one that is still running so long after the first"
    )

    @model_validator(mode="after")
    def _there_is_time_for_another(self) -> Retries:
        if self.count and self.backoff_seconds >= self.within_seconds:
            raise ValueError("backoff_seconds is not below within_seconds, so that nothing would be tried again")
        return self


class Step(Section):
    """What one step asks of the cluster; a key that is left out is `default`'s."""

    cpu: Positive | None = Field(default=None, description="processors, requested and the limit")
    memory: str | None = Field(default=None, description="as Kubernetes writes it (16Gi), requested and the limit")
    accelerator: Accelerator | None = None
    node_selector: dict[LabelKey, LabelValue] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    retries: Retries | None = None
    timeout_seconds: Seconds | None = None
    cache: bool | None = Field(default=None, description="whether an earlier result may be used")

    @field_validator("memory")
    @classmethod
    def _memory_is_a_quantity(cls, memory: str | None) -> str | None:
        if memory is not None and (_QUANTITY.fullmatch(memory) is None or quantity_bytes(memory) == 0):
            raise ValueError("write a quantity of memory as Kubernetes does, such as 16Gi")
        return memory


class Volume(Section):
    """A persistent volume claim, mounted in every step."""

    claim: Label
    path: Annotated[str, Field(pattern=r"^/[^:]*[^/:]$", description="where the steps find it")]
    read_only: bool = Field(
        default=False,
        description="it is only read, so nothing may be pushed there; KFP mounts it for writing all the same",
    )


class Secret(Section):
    """A key of a Kubernetes secret, by reference: its value is never written into anything."""

    secret: Name
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$")]


class Api(Section):
    """How the API of Kubeflow Pipelines is reached."""

    host: str | None = Field(
        default=None, pattern=r"^https?://", description="KFP_HOST where it is left out, else what a pod finds"
    )
    ui: str | None = Field(
        default=None, pattern=r"^https?://", description="where people look, if not at the host: links begin so"
    )
    namespace: Name | None = Field(default=None, description="the user's, where Kubeflow has several users")
    experiment: Annotated[str, Field(min_length=1)] = "bertline"
    service_account: Name | None = Field(default=None, description="that the runs' pods have")
    ca: str | None = Field(default=None, description="who signed the API's certificate, a PEM file")
    token_env: EnvironmentName = Field(default="KFP_TOKEN", description="environment variable that holds the token")
    timeout_seconds: Seconds = 60


class Kubeflow(Section):
    """The cluster. One file serves all tasks: `bertline compile imdb --with cluster.yaml`."""

    image: str | None = Field(default=None, description="of bertline, by digest")
    pipeline_root: str | None = Field(default=None, description="where artifacts go; Kubeflow's own default else")
    volumes: dict[Name, Volume] = Field(default={}, description="name: claim and path")
    reports: Annotated[str, Field(pattern=r"^/[^:]*[^/:]$")] | None = Field(
        default=None, description="folder on a volume: every run's report, a stopped one's too, at NAME/RUN/report.html"
    )
    env: dict[EnvironmentName, str] = {}
    secrets: dict[EnvironmentName, Secret] = Field(default={}, description="environment variable: where it is from")
    image_pull_secrets: tuple[Name, ...] = ()
    node_selector: dict[LabelKey, LabelValue] = {}
    tolerations: tuple[Toleration, ...] = ()
    retries: Retries = Retries()
    steps: dict[str, Step] = Field(default={}, description="step, or `default`: what it asks for")
    api: Api = Api()

    @field_validator("image")
    @classmethod
    def _image_is_pinned(cls, image: str | None) -> str | None:
        if image is not None and _IMAGE.fullmatch(image) is None:
            raise ValueError(
                "name the image by its digest, REGISTRY/NAME@sha256:..., so that what runs, and what the cache "
                "answers for, is what was tested; `docker inspect --format '{{index .RepoDigests 0}}' IMAGE` prints it"
            )
        return image

    @field_validator("pipeline_root")
    @classmethod
    def _root_is_an_object_store(cls, root: str | None) -> str | None:
        if root is not None and re.fullmatch(r"(minio|s3|gs)://[^/]+(/.*)?", root) is None:
            raise ValueError("write it as minio://BUCKET/PATH, s3://BUCKET/PATH or gs://BUCKET/PATH")
        return root

    @field_validator("steps")
    @classmethod
    def _steps_exist(cls, steps: dict[str, Step]) -> dict[str, Step]:
        unknown = sorted(set(steps) - {DEFAULT, *STEPS})
        if unknown:
            raise ValueError(f"there is no step {unknown[0]}; there are {DEFAULT}, {', '.join(STEPS)}")
        anew = sorted(name for name in NEVER_CACHED if name in steps and steps[name].cache)
        if anew:
            raise ValueError(f"{anew[0]} looks at the world and is never cached; leave its cache out")
        return steps

    @model_validator(mode="after")
    def _names_are_given_once(self) -> Kubeflow:
        twice = sorted(set(self.env) & set(self.secrets))
        if twice:
            raise ValueError(f"kubeflow.env and kubeflow.secrets both set {twice[0]}; leave one out")
        paths = [volume.path for volume in self.volumes.values()]
        if len(set(paths)) != len(paths):
            raise ValueError("kubeflow.volumes: two have the same path")
        claims = [volume.claim for volume in self.volumes.values()]
        if len(set(claims)) != len(claims):
            raise ValueError("kubeflow.volumes: two have the same claim, which Kubernetes mounts once")
        return self

    def step(self, name: str) -> Step:
        """What a step asks for, `default` and this section's own values filled in."""
        own = self.steps.get(name, Step()).model_dump(exclude_none=True)
        common = {"retries": self.retries, "node_selector": self.node_selector, "tolerations": self.tolerations}
        default = self.steps.get(DEFAULT, Step()).model_dump(exclude_none=True)
        return Step.model_validate({**common, **default, **own})


def quantity_bytes(quantity: str) -> int:
    """Bytes of a quantity of memory in Kubernetes' notation. Raises ValueError where it is none."""
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no quantity of memory")
    return round(float(match[1]) * _UNITS[match[2] or ""])
