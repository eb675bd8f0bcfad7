from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from components.exploration.exploration import Exploration
from components.exploration.measure import Task, measure
from components.features import NO_LABEL
from tests.components.exploration.examples import Text, write_split
from tests.components.exploration.making import account, explore

NAMES = ("red", "green", "blue")


def generated(texts: int, seed: int, *, many: bool = False) -> list[Text]:
    source = random.Random(seed)
    made = []
    for place in range(texts):
        words = " ".join(f"w{source.randrange(999)}" for _ in range(1 + int(source.paretovariate(0.8)) % 900))
        held = tuple(name for name in NAMES if source.random() < 0.3) if many else (source.choice(NAMES),)
        rate = source.choice((0.0, 0.0, 0.25))
        made.append(Text(f"{place} {seed} {words}", held, source.randrange(3, 700), rate, source.randrange(3)))
    return made


@pytest.fixture(scope="module")
def texts() -> dict[str, list[Text]]:
    return {"train": generated(2500, 1), "eval": generated(300, 2), "test": generated(301, 3)}


@pytest.fixture(scope="module")
def exploration(texts: dict[str, list[Text]], tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    return explore(tmp_path_factory.mktemp("examples"), texts, "multiclass", NAMES, 200)


def test_figures_are_numpys(texts: dict[str, list[Text]], exploration: Exploration):
    for group in exploration.splits:
        of_split = texts[group.name]
        expected = {
            "words": [len(text.text.split()) for text in of_split],
            "characters": [len(text.text) for text in of_split],
            "tokens": [text.tokens for text in of_split],
        }
        assert group.texts == len(of_split)
        assert set(group.quantities) == set(expected)
        for quantity, values in expected.items():
            known = group.quantities[quantity]
            assert known.mean == pytest.approx(np.mean(values))
            assert (known.minimum, known.maximum) == (min(values), max(values))
            percentiles = (known.p50, known.p75, known.p90, known.p95, known.p99)
            assert percentiles == pytest.approx(np.percentile(values, (50, 75, 90, 95, 99)))
        tokens = np.array(expected["tokens"])
        assert group.truncated == {limit: (tokens > limit).mean() for limit in (128, 200, 256, 512)}
        assert group.unknown_rate == pytest.approx(np.mean([text.unknown_rate for text in of_split]))
        assert group.with_unknown == np.mean([text.unknown_rate > 0 for text in of_split])


def test_every_text_is_in_a_bin(texts: dict[str, list[Text]], exploration: Exploration):
    for quantity, length in (
        ("words", lambda text: len(text.text.split())),
        ("characters", lambda text: len(text.text)),
    ):
        known = exploration.histograms[quantity]
        for split, counts in known.counts.items():
            expected, _ = np.histogram([length(text) for text in texts[split]], bins=[*known.edges[:-1], np.inf])
            assert list(counts) == expected.tolist()
            assert sum(counts) == len(texts[split])
            assert max(length(text) for text in texts[split]) < known.edges[-1]


def test_labels_and_spans_are_counted(texts: dict[str, list[Text]], exploration: Exploration):
    for split, of_split in texts.items():
        assert exploration.labels[split] == {name: sum(name in text.labels for text in of_split) for name in NAMES}
        assert exploration.labels_per_text[split] == {1: len(of_split)}
    assert exploration.spans == {
        span: {split: sum(text.span == span for text in of_split) for split, of_split in texts.items()}
        for span in range(3)
    }


def test_groups_by_label_are_over_all_splits(texts: dict[str, list[Text]], exploration: Exploration):
    assert [group.name for group in exploration.by_label] == list(NAMES)
    everything = [text for of_split in texts.values() for text in of_split]
    for group in exploration.by_label:
        tokens = [text.tokens or 0 for text in everything if group.name in text.labels]
        assert group.texts == len(tokens)
        assert group.quantities["tokens"].p95 == pytest.approx(np.percentile(tokens, 95))


def test_the_longest_and_the_shortest_are_shown(texts: dict[str, list[Text]], exploration: Exploration):
    lengths = sorted(len(text.text) for of_split in texts.values() for text in of_split)
    assert [excerpt.characters for excerpt in exploration.longest] == lengths[:-6:-1]
    assert [excerpt.characters for excerpt in exploration.shortest] == lengths[:5]
    assert all(len(excerpt.text) <= 280 for excerpt in exploration.longest)


def test_samples_do_not_depend_on_files_or_order(
    texts: dict[str, list[Text]], exploration: Exploration, tmp_path: Path
):
    examples = {
        split: write_split(tmp_path / split, reversed(of_split), NAMES, shards=3) for split, of_split in texts.items()
    }
    again = measure(Task("task", "multiclass", NAMES, 200), examples, account())
    assert again.to_dict() == exploration.to_dict()
    for name, excerpts in again.samples.items():
        assert [excerpt.id for excerpt in excerpts] == sorted(excerpt.id for excerpt in excerpts)
        assert all(name in excerpt.labels for excerpt in excerpts)


def test_texts_with_many_labels_and_none(tmp_path: Path):
    texts = generated(400, 4, many=True)
    found = explore(tmp_path, {"train": texts}, "multilabel", NAMES)
    assert found.labels["train"] == {name: sum(name in text.labels for text in texts) for name in NAMES}
    assert found.labels_per_text["train"] == {
        count: sum(len(text.labels) == count for text in texts)
        for count in sorted({len(text.labels) for text in texts})
    }
    assert [group.name for group in found.by_label] == [*NAMES, NO_LABEL]
    for group in found.by_label:
        held = [text for text in texts if group.name in (text.labels or (NO_LABEL,))]
        assert group.texts == len(held)
        assert group.quantities["tokens"].mean == pytest.approx(np.mean([text.tokens or 0 for text in held]))
    assert all(not excerpt.labels for excerpt in found.samples[NO_LABEL])


def test_what_stands_several_times_is_counted_and_shown(tmp_path: Path):
    texts = [Text("Often said"), Text("often  SAID"), Text("often said"), Text("once"), Text("twice"), Text("twice")]
    found = explore(tmp_path, {"train": texts, "test": [Text("twice", ("pos",)), Text("other")]})
    assert found.repeats == 4
    assert {(repeat.times, repeat.excerpt.text.casefold()) for repeat in found.repeated} == {
        (3, "often said"), (3, "twice"),
    }  # fmt: skip
    assert len({excerpt.id for excerpt in found.longest}) == len(found.longest)


def test_empty_and_missing_splits(tmp_path: Path):
    examples = {"train": write_split(tmp_path / "train", []), "eval": str(tmp_path / "nowhere")}
    found = measure(Task("task", "binary", ("neg", "pos"), 128), examples, account(rows=0))
    assert found.texts == 0
    assert found.sizes == {"train": 0, "eval": 0}
    assert found.labels == {"train": {"neg": 0, "pos": 0}, "eval": {"neg": 0, "pos": 0}}
    assert found.longest == found.repeated == ()
    json.dumps(found.to_dict(), allow_nan=False)


def test_progress_adds_up(texts: dict[str, list[Text]], tmp_path: Path):
    seen: list[int] = []
    examples = {"train": write_split(tmp_path / "train", texts["train"], NAMES)}
    measure(Task("task", "multiclass", NAMES, 128), examples, account(), seen.append)
    assert sum(seen) == len(texts["train"])
    assert len(seen) > 1


def test_pairs_are_kept(tmp_path: Path):
    found = explore(tmp_path, {"train": [Text("question", text_pair="answer"), Text("alone")]})
    assert {(excerpt.text, excerpt.text_pair) for excerpt in found.longest} == {("question", "answer"), ("alone", None)}


def test_as_json_the_figures_stay(exploration: Exploration):
    values = json.loads(json.dumps(exploration.to_dict(), allow_nan=False))
    assert values["splits"][0]["truncated"]["128"] == exploration.splits[0].truncated[128]
    assert values["histograms"]["words"]["edges"] == list(exploration.histograms["words"].edges)
