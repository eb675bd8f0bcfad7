import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from pipeline.cli_kubeflow import submit
from pipeline.config import Push
from pipeline.config_file import load_config
from pipeline.config_training import Training
from pipeline.kubeflow.settings import Kubeflow

FOLDER = Path(__file__).parents[2] / "kubeflow"
MANIFESTS = FOLDER / "manifests"
EXAMPLE = MANIFESTS / "overlays" / "example"
FILES = sorted(file for file in MANIFESTS.rglob("*.yaml") if file.name not in ("kustomization.yaml", "cluster.yaml"))
VERSIONS = ("1.28", kubernetes_validate.latest_version())
KUBECTL = shutil.which("kubectl")
# Made outside of the manifests: by Kubeflow, by hand, or by an overlay.
KUBEFLOWS_OWN = {"kfp-launcher", "mlpipeline-minio-artifact"}
BY_HAND = {"bertline-registry"}
CONFIG_MAP = "bertline-cluster"

Resource = dict[str, Any]


def documents(text: str) -> list[Resource]:
    return [document for document in yaml.safe_load_all(text) if document]


def resources() -> list[Resource]:
    return [document for file in FILES for document in documents(file.read_text(encoding="utf-8"))]


def named(kind: str, among: list[Resource]) -> dict[str, Resource]:
    return {resource["metadata"]["name"]: resource for resource in among if resource["kind"] == kind}


def pod_specs(among: list[Resource]) -> Iterator[Resource]:
    for resource in among:
        if resource["kind"] == "CronJob":
            yield resource["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        elif resource["kind"] == "Job":
            yield resource["spec"]["template"]["spec"]


def kustomized(folder: Path) -> list[Resource]:
    if KUBECTL is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run([KUBECTL, "kustomize", str(folder)], check=True, capture_output=True, text=True)
    return documents(built.stdout)


@pytest.fixture(scope="module")
def example() -> list[Resource]:
    return kustomized(EXAMPLE)


@pytest.fixture(scope="module")
def cluster() -> Resource:
    return yaml.safe_load((FOLDER / "cluster.yaml").read_text(encoding="utf-8"))


# ---------------------------------------------------------------- each file alone


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_each_manifest_is_what_kubernetes_accepts(file, version):
    found = documents(file.read_text(encoding="utf-8"))
    assert found
    for resource in found:
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("folder", ["base", "cronjob", "volumes"])
def test_every_file_of_a_folder_is_one_of_its_resources(folder):
    kustomization = yaml.safe_load((MANIFESTS / folder / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {file.name for file in FILES if file.parent.name == folder}
    assert set(kustomization["resources"]) == files


def test_no_name_stands_twice_and_no_namespace_stands_anywhere():
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in resources()]
    assert len(names) == len(set(names))
    assert not [resource for resource in resources() if "namespace" in resource["metadata"]]


def test_pods_are_restricted_as_kubernetes_own_standard_asks():
    specs = list(pod_specs(resources()))
    assert len(specs) == 2
    for spec in specs:
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 10001
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]["requests"]) == set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_the_pods_user_is_the_images():
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    assert "USER 10001:10001\n" in dockerfile


def test_every_mount_has_its_volume_and_every_volume_its_mount():
    for spec in pod_specs(resources()):
        mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_what_pods_refer_to_exists():
    accounts, claims = named("ServiceAccount", resources()), named("PersistentVolumeClaim", resources())
    for spec in pod_specs(resources()):
        assert spec.get("serviceAccountName", "default") in {*accounts, "default"}
        for volume in spec["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "configMap" in volume:
                assert volume["configMap"]["name"] == CONFIG_MAP
        assert {secret["name"] for secret in spec.get("imagePullSecrets", [])} <= BY_HAND


def test_bindings_bind_roles_and_accounts_that_exist():
    roles, accounts = named("Role", resources()), named("ServiceAccount", resources())
    bindings = named("RoleBinding", resources())
    assert len(bindings) == len(roles) == len(accounts) == 2
    for binding in bindings.values():
        assert binding["roleRef"]["name"] in roles
        assert [subject["name"] for subject in binding["subjects"]] == [binding["metadata"]["name"]]
        assert binding["subjects"][0]["name"] in accounts


def test_roles_grant_no_wildcard_and_secrets_by_name_only():
    for role in named("Role", resources()).values():
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert not {"delete", "deletecollection", "impersonate", "bind", "escalate"} & set(rule["verbs"])
            assert "pods/exec" not in rule["resources"]
            if {"secrets", "configmaps"} & set(rule["resources"]):
                assert set(rule["resourceNames"]) <= KUBEFLOWS_OWN
                assert rule["verbs"] == ["get"]


def test_no_manifest_is_a_secret_or_holds_a_value_of_one():
    for file in FOLDER.rglob("*"):
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"^\s*kind:\s*Secret\b", text, re.MULTILINE), file
        assert not re.search(r"(?i)(password|token|api[_-]?key|secret)\w*\s*[:=]\s*[\"']?[A-Za-z0-9+/_-]{16,}", text), (
            file
        )
        assert "BEGIN PRIVATE KEY" not in text, file
        assert not re.search(r"https?://[^/\s]+:[^/\s]+@", text), file


# ---------------------------------------------------------------- the nightly run


@pytest.fixture(scope="module")
def nightly() -> Resource:
    return named("CronJob", resources())["bertline-imdb"]["spec"]


def test_the_nightly_run_never_overlaps_and_is_bounded(nightly):
    job = nightly["jobTemplate"]["spec"]
    assert nightly["concurrencyPolicy"] == "Forbid"
    assert nightly["startingDeadlineSeconds"] >= 60
    assert job["activeDeadlineSeconds"] < 24 * 3600
    assert job["backoffLimit"] >= 0
    assert job["ttlSecondsAfterFinished"] > 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_only_a_submission_that_could_not_begin_is_tried_again(nightly):
    exited, lost = nightly["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert exited["action"] == lost["action"] == "FailJob"
    assert exited["onExitCodes"]["operator"] == "NotIn"
    assert exited["onExitCodes"]["values"] == [2]
    assert lost["onPodConditions"][0]["type"] == "DisruptionTarget"
    (container,) = nightly["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert exited["onExitCodes"]["containerName"] == container["name"]


def test_its_options_are_those_of_the_verb(nightly):
    (container,) = nightly["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    known = {name for parameter in submit.params for name in parameter.opts}
    options = {option.partition("=")[0] for option in container["args"] if option.startswith("--")}
    assert options <= known
    assert container["args"][0] == submit.name


def test_the_token_is_one_for_the_api_of_pipelines_and_is_passed_on(nightly):
    spec = nightly["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (token,) = [volume for volume in spec["volumes"] if "projected" in volume]
    (source,) = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "pipelines.kubeflow.org"
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == token["name"]]
    assert mount["readOnly"] is True
    path = f"{mount['mountPath']}/{source['serviceAccountToken']['path']}"
    assert f"--token-file={path}" in container["args"]


def test_the_cluster_is_read_where_it_is_mounted(nightly):
    spec = nightly["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "cluster"]
    assert f"--with={mount['mountPath']}/cluster.yaml" in container["args"]


def test_the_nightly_runs_settings_are_a_configuration(nightly):
    (container,) = nightly["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    verb, task, *options = container["args"]
    assert (verb, task) == ("submit", "imdb")
    overrides = [option.partition("=")[2] for option in options if option.startswith("--set=")]
    config = load_config(task, overrides, [str(FOLDER / "cluster.yaml")])
    assert config.kubeflow is not None
    volumes = [volume.path for volume in config.kubeflow.volumes.values()]
    assert config.push.folder is not None
    assert any(config.push.folder.startswith(f"{path}/") for path in volumes)
    assert any(str(config.data.path).startswith(f"{path}/") for path in volumes)


def test_the_network_policy_is_that_of_the_nightly_runs_pods(nightly):
    policy = named("NetworkPolicy", resources())["bertline-submit"]["spec"]
    labels = nightly["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy


# ---------------------------------------------------------------- cluster.yaml


def test_the_cluster_is_what_the_configuration_accepts(cluster):
    section = Kubeflow.model_validate(cluster["kubeflow"])
    assert section.image == cluster["kubeflow"]["image"]
    assert list(section.volumes) == list(cluster["kubeflow"]["volumes"])


def test_the_cluster_names_what_the_manifests_make(cluster):
    section = Kubeflow.model_validate(cluster["kubeflow"])
    claims = named("PersistentVolumeClaim", resources())
    assert {volume.claim for volume in section.volumes.values()} == set(claims)
    assert section.api.service_account in named("ServiceAccount", resources())
    assert set(section.image_pull_secrets) <= BY_HAND


def test_the_volumes_of_the_job_that_prepares_them_are_the_clusters(cluster):
    section = Kubeflow.model_validate(cluster["kubeflow"])
    job = named("Job", resources())["bertline-volumes"]["spec"]["template"]["spec"]
    paths = {mount["name"]: mount["mountPath"] for mount in job["containers"][0]["volumeMounts"]}
    claims = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in job["volumes"]}
    assert paths == {name: volume.path for name, volume in section.volumes.items()}
    assert claims == {name: volume.claim for name, volume in section.volumes.items()}


def test_what_is_commented_out_in_the_cluster_fits_too():
    text = (FOLDER / "cluster.yaml").read_text(encoding="utf-8")
    lines = [line.strip().lstrip("# ") for line in text.splitlines() if re.match(r"\s*#\s+\w+: [{\[]", line)]
    examples = [next(iter(yaml.safe_load(line).items())) for line in lines]
    wanted = {"env", "secrets", "node_selector", "tolerations", "accelerator", "push", "training"}
    assert wanted <= {key for key, _ in examples}
    sections = {"push": Push, "training": Training}
    for key, value in examples:
        if key in sections:
            sections[key].model_validate(value)
        elif key == "accelerator":
            Kubeflow.model_validate({"steps": {"Trainer": {key: value}}})
        else:
            Kubeflow.model_validate({key: value})


def test_the_overlay_sets_the_namespace_and_the_image_of_its_cluster(cluster):
    overlay = yaml.safe_load((EXAMPLE / "kustomization.yaml").read_text(encoding="utf-8"))
    (image,) = overlay["images"]
    assert {container["image"] for spec in pod_specs(resources()) for container in spec["containers"]} == {
        image["name"]
    }
    assert f"{image['newName']}@{image['digest']}" == cluster["kubeflow"]["image"]
    assert overlay["namespace"] == cluster["kubeflow"]["api"]["namespace"]
    (generated,) = overlay["configMapGenerator"]
    assert (generated["name"], generated["files"]) == (CONFIG_MAP, ["cluster.yaml"])
    assert (FOLDER / "cluster.yaml").read_text() == (EXAMPLE / "cluster.yaml").read_text()


# ---------------------------------------------------------------- as kubectl builds them


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_built_for_a_cluster_is_what_kubernetes_accepts(example, version):
    assert {"ConfigMap", "CronJob", "NetworkPolicy"} <= {resource["kind"] for resource in example}
    for resource in example:
        kubernetes_validate.validate(resource, version, strict=True)


def test_what_is_built_has_the_namespace_the_digest_and_the_storage_class(example, cluster):
    assert {resource["metadata"]["namespace"] for resource in example} == {cluster["kubeflow"]["api"]["namespace"]}
    images = {container["image"] for spec in pod_specs(example) for container in spec["containers"]}
    assert images == {cluster["kubeflow"]["image"]}
    for claim in named("PersistentVolumeClaim", example).values():
        assert claim["spec"]["storageClassName"]


def test_bindings_name_accounts_of_the_namespace(example):
    for binding in named("RoleBinding", example).values():
        assert [subject["namespace"] for subject in binding["subjects"]] == [binding["metadata"]["namespace"]]


def test_the_cluster_in_the_config_map_is_the_one_of_the_repository(example):
    (config_map,) = (resource for resource in example if resource["kind"] == "ConfigMap")
    name = config_map["metadata"]["name"]
    assert name.startswith(CONFIG_MAP)
    assert config_map["data"] == {"cluster.yaml": (FOLDER / "cluster.yaml").read_text(encoding="utf-8")}
    (spec,) = pod_specs(example)
    assert name in [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume]


@pytest.mark.parametrize("folder", ["base", "cronjob", "volumes"])
def test_each_folder_can_be_built_alone(folder):
    built = kustomized(MANIFESTS / folder)
    assert built
    for resource in built:
        kubernetes_validate.validate(resource, VERSIONS[-1], strict=True)
