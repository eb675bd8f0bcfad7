from __future__ import annotations

import json
from collections import Counter

import pytest

from components.example_gen import quarantine
from components.example_gen.quarantine import Report, Summary, merge
from components.example_gen.rows import BadRow


def report(file="a.csv", line=2, reason="empty text", text="x"):
    result = Report(Summary(rows=3, duplicates=Counter(within_split=1)))
    result.summary.examples["train"] += 1
    result.summary.labels["train"]["pos"] += 1
    result.reject(BadRow(file, line, reason, "why", text))
    return result


def test_rejected_rows_are_counted_by_reason():
    total = merge([report(), report(line=1), report(reason="unknown label")])
    assert total.summary.quarantined == {"empty text": 2, "unknown label": 1}
    assert (total.summary.bad, len(total.bad_rows)) == (3, 3)


def test_merged_counts_are_sums():
    total = merge([report(), merge([]), merge([report(), report()])]).summary
    assert (total.rows, total.duplicates, total.not_sampled) == (9, {"within_split": 3}, 0)
    assert (total.examples["train"], total.examples["eval"]) == (3, 0)
    assert total.accounted == 9


def counted(*values):
    summary = Summary()
    for value in values:
        summary.count_slice("channel", str(value))
    return Report(summary)


def test_values_are_counted_up_to_the_most_that_a_column_has():
    assert merge([counted("web", "mail"), Report(), counted("web")]).summary.slices == {
        "channel": Counter(web=2, mail=1)
    }
    fifty, first, second = counted(*range(50)), counted(*range(30)), counted(*range(29, 51))
    assert len(merge([fifty, first]).summary.slices["channel"] or ()) == 50
    assert merge([first, second]).summary.slices == {"channel": None}
    assert merge([counted(*range(51), 0), fifty]).summary.slices == {"channel": None}


def test_merging_leaves_the_parts_alone():
    part = report()
    merge([part, report()])
    assert (part.summary.rows, len(part.bad_rows)) == (3, 1)


def test_summary_as_written():
    summary = Summary(
        rows=4,
        examples=Counter(eval=1),
        not_sampled=1,
        unlabelled=2,
        duplicates=Counter(across_splits=1),
        repeated=Counter(within_split=3),
        contradictions=2,
        quarantined=Counter({"b": 1}),
        spans=Counter({7: 1}),
        references=Counter(previous=5),
        slices={"source": Counter({"a.csv": 1}), "channel": None},
    )
    summary.labels["eval"]["neg"] += 1
    values = summary.to_dict()
    assert values == {
        "rows": 4,
        "examples": {"train": 0, "eval": 1, "test": 0},
        "labels": {"train": {}, "eval": {"neg": 1}, "test": {}},
        "quarantined": {"b": 1},
        "duplicates": {"across_splits": 1},
        "repeated": {"within_split": 3},
        "contradictions": 2,
        "not_sampled": 1,
        "unlabelled": 2,
        "spans": {"7": 1},
        "references": {"previous": 5},
        "slices": {"channel": None, "source": {"a.csv": 1}},
    }
    assert Summary.from_dict(json.loads(json.dumps(values))) == summary


def test_written_files_are_read_back_in_order(tmp_path):
    folder = str(tmp_path / "new" / "folder")
    parts = [report("b.csv", 1), report("a.csv", 10), report("a.csv", 9, text='a "b"\nc\0 caf\udce9 日本 \u2028')]
    quarantine.write(merge(parts), folder)
    assert [(row.file, row.line) for row in quarantine.read_rows(folder)] == [("a.csv", 9), ("a.csv", 10), ("b.csv", 1)]
    assert next(quarantine.read_rows(folder)).text == 'a "b"\nc\0 caf\udce9 日本 \u2028'
    assert quarantine.read_summary(folder) == merge(parts).summary


def test_rows_file_is_readable_json_lines_in_utf8(tmp_path):
    quarantine.write(report(text="日本 \udce9"), str(tmp_path))
    [line] = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert "日本" in line
    expected = {"file": "a.csv", "line": 2, "reason": "empty text", "detail": "why", "text": "日本 \udce9"}
    assert json.loads(line) == expected


def test_empty_quarantine_has_both_files(tmp_path):
    quarantine.write(Report(), str(tmp_path))
    assert list(quarantine.read_rows(str(tmp_path))) == []
    assert quarantine.read_summary(str(tmp_path)).rows == 0


@pytest.mark.parametrize("times", [1, 2])
def test_keep_copies_both_files(tmp_path, times):
    quarantine.write(report(), str(tmp_path / "1"))
    for _ in range(times):
        quarantine.keep(str(tmp_path / "1"), str(tmp_path / "1-stopped"))
    for name in ("rows.jsonl", "summary.json"):
        assert (tmp_path / "1-stopped" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


def test_more_bad_rows_than_a_worker_holds_are_kept_in_files_and_come_out_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantine, "_HELD_ROWS", 10)
    parts = [Report(folder=str(tmp_path / "spill")) for _ in range(3)]
    for line in range(99, -1, -1):
        parts[line % 3].reject(BadRow("a.csv", line, "empty text", "why", "x"))
        assert len(parts[line % 3].bad_rows) < 10
    quarantine.write(merge(parts), str(tmp_path / "aside"))
    assert [row.line for row in quarantine.read_rows(str(tmp_path / "aside"))] == list(range(100))
    assert quarantine.read_summary(str(tmp_path / "aside")).quarantined == {"empty text": 100}
