"""The whole verb, with real SavedModels, in this process and behind our development server."""

from __future__ import annotations

import errno
import gzip
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.score import handler, output, run
from pipeline.score.handler import score_window
from pipeline.score.models import UnreachableError
from pipeline.score.run import named
from serving import launch
from serving.client import Client


def listed(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def rows(folder="out"):
    files = sorted(Path(folder).glob("scores-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def quarantined(folder="out"):
    return [json.loads(line) for line in Path(folder, "quarantine.jsonl").read_text().splitlines()]


def summary(folder="out"):
    return json.loads(Path(folder, "summary.json").read_text())


def expected(text):
    return [pytest.approx(min(len(text.encode()) / 10, 1.0))]


def test_every_format_in_one_corpus_each_row_with_its_file_and_line(score, model_folder):
    Path("a.csv").write_text('id,text\n7,good\n8,"a long text, on\ntwo lines"\n9,ok\n')
    Path("b.jsonl.gz").write_bytes(gzip.compress(b'{"text": "bad", "id": 1}\n\n{"text": "", "id": "x"}\n'))
    result = score(model_folder / "length", "a.csv", "*.gz", "a.csv", "--output", "out", "--id-column", "id")
    assert result.exit_code == 0, result.output
    assert [(row["file"], row["line"], row["id"], row["predicted"]) for row in rows()] == [
        ("a.csv", 2, "7", "neg"), ("a.csv", 3, "8", "pos"), ("a.csv", 5, "9", "neg"),
        ("b.jsonl.gz", 1, "1", "neg"), ("b.jsonl.gz", 3, "x", "neg"),
    ]  # fmt: skip
    assert [row["scores"] for row in rows()] == [expected(text) for text in ("good", "x" * 10, "ok", "bad", "")]
    assert listed("out") == [
        "quarantine.jsonl", "scores-00000-of-00002.jsonl", "scores-00001-of-00002.jsonl", "summary.json"
    ]  # fmt: skip
    assert summary()["rows"] == summary()["scored"] == 5
    assert summary()["predicted"] == {"neg": 4, "pos": 1}
    assert listed(".") == ["a.csv", "b.jsonl.gz", "out"]


def test_rows_that_cannot_be_read_or_scored_are_in_quarantine_and_cost_no_other_row(score, model_folder, capfd):
    texts = [f"text {number}" for number in range(50)]
    texts[20], texts[33] = "refuse me", "nan"
    lines = [f"{number},{text}" for number, text in enumerate(texts)]
    lines[10] = "10,one,too many"
    Path("a.csv").write_bytes("\n".join(["id,text", *lines, ""]).encode().replace(b"text 12", b"caf\xe9"))
    result = score(model_folder / "fussy", "a.csv", "--output", "out", "--max-bad-fraction", 0.1)
    assert result.exit_code == 0, result.output
    assert [(row["line"], row["reason"]) for row in quarantined()] == [
        (12, "wrong column count"), (14, "invalid UTF-8"), (22, "refused by the model"), (35, "score is no number")
    ]  # fmt: skip
    assert re.fullmatch(r"InvalidArgumentError at [\w./-]+", quarantined()[2]["detail"])
    assert [row["line"] for row in rows()] == [line for line in range(2, 52) if line not in (12, 14, 22, 35)]
    assert "id" not in rows()[0]
    assert summary()["quarantined"]["refused by the model"] == 1
    assert "refused by the model" in capfd.readouterr().out


def test_pairs_and_several_labels_into_parquet(score, model_folder):
    Path("a.tsv").write_text("one\ttwo\na\tabcdefghij\nabcdefghij\tb\n")
    result = score(
        model_folder / "pairs",
        "a.tsv",
        "--column",
        "one",
        "--pair-column",
        "two",
        "--format",
        "parquet",
        "--output",
        "out",
    )
    assert result.exit_code == 0, result.output
    table = pq.read_table("out/scores-00000-of-00001.parquet")
    assert table.column("scores").to_pylist() == [pytest.approx([0.1, 1.0]), pytest.approx([1.0, 0.1])]
    assert table.column("predicted").to_pylist() == [[False, True], [True, False]]
    assert table.column("line").to_pylist() == [2, 3]
    assert summary()["predicted"] == {"0": 1, "1": 1}


def test_a_saved_model_itself_and_a_version_that_is_chosen(score, model_folder):
    Path("a.jsonl").write_text('{"text": "good"}\n')
    assert score(model_folder / "length" / "7", "a.jsonl", "--output", "one").exit_code == 0
    assert score(model_folder / "length", "a.jsonl", "--output", "two", "--version", 7).exit_code == 0
    assert rows("one") == rows("two")
    refused = score(model_folder / "length", "a.jsonl", "--output", "three", "--version", 8)
    assert refused.exit_code == 2
    assert "no version 8" in refused.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing", "a.csv"], "there is no model nothing"),
        (["MODELS/length", "b.csv"], "b.csv matches no file"),
        (["MODELS/length", "a.csv", "--column", "body"], "no column 'body' (--column)"),
        (["MODELS/length", "a.csv", "--id-column", "key"], "no column 'key' (--id-column)"),
        (["MODELS/length", "a.dat"], "set --input-format to one of"),
        (["MODELS/length", "."], "is a folder; name the files in it"),
        (["MODELS/length", "a.csv", "--output", "full"], "--output full is there already"),
        (["MODELS/length", "a.csv", "--model", "demo"], "give its address"),
        (["localhost:8500", "a.csv"], "--model is missing"),
        (["http://localhost:1", "a.csv", "--model", "m", "--timeout", "0"], "timeout 0"),
        (["MODELS/length/7", "a.csv", "--version", "8"], "--version chooses one of several"),
        (["MODELS/pairs", "a.csv"], "--pair-column is missing"),
        (["MODELS/length", "a.csv", "--pair-column", "text"], "takes a single text"),
        (["MODELS/encoder", "a.csv"], "it has no signature serving_default"),
        (["MODELS", "a.csv"], "there is no complete model"),
    ],
)
def test_what_cannot_begin_is_refused_at_once(score, model_folder, arguments, told):
    Path("a.csv").write_text("text\ngood\n")
    Path("a.dat").write_text("text\ngood\n")
    Path("full").mkdir()
    Path("full", "file").touch()
    arguments = [argument.replace("MODELS", str(model_folder)) for argument in arguments]
    result = score(*arguments, *([] if "--output" in arguments else ["--output", "out"]))
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ("fussy", [], "no row could be scored: 1 refused by the model; the first is a.csv:2: InvalidArgumentError"),
        ("127.0.0.1:1", ["--model", "demo", "--timeout", "1"], "127.0.0.1:1"),
    ],
)
def test_what_stops_leaves_nothing_behind(score, model_folder, model, options, told):
    Path("a.csv").write_text("text\nrefuse me\n")
    place = model if ":" in model else model_folder / model
    result = score(place, "a.csv", "--output", "out", *options)
    assert result.exit_code == 1, result.output
    assert told in result.output
    assert listed(".") == ["a.csv"]


def test_a_damaged_model_stops(score, model_folder):
    Path("m").mkdir()
    Path("m", "saved_model.pb").write_bytes(b"damaged")
    Path("a.csv").write_text("text\ngood\n")
    result = score("m", "a.csv", "--output", "out")
    assert result.exit_code == 1
    assert "cannot be loaded" in result.output
    assert listed(".") == ["a.csv", "m"]


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("server")
    port, rest_port = launch.free_ports()
    config = scratch / "models.config"
    models = "".join(
        f'config {{ name: "{name}" base_path: "{model_folder / name}" model_platform: "tensorflow" }}\n'
        for name in ("length", "pairs", "fussy")
    )
    config.write_text(f"model_config_list {{ {models} }}")
    settings = launch.ServerSettings(
        model_name="length", base_path=None, config_file=config, port=port, rest_port=rest_port,
        server=launch.DEVELOPMENT_SERVER,
    )  # fmt: skip
    with launch.start(settings, scratch / "log", 120.0) as running:
        for name in ("length", "pairs", "fussy"):
            with Client(running.grpc_address, name) as client:
                client.wait_until_available()
        yield running


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_served_model_scores_as_the_local_one(score, model_folder, server, transport):
    address = server.grpc_address if transport == "grpc" else server.rest_address
    Path("a.csv").write_text(
        "a,b\n" + "".join(f"{'x' * (number % 13)},{'y' * (number % 7)}\n" for number in range(100))
    )
    columns = ["--column", "a", "--pair-column", "b"]
    served = score(address, "a.csv", "--model", "pairs", *columns, "--output", "served")
    assert served.exit_code == 0, served.output
    assert score(model_folder / "pairs", "a.csv", *columns, "--output", "local").exit_code == 0
    assert rows("served") == rows("local")
    assert len(rows("served")) == 100


def test_what_a_served_model_refuses_is_in_quarantine(score, server):
    Path("a.jsonl").write_text("".join(f'{{"text": "{text}"}}\n' for text in ("a", "refuse me", "b", "c")))
    result = score(server.grpc_address, "a.jsonl", "--model", "fussy", "--output", "out", "--max-bad-fraction", 0.5)
    assert result.exit_code == 0, result.output
    assert [(row["line"], row["reason"]) for row in quarantined()] == [(2, "refused by the model")]
    assert [row["line"] for row in rows()] == [1, 3, 4]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 1), (signal.SIGKILL, -signal.SIGKILL)])
def test_killed_in_mid_way_there_is_no_output_that_looks_whole(model_folder, tmp_path, number, code):
    (tmp_path / "a.csv").write_text("text\n" + "some words\n" * 400_000)
    program = "from pipeline.cli_score import score_command; score_command()"
    arguments = [str(model_folder / "length"), "a.csv", "--output", "out", "--batch-size", "1"]
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    while not list(tmp_path.glob("out.partial/part-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(60) == code
    assert not (tmp_path / "out").exists()
    journal = tmp_path / "out.partial" / "progress.json"
    assert journal.exists() == (number == signal.SIGTERM)


def cut(path, text):
    whole = gzip.compress(text.encode(), mtime=0)
    Path(path).write_bytes(whole[: len(whole) * 2 // 3])


def test_a_damaged_file_is_told_and_what_was_scored_is_kept(score, model_folder):
    cut("a.csv.gz", "text\n" + "".join(f"{number * 7919 % 100_003} words\n" for number in range(30_000)))
    Path("b.csv").write_text("text\ngood\n")
    result = score(model_folder / "length", "a.csv.gz", "b.csv", "--output", "out", "--batch-size", 1024)
    assert result.exit_code == 1
    assert "damaged file: a.csv.gz:" in result.output
    assert "what could be scored is in" in result.output
    assert len(rows()) == summary()["scored"] > 1000
    assert rows()[-1]["file"] == "b.csv"
    [problem] = summary()["problems"]
    assert "a.csv.gz" in problem
    assert listed(".") == ["a.csv.gz", "b.csv", "out"]


def test_too_many_bad_rows_are_told_and_what_was_scored_is_kept(score, model_folder):
    Path("a.csv").write_text("text\ngood\none,too many\n")
    result = score(model_folder / "length", "a.csv", "--output", "out")
    assert result.exit_code == 1
    assert "1 of 2 rows have no score, more than --max-bad-fraction 0.01 allows" in result.output
    assert [row["line"] for row in rows()] == [2]
    assert len(summary()["problems"]) == 1


def test_of_several_labels_the_names_of_the_model_are_counted(score, model_folder, tmp_path):
    shutil.copytree(model_folder / "pairs" / "1", "named/1")
    Path("named/1/assets.extra").mkdir()
    Path("named/1/assets.extra/decisions.json").write_text(
        '{"kind": "multilabel", "names": ["second", "first"], "thresholds": [0.5, 0.5]}'
    )
    Path("a.csv").write_text("text,b\na,abcdefghij\nabcdefghij,b\n")
    assert score("named", "a.csv", "--pair-column", "b", "--output", "out").exit_code == 0
    assert list(summary()["predicted"].items()) == [("second", 1), ("first", 1)]


def test_numbers_of_labels_are_in_their_order():
    assert list(named({"10": 1, "2": 3}, ())) == ["2", "10"]
    assert list(named({"neg": 1, "pos": 3}, ())) == ["neg", "pos"]


def test_a_name_of_a_file_is_told_as_it_is(score, model_folder):
    Path("score.text data.format.csv").write_text("a\nb\n")
    result = score(model_folder / "length", "score.text data.format.csv", "--output", "out")
    assert result.exit_code == 2
    assert "score.text data.format.csv:1: there is no column 'text' (--column)" in result.output
    assert "set --column to one of them" in result.output


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_was_interrupted_is_gone_on_with(score, model_folder, monkeypatch, form):
    Path("a.csv").write_text("text\n" + "".join(f"{'x' * (number % 12)}y\n" for number in range(3000)) + "o,o\n")
    Path("b.csv").write_text("text\nlast\n")
    command = (model_folder / "length", "a.csv", "b.csv", "--format", form, "--batch-size", 1024, "--output")
    assert score(*command, "whole").exit_code == 0
    asked = []

    def dying(window, model):
        asked.append(len(window.items))
        if len(asked) == 3:
            raise UnreachableError("it has gone away")
        return score_window(window, model)

    with monkeypatch.context() as patched:
        patched.setattr(handler, "score_window", dying)
        stopped = score(*command, "out")
    assert stopped.exit_code == 1
    assert "it has gone away; 2,048 rows are done" in stopped.output
    assert "give the same command again to go on" in stopped.output
    assert not Path("out").exists()
    other = score(model_folder / "fussy", "a.csv", "--output", "out")
    assert other.exit_code == 2
    assert "holds what another command began" in other.output
    assert score(*command, "out").exit_code == 0
    assert listed(".") == ["a.csv", "b.csv", "out", "whole"]
    assert table("out", form) == table("whole", form)
    assert quarantined("out") == quarantined("whole")
    ours, whole = summary("out"), summary("whole")
    for key in ("rows", "scored", "quarantined", "predicted", "problems"):
        assert ours[key] == whole[key]


def table(folder, form):
    if form == "jsonl":
        return rows(folder)
    return [row for file in sorted(Path(folder).glob("scores-*")) for row in pq.read_table(file).to_pylist()]


def test_a_folder_of_the_user_is_not_taken_for_a_partial_output(score, model_folder):
    Path("out.partial").mkdir()
    Path("out.partial", "mine").touch()
    Path("a.csv").write_text("text\ngood\n")
    result = score(model_folder / "length", "a.csv", "--output", "out")
    assert result.exit_code == 2
    assert "holds mine" in result.output
    assert listed("out.partial") == ["mine"]


@pytest.mark.parametrize("method", ["write", "close"])
def test_a_full_disk_is_told(score, model_folder, monkeypatch, method):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output._JsonShard, method, full)
    Path("a.csv").write_text("text\ngood\n")
    result = score(model_folder / "length", "a.csv", "--output", "out")
    assert result.exit_code == 1, result.output
    assert "--output: No space left on device" in result.output
    assert listed(".") == ["a.csv"]


def test_an_error_that_is_not_of_writing_is_not_told_as_one(score, model_folder, monkeypatch):
    def unreadable(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(run, "check_inputs", unreadable)
    Path("a.csv").write_text("text\ngood\n")
    result = score(model_folder / "length", "a.csv", "--output", "out")
    assert isinstance(result.exception, OSError)
    assert listed(".") == ["a.csv"]


def test_a_model_that_takes_nothing_is_not_asked_for_the_whole_corpus(score, model_folder):
    Path("a.csv").write_text("text\n" + "refuse me\n" * 1024 + "good\n" * 10)
    result = score(model_folder / "fussy", "a.csv", "--output", "out", "--batch-size", 1024)
    assert result.exit_code == 1
    assert "the model refused all of the first 1,024 rows: InvalidArgumentError" in result.output
    assert listed(".") == ["a.csv"]
