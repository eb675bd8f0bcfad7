"""Whether a model is served yet, and whether it ever will be."""

from __future__ import annotations

from collections.abc import Sequence

from serving.client.answers import AVAILABLE, END, OK, VersionStatus
from serving.client.errors import DeadlineExceeded, InvalidRequest, LoadFailed, NotFound, Unavailable

POLL_SECONDS = 0.2
PROBE_SECONDS = 5.0  # so that one call that gets lost does not take all the time
# The server is not up, or does not know the model yet, or (InvalidRequest, says TensorFlow Serving) the label.
NOT_YET = (Unavailable, DeadlineExceeded, NotFound, InvalidRequest)
NONE_YET = "no version is available yet"


def is_available(versions: Sequence[VersionStatus], where: str) -> bool:
    """Whether a version is served; raises LoadFailed where none will be, as all failed to load."""
    if any(version.state == AVAILABLE for version in versions):
        return True
    failed = [version for version in versions if version.state == END and version.error_code != OK]
    if failed and len(failed) == len(versions):
        words = "; ".join(f"version {one.version}: {one.error_code}: {one.error_message}" for one in failed)
        raise LoadFailed(f"{where}: {words}; mend the model or push another version")
    return False


def never_available(where: str, seconds: float, reason: str) -> Unavailable:
    """The error for a model that did not come in time."""
    return Unavailable(f"{where}: not available within {seconds:g} s: {reason}; see the server's log")
