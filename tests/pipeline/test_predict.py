"""`bertline predict` against a stand-in server."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from itertools import chain
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner

from components.errors import ConfigError, DataError
from pipeline import predict as predicting
from pipeline import predict_output
from pipeline.cli import main
from tests.serving.client.standin import Brain, RefusalError, grpc_server, rest_server, score_of

ROOT = Path(__file__).parents[2]
QUOTE = '"'
HOSTILE = ['a "quoted", text', "two\nlines", "naïve 映画 🎬", "", " blanks ", "tab\tbed", "nul\0", "=1+1", "cr\rhere"]


@pytest.fixture
def brain():
    return Brain()


@pytest.fixture
def server(brain):
    with grpc_server(brain) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def predict(server):
    def run(*arguments, **streams):
        command = ["predict", "--model", "demo", "--server", server, *map(str, arguments)]
        return CliRunner().invoke(main, command, **streams)

    return run


def expected(text: str) -> dict:
    score = score_of(text.encode())
    return {"scores": [float(f"{score:.9g}")], "predicted": "pos" if score >= 0.5 else "neg"}


def test_texts_of_the_command_line_come_out_as_json_lines(predict):
    result = predict("what a film", "naïve", "")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows == [{"text": text, **expected(text)} for text in ["what a film", "naïve", ""]]


def test_by_rest_too(brain):
    with rest_server(brain) as port:
        command = ["predict", "--model", "demo", "--server", f"http://127.0.0.1:{port}", "a"]
        assert json.loads(CliRunner().invoke(main, command).stdout) == {"text": "a", **expected("a")}


def test_json_lines_keep_every_row_to_the_letter(predict, tmp_path):
    rows = ['{"id": 1.10, "text": "a", "more": {"x": [1, null]}}', '{"text":"caf\\u00e9","id":12345678901234567890 }']
    (tmp_path / "in.jsonl").write_text(f"\n{rows[0]}\n\n  {rows[1]}")
    result = predict("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert lines[0].startswith(rows[0][:-1] + ", ")
    assert lines[1].startswith(rows[1][:-2] + ", ")
    assert {**json.loads(rows[1]), **expected("café")} == json.loads(lines[1])
    assert result.stdout == ""


def test_csv_keeps_every_row_and_column(predict, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = ["id,body", *(f'{number},"{text.replace(QUOTE, QUOTE * 2)}"' for number, text in enumerate(HOSTILE))]
    source.write_text("\n".join(rows), encoding="utf-8-sig")
    assert predict("--input", source, "--column", "body", "--output", target, "--batch-size", 3).exit_code == 0
    with target.open(newline="") as file:
        found = list(csv.DictReader(line.replace("\0", "\1") for line in file))
    assert [row["id"] for row in found] == [str(number) for number in range(len(HOSTILE))]
    assert [row["body"].replace("\1", "\0") for row in found] == HOSTILE
    assert [float(row["scores"]) for row in found] == [expected(text)["scores"][0] for text in HOSTILE]
    assert [row["predicted"] for row in found] == [expected(text)["predicted"] for text in HOSTILE]


def test_tabs_and_other_delimiters(predict, tmp_path):
    (tmp_path / "in.tsv").write_text("id\ttext\n1\ta,b\n")
    (tmp_path / "in.csv").write_text("id;text\n1;a,b\n")
    for arguments in [("in.tsv",), ("in.csv", "--delimiter", ";")]:
        result = predict("--input", tmp_path / arguments[0], *arguments[1:])
        [head, row] = result.stdout.splitlines()
        delimiter = head[2]
        assert head == delimiter.join(["id", "text", "scores", "predicted"])
        assert row.split(delimiter)[:2] == ["1", "a,b"]


def test_plain_lines_keep_blank_ones(predict, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"one\r\n\nthree {")
    rows = [json.loads(line) for line in predict("--input", tmp_path / "in.txt").stdout.splitlines()]
    assert [row["text"] for row in rows] == ["one", "", "three {"]


def test_csv_may_become_json_lines_and_plain_lines_csv(predict, tmp_path):
    (tmp_path / "in.csv").write_text('id,text\n1,"a\nb"\n')
    assert predict("--input", tmp_path / "in.csv", "--output", tmp_path / "out.jsonl").exit_code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"id": "1", "text": "a\nb", **expected("a\nb")}
    assert predict("a,b", "--output", tmp_path / "out.csv").exit_code == 0
    [row] = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text()))
    assert row["text"] == "a,b"


def test_several_labels(predict, brain, tmp_path):
    brain.labels = 2
    scores = [float(f"{score_of(b'x') / (label + 1):.9g}") for label in range(2)]
    row = json.loads(predict("x").stdout)
    assert row["scores"] == pytest.approx(scores)
    assert row["predicted"] == [score >= 0.25 for score in scores]
    predict("x", "--output", tmp_path / "out.csv")
    [row] = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text()))
    assert [float(score) for score in row["scores"].split()] == pytest.approx(scores)
    assert row["predicted"] == " ".join(str(score >= 0.25).lower() for score in scores)


def test_standard_input(predict):
    result = predict("--input", "-", "--format", "text", input="a\nb\n")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["a", "b"]


def test_nothing_in_nothing_out(predict, tmp_path, brain):
    (tmp_path / "in.jsonl").write_text("")
    (tmp_path / "in.csv").write_text("text\n")
    assert predict("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl").exit_code == 0
    assert (tmp_path / "out.jsonl").read_text() == ""
    assert predict("--input", tmp_path / "in.csv").stdout == "text,scores,predicted\n"
    assert brain.calls == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.jsonl", '{"text": "a"}\nnot json\n', "in.jsonl:2: no JSON"),
        ("in.jsonl", '{"text": "a"}\n[1]\n', "in.jsonl:2: no JSON object"),
        ("in.jsonl", '{"text": "a"}\n{"body": "b"}\n', "in.jsonl:2: no text under the key 'text'; the keys are 'body'"),
        ("in.jsonl", '{"text": "a"}\n{"text": 3}\n', "in.jsonl:2: no text under"),
        ("in.jsonl", '{"text": "a"}\n{"text": "\\ud83d"}\n', "in.jsonl:2: .* surrogate"),
        ("in.jsonl", '{"text": "a"}\n{"text": "b", "scores": 1}\n', "in.jsonl:2: there is a 'scores' already"),
        ("in.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', "in.jsonl:2: byte 0xFF is not UTF-8"),
        ("in.csv", "text,id\na,1\nb\n", "in.csv:3: 1 column"),
        ("in.csv", 'text,id\na,1\n"b,1\n', "in.csv:3: a quote does not close"),
        ("in.txt", b"a\ncaf\xe9\n", "in.txt:2: byte 0xE9 is not UTF-8; convert"),
    ],
)
def test_a_bad_row_names_file_and_line_and_loses_nothing_that_is_done(predict, tmp_path, name, content, said):
    source, target = tmp_path / name, tmp_path / "out.jsonl"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = predict("--input", source, "--output", target, "--batch-size", 1)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    [message] = result.stderr.splitlines()
    assert f"{tmp_path}/" in message
    assert re.search(said, message)
    assert not target.exists()
    assert "no row is done" in message or "rows are done" in message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.csv", "id,body\n1,a\n", "in.csv:1: there is no column 'text'; the header has 'id', 'body'"),
        ("in.csv", "text,text\n1,a\n", "more than one column 'text'"),
        ("in.csv", "text,predicted\na,pos\n", "in.csv:1: there is a column 'predicted' already"),
        ("in.csv", "", "in.csv:1: there is no header"),
        ("in.data", "a", "--format: the format of .*in.data is not known"),
    ],
)
def test_what_cannot_begin_is_refused_and_nothing_is_written(predict, tmp_path, brain, name, content, said):
    (tmp_path / name).write_text(content)
    result = predict("--input", tmp_path / name, "--output", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert re.search(said, result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert brain.calls == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either texts or --input"),
        (["a", "--input", "-"], "give either texts or --input"),
        (["--input", "-"], "the format of standard input is not known"),
        (["--input", "-", "--format", "text", "--column", "x"], "plain lines have no columns"),
        (["--input", "-", "--format", "jsonl", "--delimiter", ";"], "--delimiter"),
        (["--input", "-", "--format", "csv", "--delimiter", "||"], "single character"),
        (["--input", "-", "--format", "csv", "--delimiter", '"'], "--delimiter '\"': it ends a field"),
        (["--input", "-", "--format", "csv", "--delimiter", "\r"], "--delimiter '\\r'"),
        (["--input", "-", "--format", "csv", "--delimiter", "\n"], "--delimiter '\\n'"),
        (["--input", "-", "--format", "csv", "--delimiter", "\0"], "--delimiter '\\x00'"),
        (["--input", "-", "--format", "jsonl", "--output", "x.csv"], "name it .jsonl"),
        (["a", "--version", "1", "--label", "x"], "both version 1 and label 'x'"),
        (["a", "--timeout", "0"], "timeout"),
        (["a", "--timeout", "inf"], "timeout inf"),
        (["a", "--ca", __file__], "tls is given"),
        (["a", "--output", "/no/such/folder/out.jsonl"], "--output: No such file or directory: /no/such/folder"),
    ],
)
def test_options_that_do_not_go_together(predict, brain, arguments, said):
    result = predict(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert brain.calls == 0


def test_a_failing_server_leaves_what_is_done_and_says_how_much(predict, brain, tmp_path):
    def fail(texts):
        if b"5" in texts:
            raise RefusalError(grpc.StatusCode.INTERNAL, "out of order")

    brain.before = fail
    (tmp_path / "in.txt").write_text("".join(f"{number}\n" for number in range(10)))
    target = tmp_path / "out.jsonl"
    result = predict("--input", tmp_path / "in.txt", "--output", target, "--batch-size", 2)
    assert result.exit_code == 1
    assert "INTERNAL: out of order" in result.stderr
    assert "4 rows are done, up to line 4, in" in result.stderr
    assert not target.exists()
    done = (tmp_path / "out.jsonl.partial").read_text().splitlines()
    assert [json.loads(line)["text"] for line in done] == ["0", "1", "2", "3"]


def test_an_earlier_output_stays_until_the_new_one_is_whole(predict, brain, tmp_path):
    target = tmp_path / "out.jsonl"
    target.write_text("earlier")
    brain.refusals = [RefusalError(grpc.StatusCode.NOT_FOUND, "no such model")]
    assert predict("a", "--output", target).exit_code == 1
    assert target.read_text() == "earlier"
    assert predict("a", "--output", target).exit_code == 0
    assert json.loads(target.read_text())["text"] == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_device_is_written_to_and_not_replaced(predict):
    assert predict("a", "--output", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_a_score_that_is_no_number_stops_it(predict, brain):
    brain.mangle = lambda answer: answer.outputs["scores"].float_val.__setitem__(0, float("nan"))
    result = predict("a")
    assert result.exit_code == 1
    assert "line 1 is not a number" in result.stderr


def test_the_whole_file_passes_in_order_in_many_batches(predict, brain, tmp_path):
    texts = [f"text {number}" for number in range(1000)]
    (tmp_path / "in.txt").write_text("\n".join(texts))
    result = predict("--input", tmp_path / "in.txt", "--output", tmp_path / "out.jsonl", "--batch-size", 7)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [{"text": text, **expected(text)} for text in texts]
    assert brain.calls == 143


def on_a_terminal(arguments: list[str], stdin: bytes | None = None, exit_code: int = 0) -> str:
    """What a terminal shows; standard input is the terminal itself, or a pipe."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipeline", "predict", "--model", "demo", *arguments]
    source = theirs if stdin is None else subprocess.PIPE
    with subprocess.Popen(command, stdin=source, stdout=theirs, stderr=theirs, cwd=ROOT) as process:
        os.close(theirs)
        if process.stdin:
            process.stdin.write(stdin or b"")
            process.stdin.close()
        shown = b"".join(iter(lambda: read_terminal(ours), b""))
    os.close(ours)
    assert process.returncode == exit_code, shown.decode()
    return shown.decode()


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side is closed
        return b""


def test_a_terminal_shows_a_table(server):
    shown = on_a_terminal(["--server", server, "what a film", "long " * 100])
    first, second = shown.splitlines()
    score, label = f"{score_of(b'what a film'):.4f}", expected("what a film")["predicted"]
    assert first.split() == ["what", "a", "film", score, label]
    assert "…" in second
    assert len(second) < 100


def test_a_terminal_shows_no_score_that_is_no_number(server, brain):
    brain.mangle = lambda answer: answer.outputs["scores"].float_val.__setitem__(1, float("nan"))
    shown = on_a_terminal(["--server", server, "one", "two"], exit_code=1)
    [line] = shown.splitlines()
    assert "error: the model's score of line 2 is not a number; push a sound model" in line


@pytest.mark.parametrize("stdin", [None, b"text\n" * 300], ids=["file", "pipe"])
def test_a_terminal_shows_progress(server, tmp_path, stdin):
    (tmp_path / "in.txt").write_text("text\n" * 300)
    source = ["--input", str(tmp_path / "in.txt")] if stdin is None else ["--input", "-", "--format", "text"]
    shown = on_a_terminal(["--server", server, *source, "--output", str(tmp_path / "out.jsonl")], stdin)
    assert ("100%" if stdin is None else "300") in shown
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 300


def test_without_a_terminal_nothing_is_said(predict, tmp_path):
    (tmp_path / "in.txt").write_text("text\n" * 300)
    result = predict("--input", tmp_path / "in.txt", "--output", tmp_path / "out.jsonl")
    assert result.output == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_much_is_done(server, brain, tmp_path, number):
    hanging, given_up = threading.Event(), threading.Event()

    def hang(texts):
        if b"9" in texts:
            hanging.set()
            given_up.wait(30)

    brain.before = hang
    (tmp_path / "in.txt").write_text("".join(f"{number}\n" for number in range(20)))
    files = ["--input", str(tmp_path / "in.txt"), "--output", str(tmp_path / "out.jsonl"), "--batch-size", "1"]
    command = [sys.executable, "-m", "pipeline", "predict", "--model", "demo", "--server", server, *files]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert hanging.wait(30)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    given_up.set()
    assert process.returncode == 1
    assert re.search(r"error: interrupted; \d+ rows are done, up to line \d+, in .*out\.jsonl\.partial", said)
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.jsonl.partial"]


def test_columns_of_the_same_name_are_not_lost_in_json(predict, brain, tmp_path):
    (tmp_path / "in.csv").write_text("id,text,id\n1,a,2\n")
    result = predict("--input", tmp_path / "in.csv", "--output", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert "columns 'id' stand twice" in result.stderr
    assert brain.calls == 0
    assert predict("--input", tmp_path / "in.csv").stdout.splitlines()[1].startswith("1,a,2,")


def test_a_full_device_is_said_in_a_sentence(predict):
    result = predict("a", "--output", "/dev/full")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: --output: No space left on device: /dev/full; make room there, or give another file; no row is done\n"
    )


def test_full_standard_output_too(server):
    command = [sys.executable, "-m", "pipeline", "predict", "--model", "demo", "--server", server, "a"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "No space left on device: standard output" in line


def test_who_reads_no_further_is_told_nothing(server, tmp_path):
    (tmp_path / "in.txt").write_text("text\n" * 300)
    command = [sys.executable, "-m", "pipeline", "predict", "--model", "demo", "--server", server]
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as pipe:
        source = ["--input", str(tmp_path / "in.txt")]
        done = subprocess.run([*command, *source], stdout=pipe, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "")


class FullDisk(io.FileIO):
    """A file on a disk that has 150 bytes left."""

    def write(self, data) -> int:
        room = 150 - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(bytes(data)[:room])


def test_a_disk_that_fills_up_leaves_whole_rows(predict, tmp_path, monkeypatch):
    monkeypatch.setattr(predict_output, "_writable", lambda path: io.BufferedWriter(FullDisk(path, "wb")))
    (tmp_path / "in.txt").write_text("".join(f"text {number}\n" for number in range(10)))
    result = predict("--input", tmp_path / "in.txt", "--output", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    done = (tmp_path / "out.jsonl.partial").read_text()
    rows = [json.loads(line)["text"] for line in done.splitlines()]
    assert done.endswith("\n")
    assert rows == [f"text {number}" for number in range(len(rows))]
    assert f"No space left on device: {tmp_path / 'out.jsonl'}; make room" in result.stderr
    assert f"; {len(rows)} rows are done, up to line {len(rows)}, in {tmp_path / 'out.jsonl.partial'}" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.jsonl.partial"]


def test_a_file_that_cannot_be_finished_stays_in_part(predict, tmp_path, monkeypatch):
    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(predict_output, "sync", fail)
    result = predict("a", "--output", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert "Input/output error" in result.stderr
    assert "1 rows are done" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl.partial"]
    monkeypatch.undo()
    assert predict("a", "--output", tmp_path / "out.jsonl").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]  # what an earlier one left is gone


def test_an_output_whose_name_is_too_long_is_refused(predict, tmp_path):
    result = predict("a", "--output", tmp_path / ("x" * 300))
    assert result.exit_code == 2
    assert "File name too long" in result.stderr


@pytest.fixture
def predict_pairs(server, tmp_path):
    """The verb's function, with the options for pairs."""

    def run(*texts, **changes):
        defaults = dict.fromkeys(
            ("version", "label", "input", "form", "column", "delimiter", "ca", "certificate", "key")
        )
        settings = {
            **defaults, "server": server, "model": "demo", "signature": "serving_default", "timeout": 10.0,
            "batch_size": 2, "output": tmp_path / "out.jsonl",
        }  # fmt: skip
        predicting.run(texts, predicting.Options(**{**settings, **changes}))
        return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    return run


def test_pairs_of_the_command_line(predict_pairs, brain):
    rows = predict_pairs("a", "b", pair=("x", "y"))
    assert rows == [
        {"text": "a", "text_pair": "x", **expected("a")}, {"text": "b", "text_pair": "y", **expected("b")}
    ]  # fmt: skip
    assert brain.pairs == [[b"x", b"y"]]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_pairs_of_a_file(predict_pairs, brain, tmp_path, form):
    file = tmp_path / f"in.{form}"
    rows = [("a", "x"), ("b", "y"), ("c", "z")]
    if form == "csv":
        file.write_text("two,one\n" + "".join(f"{pair},{text}\n" for text, pair in rows))
    else:
        file.write_text("".join(json.dumps({"one": text, "two": pair}) + "\n" for text, pair in rows))
    out = predict_pairs(input=file, column="one", pair_column="two")
    assert [(row["one"], row["two"], row["scores"]) for row in out] == [
        (text, pair, expected(text)["scores"]) for text, pair in rows
    ]
    assert dict(zip(chain.from_iterable(brain.asked), chain.from_iterable(brain.pairs), strict=True)) == {
        b"a": b"x",
        b"b": b"y",
        b"c": b"z",
    }


@pytest.mark.parametrize(
    ("texts", "changes", "told"),
    [
        (("a", "b"), {"pair": ("x",)}, "give one for each"),
        (("a",), {"pair_column": "two"}, "give --pair"),
        ((), {"input": Path("-"), "pair": ("x",)}, "give --pair-column"),
        ((), {"input": Path("-"), "form": "text", "pair_column": "two"}, "plain lines have no columns"),
    ],
)
def test_pairs_that_do_not_go_together_are_refused(predict_pairs, brain, texts, changes, told):
    with pytest.raises(ConfigError, match=told):
        predict_pairs(*texts, **changes)
    assert brain.calls == 0


def test_a_missing_second_column_is_named_with_its_option(predict_pairs, tmp_path):
    (tmp_path / "in.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=r"no column 'two'.*--pair-column"):
        predict_pairs(input=tmp_path / "in.csv", pair_column="two")
