from pathlib import Path

import pytest
import trustme
from google.protobuf import text_format

from serving.protos import messages
from serving.server.config_files import (
    ConfigFileError,
    read_batching,
    read_models,
    read_prometheus_path,
    read_tls,
)
from serving.server.options import Batching, ModelSource


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "file.config"
        path.write_text(text)
        return path

    return write


def test_one_model_by_name():
    (model,) = read_models(ModelSource(name="demo", base_path="/models/demo")).model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("demo", "/models/demo", "tensorflow")


def test_models_of_a_file(write):
    path = write(
        'model_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow"\n'
        'model_version_policy { specific { versions: 4 } } version_labels { key: "stable" value: 4 } } }'
    )
    (model,) = read_models(ModelSource(config_file=path)).model_config_list.config
    assert list(model.model_version_policy.specific.versions) == [4]
    assert dict(model.version_labels) == {"stable": 4}


def test_a_mistake_is_told_with_file_and_line(write):
    with pytest.raises(ConfigFileError, match=r"file\.config is no ModelServerConfig in text form: 2:"):
        read_models(ModelSource(config_file=write("model_config_list {\n nonsense: 1 }")))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigFileError, match=r"none\.config cannot be read: No such file"):
        read_tls(tmp_path / "none.config")


def test_batching_without_a_file_is_ours():
    assert read_batching(None, (1, 2)) == Batching(length_class_bounds=(1, 2))


def test_batching_of_a_file(write):
    path = write(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 500 }\n"
        "num_batch_threads { value: 3 } max_enqueued_batches { value: 7 }"
    )
    assert read_batching(path, ()) == Batching(8, 500, 3, 7, ())


def test_a_batch_of_none_is_refused(write):
    with pytest.raises(ConfigFileError, match="max_batch_size is 0; set it to 1 or more"):
        read_batching(write("max_batch_size { value: 0 }"), ())


def test_tls_needs_key_and_certificate(write):
    with pytest.raises(ConfigFileError, match="server_cert is missing"):
        read_tls(write('server_key: "K"'))
    with pytest.raises(ConfigFileError, match="client_verify needs custom_ca"):
        read_tls(write('server_key: "K" server_cert: "C" client_verify: true'))


def as_config(key, certificate, authority):
    return text_format.MessageToString(
        messages.SSLConfig(server_key=key, server_cert=certificate, custom_ca=authority, client_verify=True)
    )


def test_tls_takes_a_key_and_its_certificate(write):
    authority = trustme.CA()
    ours, other = authority.issue_cert("127.0.0.1"), authority.issue_cert("127.0.0.1")
    key, certificate = ours.private_key_pem.bytes(), ours.cert_chain_pems[0].bytes()
    ca = authority.cert_pem.bytes()
    tls = read_tls(write(as_config(key, certificate, ca)))
    assert tls is not None
    assert (tls.server_key, tls.server_cert, tls.custom_ca, tls.client_verify) == (key, certificate, ca, True)
    for wrong in ((b"K", b"C", ca), (other.private_key_pem.bytes(), certificate, ca), (key, certificate, b"A")):
        with pytest.raises(ConfigFileError, match="must be PEM texts"):
            read_tls(write(as_config(*wrong)))


def test_prometheus_only_where_it_is_enabled(write):
    assert read_prometheus_path(None) is None
    assert read_prometheus_path(write('prometheus_config { path: "/m" }')) is None
    assert read_prometheus_path(write("prometheus_config { enable: true }")) == "/monitoring/prometheus/metrics"
    assert read_prometheus_path(write('prometheus_config { enable: true path: "/m" }')) == "/m"
