import re
import subprocess
from pathlib import Path

import pytest

from tests.kubeflow.dockerfile import Dockerfile, Ignore, Stage, expand, read_dockerfile, words

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "kubeflow" / "Dockerfile"
TARGETS = ("cpu", "gpu")


@pytest.fixture(scope="module")
def dockerfile() -> Dockerfile:
    return read_dockerfile(DOCKERFILE)


@pytest.fixture(scope="module")
def context() -> Ignore:
    return Ignore((REPOSITORY / ".dockerignore").read_text(encoding="utf-8"))


def environment(dockerfile: Dockerfile, target: str) -> dict[str, str]:
    merged: dict[str, str] = {}
    for stage in dockerfile.lineage(target):
        for instruction in stage.of("ENV"):
            merged.update(instruction.pairs())
    return merged


def last(dockerfile: Dockerfile, target: str, keyword: str) -> str:
    return [found.value for stage in dockerfile.lineage(target) for found in stage.of(keyword)][-1]


def commands(stage: Stage) -> str:
    return "\n".join(run.value for run in stage.of("RUN"))


def test_what_is_built_where_no_target_is_named_is_the_image_without_cuda(dockerfile):
    assert list(dockerfile.stages)[-1] == "cpu"
    assert set(TARGETS) <= set(dockerfile.stages)


def test_every_stage_is_built_on_another_or_on_the_base_image(dockerfile):
    for stage in dockerfile.stages.values():
        assert stage.base in dockerfile.stages or stage.base == "${BASE}"
        assert set(stage.needs()) <= {*dockerfile.stages, "${BASE}"}


def test_the_base_image_has_a_tag_that_names_a_release(dockerfile):
    base = dockerfile.arguments["BASE"]
    assert re.fullmatch(r"debian:trixie-slim(@sha256:[0-9a-f]{64})?", base)


@pytest.mark.parametrize("target", TARGETS)
def test_the_user_is_a_number_that_is_not_root(dockerfile, target):
    assert last(dockerfile, target, "USER") == "10001:10001"


@pytest.mark.parametrize("target", TARGETS)
def test_no_run_comes_after_the_user_so_that_nothing_in_the_image_is_the_users_to_change(dockerfile, target):
    keywords = [found.keyword for stage in dockerfile.lineage(target) for found in stage.instructions]
    assert "RUN" not in keywords[keywords.index("USER") :]


def test_all_that_is_copied_from_the_repository_exists_and_is_in_the_context(dockerfile, context):
    files = list(context.context(REPOSITORY))
    sources = [
        source
        for stage in dockerfile.stages.values()
        for copy in stage.of("COPY")
        if copy.flag("from") is None
        for source in copy.value.split()[:-1]
    ]
    assert "requirements/stack-b.lock" in sources
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert any(file == source or file.startswith(f"{source}/") for file in files), source


def test_every_pip_install_but_that_of_bertline_itself_is_from_a_lock_with_hashes(dockerfile):
    installs = [
        command
        for stage in dockerfile.stages.values()
        for command in commands(stage).replace("\n", "&&").split("&&")
        if "pip install" in command
    ]
    assert len(installs) == 4
    for command in installs:
        assert "--no-deps" in command
        assert "--require-hashes" in command or command.rstrip().endswith(" .")
        assert "--editable" not in command


def test_what_is_left_in_the_image_is_built_without_compilers_package_lists_or_caches(dockerfile):
    for target in TARGETS:
        for stage in dockerfile.lineage(target):
            run = commands(stage)
            assert "pip install" not in run
            assert not re.search(r"\b(gcc|g\+\+|build-essential|python3-dev|curl|wget)\b", run)
            assert run.count("apt-get update") == run.count("rm -rf /var/lib/apt/lists/*")


def test_no_secret_is_an_argument_or_a_variable(dockerfile):
    text = DOCKERFILE.read_text(encoding="utf-8")
    named = {name for stage in dockerfile.stages.values() for found in stage.of("ARG") for name in found.pairs()}
    assert named | set(dockerfile.arguments) == {"BASE", "ENCODER", "VERSION", "REVISION", "CREATED"}
    names = {name for stage in dockerfile.stages.values() for found in stage.of("ENV") for name in found.pairs()}
    assert not [name for name in names if re.search("TOKEN|PASSWORD|SECRET|KEY$", name)]
    assert not re.search(r"https?://[^/\s]*@", text)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_written_at_run_time_goes_to_tmp(dockerfile, target):
    variables = environment(dockerfile, target)
    for name in (
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "MPLCONFIGDIR",
        "NUMBA_CACHE_DIR",
        "KERAS_HOME",
    ):
        assert variables[name] == "/tmp" or variables[name].startswith("/tmp/")
    assert last(dockerfile, target, "WORKDIR") == "/tmp"
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert variables["TF_USE_LEGACY_KERAS"] == "1"


def test_baked_encoders_lie_where_steps_look_for_them(dockerfile):
    variables = environment(dockerfile, "cpu")
    assert variables["BERTLINE_CACHE"] == "/opt/bertline/cache"
    assert variables["TFHUB_CACHE_DIR"] == "/opt/bertline/hub"
    assert "/opt/bertline" in commands(dockerfile.stages["encoder"])


@pytest.mark.parametrize("target", TARGETS)
def test_the_health_check_and_the_entry_point_are_programs_of_the_image(dockerfile, target):
    health = last(dockerfile, target, "HEALTHCHECK")
    assert words(health.partition("CMD ")[2]) == ["/opt/bertline/health"]
    assert words(last(dockerfile, target, "ENTRYPOINT")) == ["bertline"]


@pytest.mark.parametrize("target", TARGETS)
def test_labels_say_what_is_in_it(dockerfile, target):
    labels = {key for found in dockerfile.stages[target].of("LABEL") for key in found.pairs()}
    wanted = ("title", "description", "licenses", "version", "revision", "created", "base.name")
    assert labels == {f"org.opencontainers.image.{name}" for name in wanted}


@pytest.mark.parametrize(("stack", "cudnn"), [("a", "8."), ("b", "9.")])
def test_the_gpu_locks_have_cudas_libraries_alone_for_the_tensorflow_of_their_stack(stack, cudnn):
    folder = REPOSITORY / "requirements"
    lock = (folder / f"gpu-{stack}.lock").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12", "nvidia-nccl-cu12"} <= set(versions)
    assert all(name.startswith("nvidia-") for name in versions)
    assert versions["nvidia-cudnn-cu12"].startswith(cudnn)  # TensorFlow opens it by that major version
    stack_lock = (folder / f"stack-{stack}.lock").read_text(encoding="utf-8")
    version = re.search(r"^tensorflow==(\S+)", stack_lock, re.MULTILINE)
    assert version is not None
    assert f"tensorflow[and-cuda]=={version[1]}\n" in (folder / f"gpu-{stack}.in").read_text(encoding="utf-8")


def test_the_gpu_variant_takes_the_lock_of_its_stack(dockerfile, context):
    assert "--requirement requirements/gpu-b.lock" in commands(dockerfile.stages["cuda"])
    assert not context.ignores("requirements/gpu-b.lock")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "runs/demo/log",
        "tests/kubeflow/test_dockerfile.py",
        "benchmarks/setup.sh",
        "kubeflow/cluster.yaml",
        "kubeflow/manifests/base/role.yaml",
        "requirements/dev.lock",
        "pipeline/__pycache__/cli.cpython-313.pyc",
        ".env",
        "token",
    ],
)
def test_what_no_image_needs_is_kept_out_of_the_context(context, path):
    assert context.ignores(path)


@pytest.mark.parametrize(
    "path", ["setup.py", "pipeline/configs/imdb.yaml", "serving/protos/wire.binpb", "kubeflow/bake.sh"]
)
def test_what_the_image_needs_is_in_the_context(context, path):
    assert not context.ignores(path)


def test_the_context_is_small(context):
    files = list(context.context(REPOSITORY))
    assert sum((REPOSITORY / file).stat().st_size for file in files) < 20e6
    assert not [file for file in files if "/tests/" in file or file.startswith("tests/")]


def test_the_image_checks_what_a_missing_cache_is(tmp_path):
    variables = {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(tmp_path),
        "BERTLINE_CACHE": str(tmp_path / "none"),
        "TFHUB_CACHE_DIR": "/tmp",
    }
    finished = subprocess.run(
        ["/bin/sh", str(REPOSITORY / "kubeflow" / "health.sh")], env=variables, capture_output=True, text=True
    )
    assert finished.returncode == 1
    assert f"unhealthy: {tmp_path / 'none'} is missing" in finished.stderr


def test_the_health_check_says_that_tmp_cannot_be_written(tmp_path):
    variables = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path / "none")}
    finished = subprocess.run(
        ["/bin/sh", str(REPOSITORY / "kubeflow" / "health.sh")], env=variables, capture_output=True, text=True
    )
    assert finished.returncode == 1
    assert "cannot be written; mount a volume there" in finished.stderr


def test_baking_none_leaves_caches_that_can_be_written(tmp_path):
    subprocess.run(["/bin/sh", str(REPOSITORY / "kubeflow" / "bake.sh"), "", str(tmp_path)], check=True)
    assert (tmp_path / "cache").resolve() == Path("/tmp")
    assert (tmp_path / "hub").resolve() == Path("/tmp")
    assert not (tmp_path / "encoder").is_symlink()


def bake(handle: str, folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    programs = folder.with_name("bin")
    programs.mkdir()
    (programs / "python").write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
    (programs / "python").chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(REPOSITORY / "kubeflow" / "bake.sh"), handle, str(folder)],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


def test_baking_an_address_keeps_it_where_tf_hub_looks(tmp_path):
    folder = tmp_path / "baked"
    python = 'hub=$TFHUB_CACHE_DIR/abc; mkdir -p "$hub" && echo "$HANDLE" > "$hub/handle" && echo "$hub"'
    finished = bake("https://tfhub.dev/google/small_bert/1", folder, python)
    assert finished.returncode == 0, finished.stderr
    assert (folder / "encoder").resolve() == folder / "hub" / "abc"
    assert (folder / "encoder" / "handle").read_text().strip() == "https://tfhub.dev/google/small_bert/1"
    assert (folder / "cache").resolve() == Path("/tmp")


def test_a_folder_cannot_be_baked_and_the_build_fails(tmp_path):
    finished = bake("/models/bert", tmp_path / "baked", "echo /models/bert")
    assert finished.returncode == 1
    assert "ENCODER is /models/bert, a folder: put it on a volume" in finished.stderr


def test_an_encoder_that_cannot_be_resolved_fails_the_build(tmp_path):
    assert bake("nonsense", tmp_path / "baked", "exit 1").returncode == 1


# ---------------------------------------------------------------- the reader itself


def test_a_dockerfile_is_read_with_continued_lines_and_flags(tmp_path):
    file = tmp_path / "Dockerfile"
    file.write_text("ARG BASE=a:1\nFROM ${BASE} AS one\nRUN --mount=type=cache,target=/c \\\n  # why\n  a \\\n  && b\n")
    stage = read_dockerfile(file).stages["one"]
    assert stage.base == "${BASE}"
    assert stage.instructions[0].value == "a && b"
    assert stage.instructions[0].flags == ("--mount=type=cache,target=/c",)


@pytest.mark.parametrize(
    ("text", "message"), [("FROM a:1\n", "without a name"), ("FROM a AS b\nVOLUME /x\n", "VOLUME")]
)
def test_what_is_not_understood_is_an_error(tmp_path, text, message):
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_dockerfile(tmp_path / "Dockerfile")


def test_stages_are_built_in_the_order_of_their_needs(dockerfile):
    names = [stage.name for stage in dockerfile.order("gpu")]
    assert names.index("base") < names.index("build") < names.index("cuda") < names.index("gpu")
    assert "cpu" not in names
    assert "cuda" not in [stage.name for stage in dockerfile.order("cpu")]


def test_variables_are_expanded():
    assert expand("${A}/$B:${C}", {"A": "1", "B": "2"}) == "1/2:"


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("*\n!a", "a/b/c", False),
        ("*\n!a\n**/x", "a/b/x", True),
        ("*\n!a\n**/x", "a/x/y", True),
        ("a/*.txt", "a/b.txt", True),
        ("a/*.txt", "a/c/b.txt", False),
        ("**/*.py[cod]", "a/b.pyc", True),
    ],
)
def test_the_last_pattern_that_fits_decides(patterns, path, ignored):
    assert Ignore(patterns).ignores(path) is ignored
