"""Settings: one frozen value, read once from ``antiphon.toml``, ``ANTIPHON_*`` and the command."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from antiphon.audio import Rung
from antiphon.identity import Provider
from antiphon.kernel import Invalid

_PREFIX = "ANTIPHON_"
_HANDOVER = "ANTIPHON_SETTINGS_JSON"
OWN_FILE = "antiphon.toml"
"""The settings file of a data folder."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an installation can choose.

    Engine URLs left empty mean the embedded drivers below ``data``. ``http_workers`` and
    ``audio_workers`` of 0 mean one per core, at most two for HTTP. ``keep_events_days`` and
    ``keep_events_mb`` (for each topic) bound the embedded event log; 0 means no bound.
    ``objects_warm`` and ``objects_cold`` are stores for media that is played less: hot is what was
    packaged, or played ``hot_plays`` times, in the last ``hot_days``, cold what was neither for
    ``cold_days``. Of cold songs only ``cold_rungs`` are kept; empty means all. Rungs are
    looked after every ``tiering_minutes`` (0: never), stores at every 24th time, at so many MB a
    second at most.
    ``protect`` says what is encrypted: what labels delivered, everything or nothing;
    ``key_encryption`` is what wraps content keys (``file:``, ``age:``, ``command:``; a file in
    ``data`` where empty) and ``key_encryption_before`` what wrapped them before. With
    ``speke_url`` a DRM key server gives the content keys, asked with ``speke_headers`` (lines
    ``Name: value``) for ``speke_systems``; without ``clear_key`` keys come by those systems only.
    ``party_id`` is this service's own DDEX party id (``PADPIDA...``): deals that name services are
    compared with it, and it stands in reports. ``ern_schemas`` is a folder with DDEX's XSDs, to
    check label messages by. ``openid`` are providers by way of which people sign in, tables
    ``[[openid]]`` of the file.
    ``secret_file`` is the secret that all machines of an installation have; ``secret`` in ``data``
    where empty. Told to stop, a server is unready for ``drain_seconds`` before it stops, so that
    balancers send nobody there. ``archive_seconds``: events are archived at latest so long after
    they happen; 0 means that they are not. ``spatial_cores``: how many cores live spatial sound may
    keep busy on a machine, all HTTP workers together; 0 means that there is none. ``recogniser``
    hears what listeners say where their devices do not: ``pocketsphinx:`` or an operator's own
    ``wyoming://host:port``. Voice satellites may speak for ``wyoming_user`` (empty: none may) at
    ``wyoming_host`` and ``wyoming_port``; the protocol protects nothing, so another host than this
    machine itself needs ``wyoming_trusted_network``.
    ``siri_bundle_id`` is the app that the vendor of HomePods knows, and
    ``siri_key`` its private key (P-256; PEM or a file of it): with both, speakers may ask directly.
    """

    data: str = "data"
    host: str = "127.0.0.1"
    port: int = 8484
    public_url: str = ""
    tables: str = ""
    objects: str = ""
    cache: str = ""
    events: str = ""
    objects_warm: str = ""
    objects_cold: str = ""
    workspace: str = ""
    search: str = ""
    music: tuple[str, ...] = ()
    demo: bool = False
    watch: bool = True
    roles: tuple[str, ...] = ("music", "audio", "events")
    http_workers: int = 0
    audio_workers: int = 0
    trusted_proxies: tuple[str, ...] = ()
    keep_events_days: int = 90
    keep_events_mb: int = 1024
    hot_days: float = 30
    cold_days: float = 180
    hot_plays: int = 1
    cold_rungs: tuple[Rung, ...] = ()
    tiering_minutes: float = 60
    tiering_mb_per_second: float = 20
    protect: Literal["labels", "everything", "nothing"] = "labels"
    key_encryption: str = ""
    key_encryption_before: str = ""
    party_id: str = ""
    ern_schemas: str = ""
    speke_url: str = ""
    clear_key: bool = True
    speke_headers: tuple[str, ...] = ()
    speke_systems: tuple[Literal["fairplay", "widevine", "playready"], ...] = (
        "fairplay",
        "widevine",
        "playready",
    )
    openid: tuple[Provider, ...] = ()
    secret_file: str = ""
    drain_seconds: float = 0
    archive_seconds: float = 0
    spatial_cores: float = 1
    recogniser: str = "pocketsphinx:"
    wyoming_user: str = ""
    wyoming_host: str = "127.0.0.1"
    wyoming_port: int = 10_310
    wyoming_trusted_network: bool = False
    siri_bundle_id: str = ""
    siri_key: str = ""
    log_format: str = "auto"
    log_level: str = "info"

    @property
    def data_path(self) -> Path:
        """Return the data folder, absolute."""
        return Path(self.data).absolute()

    def engine_url(self, port: str) -> str:
        """Return the URL of the engine behind ``port`` (tables, objects, cache, ...)."""
        chosen: str = getattr(self, port)
        return chosen or _embedded(self.data_path)[port]

    @property
    def shares_log(self) -> bool:
        """Say whether other machines may read and write the same event log."""
        return not self.engine_url("events").startswith("lmdb:")

    def http_worker_count(self) -> int:
        """Return how many HTTP worker processes to run."""
        return self.http_workers or min(2, os.cpu_count() or 1)

    def audio_worker_count(self) -> int:
        """Return how many audio worker processes to run."""
        return self.audio_workers or (os.cpu_count() or 1)


def _embedded(data: Path) -> dict[str, str]:
    return {
        "tables": f"lmdb:{data / 'tables'}",
        "objects": f"file:{data / 'objects'}",
        "cache": f"memory:{data / 'run'}",
        "events": f"lmdb:{data / 'events'}",
        "workspace": f"file:{data / 'workspace'}",
        "search": f"tantivy:{data / 'search'}",
    }


def load_settings(
    *, file: Path | None = None, env: Mapping[str, str] | None = None, **chosen: Any
) -> Settings:
    """Return settings; the command wins over the environment, that over the file.

    The file is the one named, or else ``antiphon.toml`` in the current folder; what it leaves open
    may stand in ``antiphon.toml`` in the data folder, so that what an installation is goes with it.
    Raises ``Invalid`` with the name of what is wrong.
    """
    env = os.environ if env is None else env
    values = _from_file(file, env) | _from_env(env)
    values |= {name: value for name, value in chosen.items() if value is not None}
    return _convert(_of_data_folder(values) | values)


def settings_at(place: Path) -> Settings:
    """Return the settings of the installation in a data folder, or of a settings file.

    Nothing else counts, as more than one installation may be meant: no environment, no file in the
    current folder.
    """
    if place.suffix == ".toml":
        return load_settings(file=place, env={})
    values = {"data": str(place)}
    return _convert(_of_data_folder(values) | values)


def handed_over(env: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that a parent process passed on by ``hand_over``."""
    source = os.environ if env is None else env
    try:
        return msgspec.json.decode(source[_HANDOVER], type=Settings)
    except KeyError:
        return load_settings(env=source)


def hand_over(settings: Settings) -> dict[str, str]:
    """Return the environment variable by which a child process gets these settings."""
    return {_HANDOVER: msgspec.json.encode(settings).decode()}


def _from_file(file: Path | None, env: Mapping[str, str]) -> dict[str, Any]:
    path = file or Path(env.get(_PREFIX + "CONFIG", "antiphon.toml"))
    if not path.exists():
        if file is not None:
            raise Invalid(f"There is no settings file {path}.")
        return {}
    return _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Invalid(f"{path} is not valid TOML: {fault}") from fault


def _of_data_folder(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file in the data folder says; it cannot name another folder."""
    folder = Path(str(values.get("data", "data")))
    found = read_own_file(folder)
    if "data" in found:
        path = folder / OWN_FILE
        raise Invalid(f"{path} stands in the data folder and cannot name one: remove data.")
    return found


def read_own_file(folder: Path) -> dict[str, Any]:
    """Return what the settings file in a data folder says; nothing where there is none."""
    path = folder / OWN_FILE
    return _read(path) if path.exists() else {}


def _from_env(env: Mapping[str, str]) -> dict[str, Any]:
    lists = {"music", "roles", "trusted_proxies", "speke_headers", "speke_systems", "cold_rungs"}
    separators = {"music": os.pathsep, "speke_headers": "\n"}
    values: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        raw = env.get(_PREFIX + name.upper())
        if raw is None:
            continue
        values[name] = raw.split(separators.get(name, ",")) if name in lists else raw
    return values


def _convert(values: dict[str, Any]) -> Settings:
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as fault:
        raise Invalid(f"A setting is wrong: {fault}.") from fault
    if bool(settings.siri_bundle_id) != bool(settings.siri_key):
        raise Invalid("A setting is missing: siri_bundle_id and siri_key go together.")
    unknown = set(settings.roles) - {"music", "audio", "events"}
    if unknown:
        raise Invalid(f"There is no role {min(unknown)!r}: choose from music, audio, events.")
    return settings
