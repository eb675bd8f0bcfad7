from __future__ import annotations

import ast
from pathlib import Path

import pytest

from components.data_gate.files import ANOMALIES_FILE
from components.evaluator.names import EXAMPLE_COUNT
from components.evaluator.verdict import VERDICT_FILE
from components.example_gen.files import SUMMARY_FILE
from components.pusher.files import PUSH_FILE
from components.serving_check.check import REPORT_FILE
from components.trainer.files import HISTORY_FILE, SERVING_MODEL
from pipeline.config_file import load_config
from pipeline.home import ARTIFACTS, CHECKPOINTS, LOGS, REPORTS, SERVED, STORE_FILE
from pipeline.run_record import RECORD_FILE

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = {ANOMALIES_FILE, HISTORY_FILE, PUSH_FILE, REPORT_FILE, SUMMARY_FILE, VERDICT_FILE, SERVING_MODEL}
OF_A_RUN = {ARTIFACTS, CHECKPOINTS, EXAMPLE_COUNT, LOGS, RECORD_FILE, REPORTS, STORE_FILE}


def written_out(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize(
    ("reader", "names"),
    [("pipeline/history", WRITTEN | OF_A_RUN), ("components/report", WRITTEN)],
    ids=["history", "report"],
)
def test_who_reads_a_file_has_its_name_from_who_writes_it(reader, names):
    found = {path.name: known for path in (ROOT / reader).rglob("*.py") if (known := written_out(path) & names)}
    assert found == {}


def test_the_configuration_names_the_folders_that_pruning_knows():
    config = load_config("demo")
    assert config.push_folder == config.pipeline.home / SERVED
    assert config.checkpoints_folder == str(config.pipeline.home / CHECKPOINTS)
