"""Where the token for the API comes from: an environment variable, or a file that is written anew before it expires."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api


def token_of_environment(settings: Api, environment: Mapping[str, str]) -> str | None:
    """The token in the variable that the settings name, None where the standard one is not set.

    Raises:
        KubeflowError: a variable that was asked for is not set, or it holds no token.
    """
    name = settings.token_env
    if name not in environment:
        if "token_env" not in settings.model_fields_set:
            return None
        raise KubeflowError(
            f"--token-env: the variable {name} is not set; export {name}=TOKEN, or leave the option out"
        )
    return _checked(environment[name], f"the variable {name}")


def token_of_file(path: Path) -> str:
    """The token that the file holds now. Raises KubeflowError where it cannot be read or holds none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KubeflowError(f"--token-file {path} cannot be read ({error}); name a file that holds a token") from error
    return _checked(text, f"--token-file {path}")


def _checked(text: str, origin: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise KubeflowError(f"{origin} holds no token: it must be one word of ASCII characters; put a fresh one there")
    return token
