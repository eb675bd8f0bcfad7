from __future__ import annotations

from importlib import metadata

import pydantic
import pytest
import yaml

from components.errors import ConfigError
from components.serving_check.releases import release_for
from pipeline.config_file import check, dump_config, load_config, task_names

MINIMAL = {
    "pipeline": {"name": "mine"},
    "data": {"source": "files", "path": "mine.csv"},
    "schema": "generic",
    "gates": {"metrics": {"accuracy": {"at_least": 0.8}}},
}


def settings(**sections):
    return {**MINIMAL, **sections}


@pytest.mark.parametrize("name", task_names())
def test_every_task_that_comes_with_bertline_is_valid_and_gated(name):
    config = load_config(name)
    assert config.pipeline.name == name
    assert config.gates.metrics["accuracy"].at_least is not None
    assert config.gates.metrics["auc"].at_least is not None


def test_the_dump_holds_every_default_and_reads_back_as_the_same_configuration():
    config = load_config("demo")
    dumped = yaml.safe_load(dump_config(config))
    assert dumped["training"]["weight_decay"] == 0.01
    assert dumped["schema"] == "imdb"
    assert check(dumped, "the dump") == config


def test_overrides_are_typed_and_reach_nested_settings():
    config = load_config("demo", ["training.epochs=3", "gates.metrics.accuracy.at_least=0.9", "push.folder=/srv/m"])
    assert config.training.epochs == 3
    assert config.gates.metrics["accuracy"].at_least == 0.9
    assert config.gates.metrics["accuracy"].max_drop == 0.01
    assert str(config.push_folder) == "/srv/m"


def test_where_the_push_folder_is_left_out_it_lies_in_the_pipelines_home():
    config = load_config("demo", ["pipeline.root=/data/runs"])
    assert str(config.push_folder) == "/data/runs/demo/served"


def test_the_release_is_the_installed_tensorflows_unless_it_is_set():
    installed = release_for(metadata.version("tensorflow"))
    assert load_config("demo").serving.release == installed
    assert load_config("demo", ["serving.release='2.14'"]).serving.release == "2.14"


def test_a_truth_value_is_one_where_it_is_meant():
    assert load_config("demo", ["encoder.lower_case=true"]).encoder.lower_case is True


OVERRIDES = ["training.epochs", "=3", "training..epochs=3", "data.source.x=1", "a.b=[1", "data.delimiter=,"]


@pytest.mark.parametrize("override", [*OVERRIDES, "gates.slices.length_band=300+.auc.at_least=0.8"])
def test_a_malformed_override_is_refused_by_name(override):
    with pytest.raises(ConfigError, match=r"--set"):
        load_config("demo", [override])


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"trainig": {}}, ["trainig is no setting", "did you mean training"]),
        ({"training": {"epoch": 2}}, ["training.epoch is no setting", "did you mean epochs"]),
        ({"training": {"zzz": 2}}, ["training.zzz is no setting", "accepted here: epochs"]),
        ({"training": {"epochs": "two"}}, ["training.epochs is 'two'", "integer"]),
        ({"training": {"epochs": 0}}, ["training.epochs is 0", "greater than or equal to 1"]),
        ({"training": {"learning_rate": float("nan")}}, ["training.learning_rate"]),
        ({"encoder": {"max_tokens": 513}}, ["encoder.max_tokens is 513", "512 positions", "set it to 512"]),
        ({"encoder": {"pooling": "max"}}, ["encoder.pooling is 'max'", "'pooled', 'mean' or 'cls'"]),
        ({"gates": {}}, ["gates.metrics is missing"]),
        ({"gates": {"metrics": {}}}, ["gates.metrics"]),
        ({"gates": {"metrics": {"accuracy": {}}}}, ["gates.metrics.accuracy.at_least is missing"]),
        # On a first run nothing is served to compare with: a drop alone would let anything through.
        ({"gates": {"metrics": {"auc": {"max_drop": 0.1}}}}, ["gates.metrics.auc.at_least is missing"]),
        (
            {"gates": {"metrics": {"acuracy": {"at_least": 0.8}}}},
            ["gates.metrics.acuracy: there is no such metric; there are accuracy"],
        ),
        ({"gates": {"metrics": {"log_loss": {"at_least": 0.3}}}}, ["gates.metrics.log_loss.at_least: less is better"]),
        ({"gates": {"metrics": {"ece": {"at_most": 0.1, "above_linear": 0}}}}, ["ece.above_linear: less is better"]),
        ({"gates": {"metrics": {"auc": {"at_least": 0.8, "at_most": 0.9}}}}, ["auc.at_most: more is better"]),
        ({"gates": {"metrics": {"ece": {}}}}, ["gates.metrics.ece.at_most is missing"]),
        ({"gates": {"metrics": {"auc/pos": {"at_least": 0.8}}}}, ["auc/pos is of no label; those with a score", "pos"]),
        ({"gates": {"metrics": {"f1_micro": {"at_least": 0.8}}}}, ["f1_micro is of several labels; set f1"]),
        ({"gates": {"metrics": {"accuracy/pos": {"at_least": 0.8}}}}, ["accuracy/pos: there is no such metric"]),
        ({"gates": {"metrics": {"bpsn_auc": {"at_least": 0.8}}}}, ["bpsn_auc: there is no such metric"]),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "judge_by": "bound", "resamples": 0}},
            ["gates.judge_by is bound, but gates.resamples is 0;", "needs 200 at least"],
        ),
        ({"gates": {"metrics": {"auc": {"at_least": 0.8}}, "forced": "because"}}, ["gates.forced is 'because'"]),
        (
            {
                "gates": {
                    "metrics": {"auc": {"at_least": 0.8}},
                    "identities": {"terms": {"men": ["men"]}},
                    "slices": {"identity=women": {"bpsn_auc": {"at_least": 0.8}}},
                }
            },
            ["gates.slices has 'identity=women'", "identity=men"],
        ),
        (
            {
                "gates": {
                    "metrics": {"auc": {"at_least": 0.8}},
                    "identities": {"terms": {"men": ["men"]}, "label": "neg"},
                }
            },
            ["gates.identities.label is neg; those with a score are ['pos']"],
        ),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "identities": {"terms": {"men": []}}}},
            ["gates.identities.terms.men"],
        ),
        ({"gates": {"metrics": {"auc": {"at_leest": 0.8}}}}, ["at_leest is no setting", "did you mean at_least"]),
        ({"gates": {"metrics": {"auc": {"at_least": 85}}}}, ["gates.metrics.auc.at_least is 85", "less than"]),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "slices": {"words": {"auc": {"at_least": 0.8}}}}},
            ["gates.slices has 'words'", "label=neg", "length_band=300+"],
        ),
        (
            {
                "data": {"source": "files", "path": "x", "length_bands": [50]},
                "gates": {"metrics": {"auc": {"at_least": 0.8}}, "slices": {"length_band=300+": {}}},
            },
            ["gates.slices has 'length_band=300+'", "length_band=0-49, length_band=50+"],
        ),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "slices": {"label=neg": {}}}},
            ["gates.slices.label=neg gates nothing"],
        ),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "slices": {"label=neg": {"auc": {"at_least": 0.8}}}}},
            ["auc has no meaning in a slice of one label"],
        ),
        (
            {
                "labels": {"kind": "multiclass", "names": ["a", "b", "c"]},
                "gates": {"metrics": {"auc": {"at_least": 0.8}}, "slices": {"label=a": {"auc/b": {"at_least": 0.8}}}},
            },
            ["auc/b has no meaning in a slice of one label"],
        ),
        (
            {
                "labels": {"kind": "multilabel", "names": ["a", "b", "c"]},
                "gates": {
                    "metrics": {"auc": {"at_least": 0.8}},
                    "slices": {"label=a": {"auc_pr/a": {"at_least": 0.8}}},
                },
            },
            ["auc_pr/a has no meaning in a slice of one label"],
        ),
        (
            {"gates": {"metrics": {"auc": {"at_least": 0.8}}, "identities": {"terms": {"men": ["men", "<br />"]}}}},
            ["gates.identities.terms.men", "would be found in every text"],
        ),
        (
            {"data": {"source": "files", "path": "x", "text": "a", "label": "a"}},
            ["data.text, data.text_pair and data.label name the column 'a' twice"],
        ),
        ({"data": {"source": "files", "path": "x", "delimiter": '"'}}, ["data.delimiter", "cannot divide columns"]),
        ({"training": {"epochs": True}}, ["training", "epochs is True"]),
        ({"training": {"learning_rate": True}}, ["learning_rate is True"]),
        ({"training": 3}, ["training is 3, but it is a section"]),
        ({"labels": {"names": [False, True]}}, ["labels.names", "put it in quotes"]),
        ({"pipeline": {"name": "x", "root": "gs://bucket"}}, ["pipeline.root is 'gs://bucket'", "local folder"]),
        ({"data": {"source": "files"}}, ["data.path is missing"]),
        ({"data": {"source": "embedded", "path": "x"}}, ["data.path is given"]),
        ({"data": {"source": "files", "path": "x", "span": 3}}, ["data.span is 3, but data.path 'x' has no {SPAN}"]),
        ({"data": {"source": "embedded", "span": 3}}, ["data.span is 3, but data.path has no {SPAN}"]),
        (
            {"data": {"source": "imdb", "path": "x/{SPAN}"}},
            [
                "data.path 'x/{SPAN}' has a place for a span, which data.source imdb does not know",
                "set data.source to files",
            ],
        ),
        ({"data": {"source": "files", "path": "x-{SPAN:a}"}}, ["data.path 'x-{SPAN:a}'", "is written {SPAN}"]),
        ({"data": {"source": "files", "path": "x-{SPAN}*"}}, ["data.path 'x-{SPAN}*'", "put a letter"]),
        ({"data": {"source": "files", "path": "{SPAN}", "span": -1}}, ["data.span is -1: give the number", "latest"]),
        ({"data": {"source": "files", "path": "{SPAN}", "span": "last"}}, ["data.span is 'last': give the number"]),
        ({"data": {"source": "files", "path": "{SPAN}", "span": 1.5}}, ["data.span is 1.5: give the number"]),
        ({"data": {"source": "files", "path": "{SPAN}", "span": True}}, ["data", "span is True"]),
        ({"data": {"source": "files", "path": "{SPAN}", "span": None}}, ["data.span is None: give the number"]),
        ({"data": {"source": "files", "path": "x", "window": 2}}, ["data.window is of spans", "has no {SPAN}"]),
        ({"data": {"source": "files", "path": "{SPAN}", "test_span": "newest"}}, ["leaves nothing to train on"]),
        (
            {"data": {"source": "files", "path": "{SPAN}", "window": 2, "test_span": "newest", "test_path": "y"}},
            ["are both the test split"],
        ),
        ({"data": {"source": "imdb", "path": "x", "text": "review"}}, ["data.text is for data.source files"]),
        ({"data": {"source": "imdb", "path": "x", "columns": ["a"]}}, ["data.columns is for data.source files"]),
        ({"data": {"source": "files", "path": "x", "columns": ["a", "a"]}}, ["data.columns name the column 'a' twice"]),
        ({"data": {"source": "files", "path": "x", "text": "a", "columns": ["a"]}}, ["name the column 'a' twice"]),
        ({"data": {"source": "files", "path": "x", "columns": ["id"]}}, ["'id'", "ours has this name; rename"]),
        ({"data": {"source": "files", "path": "x", "columns": ["identity"]}}, ["'identity'", "ours has this name"]),
        ({"data": {"source": "files", "path": "x", "columns": ["a=b"]}}, ["'a=b'", "only letters, digits, _, - and ."]),
        ({"data": {"source": "files", "path": "x", "columns": ["a,b"]}}, ["'a,b'", "only letters, digits, _, - and ."]),
        ({"data": {"source": "files", "path": "x", "columns": [""]}}, ["only letters, digits, _, - and ."]),
        ({"data": {"source": "files", "path": "x", "label": ["a", "a"]}}, ["name the column 'a' twice"]),
        ({"data": {"source": "files", "path": "x", "sample": {"fraction": 0}}}, ["data.sample.fraction is 0"]),
        (
            {"data": {"source": "files", "path": "x", "duplicates": {"within_split": "keep"}}},
            ["within_split", "'count'"],
        ),
        ({"labels": {"kind": "multiclass", "names": ["a", "b"]}}, ["multiclass has at least 3 name(s)", "gives 2"]),
        ({"labels": {"kind": "multilabel", "names": []}}, ["multilabel has at least 1 name(s)"]),
        ({"data": {"source": "parquet", "path": "x"}}, ["data.source is 'parquet'", "'files'"]),
        ({"data": {"source": "files", "path": "x", "length_bands": [300, 100]}}, ["data.length_bands", "must rise"]),
        ({"labels": {"names": ["a", "a"]}}, ["labels.names", "each name may stand once"]),
        ({"labels": {"names": ["a", "b", "c"]}}, ["labels.names"]),
        ({"labels": {"names": ["a", "b"], "aliases": {"1": "c"}}}, ["labels.aliases names ['c']"]),
        ({"push": {"folder": "gs://bucket/models"}}, ["push.folder is 'gs://bucket/models'", "local folder"]),
        ({"serving": {"release": "3.0"}}, ["serving.release is '3.0'", "from 2.12 to 2.20"]),
        ({"serving": {"release": 2.2}}, ["serving.release is 2.2", "put it in quotes"]),
        ({"serving": {"max_p50_ms": 0}}, ["serving.max_p50_ms is 0", "greater than 0"]),
        ({"serving": {"max_p50_ms": 90, "max_p99_ms": 80}}, ["serving.max_p99_ms 80 is below serving.max_p50_ms 90"]),
        ({"serving": {"examples": 5}}, ["serving.examples is 5", "greater than or equal to 20"]),
        ({"serving": {"p99_ms": 5}}, ["serving.p99_ms is no setting", "did you mean max_p99_ms?"]),
        ({"pipeline": {"name": "My Pipeline"}}, ["pipeline.name is 'My Pipeline'"]),
    ],
)
def test_what_does_not_fit_is_refused_with_key_value_and_remedy(sections, says):
    with pytest.raises(ConfigError) as refusal:
        check(settings(**sections), "mine.yaml")
    assert "mine.yaml is not a valid configuration" in str(refusal.value)
    for words in says:
        assert words in str(refusal.value)


FILES = {"source": "files", "path": "x-{SPAN}", "columns": ["channel"]}


def sliced(data, name):
    gates = {"metrics": {"auc": {"at_least": 0.8}}, "slices": {name: {"auc": {"at_least": 0.8}}}}
    return settings(data=data, gates=gates)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (FILES, "channel=web"),
        (FILES, "channel=(none)"),
        (FILES, "channel=a=b"),
        (FILES, "source=a.csv"),
        (FILES, "span=0"),
        (FILES, "span=20000"),
        ({"source": "embedded"}, "source=embedded"),
    ],
)
def test_slices_of_what_only_the_data_knows_are_taken(data, name):
    assert list(check(sliced(data, name), "mine.yaml").gates.slices) == [name]


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (FILES, "channel=", "channel=VALUE, source=FILE, span=NUMBER"),
        (FILES, "chanel=web", "channel=VALUE"),
        (FILES, "label=good", "label=neg"),
        (FILES, "source=folder/a.csv", "source=FILE"),
        (FILES, "span=-1", "span=NUMBER"),
        (FILES, "span=2026-11-20", "span=NUMBER"),
        ({"source": "files", "path": "x"}, "span=1", "source=FILE"),
        ({"source": "embedded"}, "source=imdb", "source=embedded"),
    ],
)
def test_slices_that_cannot_be_are_refused_with_those_that_can(data, name, says):
    with pytest.raises(ConfigError, match="which is no slice; there are") as refusal:
        check(sliced(data, name), "mine.yaml")
    assert f"gates.slices has '{name}'" in str(refusal.value)
    assert says in str(refusal.value)


def test_every_fault_is_named_at_once():
    with pytest.raises(ConfigError) as refusal:
        check(settings(training={"epochs": 0, "dropout": 2}, labels={"threshold": 0}), "mine.yaml")
    assert all(key in str(refusal.value) for key in ("training.epochs", "training.dropout", "labels.threshold"))


def test_an_unknown_task_lists_those_there_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no configuration nope: .* demo, imdb, imdb-tutorial, quora"):
        load_config("nope")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"- a\n- b\n", "must hold sections"),
        (b"", "must hold sections .* but is empty"),
        (b"a: b\nc: d: e\n", r'mine.yaml", line 2'),
        (b"data: [", "is no YAML"),
        (b"training: {epochs: 1}\ntraining: {epochs: 2}\n", "the key training stands twice"),
        (b"pipeline: \xff", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as refusal:
        load_config(str(path))
    assert "mine.yaml" in str(refusal.value)


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(str(tmp_path))


def test_a_fault_may_come_from_an_override_which_is_then_named():
    with pytest.raises(ConfigError, match=r"the task demo with --set training.epoch=3 is not a valid configuration"):
        load_config("demo", ["training.epoch=3"])


def test_a_configuration_is_final():
    config = load_config("demo")
    with pytest.raises(pydantic.ValidationError):
        config.training.epochs = 9


def test_a_span_is_a_number_or_the_latest():
    path = "data.path=span-{SPAN:3}/*.csv"
    assert load_config("demo").data.span == "latest"
    assert load_config("demo", ["data.source=files", path]).data.span == "latest"
    assert load_config("demo", ["data.source=files", path, "data.span=0"]).data.span == 0
    config = load_config("demo", ["data.source=files", path, "data.span='12'"])
    assert config.data.span == 12
    assert config.data.model_dump(mode="json")["span"] == 12


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a YAML file into the working directory; gives its name."""
    monkeypatch.chdir(tmp_path)

    def layer(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return layer


def test_layers_are_laid_over_the_task_in_their_order_and_overrides_last(write):
    first = write("first.yaml", "training: {epochs: 3, batch_size: 8, seed: 1}\npipeline: {root: /first}\n")
    second = write("second.yaml", "training: {batch_size: 16, seed: 2}\n")
    config = load_config("demo", ["training.seed=3"], [first, second])
    assert (config.training.epochs, config.training.batch_size, config.training.seed) == (3, 16, 3)
    assert (config.pipeline.name, config.pipeline.root) == ("demo", "/first")
    assert load_config("demo", (), [second, first]).training.batch_size == 8
    assert config.training.learning_rate == load_config("demo").training.learning_rate


def test_mappings_are_merged_at_every_depth_and_lists_and_values_replaced(write):
    task = write(
        "task.yaml",
        """
pipeline: {name: mine}
data: {source: files, path: mine.csv, length_bands: [10, 20]}
schema: generic
labels: {aliases: {"1": pos}}
gates:
  metrics: {accuracy: {at_least: 0.8, max_drop: 0.1}, auc: {at_least: 0.7}}
  slices:
    length_band=0-9: {accuracy: {at_least: 0.5}}
samples: [one, two]
""",
    )
    layer = write(
        "layer.yaml",
        """
data: {length_bands: [10]}
labels: {aliases: {"0": neg}}
gates:
  metrics: {accuracy: {at_least: 0.9}}
  slices:
    length_band=0-9: {auc: {at_least: 0.6}}
    length_band=10+: {accuracy: {at_least: 0.4}}
samples: []
""",
    )
    config = load_config(task, layers=[layer])
    assert config.data.length_bands == (10,)
    assert config.labels.aliases == {"1": "pos", "0": "neg"}
    accuracy = config.gates.metrics["accuracy"]
    assert (accuracy.at_least, accuracy.max_drop, config.gates.metrics["auc"].at_least) == (0.9, 0.1, 0.7)
    assert {name: sorted(gates) for name, gates in config.gates.slices.items()} == {
        "length_band=0-9": ["accuracy", "auc"],
        "length_band=10+": ["accuracy"],
    }
    assert config.samples == ()


def test_a_layer_may_bring_a_section_that_the_task_leaves_out_or_empty(write):
    task = write("task.yaml", "training:\n" + yaml.safe_dump(MINIMAL))
    layer = write("layer.yaml", "training: {epochs: 5}\npush: {folder: /srv/models}\n")
    config = load_config(task, layers=[layer])
    assert (config.training.epochs, str(config.push_folder)) == (5, "/srv/models")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "--with layer.yaml must hold sections .* but is empty"),
        ("# nothing\n", "--with layer.yaml must hold sections .* but is empty"),
        ("- a\n", "--with layer.yaml must hold sections .* but holds a list"),
        ("text\n", "--with layer.yaml must hold sections .* but holds a str"),
        ("training: {epochs: 1, epochs: 2}\n", r'the key epochs stands twice in "--with layer.yaml", line 1'),
        ("training: {\n", "--with layer.yaml is no YAML"),
    ],
)
def test_a_layer_that_holds_no_sections_is_refused_by_name(write, text, says):
    good = write("good.yaml", "training: {epochs: 1}\n")
    with pytest.raises(ConfigError, match=says):
        load_config("demo", layers=[good, write("layer.yaml", text)])


def test_a_layer_that_cannot_be_read_is_refused_by_name(write, tmp_path):
    with pytest.raises(ConfigError, match=r"--with gone\.yaml: there is no such file \(seen from "):
        load_config("demo", layers=["gone.yaml"])
    with pytest.raises(ConfigError, match=r"--with .* is a folder; give the path of a YAML file"):
        load_config("demo", layers=[tmp_path])
    # A task's name is no file: one task laid over another is never meant.
    with pytest.raises(ConfigError, match=r"--with imdb: there is no such file"):
        load_config("demo", layers=["imdb"])
    (tmp_path / "latin.yaml").write_bytes(b"pipeline: \xff")
    with pytest.raises(ConfigError, match=r"latin\.yaml is not UTF-8"):
        load_config("demo", layers=["latin.yaml"])


def test_a_fault_is_named_with_all_that_it_may_come_from(write):
    layers = [write("first.yaml", "training: {epoch: 3}\n"), write("second.yaml", "push: {}\n")]
    with pytest.raises(ConfigError) as refusal:
        load_config("demo", ["training.seed=3"], layers)
    assert str(refusal.value).startswith(
        "the task demo with first.yaml with second.yaml with --set training.seed=3 is not a valid configuration:\n"
    )
    assert "training.epoch is no setting; did you mean epochs?" in str(refusal.value)


def test_an_override_of_a_mapping_that_stands_twice_changes_one_of_them(write):
    gates = "gates: {metrics: {accuracy: &floor {at_least: 0.8}, auc: *floor}}\n"
    config = load_config("demo", ["gates.metrics.auc.at_least=0.9"], [write("layer.yaml", gates)])
    assert (config.gates.metrics["accuracy"].at_least, config.gates.metrics["auc"].at_least) == (0.8, 0.9)


def test_a_cluster_is_a_layer_that_other_verbs_may_have_too(write):
    cluster = write("cluster.yaml", "kubeflow: {api: {host: 'https://kfp.example', namespace: reviews}}\n")
    config = load_config("demo", layers=[cluster])
    assert config.kubeflow is not None
    assert config.kubeflow.api.namespace == "reviews"
    assert config.model_copy(update={"kubeflow": None}) == load_config("demo")


def test_the_dump_has_a_section_for_a_cluster_only_where_one_is_given(write):
    assert "kubeflow" not in yaml.safe_load(dump_config(load_config("demo")))
    cluster = write("cluster.yaml", "kubeflow: {api: {namespace: reviews}}\n")
    config = load_config("demo", layers=[cluster])
    dumped = yaml.safe_load(dump_config(config))
    assert dumped["kubeflow"]["api"]["experiment"] == "bertline"
    assert check(dumped, "the dump") == config
