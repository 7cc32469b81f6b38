from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.kernel import Invalid
from antiphon.storage import folder_of, open_cache, open_objects, open_tables, open_workspace


@pytest.mark.parametrize("opened", [open_tables, open_objects, open_cache, open_workspace])
@pytest.mark.parametrize(
    "url", ["", "mysql://localhost", "lmdb", "lmdb:", "lmdb:relative", "/no/scheme", "mongo:/a"]
)
def test_url_of_no_embedded_engine_is_refused_with_a_hint(
    opened: Callable[[str], object], url: str
) -> None:
    with pytest.raises(Invalid, match=r"write \w+:/absolute/folder"):
        opened(url)


@pytest.mark.parametrize("url", ["lmdb:/a/b", "lmdb:///a/b"])
def test_folder_is_what_follows_the_scheme(url: str) -> None:
    assert folder_of(url, scheme="lmdb", port="tables") == Path("/a/b")
