"""Versions come and go without ever leaving a request unanswered. The loader is a stand-in; time is real but short."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import grpc
import pytest
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import ServingError
from serving.server.lifecycle import AVAILABLE, END, LOADING, UNLOADING
from serving.server.manager import Manager


class Loaded:
    def __init__(self, folder):
        self.folder, self.closed = folder, False


class FakeLoader:
    """Loads at once, unless a folder is held back or broken."""

    def __init__(self, max_retries=0, retry_seconds=0.01):
        self.max_retries, self.retry_seconds = max_retries, retry_seconds
        self.turn = asyncio.Lock()
        self.held: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()
        self.attempts: list[str] = []
        self.unloaded: list[str] = []
        self.forgotten: list[int] = []

    async def load(self, model, version, folder):
        name = f"{model}/{version}"
        self.attempts.append(name)
        if name in self.held:
            await self.held[name].wait()
        if name in self.broken:
            raise OSError("damaged")
        return Loaded(folder)

    async def unload(self, servable):
        servable.closed = True
        self.unloaded.append(servable.folder)

    def forget(self, model, version):
        self.forgotten.append(version)


class Served:
    """A manager over base paths in a temporary folder, one for each model."""

    def __init__(self, root, loader=None, labels_for_unavailable=False):
        self.root, self.loader = root, loader or FakeLoader()
        self.manager = Manager(cast(Any, self.loader), labels_for_unavailable)

    def add(self, model, version):
        (self.root / model / str(version)).mkdir(parents=True)

    def remove(self, model, version):
        (self.root / model / str(version)).rmdir()

    def config(self, *models, **settings):
        config = model_server_config_pb2.ModelServerConfig()
        for name in models:
            model = config.model_config_list.config.add(
                name=name, base_path=str(self.root / name), model_platform="tensorflow"
            )
            if "latest" in settings:
                model.model_version_policy.latest.num_versions = settings["latest"]
            model.version_labels.update(settings.get("labels", {}))
        config.model_config_list.SetInParent()
        return config

    async def poll(self):
        await self.manager.poll()
        for _ in range(20):
            await asyncio.sleep(0)

    def states(self, model):
        status = self.manager.status(model_pb2.ModelSpec(name=model))
        return {each.version: each.state for each in status.model_version_status}

    def chosen(self, model, **spec):
        return self.manager.lease(specified(model, **spec)).version.number


async def serving_version_1(root):
    """A model `m` with one version, loaded."""
    served = Served(root)
    served.add("m", 1)
    await served.manager.apply(served.config("m"))
    return served


def specified(name, version=None, label=None):
    spec = model_pb2.ModelSpec(name=name)
    if version is not None:
        spec.version.value = version
    if label is not None:
        spec.version_label = label
    return spec


def refusal(code, action):
    with pytest.raises(ServingError) as raised:
        action()
    assert raised.value.code is code
    return raised.value.message


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


def run(test):
    """A test in an event loop."""

    def wrapper(tmp_path):
        asyncio.run(asyncio.wait_for(test(tmp_path), 30))

    wrapper.__name__ = test.__name__
    return wrapper


@run
async def test_the_latest_version_answers(tmp_path):
    served = Served(tmp_path)
    served.add("m", 3)
    served.add("m", 12)
    await served.manager.apply(served.config("m"))
    assert served.states("m") == {12: AVAILABLE}
    assert served.chosen("m") == 12
    message = refusal(grpc.StatusCode.NOT_FOUND, lambda: served.chosen("m", version=3))
    assert message == "Servable not found for request: Specific(m, 3)"


@run
async def test_a_new_version_takes_over_only_when_it_is_loaded(tmp_path):
    served = await serving_version_1(tmp_path)
    served.loader.held["m/2"] = asyncio.Event()
    served.add("m", 2)
    await served.poll()
    assert served.states("m") == {1: AVAILABLE, 2: LOADING}
    assert served.chosen("m") == 1
    served.manager.lease(specified("m"))  # never released: version 1 stays until it is
    served.loader.held["m/2"].set()
    await served.poll()
    assert served.states("m") == {1: UNLOADING, 2: AVAILABLE}
    assert served.chosen("m") == 2
    assert served.loader.unloaded == []


@run
async def test_an_old_version_is_unloaded_when_its_last_request_is_answered(tmp_path):
    served = await serving_version_1(tmp_path)
    leases = [served.manager.lease(specified("m")) for _ in range(2)]
    served.add("m", 2)
    await served.poll()
    leases[0].release()
    await served.poll()
    assert served.loader.unloaded == []
    assert leases[1].servable is not None
    leases[1].release()
    await served.poll()
    assert served.loader.unloaded == [str(tmp_path / "m" / "1")]
    assert served.states("m") == {1: END, 2: AVAILABLE}


@run
async def test_a_bad_version_changes_nothing_for_users(tmp_path):
    served = Served(tmp_path, FakeLoader(max_retries=2))
    served.add("m", 1)
    await served.manager.apply(served.config("m"))
    served.loader.broken.add("m/2")
    served.add("m", 2)
    await served.poll()
    await asyncio.sleep(0.2)
    assert served.loader.attempts.count("m/2") == 3
    assert served.states("m") == {1: AVAILABLE, 2: END}
    assert served.chosen("m") == 1
    status = served.manager.status(specified("m", version=2)).model_version_status[0].status
    assert status.error_code == grpc.StatusCode.UNKNOWN.value[0]
    assert status.error_message == "OSError: damaged"
    await served.poll()
    assert served.loader.attempts.count("m/2") == 3, "it is not tried again while it lies there"


@run
async def test_a_bad_version_is_given_up_as_soon_as_it_is_gone(tmp_path):
    served = Served(tmp_path, FakeLoader(max_retries=5, retry_seconds=60))
    served.add("m", 1)
    await served.manager.apply(served.config("m"))
    served.loader.broken.add("m/2")
    served.add("m", 2)
    await served.poll()
    served.remove("m", 2)
    await served.poll()
    assert served.states("m") == {1: AVAILABLE, 2: END}
    served.loader.broken.clear()
    served.add("m", 2)
    await served.poll()
    assert served.chosen("m") == 2


@run
async def test_a_rollback_is_the_removal_of_a_version(tmp_path):
    served = Served(tmp_path)
    served.add("m", 1)
    served.add("m", 2)
    await served.manager.apply(served.config("m"))
    served.remove("m", 2)
    await served.poll()
    assert served.chosen("m") == 1
    assert served.states("m") == {1: AVAILABLE, 2: END}


@run
async def test_a_base_path_that_is_away_keeps_what_is_served(tmp_path):
    served = await serving_version_1(tmp_path)
    (tmp_path / "m").rename(tmp_path / "away")
    await served.poll()
    assert served.chosen("m") == 1


@run
async def test_an_empty_base_path_serves_nothing(tmp_path):
    served = await serving_version_1(tmp_path)
    served.remove("m", 1)
    await served.poll()
    assert refusal(grpc.StatusCode.NOT_FOUND, lambda: served.chosen("m")) == (
        "Servable not found for request: Latest(m)"
    )
    assert not served.manager.ready()


@run
async def test_several_versions_where_the_policy_says_so(tmp_path):
    served = Served(tmp_path)
    for version in (1, 2, 3):
        served.add("m", version)
    await served.manager.apply(served.config("m", latest=2))
    assert served.states("m") == {2: AVAILABLE, 3: AVAILABLE}
    await served.manager.apply(served.config("m", latest=2, labels={"stable": 2, "canary": 3}))
    assert served.chosen("m", label="stable") == 2
    assert served.chosen("m", label="canary") == 3
    message = refusal(grpc.StatusCode.INVALID_ARGUMENT, lambda: served.chosen("m", label="beta"))
    assert message == "Unrecognized servable version label: beta"


@run
async def test_a_label_needs_a_version_that_is_available(tmp_path):
    served = Served(tmp_path)
    served.add("m", 1)
    with pytest.raises(ServingError, match="not currently available") as raised:
        await served.manager.apply(served.config("m", labels={"stable": 1}))
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    waiting = Served(tmp_path, labels_for_unavailable=True)
    await waiting.manager.apply(waiting.config("m", labels={"stable": 1}))
    assert waiting.chosen("m", label="stable") == 1


@run
async def test_a_model_that_is_left_out_is_unloaded(tmp_path):
    served = Served(tmp_path)
    served.add("a", 1)
    served.add("b", 1)
    await served.manager.apply(served.config("a", "b"))
    await served.manager.apply(served.config("b"))
    assert served.loader.unloaded == [str(tmp_path / "a" / "1")]
    refusal(grpc.StatusCode.NOT_FOUND, lambda: served.states("a"))
    assert served.chosen("b") == 1
    assert served.loader.attempts.count("b/1") == 1


@run
async def test_a_wrong_configuration_changes_nothing(tmp_path):
    served = await serving_version_1(tmp_path)
    twice = served.config("m", "m")
    with pytest.raises(ServingError, match="Illegal to list model m multiple times"):
        await served.manager.apply(twice)
    assert served.chosen("m") == 1


@run
async def test_a_new_model_that_cannot_be_loaded_is_told(tmp_path):
    served = Served(tmp_path)
    served.add("m", 1)
    served.loader.broken.add("m/1")
    with pytest.raises(ServingError, match=r"1 model\(s\) did not become available: \{\{name: m version: 1\}"):
        await served.manager.apply(served.config("m"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ServingError, match="Unable to find a numerical version path for servable empty"):
        await served.manager.apply(served.config("empty"))


@run
async def test_closing_waits_for_the_last_answer(tmp_path):
    served = await serving_version_1(tmp_path)
    lease = served.manager.lease(specified("m"))
    closing = asyncio.ensure_future(served.manager.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    lease.release()
    await closing
    assert served.loader.unloaded == [str(tmp_path / "m" / "1")]


@run
async def test_a_version_that_is_loading_when_all_ends_is_freed(tmp_path):
    served = Served(tmp_path)
    served.add("m", 1)
    served.loader.held["m/1"] = asyncio.Event()
    await served.manager.apply(served.config("m"), wait=False)
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(served.manager.close())
    await asyncio.sleep(0.01)
    served.loader.held["m/1"].set()
    await closing
    assert served.loader.unloaded == [str(tmp_path / "m" / "1")]


@run
async def test_a_version_that_is_gone_before_its_turn_is_not_loaded(tmp_path):
    served = await serving_version_1(tmp_path)
    served.loader.held["m/2"] = asyncio.Event()
    served.add("m", 2)
    await served.poll()
    served.add("m", 3)
    await served.poll()
    served.remove("m", 3)
    await served.poll()
    served.loader.held["m/2"].set()
    await served.poll()
    assert served.loader.attempts == ["m/1", "m/2"]
    assert served.states("m") == {1: END, 2: AVAILABLE, 3: END}


@run
async def test_ended_versions_do_not_pile_up(tmp_path):
    served = Served(tmp_path)
    for version in range(1, 31):
        served.add("m", version)
        if version == 1:
            await served.manager.apply(served.config("m"))
        else:
            served.remove("m", version - 1)
            await served.poll()
    assert len(served.states("m")) <= 12
    assert served.loader.forgotten[:10] == list(range(1, 11))
    assert served.chosen("m") == 30


@run
async def test_a_version_that_is_wanted_again_while_it_is_unloaded_comes_back(tmp_path):
    served = await serving_version_1(tmp_path)
    lease = served.manager.lease(specified("m"))
    served.add("m", 2)
    await served.poll()
    assert served.states("m") == {1: UNLOADING, 2: AVAILABLE}
    served.remove("m", 2)
    await served.poll()
    lease.release()
    await until(lambda: served.states("m") == {1: AVAILABLE, 2: END})
    assert served.chosen("m") == 1


@run
async def test_the_only_version_that_goes_and_comes_back_is_served_again(tmp_path):
    served = await serving_version_1(tmp_path)
    lease = served.manager.lease(specified("m"))
    served.remove("m", 1)
    await served.poll()
    served.add("m", 1)
    await served.poll()
    lease.release()
    await until(lambda: served.states("m") == {1: AVAILABLE})
    assert served.manager.ready()


@run
async def test_a_failing_version_keeps_nobody_waiting_at_the_end(tmp_path):
    served = Served(tmp_path, FakeLoader(max_retries=5, retry_seconds=1000))
    served.add("m", 1)
    served.loader.held["m/1"] = asyncio.Event()
    served.loader.broken.add("m/1")
    await served.manager.apply(served.config("m"), wait=False)
    await until(lambda: served.loader.attempts == ["m/1"])
    closing = asyncio.ensure_future(served.manager.close())
    await asyncio.sleep(0.01)
    served.loader.held["m/1"].set()
    await closing  # a thousand seconds are more than a test is given
    assert served.loader.attempts == ["m/1"]


@run
async def test_a_reload_whose_model_vanishes_ends(tmp_path):
    served = Served(tmp_path, FakeLoader(max_retries=5, retry_seconds=1000))
    served.add("m", 1)
    served.loader.broken.add("m/1")
    reload = asyncio.ensure_future(served.manager.apply(served.config("m")))
    await until(lambda: served.loader.attempts == ["m/1"])
    served.remove("m", 1)
    await served.poll()
    with pytest.raises(ServingError, match="Unable to find a numerical version path"):
        await reload


@run
async def test_two_reloads_at_once_do_not_trip_over_each_other(tmp_path):
    served = Served(tmp_path)
    served.add("a", 1)
    served.add("b", 1)
    await served.manager.apply(served.config("a"))
    lease = served.manager.lease(specified("a"))
    first = asyncio.ensure_future(served.manager.apply(served.config("b")))
    await asyncio.sleep(0.05)
    await served.manager.apply(served.config())
    lease.release()
    with pytest.raises(ServingError, match="Unable to find"):
        await first


@run
async def test_a_path_that_cannot_be_changes_nothing(tmp_path):
    served = await serving_version_1(tmp_path)
    wrong = served.config("m")
    wrong.model_config_list.config.add(name="z", base_path="/a\0b", model_platform="tensorflow")
    with pytest.raises(ServingError, match="holds a NUL"):
        await served.manager.apply(wrong)
    await served.poll()
    assert served.chosen("m") == 1


@run
async def test_looking_for_versions_goes_on_whatever_happens(tmp_path):
    served = await serving_version_1(tmp_path)
    looks = []

    async def look():
        looks.append(len(looks))
        raise RuntimeError("a file system gone mad")

    served.manager.poll = look
    looking = asyncio.ensure_future(served.manager.poll_forever(0.01))
    await until(lambda: len(looks) > 2)
    assert not looking.done()
    looking.cancel()


@run
async def test_a_change_of_models_is_told_to_who_reports_health(tmp_path):
    served = Served(tmp_path)
    served.add("a", 1)
    (tmp_path / "b").mkdir()
    with pytest.raises(ServingError):
        await served.manager.apply(served.config("a", "b"))
    assert not served.manager.ready()
    served.manager.changed.clear()
    await served.manager.apply(served.config("a"))
    assert served.manager.changed.is_set()
    assert served.manager.ready()


@run
async def test_a_deprecated_type_stands_for_the_platform(tmp_path):
    served = Served(tmp_path)
    served.add("m", 1)
    config = served.config("m")
    model = config.model_config_list.config[0]
    model.model_type = model_server_config_pb2.TENSORFLOW
    with pytest.raises(ServingError, match="Illegal setting both"):
        await served.manager.apply(config)
    model.model_platform = ""
    await served.manager.apply(config)
    assert served.chosen("m") == 1
