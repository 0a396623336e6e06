"""Settings from the environment, the secret key and the password file."""

import stat
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.security.session import admin_password, secret_key
from app.settings import Settings


def test_defaults_and_overrides() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PORT": "9000", "HOST": " 0.0.0.0 ", "SENTIMENT_MODEL": ""}) == Settings(
        port=9000,
        host="0.0.0.0",  # noqa: S104  # a value to parse, nothing listens
    )


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("IMPORT_MAX", "0"), ("PORT", "1.5")])
def test_malformed_numbers_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(SettingsError, match="LOG_LEVEL='loud' is none of info, warning, error, off"):
        Settings.from_env({"LOG_LEVEL": "loud"})


def test_the_secret_key_is_created_once(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    key = secret_key("", str(folder))
    assert len(key) == 64
    assert secret_key("", str(folder)) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]
    assert secret_key("given", str(folder)) == "given"


def test_without_a_writable_folder_the_key_is_temporary(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert len(secret_key("", str(blocked))) == 64
    assert "SECRET_KEY" in caplog.text


def test_the_password_is_created_once_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "password"
    settings = Settings(admin_password_file=str(path))
    password = admin_password(settings)
    assert len(password) >= 20
    assert admin_password(settings) == password
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("열려라 참깨\n", encoding="utf-8")
    assert admin_password(settings) == "열려라 참깨"
    assert admin_password(Settings(admin_password="given", admin_password_file=str(path))) == "given"
    assert admin_password(Settings()) == ""


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", None])
def test_unusable_password_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(SettingsError, match="ADMIN_PASSWORD_FILE"):
        admin_password(Settings(admin_password_file=str(path)))


def test_short_passwords_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    assert admin_password(Settings(admin_password="참깨")) == "참깨"
    assert "can be guessed" in caplog.text
    assert "참깨" not in caplog.text
