from __future__ import annotations

import grpc
import pytest

from serving.server.errors import ServingError
from serving.server.rest.paths import VersionOutOfRangeError, is_api, parse


@pytest.mark.parametrize(
    ("http_method", "path", "method", "name", "version", "label"),
    [
        ("POST", "/v1/models/m:predict", "predict", "m", None, ""),
        ("POST", "/v1/models/m:classify", "classify", "m", None, ""),
        ("POST", "/v1/models/m:regress", "regress", "m", None, ""),
        ("POST", "/v1/models/m/versions/12:predict", "predict", "m", 12, ""),
        ("POST", "/v1/models/m/versions/0012:predict", "predict", "m", 12, ""),
        ("POST", "/v1/models/m/labels/stable:predict", "predict", "m", None, "stable"),
        ("POST", "/V1/Models/M:predict", "predict", "M", None, ""),
        ("POST", "/v1/models/a%2Fb%20c:predict", "predict", "a/b c", None, ""),
        ("POST", "/v1/models/m/labels/a%3Ab:predict", "predict", "m", None, "a:b"),
        ("POST", "/v1/models/a+b:predict", "predict", "a+b", None, ""),
        ("GET", "/v1/models/m", "status", "m", None, ""),
        ("GET", "/v1/models/m/versions/3", "status", "m", 3, ""),
        ("GET", "/v1/models/m/labels/stable", "status", "m", None, "stable"),
        ("GET", "/v1/models/m/metadata", "metadata", "m", None, ""),
        ("GET", "/v1/models/m/versions/3/metadata", "metadata", "m", 3, ""),
        ("GET", "/v1/models/m/METADATA", "status", "m", None, ""),
        ("GET", "/v1/models", "status", "", None, ""),
        ("GET", "/v1/models/metadata", "status", "metadata", None, ""),
        ("GET", "/v1/models/m?verbose=1", "status", "m?verbose=1", None, ""),
    ],
)
def test_reads_what_a_url_asks_for(http_method, path, method, name, version, label):
    call = parse(http_method, path)
    assert call.method == method
    assert call.model_spec.name == name
    assert call.model_spec.version_label == label
    assert call.model_spec.HasField("version") == (version is not None)
    assert call.model_spec.version.value == (version or 0)


@pytest.mark.parametrize(
    ("http_method", "path"),
    [
        ("GET", "/v1/models/m:predict"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m:predict?x=1"),
        ("POST", "/v1/models/m:PREDICT"),
        ("POST", "/v1/models/m:explain"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models/m/versions/x:predict"),
        ("POST", "/v1/models/m/versions/:predict"),
        ("POST", "/v1/models/m/versions/1/labels/a:predict"),
        ("POST", "/v1/models/m/versions/-1:predict"),
        ("POST", "/v1/models/m/versions/٣:predict"),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/m/"),
        ("GET", "/v1/"),
        ("PUT", "/v1/models/m:predict"),
        ("DELETE", "/v1/models/m"),
        ("HEAD", "/v1/models/m"),
    ],
)
def test_other_urls_are_malformed(http_method, path):
    with pytest.raises(ServingError) as error:
        parse(http_method, path)
    assert error.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.value.message == f"Malformed request: {http_method} {path}"


@pytest.mark.parametrize("version", [str(2**63), "9" * 30, "9" * 5000])
def test_a_larger_version_than_any_has_an_error_of_its_own(version):
    with pytest.raises(VersionOutOfRangeError):
        parse("GET", f"/v1/models/m/versions/{version}")


@pytest.mark.parametrize("version", [str(2**63 - 1), "0" * 5000 + str(2**63 - 1)])
def test_the_largest_version_is_the_largest_int64(version):
    assert parse("GET", f"/v1/models/m/versions/{version}").model_spec.version.value == 2**63 - 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/v1/models", True), ("/V1/x", True), ("/v1/", True), ("/v1", False), ("/", False), ("/v2/models", False)],
)
def test_knows_what_belongs_to_the_api(path, expected):
    assert is_api(path) is expected
