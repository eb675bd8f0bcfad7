from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format

from serving import protos
from serving.protos import messages

FOLDER = Path(protos.__file__).parent


def test_the_compiled_descriptors_are_those_of_the_proto_files(tmp_path):
    fresh = tmp_path / "wire.binpb"
    files = sorted(str(file) for file in FOLDER.glob("*.proto"))
    command = ["-m", "grpc_tools.protoc", f"-I{FOLDER}", "--include_imports", f"--descriptor_set_out={fresh}", *files]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    assert fresh.read_bytes() == (FOLDER / "wire.binpb").read_bytes(), "run `make protos`"


def test_the_version_and_the_label_exclude_each_other():
    spec = messages.ModelSpec(version_label="stable")
    spec.version.value = 3
    assert spec.WhichOneof("version_choice") == "version"
    assert spec.version_label == ""


def test_what_a_newer_server_adds_is_skipped():
    unknown = b"\x9a\x06\x02hi"  # field 99, two bytes
    assert messages.ModelSpec.FromString(messages.ModelSpec(name="demo").SerializeToString() + unknown).name == "demo"


def test_metadata_unpacks_to_our_own_message():
    response = messages.GetModelMetadataResponse()
    signatures = messages.SignatureDefMap()
    signatures.signature_def["serving_default"].method_name = "tensorflow/serving/predict"
    response.metadata["signature_def"].Pack(signatures)
    read = messages.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(read)
    assert read == signatures


def test_batching_parameters_are_read_as_the_model_server_reads_them():
    text = """
        max_batch_size { value: 128 }
        batch_timeout_micros { value: 0 }
        max_enqueued_batches { value: 1000000 }
        num_batch_threads { value: 8 }
        allowed_batch_sizes: [32, 128]
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 32 }
    """
    read = text_format.Parse(text, messages.BatchingParameters())
    assert read.max_batch_size.value == 128
    assert read.HasField("batch_timeout_micros")
    assert not read.HasField("thread_pool_name")
    assert list(read.allowed_batch_sizes) == [32, 128]
    assert read.enable_large_batch_splitting.value
    assert read.max_execution_batch_size.value == 32


def test_a_misspelt_parameter_is_refused():
    with pytest.raises(text_format.ParseError, match="max_batchsize"):
        text_format.Parse("max_batchsize { value: 1 }", messages.BatchingParameters())


def test_the_certificates_and_the_monitoring_files_are_read():
    tls = text_format.Parse('server_key: "K" server_cert: "C" custom_ca: "A" client_verify: true', messages.SSLConfig())
    assert (tls.server_key, tls.server_cert, tls.custom_ca, tls.client_verify) == ("K", "C", "A", True)
    monitoring = text_format.Parse('prometheus_config { enable: true path: "/m" }', messages.MonitoringConfig())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/m"


ROUND_TRIP = """
request = messages.PredictRequest()
request.model_spec.name = "demo"
request.model_spec.version.value = 3
request.inputs["text"].dtype = 7
request.inputs["text"].tensor_shape.dim.add(size=1)
request.inputs["text"].string_val.append(b"\\xff")
stock = predict_pb2.PredictRequest.FromString(request.SerializeToString())
assert tf.make_ndarray(stock.inputs["text"]).tolist() == [b"\\xff"], stock
assert stock.model_spec.version.value == 3
assert messages.PredictRequest.FromString(stock.SerializeToString()) == request
"""

OURS = "from serving.protos import messages\n"
TENSORFLOW = "import tensorflow as tf\nfrom tensorflow_serving.apis import predict_pb2\n"


@pytest.mark.parametrize("imports", [OURS + TENSORFLOW, TENSORFLOW + OURS], ids=["before", "after"])
def test_our_messages_live_beside_tensorflows(imports):
    subprocess.run([sys.executable, "-c", imports + ROUND_TRIP], check=True)
