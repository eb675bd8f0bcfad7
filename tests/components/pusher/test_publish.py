from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from components import model_folder
from components.errors import PushError
from components.pusher import publish
from tests.components.pusher.fake_model import write_fake_model


@pytest.fixture
def model(tmp_path):
    return write_fake_model(tmp_path / "model", "weights", shards=2)


@pytest.fixture
def base(tmp_path):
    return tmp_path / "serving" / "reviews"


def _served_digest(base):
    version = model_folder.latest_complete(base)
    return None if version is None else model_folder.model_digest(model_folder.version_folder(base, version))


def _accept(folder):
    """A probe that any model passes."""


def _publish(model, base):
    """A push of a model that was compared with what is served now."""
    return publish.publish(model, base, _served_digest(base), _accept)


def _hidden(base):
    return [child.name for child in base.iterdir() if child.name.startswith(".push-")]


def test_the_first_push_makes_the_folder_and_a_version_of_this_second(model, base):
    before = int(time.time())
    push = _publish(model, base)
    assert push.status == publish.PUSHED
    assert before <= push.version <= int(time.time())
    assert push.folder == str(base / str(push.version))
    assert push.digest == model_folder.model_digest(model) == model_folder.model_digest(push.folder)
    assert model_folder.versions(base) == [push.version]
    assert _hidden(base) == []


def test_every_file_arrives_with_its_content(model, base):
    push = _publish(model, base)
    expected = {path.relative_to(model): path.read_bytes() for path in model.rglob("*") if path.is_file()}
    target = base / str(push.version)
    assert {path.relative_to(target): path.read_bytes() for path in target.rglob("*") if path.is_file()} == expected


def test_another_user_can_read_it_as_any_new_file(model, base):
    (model / "saved_model.pb").chmod(0o600)
    umask = os.umask(0o022)
    try:
        push = _publish(model, base)
    finally:
        os.umask(umask)
    folder = base / str(push.version)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "saved_model.pb").stat().st_mode & 0o777 == 0o644


def test_the_served_model_is_not_pushed_again(model, base):
    first = _publish(model, base)
    second = _publish(model, base)
    assert second == publish.Push(publish.UNCHANGED, first.version, first.folder, first.digest)
    assert model_folder.versions(base) == [first.version]


def test_versions_grow_within_one_second(tmp_path, base):
    pushes = [_publish(write_fake_model(tmp_path / str(i), f"weights {i}"), base) for i in range(4)]
    versions = [push.version for push in pushes]
    assert versions == sorted(set(versions))


def test_versions_grow_past_a_higher_number_of_somebody_elses(model, base):
    future = int(time.time()) + 10**9
    (base / str(future)).mkdir(parents=True)
    assert _publish(model, base).version == future + 1


def test_versions_grow_where_the_clock_was_set_back(model, base, monkeypatch):
    (base / "5000").mkdir(parents=True)
    monkeypatch.setattr(publish.time, "time", lambda: 4000.0)
    assert _publish(model, base).version == 5001


def test_an_older_equal_version_is_rolled_forward_again(model, tmp_path, base):
    first = _publish(model, base)
    other = _publish(write_fake_model(tmp_path / "other", "other"), base)
    third = _publish(model, base)
    assert third.status == publish.PUSHED
    assert first.version < other.version < third.version


def test_a_half_copied_version_is_neither_served_nor_reused(model, base):
    first = _publish(model, base)
    (base / str(first.version + 1000)).mkdir()
    assert _publish(model, base) == publish.Push(publish.UNCHANGED, first.version, first.folder, first.digest)


def test_a_url_is_refused(model):
    with pytest.raises(PushError, match="gs://bucket/reviews is a URL"):
        publish.publish(model, "gs://bucket/reviews", None, _accept)


def test_a_folder_that_cannot_be_made_is_named_with_a_remedy(model, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(PushError, match=r"push\.folder: cannot publish to .*file/reviews.*grant the right to write"):
        _publish(model, tmp_path / "file" / "reviews")


def test_a_full_disk_leaves_nothing_half_made(model, base, monkeypatch):
    served = _publish(write_fake_model(base.parent / "served", "served"), base)
    copyfile = shutil.copyfile

    def copy_until_full(source, target):
        if source.name.startswith("variables.data"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        return copyfile(source, target)

    monkeypatch.setattr(publish.shutil, "copyfile", copy_until_full)
    with pytest.raises(PushError, match=r"No space left on device.*free space there"):
        _publish(model, base)
    assert model_folder.versions(base) == [served.version]
    assert _hidden(base) == []


def test_a_copy_that_differs_from_the_model_never_becomes_visible(model, base, monkeypatch):
    monkeypatch.setattr(publish.shutil, "copyfile", lambda source, target: target.write_text("garbage"))
    with pytest.raises(PushError, match="not those of the model that was evaluated"):
        _publish(model, base)
    assert model_folder.versions(base) == []
    assert _hidden(base) == []


def test_a_killed_push_shows_nothing_and_the_next_one_clears_up(model, base):
    code = (
        "import sys, time\n"
        "from components.pusher import publish\n"
        "probe = lambda _: (print('copied', flush=True), time.sleep(60))\n"
        "publish.publish(sys.argv[1], sys.argv[2], None, probe)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(model), str(base)], stdout=subprocess.PIPE) as push:
        assert push.stdout is not None
        assert push.stdout.readline() == b"copied\n"
        push.send_signal(signal.SIGKILL)
    assert model_folder.versions(base) == []
    assert len(_hidden(base)) == 1
    assert _publish(model, base).status == publish.PUSHED
    assert _hidden(base) == []


def _publish_first(folder, base, results):
    try:
        results.put(publish.publish(write_fake_model(folder, str(folder)), base, None, _accept).status)
    except PushError as error:
        results.put(str(error))


def test_of_first_pushes_at_the_same_time_one_is_published_and_the_others_are_told(tmp_path, base):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    pushes = [context.Process(target=_publish_first, args=(tmp_path / f"own{i}", base, results)) for i in range(4)]
    for push in pushes:
        push.start()
    outcomes = [results.get(timeout=60) for _ in pushes]
    for push in pushes:
        push.join()
    [version] = model_folder.versions(base)
    assert outcomes.count(publish.PUSHED) == 1
    assert sum(f"version {version} came to be served" in outcome for outcome in outcomes) == 3
    assert model_folder.is_complete(base / str(version))
    assert _hidden(base) == []


def test_the_copy_is_proved_whole_while_it_is_hidden(model, base):
    proved = []

    def probe(folder):
        proved.append((model_folder.model_digest(folder), model_folder.versions(base)))

    push = publish.publish(model, base, None, probe)
    assert proved == [(push.digest, [])]


def test_a_copy_that_fails_its_proof_never_becomes_visible(model, base, tmp_path):
    served = _publish(write_fake_model(tmp_path / "served", "served"), base)

    def probe(folder):
        raise PushError("it answers nothing")

    with pytest.raises(PushError, match="it answers nothing"):
        publish.publish(model, base, served.digest, probe)
    assert model_folder.versions(base) == [served.version]
    assert _hidden(base) == []


def test_a_model_that_was_published_after_the_comparison_is_not_replaced(model, base, tmp_path):
    compared = _publish(write_fake_model(tmp_path / "compared", "compared"), base)
    newer = _publish(write_fake_model(tmp_path / "newer", "newer"), base)
    expected = rf"push\.folder: version {newer.version} came to be served in .* while this run went on; start a new run"
    for digest in (None, compared.digest):
        with pytest.raises(PushError, match=expected):
            publish.publish(model, base, digest, _accept)
    assert model_folder.latest(base) == newer.version


def test_nothing_is_published_where_the_model_compared_with_was_removed(model, base):
    with pytest.raises(PushError, match="was removed while this run went on; start a new run"):
        publish.publish(model, base, "digest of a model that is gone", _accept)
    assert model_folder.versions(base) == []


def test_the_model_compared_with_may_have_another_version_by_now(model, base, tmp_path):
    compared = _publish(write_fake_model(tmp_path / "compared", "compared"), base)
    (base / str(compared.version)).rename(base / str(compared.version + 5))
    assert publish.publish(model, base, compared.digest, _accept).status == publish.PUSHED


def test_what_is_served_is_unchanged_whatever_it_was_compared_with(model, base):
    served = _publish(model, base)
    push = publish.publish(model, base, "digest of another model", _accept)
    assert push == publish.Push(publish.UNCHANGED, served.version, served.folder, served.digest)


def test_past_the_highest_version_there_is_none(model, base):
    (base / str(2**63 - 2)).mkdir(parents=True)
    assert _publish(model, base).version == 2**63 - 1
    other = write_fake_model(base.parent / "other", "other")
    with pytest.raises(PushError, match=rf"push\.folder: .* holds version {2**63 - 1}, and .* no higher .*; rename"):
        _publish(other, base)
    assert model_folder.latest(base) == 2**63 - 1
    assert _hidden(base) == []


def test_a_run_that_is_tried_again_after_it_published_has_published(model, base):
    first = publish.publish(model, base, None, _accept, run="run-1")
    again = publish.publish(model, base, None, _accept, run="run-1")
    assert again == first
    assert again.status == publish.PUSHED
    other = publish.publish(model, base, first.digest, _accept, run="run-2")
    assert other.status == publish.UNCHANGED
    assert publish.publish(model, base, first.digest, _accept).status == publish.UNCHANGED


def test_a_run_that_was_killed_before_its_version_appeared_publishes_it_when_tried_again(model, base):
    def die(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish.publish(model, base, None, die, run="run-1")
    assert publish.publish(model, base, None, _accept, run="run-2").status == publish.PUSHED
    assert publish.publish(model, base, None, _accept, run="run-1").status == publish.UNCHANGED
