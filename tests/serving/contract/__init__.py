"""What a server that speaks TensorFlow Serving's wire answers to what: one suite for ours and for the real one.

Each case names the file of github.com/tensorflow/serving (or tensorflow) that its answer was read off. Against a real
server:

    python -m tests.serving.contract.models /tmp/contract
    tensorflow_model_server --port=8500 --rest_api_port=8501 --model_config_file=/tmp/contract/models.config \\
        --monitoring_config_file=/tmp/contract/monitoring.config --allow_version_labels_for_unavailable_models
    BERTLINE_TF_SERVING=localhost:8500,localhost:8501 pytest tests/serving/contract

Where the models lie elsewhere for the server than here (a container), name that folder as a second argument. Cases in
which our server differs on purpose are marked `ours` and left out then.
"""
