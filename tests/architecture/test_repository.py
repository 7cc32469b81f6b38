"""What must hold for the repository as a whole."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOSTS = ("pythonhosted", "pypi.org", "registry.npmjs", "proxy.golang", "maven.org", "deb.debian")
BUILT = {".whl", ".so", ".pyc", ".zip", ".gz", ".jar"}
MOST_BYTES = 512 * 1024
TEXT = {".py", ".md", ".toml", ".ts", ".svelte", ".json", ".lock", ".css", ".html", ".yaml", ""}


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / line for line in listing.stdout.splitlines()]
    return [f for f in files if f.is_file() and f.suffix in TEXT]


def test_nothing_big_or_built_is_tracked() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    found = [f.name for f in files if f.suffix in BUILT or f.stat().st_size > MOST_BYTES]
    assert found == []


def test_arrows_go_down_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_names_a_package_registry_or_a_place_on_one_machine() -> None:
    found = []
    for file in tracked():
        if file == Path(__file__):
            continue
        text = file.read_text("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {host}" for host in HOSTS if host in text]
        if re.search(r"(?<![\w.])/(?:work|root)/\w", text):
            found.append(f"{file.relative_to(ROOT)}: a path of one machine")
    assert found == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-cluster.lock", "requirements-dev.lock"]
)
def test_python_locks_carry_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    pins = re.findall(r"^[A-Za-z0-9][^\s=]*==\S+ \\$", text, re.MULTILINE)
    assert len(pins) > 20
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_the_player_lock_carries_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert len(packages) > 20
    assert [n for n, p in packages.items() if "resolved" in p] == []
    assert [n for n, p in packages.items() if "integrity" not in p and not p.get("link")] == []


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
        broken += [
            f"{document.relative_to(ROOT)}: {target}"
            for target in targets
            if "://" not in target and not (document.parent / target).exists()
        ]
    assert broken == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(f.name[:4]) for f in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_player_never_renders_markup_from_strings() -> None:
    files = [f for f in (ROOT / "web" / "src").rglob("*") if f.suffix in {".svelte", ".ts"}]
    assert len(files) > 20
    dangerous = re.compile(r"\{@html|innerHTML|insertAdjacentHTML|document\.write|\beval\(")
    assert [str(f) for f in files if dangerous.search(f.read_text("utf-8"))] == []


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (ROOT / "web" / "index.html").read_text("utf-8")
    assert re.search(r"<script(?![^>]*\bsrc=)", page) is None
    assert re.search(r"<style|\sstyle=|\son\w+=", page) is None
