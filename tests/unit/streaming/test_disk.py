"""Files are read at once where that costs no waiting."""

import os

import pytest

from antiphon.streaming.disk import read_if_in_memory


def test_a_file_that_was_just_written_is_read(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(b"0123456789")
    assert read_if_in_memory(str(file), 10) == b"0123456789"


def test_a_file_that_only_the_disk_has_is_left_alone(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(os.urandom(200_000))
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert read_if_in_memory(str(file), 200_000) is None


def test_a_file_of_another_size_is_not_what_was_meant(tmp_path):
    file = tmp_path / "segment"
    file.write_bytes(b"0123456789")
    with pytest.raises(ValueError, match="as long as"):
        read_if_in_memory(str(file), 11)


def test_a_file_that_is_gone_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_if_in_memory(str(tmp_path / "segment"), 1)
