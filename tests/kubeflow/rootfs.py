"""Executes kubeflow/Dockerfile without a container engine: `python -m tests.kubeflow.rootfs WORK`. Needs root.

Each stage is an overlay on the one that it is built from, so that a stage's size is that of its layers; each RUN runs
in a chroot, and the finished image is tried as its own user, on a read-only root with a /tmp in memory. All mounts live
in a mount namespace of this program's own: however it ends, nothing stays mounted. The base image is debootstrap's
trixie, which is larger than debian:trixie-slim by documentation and translations.
What it is not: nothing can be pushed, and a container's limits (cgroups, seccomp, capabilities) are not set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.kubeflow.dockerfile import Dockerfile, Ignore, Instruction, Stage, expand, read_dockerfile
from tests.kubeflow.image_checks import ABSENT, CHECKS

_REPOSITORY = Path(__file__).parents[2]
_INSIDE = "BERTLINE_ROOTFS_INSIDE"
_BASE = "base image"
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# What this system needs to reach its package index, beside pip's settings (the secret `pip`).
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")
_PIP_SETTINGS = Path("/etc/pip.conf")
_SHELL = ["/bin/sh", "-c"]


@dataclass(frozen=True)
class State:
    """What a stage hands on beside its files."""

    env: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    workdir: str = "/"
    user: str = "0:0"


class Builder:
    """Builds stages below a folder: FOLDER/STAGE/{layer,work,root}, where root is what the stage sees."""

    def __init__(self, dockerfile: Dockerfile, folder: Path, arguments: dict[str, str], secrets: dict[str, Path]):
        self._dockerfile, self._folder = dockerfile, folder
        self._arguments, self._secrets = arguments, secrets
        self._states: dict[str, State] = {}
        self._context = folder / "context"

    def build(self, target: str) -> None:
        """Builds what the target needs and has not been built yet, and prints what each stage took."""
        self._copy_context()
        for stage in self._dockerfile.order(target):
            if stage.name not in self._states:
                start = time.monotonic()
                self._stage(stage)
                print(
                    f"{stage.name:<10} {megabytes(self.layer(stage.name)):>6} MB {time.monotonic() - start:>6.0f} s",
                    flush=True,
                )

    def layer(self, stage: str) -> Path:
        """The folder of what the stage adds to the one that it is built from."""
        return self._folder / stage / "layer"

    def root(self, stage: str) -> Path:
        """The folder of what the stage sees."""
        return self._folder / stage / "root"

    def state(self, stage: str) -> State:
        """What the stage hands on."""
        return self._states[stage]

    def lower(self, stage: str) -> str:
        """The layers of a stage, the uppermost first, as the overlay file system wants them."""
        layers = [self.layer(ancestor.name) for ancestor in reversed(self._dockerfile.lineage(stage))]
        return ":".join(str(layer) for layer in [*layers, self._folder / "base-image"])

    def _copy_context(self) -> None:
        shutil.rmtree(self._context, ignore_errors=True)
        for path in Ignore((_REPOSITORY / ".dockerignore").read_text(encoding="utf-8")).context(_REPOSITORY):
            copy = self._context / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_REPOSITORY / path, copy)

    def _stage(self, stage: Stage) -> None:
        base = stage.base if stage.base in self._dockerfile.stages else _BASE
        for name in ("layer", "work", "root"):
            (self._folder / stage.name / name).mkdir(parents=True)
        below = str(self._folder / "base-image") if base == _BASE else self.lower(base)
        options = f"lowerdir={below},upperdir={self.layer(stage.name)},workdir={self._folder / stage.name / 'work'}"
        mount("-t", "overlay", "overlay", "-o", options, self.root(stage.name))
        state = self._states.get(base, State())
        variables: dict[str, str] = {}
        for instruction in stage.instructions:
            state = self._apply(stage.name, instruction, state, variables)
        self._states[stage.name] = state

    def _apply(self, stage: str, instruction: Instruction, state: State, variables: dict[str, str]) -> State:
        known = {**variables, **state.env}
        if instruction.keyword == "ARG":
            for name, default in instruction.pairs().items():
                variables[name] = self._arguments.get(name, default or self._dockerfile.arguments.get(name, ""))
        elif instruction.keyword == "ENV":
            return replace(state, env={**state.env, **{k: expand(v, known) for k, v in instruction.pairs().items()}})
        elif instruction.keyword == "WORKDIR":
            (self.root(stage) / instruction.value.lstrip("/")).mkdir(parents=True, exist_ok=True)
            return replace(state, workdir=instruction.value)
        elif instruction.keyword == "USER":
            return replace(state, user=instruction.value)
        elif instruction.keyword == "COPY":
            self._copy(self.root(stage), instruction, state)
        elif instruction.keyword == "RUN":
            self._run(self.root(stage), instruction, replace(state, env=known))
        return state

    def _copy(self, root: Path, copy: Instruction, state: State) -> None:
        *sources, target = copy.value.split()
        origin = copy.flag("from")
        start = self.root(origin) if origin else self._context
        into = root / os.path.join(state.workdir, target).lstrip("/")
        for source in (start / source.lstrip("/") for source in sources):
            if not source.is_dir() and not target.endswith("/"):
                into.parent.mkdir(parents=True, exist_ok=True)
                run("cp", "-a", source, into)
            else:
                into.mkdir(parents=True, exist_ok=True)
                run("cp", "-a", f"{source}/." if source.is_dir() else source, into)
        if origin is None:
            run("chown", "-R", "0:0", into)
        if mode := copy.flag("chmod"):
            run("chmod", "-R", mode, into)

    def _run(self, root: Path, instruction: Instruction, state: State) -> None:
        mounts = [self._run_mount(root, flag.partition("=")[2]) for flag in instruction.flags]
        mounts += [bound(Path("/etc/resolv.conf"), root / "etc/resolv.conf"), mounted_proc(root)]
        if (root / _CERTIFICATES).is_file():
            mounts.append(bound(Path("/", _CERTIFICATES), root / _CERTIFICATES))
        network = {name: os.environ[name] for name in _NETWORK if name in os.environ}
        try:
            execute(root, replace(state, env={**network, **state.env}), [*_SHELL, instruction.value])
        finally:
            for point, made in reversed([entry for entry in mounts if entry is not None]):
                run("umount", point)
                if made:
                    point.unlink()

    def _run_mount(self, root: Path, text: str) -> tuple[Path, bool] | None:
        options = dict(option.split("=", 1) for option in text.split(","))
        target = root / options["target"].lstrip("/")
        if options["type"] == "cache":
            cache = self._folder / "cache" / options["target"].strip("/").replace("/", "-")
            cache.mkdir(parents=True, exist_ok=True)
            target.mkdir(parents=True, exist_ok=True)
            return bound(cache, target)
        if options["type"] == "secret":
            secret = self._secrets.get(options["id"])
            return None if secret is None else bound(secret, target)
        raise ValueError(f"RUN --mount={text} is not understood here")


def try_image(builder: Builder, stage: str, further: str | None) -> list[str]:
    """Runs the checks, and a further command, as the image's user on a read-only root; names those that failed."""
    root = builder.root(stage).with_name("tried")
    root.mkdir()
    mount("-t", "overlay", "overlay", "-o", f"ro,lowerdir={builder.lower(stage)}", root)
    mounted_proc(root)
    mount("-t", "tmpfs", "tmpfs", "-o", "mode=1777,size=2g", root / "tmp")
    mount("-t", "tmpfs", "tmpfs", "-o", "mode=1777,size=256m", root / "dev/shm")
    failed = [f"there is {path}" for path in ABSENT if any(root.glob(path))]
    checks = {**CHECKS, **({"then": [*_SHELL, further]} if further else {})}
    for name, command in checks.items():
        start = time.monotonic()
        finished = execute(root, builder.state(stage), command, check=False)
        print(
            f"  {name:<28} {'passed' if finished == 0 else 'FAILED':<6} {time.monotonic() - start:>6.1f} s", flush=True
        )
        failed += [] if finished == 0 else [name]
    left = sorted(path.name for path in (root / "tmp").iterdir())
    print(f"  left in /tmp: {', '.join(left) or 'nothing'}")
    return failed


def execute(root: Path, state: State, command: Sequence[str], check: bool = True) -> int:
    """Runs a command in a root folder; its exit status. Raises CalledProcessError where it fails and may not."""
    enter = ["env", "--ignore-environment", *(f"{name}={value}" for name, value in state.env.items())]
    inside = f'cd "{state.workdir}" && exec "$@"'
    chroot = ["chroot", f"--userspec={state.user}", "--groups=", str(root), "/bin/sh", "-c", inside, "sh", *command]
    return subprocess.run([*enter, *chroot], stdin=subprocess.DEVNULL, check=check).returncode


def run(*command: str | Path) -> None:
    """Runs a command of this system. Raises CalledProcessError where it fails."""
    subprocess.run([str(word) for word in command], check=True)


def mount(*options: str | Path) -> None:
    """`mount` with these options."""
    run("mount", *options)


def bound(source: Path, target: Path) -> tuple[Path, bool]:
    """Binds a file or folder; the place, and whether a file had to be made for it."""
    made = not target.exists()
    if made:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount("--bind", source.resolve(), target)
    return target, made


def mounted_proc(root: Path) -> tuple[Path, bool]:
    """Mounts /proc in a root folder."""
    mount("-t", "proc", "proc", root / "proc")
    return root / "proc", False


def megabytes(folder: Path) -> int:
    """What a folder takes on the disk, MB of 1000 kB."""
    blocks = subprocess.run(["du", "-s", "--block-size=1", str(folder)], check=True, capture_output=True, text=True)
    return round(int(blocks.stdout.split()[0]) / 1e6)


def _make_base(folder: Path) -> None:
    base = folder / "base-image"
    if (base / "etc/debian_version").is_file():
        return
    partial = base.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "trixie", partial)
    shutil.rmtree(partial / "var/cache/apt/archives", ignore_errors=True)
    partial.rename(base)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("work", type=Path, help="folder for all that is made; 6 GB, with gpu 18 GB")
    parser.add_argument("--target", action="append", choices=("cpu", "gpu"), help="default: cpu")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--then", metavar="COMMAND", help="run this in the finished image, too")
    parser.add_argument("--keep", action="store_true", help="keep the stages; the base and pip's cache stay always")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Builds and tries; 0 where all checks passed."""
    options = _arguments(argv)
    if os.geteuid() != 0:
        sys.exit("rootfs: chroot and mounts need root")
    if _INSIDE not in os.environ:
        command = [sys.executable, "-m", "tests.kubeflow.rootfs", *(sys.argv[1:] if argv is None else argv)]
        own = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return subprocess.run([*own, *command], env={**os.environ, _INSIDE: "1"}, cwd=_REPOSITORY).returncode
    return _inside(options)


def _inside(options: argparse.Namespace) -> int:
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    _make_base(work)
    dockerfile = read_dockerfile(_REPOSITORY / "kubeflow" / "Dockerfile")
    for stage in dockerfile.stages:
        shutil.rmtree(work / stage, ignore_errors=True)
    arguments = {name: value for name, _, value in (argument.partition("=") for argument in options.build_arg)}
    secrets = {"pip": _PIP_SETTINGS} if _PIP_SETTINGS.is_file() else {}
    builder = Builder(dockerfile, work, arguments, secrets)
    print(f"{_BASE:<10} {megabytes(work / 'base-image'):>6} MB", flush=True)
    failed: list[str] = []
    for target in options.target or ["cpu"]:
        builder.build(target)
        layers = [*(stage.name for stage in dockerfile.lineage(target))]
        total = sum(megabytes(builder.layer(layer)) for layer in layers)
        print(f"{target}: {total} MB on top of the base image ({' + '.join(layers)})", flush=True)
        failed += [f"{target}: {name}" for name in try_image(builder, target, options.then)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    if not options.keep:
        _unmount_and_delete(work, dockerfile)
    return 1 if failed else 0


def _unmount_and_delete(work: Path, dockerfile: Dockerfile) -> None:
    points = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    for point in sorted((point for point in points if point.startswith(f"{work}/")), reverse=True):
        run("umount", point)
    for name in (*dockerfile.stages, "context"):
        shutil.rmtree(work / name, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
