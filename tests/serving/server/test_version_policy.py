import pytest
from tensorflow_serving.config import file_system_storage_path_source_pb2

from serving.server.version_policy import aspired_versions, present_versions, version_folder

Policy = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


def test_only_numbered_folders_are_versions(tmp_path):
    for name in ("3", "0012", ".push-4", "5.tmp", "x", "-1", "²", str(2**63)):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a file")
    assert present_versions(str(tmp_path)) == [3, 12]
    assert version_folder(str(tmp_path), 12) == str(tmp_path / "0012")


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        present_versions(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="no folder of version 1"):
        version_folder(str(tmp_path), 1)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), [9]),
        (Policy(latest=Policy.Latest()), [9]),
        (Policy(latest=Policy.Latest(num_versions=2)), [5, 9]),
        (Policy(latest=Policy.Latest(num_versions=8)), [1, 5, 9]),
        (Policy(all=Policy.All()), [1, 5, 9]),
        (Policy(specific=Policy.Specific(versions=[5, 7])), [5]),
    ],
)
def test_policy_takes_its_part(policy, expected):
    assert aspired_versions([1, 5, 9], policy) == expected


def test_nothing_present_is_nothing_aspired():
    assert aspired_versions([], Policy()) == []
