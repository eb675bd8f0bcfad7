from __future__ import annotations

import copy
import json

import pytest
import yaml

from pipeline.kubeflow.document import COMPILE_ANEW, parse_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.rules import check, violations
from pipeline.kubeflow.rules.sizes import LARGEST_ARGUMENT
from pipeline.kubeflow.rules.texts import hazard
from tests.pipeline.kubeflow.local import specs
from tests.pipeline.kubeflow.local.specs import constant, output_artifact, output_parameter, task

MAKE = task("Make", "1", made=["thing"], outputs={"p": "STRING"})
USE = task(
    "Use",
    "2",
    inputs={
        "artifacts": {"thing": output_artifact("Make", "thing")},
        "parameters": {"p": output_parameter("Make", "p"), "n": constant(3)},
    },
    artifacts=["thing"],
    parameters={"p": "STRING", "n": "NUMBER_INTEGER"},
)


def found(*tasks: dict, **more) -> list[str]:
    return [str(violation) for violation in violations(specs.compiled(*tasks, **more))]


def altered(one: dict, path: str, value) -> dict:
    """A copy in which what lies at a dotted path is another, or is not there where the value is None."""
    one = copy.deepcopy(one)
    *folders, last = path.split(".")
    inner = one
    for folder in folders:
        inner = inner.setdefault(folder, {}) if isinstance(inner, dict) else inner[int(folder)]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return one


def test_a_pipeline_that_the_backend_can_run():
    assert found(MAKE, USE) == []
    check(specs.compiled(MAKE, USE))


def test_every_violation_is_told_with_its_place_and_a_remedy():
    broken = altered(altered(MAKE, "executor.container.image", ""), "task.retryPolicy", {"maxRetryCount": 1})
    with pytest.raises(KubeflowError) as refused:
        check(specs.compiled(broken, USE))
    first, *rest = str(refused.value).splitlines()
    assert first == "test.yaml cannot run on open-source Kubeflow Pipelines:"
    assert rest[0] == "  - executor Make_executor: a container needs an image; set kubeflow.image"
    assert "task Make: without backoffMaxDuration" in rest[1]
    assert len(rest) == 2


@pytest.mark.parametrize(
    ("name", "better"),
    [("imdb_demo", "imdb-demo"), ("Demo", "demo"), ("-a-", "a"), ("a b", "a-b"), ("__", "pipeline")],
)
def test_names_that_kubernetes_does_not_take(name, better):
    (problem,) = found(MAKE, name=name)
    assert f"call it '{better}'" in problem


def test_a_pipeline_without_a_name_or_a_root():
    document = next(yaml.safe_load_all(specs.text(MAKE)))
    del document["root"]
    document["pipelineInfo"] = {}
    told = [str(violation) for violation in violations(parse_compiled(yaml.safe_dump(document), "p"))]
    assert [line.partition(";")[0] for line in told[:2]] == [
        "pipelineInfo.name: name is empty",
        "root: root component is empty",
    ]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"parameterType": "TASK_FINAL_STATUS"}, "TASK_FINAL_STATUS is invalid for the root"),
        ({}, "PARAMETER_TYPE_ENUM_UNSPECIFIED is invalid for the root"),
        ({"parameterType": "NUMBER_INTEGER", "defaultValue": "2"}, "its default value is no NUMBER_INTEGER"),
        ({"parameterType": "BOOLEAN", "defaultValue": 1}, "its default value is no BOOLEAN"),
    ],
)
def test_runtime_parameters_that_no_run_can_have(spec, problem):
    (told,) = found(MAKE, inputDefinitions={"parameters": {"x": spec}})
    assert told.startswith("runtime parameter x: ")
    assert problem in told


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("task.componentRef", {}, "task Use: component ref name is empty"),
        ("task.componentRef", {"name": "Other"}, 'task Use: cannot find component ref name="Other"'),
        ("task.taskInfo", {}, "task Use: its taskInfo.name is missing"),
        ("task.taskInfo", {"name": "use"}, "task Use: its taskInfo.name is use"),
        ("task.dependentTasks", ["Gone"], 'task Use: unknown producer task "Gone" in DAG'),
        ("task.dependentTasks", ["Use"], "root: its tasks wait for each other: Use -> Use"),
        ("task.artifactIterator", {"itemInput": "x"}, "task Use: artifact iterator not implemented yet"),
        ("component.executorLabel", "other", 'component Use: executor(label="other") not found in deployment config'),
        ("component.executorLabel", None, "component Use: unknown component implementation"),
        (
            "task.inputs.artifacts.thing.taskOutputArtifact.producerTask",
            "Gone",
            'task Use: unknown producer task "Gone" in DAG',
        ),
    ],
)
def test_graphs_that_do_not_hold_together(path, value, problem):
    assert any(line.startswith(problem) for line in found(MAKE, altered(USE, path, value)))


@pytest.mark.parametrize("name", ["make_it", "1Make", "Make it", "M" * 129])
def test_names_that_argo_does_not_take(name):
    told = found(task(name))
    assert told
    assert all(line.startswith((f"task {name}: Argo takes", f"component {name}: Argo's")) for line in told)


def test_a_task_that_is_called_as_anothers_driver():
    assert any("Argo's task Make-driver would be there twice" in line for line in found(MAKE, task("Make-driver", "3")))


def test_a_pipeline_without_tasks():
    (told,) = found()
    assert told.startswith("root: DAG root must contain one or more non-exit tasks")


def test_the_name_root_is_reserved():
    assert any('component name "root" is reserved' in line for line in found(task("root")))


def test_tasks_that_wait_for_each_other():
    other = altered(MAKE, "task.dependentTasks", ["Use"])
    assert any("root: its tasks wait for each other: " in line for line in found(other, USE))


def test_components_that_are_made_of_themselves():
    outer, inner = task("Outer"), task("Inner")
    for one, other in ((outer, "Inner"), (inner, "Outer")):
        del one["component"]["executorLabel"]
        below = {"taskInfo": {"name": "Below"}, "componentRef": {"name": other}}
        one["component"]["dag"] = {"tasks": {"Below": below}}
    assert any(
        "component Inner: circular component reference detected: Inner -> Outer -> Inner" in line
        for line in found(inner, outer)
    )


def test_a_sub_pipeline_is_judged_within():
    inner, outer = task("Inner", parameters={"x": "STRING"}), task("Outer", parameters={"x": "STRING"})
    outer["task"]["inputs"] = {"parameters": {"x": constant("a")}}
    del outer["component"]["executorLabel"]
    below = {"taskInfo": {"name": "Inner"}, "componentRef": {"name": "Inner"}}
    outer["component"]["dag"] = {"tasks": {"Inner": below}}
    compiled = specs.text(outer, inner)
    document, platform = yaml.safe_load_all(compiled)
    del document["root"]["dag"]["tasks"]["Inner"]

    def told(value) -> list[str]:
        tasks = document["components"]["Outer"]["dag"]["tasks"]
        tasks["Inner"]["inputs"] = {"parameters": {"x": {"componentInputParameter": value}}}
        return [str(one) for one in violations(parse_compiled(yaml.safe_dump_all([document, platform]), "p"))]

    assert told("x") == []
    assert told("y") == [
        "task Inner, input parameter x: parent DAG does not have input parameter y; declare it in Outer"
    ]


@pytest.mark.parametrize(
    ("executor", "problem"),
    [
        ({"resolver": {}}, "resolver executors not implemented: a Resolver runs on Vertex AI alone"),
        ({"customJob": {}}, "custom job executors is Google Cloud only, it's not supported"),
        ({}, "non-container and non-importer executor not implemented"),
        ({"container": {"image": "i"}}, "command and arguments are empty"),
        ({"container": {"command": ["a"]}}, "a container needs an image"),
        (
            {"container": {"image": "i", "command": ["a"], "lifecycle": {"preCacheCheck": {"command": ["b"]}}}},
            "its lifecycle hook (preCacheCheck",
        ),
        ({"container": {"image": "i", "command": ["a"], "env": [{"name": "A=B"}]}}, "can be called 'A=B'"),
    ],
)
def test_executors_that_cannot_run(executor, problem):
    (told,) = found({**MAKE, "executor": executor})
    assert told.startswith("executor Make_executor: ")
    assert problem in told


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"backoffFactor": 1.5}, "Argo cannot read the back-off factor 1.5"),
        ({"backoffMaxDuration": "0s"}, "without backoffMaxDuration Argo's limit is 0 s"),
    ],
)
def test_retries_that_argo_reads_otherwise(changes, problem):
    policy = {"maxRetryCount": 2, "backoffDuration": "30s", "backoffFactor": 2, "backoffMaxDuration": "3600s"}
    assert found(altered(MAKE, "task.retryPolicy", policy)) == []
    (told,) = found(altered(MAKE, "task.retryPolicy", {**policy, **changes}))
    assert problem in told


EXIT = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}


def test_an_exit_task_reads_nothing_of_what_may_have_failed_and_is_of_one_task():
    told = found(MAKE, altered(USE, "task.triggerPolicy", EXIT))
    assert len(told) == 2
    assert all("where Make has failed its driver finds no output of it" in line for line in told)
    after = task("After", "3", task={"triggerPolicy": EXIT, "dependentTasks": ["Make"]})
    assert found(MAKE, after) == []
    of_both = altered(after, "task.dependentTasks", ["Make", "Use"])
    assert "it is an exit task of 2 tasks, and runs after each" in found(MAKE, USE, of_both)[0]


def test_an_importer_takes_no_condition():
    importer = {"importer": {"artifactUri": {"constant": "gs://a"}, "typeSchema": {"schemaTitle": "system.Artifact"}}}
    other = altered({**MAKE, "executor": importer}, "task.triggerPolicy", {"condition": "true"})
    assert any("triggerPolicy.condition on importer task is not supported" in line for line in found(other))


def test_equal_containers_of_different_components():
    other = altered(task("Other", "1"), "executor", MAKE["executor"])
    (told,) = found(MAKE, other)
    assert told.startswith("components Make, Other: their containers are the same")
    same = altered(task("Other", "1", made=["thing"], outputs={"p": "STRING"}), "executor", MAKE["executor"])
    assert found(MAKE, same) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("parameters.n", constant("3"), "parameter n: type mismatch: expect NUMBER_INTEGER, got string"),
        ("parameters.n", constant(True), "parameter n: type mismatch: expect NUMBER_INTEGER, got bool"),
        ("parameters.n", {"runtimeValue": {"runtimeParameter": "x"}}, "parameter n: param runtime value spec"),
        (
            "parameters.n",
            {"taskFinalStatus": {"producerTask": "Make"}},
            "parameter n: parameter spec of type task_final",
        ),
        ("parameters.n", {}, "parameter n: parameter spec of type None not implemented"),
        ("parameters.n", {"componentInputParameter": "m"}, "parameter n: parent DAG does not have input parameter m"),
        ("parameters.n", {"componentInputParameter": ""}, "parameter n: component input parameter is empty"),
        ("parameters.n", None, 'parameter n: neither value nor default value provided for non-optional parameter "n"'),
        ("parameters.p", output_parameter("Make", "q"), "parameter p: Make has no output parameter q"),
        ("artifacts.thing", output_artifact("Make", "q"), 'artifact thing: cannot find output artifact key "q"'),
        ("artifacts.thing", {"componentInputArtifact": "a"}, "artifact thing: parent DAG does not have input artifact"),
        ("artifacts.thing", {}, "artifact thing: artifact spec not implemented"),
    ],
)
def test_inputs_that_the_driver_cannot_resolve(path, value, problem):
    (told,) = found(MAKE, altered(USE, f"task.inputs.{path}", value))
    assert told.startswith(f"task Use, input {problem}")


def test_a_text_may_be_given_anything():
    assert found(MAKE, altered(USE, "task.inputs.parameters.p", constant([1]))) == []


def test_a_run_is_given_no_artifacts():
    other = altered(USE, "task.inputs.artifacts.thing", {"componentInputArtifact": "a"})
    (told,) = found(MAKE, other, inputDefinitions={"artifacts": {"a": specs.ARTIFACT}})
    assert "a run is given parameters alone, no artifacts" in told


def test_a_default_is_used_only_where_the_input_is_optional():
    spec = {"parameterType": "NUMBER_INTEGER", "defaultValue": 1}
    one = altered(MAKE, "component.inputDefinitions.parameters.n", spec)
    (told,) = found(one)
    assert "it is not optional, so that the driver does not use its default; set isOptional: true" in told
    assert found(altered(one, "component.inputDefinitions.parameters.n.isOptional", True)) == []


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"artifactType": {"schemaUri": "x"}}, "SchemaUri is unsupported"),
        ({}, "unknown type in ArtifactTypeSchema"),
        ({"artifactType": {"schemaTitle": ""}}, "No title specified"),
        ({"artifactType": {"instanceSchema": "type: object"}}, "No title specified"),
        ({"artifactType": {"instanceSchema": "["}}, "No title specified"),
        ({**specs.ARTIFACT, "metadata": {"a": None}}, "unknown/unsupported value type: its metadata a is null"),
    ],
)
def test_artifacts_that_cannot_be_registered(spec, problem):
    (told,) = found(altered(MAKE, "component.outputDefinitions.artifacts.thing", spec))
    assert told.startswith(f"component Make, output artifact thing: {problem}")


def test_outputs_that_the_launcher_cannot_collect():
    other = altered(MAKE, "component.outputDefinitions.artifacts.executor-logs", specs.ARTIFACT)
    assert any("the driver puts its own artifact of that name in its place" in line for line in found(other))
    (told,) = found(altered(MAKE, "component.outputDefinitions.parameters.q", {}))
    assert told.startswith("component Make, output parameter q: unknown type PARAMETER_TYPE_ENUM_UNSPECIFIED")


SCRATCH = {"volumeName": "scratch", "mountPath": "/tmp"}
MOUNT = {"constant": "bertline-models", "mountPath": "/models"}


@pytest.mark.parametrize(
    ("platform", "problem"),
    [
        ({"pvcMounts": []}, "failed to unmarshal kubernetes config"),
        ({"imagePullPolicy": "Sometimes"}, "unsupported value: Sometimes. ImagePullPolicy"),
        ({"pvcMount": [{"mountPath": "/models"}]}, "names no claim"),
        ({"pvcMount": [{"constant": "c"}]}, "volume mount path not provided"),
        ({"pvcMount": [{**MOUNT, "mountPath": "models"}]}, "'models' is no absolute path"),
        ({"pvcMount": [{**MOUNT, "mountPath": "/minio/"}]}, "/minio/ is at, below or above /minio, a folder of the"),
        ({"pvcMount": [{**MOUNT, "mountPath": "//s3/x"}]}, "//s3/x is at, below or above /s3"),
        ({"pvcMount": [{**MOUNT, "mountPath": "/.cache/a"}]}, "/.cache/a is at, below or above /.cache"),
        ({"pvcMount": [{**MOUNT, "mountPath": "/"}]}, "/ is at, below or above /kfp-launcher"),
        ({"pvcMount": [{**MOUNT, "mountPath": "/data/../minio"}]}, "'/data/../minio' has '..' in it"),
        (
            {"pvcMount": [{**MOUNT, "mountPath": "/opt"}]},
            "/opt is at, below or above /opt/bertline, which is the image's",
        ),
        ({"pvcMount": [{**MOUNT, "mountPath": "/opt/venv/lib"}]}, "/opt/venv/lib is at, below or above /opt/venv"),
        ({"emptyDirMounts": [{"volumeName": "a", "mountPath": "/gcs"}]}, "/gcs is at, below or above /gcs"),
        (
            {"pvcMount": [{**MOUNT, "constant": "minio-scratch"}]},
            "minio-scratch is the name of a volume of the backend",
        ),
        ({"pvcMount": [{**MOUNT, "constant": "kfp-launcher"}]}, "kfp-launcher is the name of a volume of the backend"),
        (
            {"pvcMount": [{**MOUNT, "constant": "scratch"}], "emptyDirMounts": [SCRATCH]},
            "scratch is the name of the pipeline's own empty folder in the pod; use a claim of another name",
        ),
        ({"pvcMount": [{**MOUNT, "constant": "bertline.models"}]}, "Kubernetes cannot call a volume 'bertline.models'"),
        ({"pvcMount": [MOUNT, {**MOUNT, "constant": "c"}]}, "two volumes are mounted at /models"),
        ({"pvcMount": [MOUNT, {**MOUNT, "mountPath": "/data"}]}, "the volume bertline-models is there twice"),
        ({"secretAsEnv": [{"keyToEnv": []}]}, "missing either SecretName or SecretNameParameter"),
    ],
)
def test_platforms_that_kubernetes_does_not_take(platform, problem):
    told = found({**MAKE, "platform": platform})
    assert told
    assert all(line.startswith("platform, executor Make_executor: ") for line in told)
    assert any(problem in line for line in told)


def test_volumes_that_are_in_nobodys_way():
    mounts = [MOUNT, {"constant": "bertline-data", "mountPath": "/opt/data"}, {"constant": "m", "mountPath": "/minio2"}]
    assert found({**MAKE, "platform": {"pvcMount": mounts, "emptyDirMounts": [SCRATCH]}}) == []


def test_a_platform_for_no_executor():
    document, platform = yaml.safe_load_all(specs.text({**MAKE, "platform": {"pvcMount": [MOUNT]}}))
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors["Mke_executor"] = executors.pop("Make_executor")
    (told,) = violations(parse_compiled(yaml.safe_dump_all([document, platform]), "p"))
    assert str(told) == (
        f"platform, executor Mke_executor: no executor has this label, and it would be passed over; {COMPILE_ANEW}"
    )


@pytest.mark.parametrize("text", ["", "{", "}}", "a$b", "$ $", "$(not a name)", '{"a":{"b":1}}', "50 $"])
def test_texts_that_stay_as_they_are(text):
    assert hazard(text) is None


@pytest.mark.parametrize(
    ("text", "who"),
    [("{{x}}", "Argo"), ("{{=1}}", "Argo"), ("a {{", "Argo"), ("$$", "Kubernetes"), ("$(HOME)", "Kubernetes"),
     ("{{$.inputs.parameters['a']}}", "launcher"), ("{{$}}", "launcher")],
)  # fmt: skip
def test_texts_that_somebody_replaces(text, who):
    assert who in str(hazard(text))


@pytest.mark.parametrize(
    ("one", "where"),
    [
        (altered(MAKE, "executor.container.args", ["{{$}}", "{{x}}"]), "executor Make_executor, args[1]"),
        (altered(MAKE, "executor.container.args", ["{{$.inputs.parameters['x']}}"]), "executor Make_executor, args[0]"),
        (
            altered(MAKE, "executor.container.env", [{"name": "A", "value": "$$"}]),
            "executor Make_executor, env[0].value",
        ),
        (altered(MAKE, "executor.container.image", "{{$}}"), "executor Make_executor, image"),
        (
            altered(MAKE, "task.inputs.parameters.x", constant({"a": ["{{x}}"]})),
            "task Make, inputs.parameters.x.runtimeValue.constant.a[0]",
        ),
        (altered(MAKE, "task.inputs.parameters.x", constant("a {{$.pipeline_job_name}}")), "task Make, inputs"),
        (
            altered(
                MAKE,
                "component.inputDefinitions.parameters.x",
                {"parameterType": "STRING", "defaultValue": "$(A)", "isOptional": True},
            ),
            "component Make, inputDefinitions.parameters.x.defaultValue",
        ),
        ({**MAKE, "platform": {"nodeSelector": {"labels": {"a": "{{x}}"}}}}, "platform, executor Make_executor, node"),
    ],
)
def test_where_texts_that_are_replaced_stand(one, where):
    (told,) = found(one)
    assert told.startswith(where)


def test_placeholders_that_the_driver_and_the_launcher_know():
    names = ["pipeline_job_name", "pipeline_job_uuid", "pipeline_task_name"]
    one = altered(MAKE, "task.inputs.parameters", {name: constant(f"{{{{$.{name}}}}}") for name in names})
    one["executor"]["container"]["args"] = [
        "{{$}}", "--to={{$.outputs.artifacts['thing'].path}}", "{{$.outputs.artifacts['thing'].uri}}",
        "{{$.outputs.parameters['p'].output_file}}",
    ]  # fmt: skip
    assert found(one) == []


def test_arguments_that_linux_does_not_take():
    large = "x" * LARGEST_ARGUMENT
    (told,) = found(altered(MAKE, "executor.container.args", [large]))
    assert told.startswith("component Make: its container is 132,")
    told = found(altered(MAKE, "task.inputs.parameters.x", constant(large)))
    assert [line.partition(",")[0] for line in told] == [
        "task Make: its inputs and settings are 131",
        "task Make: the input of its step is about 133",
    ]
    twice = altered(MAKE, "task.inputs.parameters.x", constant("x" * 70_000))
    twice["executor"]["container"]["args"] = ["{{$}}{{$}}"]
    (told,) = found(twice)
    assert told.startswith("task Make: its argument '{{$}}{{$}}' is about 14")
    assert "Linux takes 131,071 in an argument" in told


def test_a_pipeline_that_argo_cannot_keep():
    tasks = [
        altered(task(f"T{number}", str(number)), "task.inputs.parameters.x", constant("x" * 100_000))
        for number in range(11)
    ]
    (told,) = found(*tasks)
    assert told.startswith("the pipeline: Argo's Workflow object would be 1,1")


def test_what_tfx_compiles_with_a_resolver_and_a_driver_is_refused(tmp_path):
    from tfx.components.example_gen.csv_example_gen.component import CsvExampleGen
    from tfx.dsl.components.common.resolver import Resolver
    from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import LatestBlessedModelStrategy
    from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as kubeflow
    from tfx.orchestration.pipeline import Pipeline
    from tfx.types import standard_artifacts
    from tfx.types.channel import Channel

    examples = CsvExampleGen(input_base="/data")
    latest = Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("latest")
    pipeline = Pipeline("stock", "minio://bucket/root", components=[examples, latest])
    file = tmp_path / "p.json"
    config = kubeflow.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True)
    kubeflow.KubeflowV2DagRunner(config=config, output_filename=str(file)).run(pipeline)
    with pytest.raises(KubeflowError, match="wrapped in a job"):
        parse_compiled(file.read_text(), "p.json")
    spec = json.loads(file.read_text())["pipelineSpec"]
    told = [str(one) for one in violations(parse_compiled(json.dumps(spec), "p.json"))]
    assert any("resolver" in line for line in told), told
    assert any("its lifecycle hook" in line for line in told), told
