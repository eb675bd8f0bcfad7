"""Lists of the API, which come in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.errors import KubeflowError

_PAGE_SIZE = 100
_MOST_PAGES = 1000


def every(list_page: Callable[..., Any], field: str, **arguments: Any) -> Iterator[Any]:
    """Every entry of a list, page after page.

    Args:
        list_page: a method of `kfp.Client` that takes `page_token` and `page_size`.
        field: where its answer keeps the entries.
        arguments: for each call.
    """
    token = ""
    for _ in range(_MOST_PAGES):
        page = quietly(list_page, page_token=token, page_size=_PAGE_SIZE, **arguments)
        yield from getattr(page, field) or []
        token = page.next_page_token or ""
        if not token:
            return
    raise KubeflowError(f"Kubeflow lists more than {_MOST_PAGES} pages of {field}; delete what is no longer wanted")


def named(list_page: Callable[..., Any], field: str, name: str, **arguments: Any) -> list[Any]:
    """The entries of a list with just this name: MySQL, which filters them, does not tell capitals apart."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    wanted = json.dumps({"predicates": [predicate]})  # the API's message Filter
    return [entry for entry in every(list_page, field, filter=wanted, **arguments) if entry.display_name == name]
