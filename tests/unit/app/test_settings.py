from pathlib import Path

import pytest

from antiphon.app.settings import hand_over, handed_over, load_settings
from antiphon.kernel import Invalid


def test_the_command_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "antiphon.toml"
    file.write_text('port = 1\nhost = "a"\ndata = "from-file"\n')
    env = {"ANTIPHON_PORT": "2", "ANTIPHON_HOST": "b"}
    settings = load_settings(file=file, env=env, port=3)
    assert (settings.port, settings.host, settings.data) == (3, "b", "from-file")


def test_engines_default_to_the_embedded_drivers_below_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(env={}, data=str(tmp_path))
    assert settings.engine_url("tables") == f"lmdb:{tmp_path / 'tables'}"
    assert settings.engine_url("objects") == f"file:{tmp_path / 'objects'}"


def test_an_engine_url_replaces_the_embedded_driver() -> None:
    settings = load_settings(env={"ANTIPHON_OBJECTS": "file:/elsewhere"})
    assert settings.engine_url("objects") == "file:/elsewhere"


def test_an_unknown_setting_is_named_in_the_error(tmp_path: Path) -> None:
    file = tmp_path / "antiphon.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(Invalid, match="prot"):
        load_settings(file=file, env={})


def test_a_wrong_type_is_named_in_the_error() -> None:
    with pytest.raises(Invalid, match="port"):
        load_settings(env={"ANTIPHON_PORT": "many"})


def test_a_settings_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no settings file"):
        load_settings(file=tmp_path / "absent.toml", env={})


def test_broken_toml_is_reported_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "antiphon.toml"
    file.write_text("port = \n")
    with pytest.raises(Invalid, match="not valid TOML"):
        load_settings(file=file, env={})


def test_the_file_in_the_data_folder_says_what_nothing_else_says(tmp_path: Path) -> None:
    (tmp_path / "antiphon.toml").write_text('port = 1\nobjects = "file:/elsewhere"\n')
    settings = load_settings(env={"ANTIPHON_DATA": str(tmp_path), "ANTIPHON_PORT": "2"})
    assert (settings.port, settings.objects) == (2, "file:/elsewhere")


def test_the_file_in_the_data_folder_names_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "antiphon.toml").write_text('data = "/elsewhere"\n')
    with pytest.raises(Invalid, match="remove data"):
        load_settings(env={}, data=str(tmp_path))


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(Invalid, match="no role 'musik'"):
        load_settings(env={}, roles=("musik",))


def test_settings_survive_the_hand_over_to_a_child() -> None:
    settings = load_settings(env={}, port=4, music=("/a b", "/c"))
    assert handed_over(hand_over(settings)) == settings


@pytest.mark.parametrize("one", ["siri_bundle_id", "siri_key"])
def test_the_bundle_id_and_the_key_of_speakers_go_together(one: str) -> None:
    with pytest.raises(Invalid, match="siri_bundle_id and siri_key"):
        load_settings(env={}, **{one: "x"})
    both = load_settings(env={}, siri_bundle_id="org.example", siri_key="key.pem")
    assert (both.siri_bundle_id, both.siri_key) == ("org.example", "key.pem")
