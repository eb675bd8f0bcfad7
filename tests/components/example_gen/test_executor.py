from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from random import Random

import pytest
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.errors import ConfigError, DataError
from components.example_gen.fingerprint import data_digest
from components.example_gen.normalise import text_id
from components.example_gen.profile import read_profiles
from components.example_gen.shard import SHARDS
from components.example_gen.sources import registry
from components.features import SPLITS


def reviews(count=300):
    return [(f"Review number {number}, which was {'so ' * (number % 5)}fine.", number % 2) for number in range(count)]


def write_csv(path, rows):
    lines = [f'"{text}",{label}' for text, label in rows]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def imdb(tmp_path):
    """A tree laid out as aclImdb, with texts that repeat and contradict each other across its splits."""
    root = tmp_path / "aclImdb"
    texts = {
        "train/pos": [f"good {n}" for n in range(40)]
        + ["Twice in train", "twice in  TRAIN", "In both", "Contradicted"],
        "train/neg": [f"bad {n}" for n in range(40)] + ["Quarrel"],
        "train/unsup": ["no label"],
        "test/pos": [f"great {n}" for n in range(20)] + ["in<br />both", "Twice in test", "Twice in test"],
        "test/neg": [f"awful {n}" for n in range(20)] + ["contradicted"],
    }
    texts["train/pos"].append("quarrel")
    for name, contents in texts.items():
        (root / name).mkdir(parents=True)
        for number, text in enumerate(contents):
            (root / name / f"{number}_1.txt").write_text(text)
    return root


def test_artifact_is_described_as_tfx_reads_it(execute, tmp_path):
    artifact = execute(source="files", path=write_csv(tmp_path / "a.csv", reviews())).artifact
    assert artifact_utils.decode_split_names(artifact.split_names) == list(SPLITS)
    assert examples_utils.get_payload_format_string(artifact) == "FORMAT_TF_EXAMPLE"
    assert examples_utils.get_file_format(artifact) == "tfrecords_gzip"
    for split in SPLITS:
        [pattern] = examples_utils.get_split_file_patterns([artifact], split)
        names = sorted(Path(str(path)).name for path in fileio.glob(pattern))
        assert names == [f"data_tfrecord-{shard:05d}-of-{SHARDS:05d}.gz" for shard in range(SHARDS)]


def test_every_row_becomes_an_example_as_given(execute, tmp_path):
    rows = reviews()
    outcome = execute(source="files", path=write_csv(tmp_path / "a.csv", rows))
    examples = [example for split in SPLITS for example in outcome.examples(split)]
    assert sorted((example["text"].decode(), example["target"]) for example in examples) == sorted(rows)
    for example in examples:
        text = example["text"].decode()
        assert example["id"].decode() == text_id(text)
        assert example["label"] == (b"pos" if example["target"] else b"neg")
        assert (example["words"], example["characters"]) == (len(text.split()), len(text))
        assert example["length_band"] == b"0-99"


def test_a_split_is_in_the_order_of_its_ids(execute, tmp_path):
    outcome = execute(source="files", path=write_csv(tmp_path / "a.csv", reviews()))
    for split in SPLITS:
        ids = [example["id"] for example in outcome.examples(split)]
        assert ids == sorted(ids)
        assert len(ids) > 10


def test_neither_order_nor_folder_nor_number_of_files_matter(execute, tmp_path):
    rows = [*reviews(), *((text.upper(), label) for text, label in reviews(40))]
    expected = execute(source="files", path=write_csv(tmp_path / "a.csv", rows)).files()
    assert execute(source="files", path=str(tmp_path / "a.csv")).files() == expected
    Random(3).shuffle(rows)
    for part in range(3):
        (tmp_path / f"part-{9 - part}").mkdir()
        write_csv(tmp_path / f"part-{9 - part}" / "a.csv", rows[part::3])
    assert execute(source="files", path=str(tmp_path / "part-*" / "a.csv")).files() == expected


def test_each_example_knows_the_name_of_its_file(execute, tmp_path):
    for name in ("mail", "web"):
        write_csv(tmp_path / f"{name}.csv", [*reviews(20), *((f"{name}: {text}", label) for text, label in reviews())])
    outcome = execute(source="files", path=str(tmp_path / "*.csv"))
    for split in SPLITS:
        for example in outcome.examples(split):
            prefix = "web: " if example["source"] == b"web.csv" else ("mail: ", "Review ")
            assert example["text"].decode().startswith(prefix)
    assert outcome.summary["slices"] == {"source": {"mail.csv": 320, "web.csv": 300}}


def write_channels(path, values):
    lines = [f"{text},{value},{label}" for (text, label), value in zip(reviews(len(values)), values, strict=True)]
    path.write_text("\n".join(["body,channel,label", *(line.replace(", which", " which") for line in lines)]))
    return {"source": "files", "path": str(path), "text": "body", "columns": ["channel"]}


def test_columns_are_carried_into_the_examples_and_counted(execute, tmp_path):
    values = ["web", " mail", "", "7"] * 100
    outcome = execute(**write_channels(tmp_path / "a.csv", values))
    examples = [example for split in SPLITS for example in outcome.examples(split)]
    kept = {0: b"web", 1: b"mail", 2: b"(none)", 3: b"7"}
    for example in examples:
        assert example["channel"] == kept[int(example["text"].split()[2]) % 4]
    assert outcome.summary["slices"] == {
        "channel": {"(none)": 100, "7": 100, "mail": 100, "web": 100},
        "source": {"a.csv": 400},
    }


def test_a_column_of_many_values_stops_the_run(execute, tmp_path):
    data = write_channels(tmp_path / "a.csv", [str(number % 51) for number in range(400)])
    message = fails(execute, tmp_path / "run", **data)
    assert message.startswith("data.columns names 'channel', which has more than 50 values")
    kept = json.loads((tmp_path / "run" / "quarantine-stopped" / "summary.json").read_text())
    assert kept["slices"] == {"channel": None, "source": {"a.csv": 400}}


def test_a_span_that_is_only_compared_with_needs_no_further_columns(execute, tmp_path):
    write_csv(tmp_path / "day-1.csv", reviews())
    data = write_channels(tmp_path / "day-2.csv", ["web", "mail"] * 150)
    with pytest.raises(DataError, match=r"day-1\.csv:1: there is no column 'channel' \(data\.columns\)"):
        execute(tmp_path, fingerprint="f", **data | {"text": "text", "path": str(tmp_path / "day-1.csv")})
    content = (tmp_path / "day-2.csv").read_text().replace("body", "text", 1)
    (tmp_path / "day-2.csv").write_text(content)
    outcome = execute(**data | {"text": "text", "path": str(tmp_path / "day-{SPAN}.csv")})
    assert outcome.summary["references"] == {"previous": 300}
    assert outcome.summary["slices"]["channel"] == {"mail": 150, "web": 150}


def test_equal_texts_never_fall_into_two_splits(execute, tmp_path):
    variants = (str, str.upper, lambda text: f"  {text.replace(' ', '  ')} ", lambda text: text.replace(" ", "<br />"))
    rows = [(change(text), label) for text, label in reviews() for change in variants]
    outcome = execute(source="files", path=write_csv(tmp_path / "a.csv", rows))
    ids = [text_id(text) for split in SPLITS for text in outcome.texts(split)]
    assert len(ids) == len(set(ids)) == 300
    assert (outcome.summary["rows"], outcome.summary["duplicates"]) == (1200, {"within_split": 900})


def test_every_row_is_accounted_for(execute, tmp_path):
    path = tmp_path / "a.csv"
    write_csv(
        path, [*reviews(200), ("Review number 0, which was fine.", 0), ("REVIEW number 1, which was so fine.", 0)]
    )
    with path.open("ab") as file:
        file.write(b'caf\xe9,1\n,1\nfine,2\nshort\n"a\nb",1\na\0b,1\n"open,1\nlast but good,1\n' + b"x" * 400 + b",1\n")
    outcome = execute(source="files", path=str(path), max_bad_fraction=0.5, max_characters=300)
    summary = outcome.summary
    assert summary["quarantined"] == {
        "NUL character": 1,
        "bad quoting": 1,
        "conflicting labels": 2,
        "empty text": 1,
        "invalid UTF-8": 1,
        "over-long text": 1,
        "unknown label": 1,
        "wrong column count": 1,
    }
    assert (summary["rows"], summary["duplicates"], summary["not_sampled"]) == (211, {"within_split": 1}, 0)
    assert sum(summary["examples"].values()) == 201
    assert {split: sum(counts.values()) for split, counts in summary["labels"].items()} == summary["examples"]
    assert {split: len(outcome.examples(split)) for split in SPLITS} == summary["examples"]
    places = [(row["file"], row["line"], row["reason"]) for row in outcome.bad_rows]
    assert places == sorted(places)
    assert {line for _, line, _ in places} == {3, 203, 204, 205, 206, 207, 210, 211, 213}
    assert all(len(row["text"]) <= 200 for row in outcome.bad_rows)


def test_official_test_split_stays_and_is_kept_out_of_the_others(execute, imdb):
    outcome = execute(source="imdb", path=str(imdb), max_bad_fraction=0.5)
    assert sorted(outcome.texts("test")) == sorted(path.read_text() for path in imdb.glob("test/*/*.txt"))
    learned = outcome.texts("train") + outcome.texts("eval")
    assert not {text_id(text) for text in learned} & {text_id(text) for text in outcome.texts("test")}
    assert "no label" not in learned
    assert len(learned) == 81
    assert outcome.summary["duplicates"] == {"across_splits": 1, "within_split": 1}
    assert outcome.summary["repeated"] == {"within_split": 1}
    assert outcome.summary["slices"] == {"source": {"imdb": sum(outcome.summary["examples"].values())}}
    assert [(row["reason"], Path(row["file"]).parts[-3:-1]) for row in outcome.bad_rows] == [
        ("conflicting labels", ("train", "neg")),
        ("conflicting labels", ("train", "pos")),
        ("conflicting labels", ("train", "pos")),
    ]


def test_sample_is_about_the_fraction_and_accounted_for(execute, tmp_path):
    path = write_csv(tmp_path / "a.csv", reviews(1000))
    some, more = (execute(source="files", path=path, sample={"fraction": fraction}) for fraction in (0.3, 0.6))
    assert sum(some.summary["examples"].values()) == pytest.approx(300, abs=60)
    assert some.summary["not_sampled"] == 1000 - sum(some.summary["examples"].values())
    for split in SPLITS:
        assert set(some.texts(split)) < set(more.texts(split))


def fails(execute, folder, **data):
    with pytest.raises(DataError) as error:
        execute(folder, **data)
    return str(error.value)


def test_too_many_bad_rows_stop_the_run_and_stay_behind(execute, tmp_path):
    path = write_csv(tmp_path / "a.csv", [*reviews(100), *((f"bad {number}", "odd") for number in range(9))])
    message = fails(execute, tmp_path, source="files", path=path, max_bad_fraction=0.05)
    assert message.startswith(
        "9 of 109 rows cannot be used, more than data.max_bad_fraction 0.05 allows (unknown label 9)"
    )
    assert f"\n  {path}:102: label 'odd' is none of neg, pos, 1, 0 (labels.names, labels.aliases)\n" in message
    assert f"{path}:107" not in message
    kept = tmp_path / "quarantine-stopped"
    assert str(kept / "rows.jsonl") in message
    assert len((kept / "rows.jsonl").read_text().splitlines()) == 9
    assert json.loads((kept / "summary.json").read_text())["rows"] == 109


def test_nothing_stays_behind_after_a_good_run(execute, tmp_path):
    execute(tmp_path / "run", source="files", path=write_csv(tmp_path / "a.csv", reviews()))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["examples", "profile", "quarantine"]


def test_truncated_archive_stops_the_run(execute, tmp_path):
    texts = "".join(f"{hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()},{n % 2}\n" for n in range(3000))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(f"text,label\n{texts}".encode())[:-5000])
    message = fails(execute, tmp_path, source="files", path=str(path))
    assert "a file is damaged" in message
    assert str(path) in message


def test_header_without_rows(execute, tmp_path):
    assert "the data has no rows" in fails(execute, tmp_path, source="files", path=write_csv(tmp_path / "a.csv", []))


def test_empty_split(execute, tmp_path):
    path = write_csv(tmp_path / "a.csv", reviews(3))
    assert "is empty: of 3 rows came" in fails(execute, tmp_path, source="files", path=path)


def test_split_without_one_of_the_labels(execute, tmp_path):
    path = write_csv(tmp_path / "a.csv", [(text, 1) for text, _ in reviews(100)])
    message = fails(execute, tmp_path, source="files", path=path)
    assert message.startswith("split train has no example labelled neg")


def test_source_is_checked_before_any_work(execute, tmp_path):
    gone = {"source": "files", "path": str(tmp_path / "gone.csv")}
    assert "matches no file" in fails(execute, tmp_path, fingerprint="f", **gone)
    with pytest.raises(ConfigError, match=r"data\.source"):
        execute(tmp_path, fingerprint="f", source="excel")
    assert not (tmp_path / "quarantine").exists()


@pytest.mark.parametrize("change", ["content", "one more", "gone"])
def test_data_that_changes_between_its_fingerprint_and_the_end_of_reading_stops_the_run(
    execute, tmp_path, monkeypatch, change
):
    for name in ("a.csv", "b.csv"):
        write_csv(tmp_path / name, reviews())
    read = registry.read

    def read_and_change(data, labels, file):
        yield from read(data, labels, file)
        if file.name.endswith("b.csv"):
            write_csv(tmp_path / {"content": "a.csv", "one more": "c.csv", "gone": "d.csv"}[change], reviews(299))
        if change == "gone":
            (tmp_path / "a.csv").unlink(missing_ok=True)

    monkeypatch.setattr(registry, "read", read_and_change)
    pattern = str(tmp_path / "[abc].csv")
    message = fails(execute, tmp_path / "run", source="files", path=pattern)
    assert message == f"data.path {pattern!r} changed while it was being read; start a new run"


@pytest.fixture
def spanned(tmp_path):
    """Spans 1 and 2, of other texts."""
    for number in (1, 2):
        (tmp_path / f"span-{number}").mkdir()
        write_csv(tmp_path / f"span-{number}" / "a.csv", [(f"{number}: {text}", label) for text, label in reviews()])
    return tmp_path


def all_texts(outcome):
    return {text for split in SPLITS for text in outcome.texts(split)}


@pytest.mark.parametrize(("span", "number"), [("latest", 2), (1, 1), ("1", 1)])
def test_the_span_is_read_and_recorded(execute, spanned, span, number):
    outcome = execute(source="files", path=str(spanned / "span-{SPAN}" / "*.csv"), span=span)
    assert all_texts(outcome) == {f"{number}: {text}" for text, _ in reviews()}
    assert outcome.artifact.span == number
    assert outcome.artifact.get_int_custom_property("span") == number


def test_without_spans_the_number_is_0_as_tfxs_is(execute, spanned):
    artifact = execute(source="files", path=str(spanned / "span-1" / "a.csv")).artifact
    assert (artifact.span, artifact.get_int_custom_property("span")) == (0, 0)


def test_a_span_that_comes_while_the_latest_is_read_is_the_next_runs(execute, spanned, monkeypatch):
    read = registry.read

    def read_and_add(data, labels, file):
        (spanned / "span-3").mkdir(exist_ok=True)
        write_csv(spanned / "span-3" / "a.csv", reviews())
        yield from read(data, labels, file)

    monkeypatch.setattr(registry, "read", read_and_add)
    outcome = execute(source="files", path=str(spanned / "span-{SPAN}" / "*.csv"))
    assert outcome.artifact.span == 2
    assert all_texts(outcome) == {f"2: {text}" for text, _ in reviews()}


def test_another_latest_than_the_fingerprints_stops_the_run(execute, spanned, tmp_path):
    data = {"source": "files", "path": str(spanned / "span-{SPAN}" / "*.csv")}
    before = data_digest(data)
    (spanned / "span-3").mkdir()
    write_csv(spanned / "span-3" / "a.csv", reviews())
    assert "changed while it was being read" in fails(execute, tmp_path / "run", fingerprint=before, **data)


def test_a_span_that_is_missing_stops_the_run_before_any_work(execute, spanned, tmp_path):
    data = {"source": "files", "path": str(spanned / "span-{SPAN}" / "*.csv"), "span": 9}
    assert "those that there are: 1, 2" in fails(execute, tmp_path / "run", fingerprint="f", **data)
    assert not (tmp_path / "run").exists()


def span_path(folder):
    return str(folder / "span-{SPAN}" / "*.csv")


def test_a_window_of_spans_is_read_and_each_row_knows_its_own(execute, spanned):
    outcome = execute(source="files", path=span_path(spanned), window=2)
    assert len(all_texts(outcome)) == 600
    assert outcome.artifact.span == 2
    assert outcome.summary["spans"] == {"1": 300, "2": 300}
    for split in SPLITS:
        for example in outcome.examples(split):
            assert example["text"].decode().startswith(f"{example['span']}: ")


def test_the_newest_span_can_be_the_test_split(execute, spanned):
    write_csv(spanned / "span-1" / "b.csv", [("2: Review number 7, which was so so fine.", 1)])
    outcome = execute(source="files", path=span_path(spanned), window=2, test_span="newest")
    assert {example["span"] for example in outcome.examples("test")} == {2}
    assert len(outcome.examples("test")) == 300
    assert {example["span"] for split in ("train", "eval") for example in outcome.examples(split)} == {1}
    assert outcome.summary["duplicates"] == {"across_splits": 1}


def profiles(outcome):
    return read_profiles(str(outcome.folder / "profile"))


@pytest.mark.parametrize("window", [1, 2])
def test_the_newest_span_and_the_one_before_are_profiled_whether_it_is_read_or_not(execute, spanned, window):
    write_csv(spanned / "span-1" / "odd.csv", [("odd", "what")])
    outcome = execute(source="files", path=span_path(spanned), window=window)
    read = profiles(outcome)
    assert (read.newest_span, read.previous_span) == (2, 1)
    for part in ("newest", "previous"):
        table = read.tables[part].to_pydict()
        assert len(table["words"]) == 300
        assert sorted(map(tuple, table["label"])) == [("neg",)] * 150 + [("pos",)] * 150
        assert min(table["tokens"]) > min(table["words"]) > 5
    references = {"previous": 300, "previous, not used": 1}
    assert outcome.summary["references"] == (references if window == 1 else {})
    assert outcome.summary["rows"] == (300 if window == 1 else 601)


def test_a_damaged_file_stops_the_run_though_it_is_only_compared_with(execute, spanned, tmp_path):
    (spanned / "span-1" / "b.csv.gz").write_bytes(gzip.compress(b"text,label\n" + b"fine,1\n" * 9000)[:-9])
    path = str(spanned / "span-{SPAN}" / "*")
    assert "a file is damaged" in fails(execute, tmp_path / "run", source="files", path=path)


def test_what_users_sent_is_profiled_without_labels_and_is_no_example(execute, spanned, tmp_path):
    sent = tmp_path / "sent.jsonl"
    sent.write_text("".join(json.dumps({"body": f"sent {number}"}) + "\n" for number in range(20)) + '{"body": ""}\n')
    serving = {"path": str(sent), "text": "body"}
    outcome = execute(source="files", path=str(spanned / "span-1" / "a.csv"), serving=serving)
    read = profiles(outcome)
    assert (set(read.tables), read.previous_span) == ({"serving"}, None)
    assert read.tables["serving"].to_pydict()["words"] == [2] * 20
    assert outcome.summary["references"] == {"serving": 20, "serving, not used": 1}
    assert len(all_texts(outcome)) == 300


def test_a_stratified_sample_has_each_label_as_the_whole(execute, tmp_path):
    rows = [(text, int(number % 16 == 0)) for number, (text, _) in enumerate(reviews(4000))]
    sample = {"fraction": 0.1, "stratify": True}
    outcome = execute(source="files", path=write_csv(tmp_path / "a.csv", rows), sample=sample)
    labels = outcome.summary["labels"]
    assert sum(labels[split]["pos"] for split in SPLITS) == 25
    assert sum(labels[split]["neg"] for split in SPLITS) == 375
    assert outcome.summary["not_sampled"] == 3600


def test_duplicates_stay_where_they_are_only_counted(execute, imdb, tmp_path):
    settings = {"across_splits": "count", "within_split": "count"}
    outcome = execute(source="imdb", path=str(imdb), max_bad_fraction=0.5, duplicates=settings)
    assert outcome.summary["duplicates"] == {}
    assert outcome.summary["repeated"] == {"across_splits": 1, "within_split": 2}
    assert len(outcome.texts("train") + outcome.texts("eval")) == 83


MANY = {"kind": "multilabel", "names": ["rude", "threat"]}


def test_many_labels_a_row(execute, tmp_path):
    lines = [f"comment {number},{number % 2},{int(number % 5 == 0)}" for number in range(400)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["text,is_rude,is_threat", *lines]))
    outcome = execute(source="files", path=str(path), label=["is_rude", "is_threat"], labels=MANY)
    totals = {name: sum(outcome.summary["labels"][split][name] for split in SPLITS) for name in MANY["names"]}
    assert totals == {"rude": 200, "threat": 80}
    assert sum(outcome.summary["examples"].values()) == 400


def test_pairs_of_texts(execute, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,other,label\n" + "".join(f"first {n // 2},second {n},{n % 2}\n" for n in range(200)))
    outcome = execute(source="files", path=str(path), text_pair="other")
    examples = [example for split in SPLITS for example in outcome.examples(split)]
    assert {(example["text"], example["text_pair"]) for example in examples} == {
        (f"first {n // 2}".encode(), f"second {n}".encode()) for n in range(200)
    }
    assert outcome.summary["duplicates"] == {}


def test_nothing_is_left_of_the_shuffle(execute, tmp_path):
    execute(tmp_path / "run", source="files", path=write_csv(tmp_path / "a.csv", reviews()))
    assert not [path for path in (tmp_path / "run").rglob("*") if "spill" in path.name]


def test_several_processes_write_the_same_bytes(execute, tmp_path):
    for part in range(4):
        write_csv(tmp_path / f"{part}.csv", [*reviews(200)[part::4], *reviews(40)])
    data = {"source": "files", "path": str(tmp_path / "*.csv")}
    alone = execute(**data)
    together = execute(
        beam=[
            "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
            "--direct_running_mode=multi_processing",
            "--direct_num_workers=2",
        ],
        **data,
    )
    assert together.files() == alone.files()
    assert together.summary == alone.summary


def test_files_of_no_span_are_compared_with_no_span(execute, spanned, tmp_path):
    test = write_csv(tmp_path / "test.csv", [(f"test {number}", number % 2) for number in range(50)])
    (spanned / "span-1" / "a.csv").unlink()
    outcome = execute(tmp_path / "run", source="files", path=span_path(spanned), test_path=test)
    assert profiles(outcome).previous_span is None
    assert {part: table.num_rows for part, table in profiles(outcome).tables.items()} == {"newest": 300}
    assert outcome.summary["spans"] == {"2": 300}


def test_contradictions_are_found_whether_they_are_sampled_or_not(execute, tmp_path):
    contradicted = [(f"disputed {number}", label) for number in range(300) for label in (0, 1)]
    path = write_csv(tmp_path / "a.csv", [*reviews(1000), *contradicted])
    sample = {"fraction": 0.3, "stratify": True}
    outcome = execute(source="files", path=path, sample=sample, max_bad_fraction=0.9)
    assert not [text for text in all_texts(outcome) if text.startswith("disputed")]
    assert outcome.summary["quarantined"] == {"conflicting labels": 600}


def test_what_users_sent_is_not_sampled(execute, spanned, tmp_path):
    sent = tmp_path / "sent.jsonl"
    sent.write_text("".join(json.dumps({"text": f"sent {number}"}) + "\n" for number in range(50)))
    data = {"path": str(spanned / "span-1" / "a.csv"), "sample": {"fraction": 0.5}, "serving": {"path": str(sent)}}
    assert execute(source="files", **data).summary["references"] == {"serving": 50}


def test_the_version_that_is_read_is_recorded(execute, tmp_path):
    for version in (1, 3):
        (tmp_path / f"span-5-v{version}").mkdir()
        write_csv(tmp_path / f"span-5-v{version}" / "a.csv", reviews())
    artifact = execute(source="files", path=str(tmp_path / "span-{SPAN}-v{VERSION}" / "*.csv")).artifact
    assert (artifact.span, artifact.get_int_custom_property("version")) == (5, 3)


def test_what_an_attempt_that_was_killed_left_behind_does_not_count(execute, spanned, tmp_path):
    (tmp_path / "run" / "profile" / "previous").mkdir(parents=True)
    (tmp_path / "run" / "profile" / "previous" / "00000-00007.parquet").write_bytes(b"half")
    (tmp_path / "run" / "examples" / ".spill").mkdir(parents=True)
    outcome = execute(tmp_path / "run", source="files", path=span_path(spanned))
    assert len(profiles(outcome).tables["previous"]) == 300
    assert not (tmp_path / "run" / "examples" / ".spill").exists()


@pytest.mark.parametrize(("reference", "parts"), [(1, {"newest", "previous"}), (3, {"newest"})])
def test_the_newest_span_is_compared_with_the_reference_and_with_none_if_it_is_its_own(
    execute, spanned, reference, parts
):
    (spanned / "span-3").mkdir()
    write_csv(spanned / "span-3" / "a.csv", reviews(100))
    write_csv(spanned / "span-1" / "a.csv", reviews(200))
    outcome = execute(source="files", path=span_path(spanned), reference_span=reference, window=1)
    assert set(profiles(outcome).tables) == parts
    assert profiles(outcome).previous_span == (1 if reference == 1 else None)
    if reference == 1:
        assert profiles(outcome).tables["previous"].num_rows == 200


def test_a_reference_after_the_newest_span_is_refused(execute, spanned, tmp_path):
    data = {"source": "files", "path": span_path(spanned), "span": 1, "reference_span": 2}
    with pytest.raises(ConfigError, match=r"data\.reference_span is 2, which is after span 1"):
        execute(tmp_path / "run", fingerprint="f", **data)
