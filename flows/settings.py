"""Every setting of the pipeline, read in one place: the environment, then `.env` in the working directory.

An unset name and an empty one are the same: absent. Nothing is read when this module is imported;
`Settings()` is one moment's reading. Secrets are held as `SecretStr`; no message, `repr` or `str` shows them.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from warehouse.mirrored import attach, attached

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# The platforms whose names are promised, with the setting that holds their credential.
CREDENTIALS: dict[str, str] = {
    "facebook": "FACEBOOK_ACCESS_TOKEN",
    "x": "X_BEARER_TOKEN",
    "instagram": "INSTAGRAM_ACCESS_TOKEN",
    "youtube": "YOUTUBE_API_KEY",
    "tiktok": "TIKTOK_ACCESS_TOKEN",
}

_Given = TypeVar("_Given")

# In the data folder: copies of lakes that lie in buckets.
MIRRORS = ".mirror"

# Read in the working folder, and nowhere else.
ENV_FILE = ".env"
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
_VERSION_SEGMENT = re.compile(r"v?[0-9]+(\.[0-9]+)?")
_SMALL_NUMBER = re.compile(r"[0-9]{1,3}")
_DAYS = re.compile(r"[1-9][0-9]{0,4}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A name with a dot in front is of one machine alone, one with = would be read as a column.
_S3 = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>[\w-][\w.-]*(/[\w-][\w.-]*)*))?",
    re.ASCII,
)
_PRINTABLE_ASCII = re.compile(r"[!-~]+")
MAIL_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
# What a platform beyond the five, or one with more than one credential, may be set by; nothing else of the
# environment is kept.
_OTHER_NAME = re.compile(
    r"[A-Z][A-Z0-9_]*_(API_URL|API_KEY|ACCESS_TOKEN|BEARER_TOKEN|APP_SECRET|ACCESS_TOKEN_SECRET"
    r"|CONSUMER_KEY|CONSUMER_SECRET|CLIENT_KEY|CLIENT_ID|CLIENT_SECRET|REFRESH_TOKEN)"
)


class SettingsError(ValueError):
    """A setting that cannot be used: one plain line that names it and the cure, and never shows its value."""


class Settings(BaseSettings):
    """The settings in force. Raises `SettingsError` when one cannot be used.

    `Settings(CAMPAIGN_HOME="…")` gives a setting by its name, and wins over the environment.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        case_sensitive=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(default=Path("data"), validation_alias="CAMPAIGN_HOME")
    lake: str | None = Field(default=None, validation_alias="CAMPAIGN_LAKE")
    registry: Path = Field(default=Path("campaigns"), validation_alias="CAMPAIGN_REGISTRY")
    keep_builds: int = Field(default=3, validation_alias="CAMPAIGN_KEEP_BUILDS")
    keep_texts_days: int | None = Field(default=None, validation_alias="CAMPAIGN_KEEP_TEXTS_DAYS")

    reports_url: str | None = Field(default=None, validation_alias="CAMPAIGN_REPORTS_URL")

    workers: int | str | None = Field(default=None, validation_alias="CAMPAIGN_DASK")

    # Of a lake on S3; what is not set is found where boto3 finds it, as a profile or the machine's role.
    aws_access_key_id: SecretStr | None = Field(default=None, validation_alias="AWS_ACCESS_KEY_ID")
    aws_secret_access_key: SecretStr | None = Field(default=None, validation_alias="AWS_SECRET_ACCESS_KEY")
    aws_session_token: SecretStr | None = Field(default=None, validation_alias="AWS_SESSION_TOKEN")
    aws_endpoint_url: str | None = Field(default=None, validation_alias="AWS_ENDPOINT_URL")
    aws_region: str | None = Field(default=None, validation_alias="AWS_REGION")
    aws_default_region: str | None = Field(default=None, validation_alias="AWS_DEFAULT_REGION")

    alert_webhook: SecretStr | None = Field(default=None, validation_alias="CAMPAIGN_ALERT_WEBHOOK")
    alert_email: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None, validation_alias="CAMPAIGN_ALERT_EMAIL"
    )
    smtp_url: SecretStr | None = Field(default=None, validation_alias="CAMPAIGN_SMTP_URL")

    facebook_access_token: SecretStr | None = Field(default=None, validation_alias="FACEBOOK_ACCESS_TOKEN")
    x_bearer_token: SecretStr | None = Field(default=None, validation_alias="X_BEARER_TOKEN")
    instagram_access_token: SecretStr | None = Field(default=None, validation_alias="INSTAGRAM_ACCESS_TOKEN")
    youtube_api_key: SecretStr | None = Field(default=None, validation_alias="YOUTUBE_API_KEY")
    tiktok_access_token: SecretStr | None = Field(default=None, validation_alias="TIKTOK_ACCESS_TOKEN")

    facebook_api_url: str | None = Field(default=None, validation_alias="FACEBOOK_API_URL")
    x_api_url: str | None = Field(default=None, validation_alias="X_API_URL")
    instagram_api_url: str | None = Field(default=None, validation_alias="INSTAGRAM_API_URL")
    youtube_api_url: str | None = Field(default=None, validation_alias="YOUTUBE_API_URL")
    tiktok_api_url: str | None = Field(default=None, validation_alias="TIKTOK_API_URL")

    facebook_api_version: str = Field(default="v26.0", validation_alias="FACEBOOK_API_VERSION")

    # What was set for platforms that are not among the five, by setting name.
    _others: dict[str, SecretStr] = PrivateAttr(default_factory=dict)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
            found = dotenv_values(ENV_FILE, encoding="utf-8") | os.environ
        except ValidationError as trouble:
            # Not chained: a validation error holds the values.
            raise SettingsError("; ".join(_line(error) for error in trouble.errors())) from None
        except UnicodeDecodeError:
            raise SettingsError(f"{ENV_FILE} is not UTF-8 text; save it as UTF-8") from None
        except OSError as trouble:
            raise SettingsError(
                f"{ENV_FILE} cannot be read ({trouble.strerror}); mend its permissions"
            ) from None
        for name, value in found.items():
            if value and value.strip() and name not in _FIELD_OF and _OTHER_NAME.fullmatch(name):
                self._others[name] = SecretStr(value.strip())

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, given: dict[str, Any]) -> dict[str, Any]:
        stripped = {k: v.strip() if isinstance(v, str) else v for k, v in given.items()}
        return {name: value for name, value in stripped.items() if value not in (None, "")}

    @field_validator("home", "registry")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        return _expanded(path)

    @field_validator("home")
    @classmethod
    def _check_home(cls, path: Path) -> Path:
        if os.path.isfile(path):
            raise ValueError("is a file; give it the path of a folder")
        return path

    @field_validator("lake")
    @classmethod
    def _check_lake(cls, lake: str | None) -> str | None:
        if lake and _SCHEME.match(lake):
            if not (named := _S3.fullmatch(lake.rstrip("/"))):
                raise ValueError(
                    "is a URL of another kind; give CAMPAIGN_LAKE a path, or s3://bucket/prefix of letters, "
                    "digits, - _ and ."
                )
            return named[0]
        return str(_expanded(Path(lake))) if lake else None

    @field_validator("keep_builds", mode="before")
    @classmethod
    def _check_keep_builds(cls, given: object) -> int:
        if not _SMALL_NUMBER.fullmatch(str(given)):
            raise ValueError(
                "must be a whole number from 0 to 999: how many earlier builds are kept; 3 is usual"
            )
        return int(str(given))

    @field_validator("keep_texts_days", mode="before")
    @classmethod
    def _check_keep_texts_days(cls, given: object) -> int | None:
        if given is None:
            return None
        if not _DAYS.fullmatch(str(given)):
            raise ValueError(
                "must be a whole number of days from 1 to 99999, or be left out: texts are kept for ever then"
            )
        return int(str(given))

    @field_validator("workers", mode="before")
    @classmethod
    def _check_workers(cls, given: object) -> int | str | None:
        text = "" if given is None else str(given)
        if _SMALL_NUMBER.fullmatch(text) and int(text):
            return int(text)
        if text and not _is_scheduler(text):
            raise ValueError(
                "must be the address of a Dask scheduler, as tcp://127.0.0.1:8786 or tls://…, or a whole "
                "number from 1 to 999: so many worker processes on this machine"
            )
        return text or None

    @field_validator("alert_webhook")
    @classmethod
    def _check_webhook(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_address(url.get_secret_value(), "http", "https"):
            raise ValueError("must be the whole http(s):// address of a webhook; copy it again")
        return url

    @field_validator("alert_email", mode="before")
    @classmethod
    def _check_email(cls, given: object) -> tuple[str, ...] | None:
        if given is None:
            return None
        addresses = tuple(part.strip() for part in str(given).split(",") if part.strip())
        if not all(MAIL_ADDRESS.fullmatch(address) for address in addresses):
            raise ValueError("must be e-mail addresses with commas between them")
        return addresses

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_address(url.get_secret_value(), "smtp", "smtps"):
            raise ValueError(
                "must look like smtps://user:password@host:port or smtp://…; write : / @ and ? of a password "
                "as %3A %2F %40 %3F"
            )
        return url

    @field_validator(
        "facebook_access_token",
        "x_bearer_token",
        "instagram_access_token",
        "youtube_api_key",
        "tiktok_access_token",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    )
    @classmethod
    def _check_credential(cls, secret: SecretStr | None) -> SecretStr | None:
        return None if secret is None else _checked_credential(secret)

    @field_validator(
        "facebook_api_url",
        "x_api_url",
        "instagram_api_url",
        "youtube_api_url",
        "tiktok_api_url",
        "aws_endpoint_url",
    )
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url)

    @field_validator("reports_url")
    @classmethod
    def _check_reports_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url) if _is_address(url, "http", "https") else None
        if parts is None or parts.query or parts.fragment or "@" in parts.netloc or "\\" in url:
            raise ValueError(
                "must be the http(s):// address of the folder of reports, without a password, ? or #; "
                "give it as https://host/reports"
            )
        return url.rstrip("/")

    @field_validator("facebook_api_version")
    @classmethod
    def _check_version(cls, version: str) -> str:
        if not _VERSION.fullmatch(version):
            raise ValueError("must look like v26.0; give the Graph API version so")
        return version

    @property
    def landing(self) -> Path:
        """Where raw responses lie; of a lake on S3, in its mirror, which is attached then."""
        return self._lake_root / "landing"

    @property
    def readings(self) -> Path:
        """Where typed counters lie."""
        return self._lake_root / "readings"

    @property
    def warehouse(self) -> Path:
        """The published warehouse file."""
        return self.home / "warehouse.duckdb"

    @property
    def reports(self) -> Path:
        """Where reports are written."""
        return self.home / "reports"

    @property
    def is_lake_on_s3(self) -> bool:
        """Whether the lake lies in a bucket; its folders here are a mirror of that."""
        return self.lake is not None and _SCHEME.match(self.lake) is not None

    @property
    def _lake_root(self) -> Path:
        if self.lake is None:
            return self.home
        named = _S3.fullmatch(self.lake)
        return Path(self.lake) if named is None else self._mirror(named["bucket"], named["prefix"] or "")

    def _mirror(self, bucket: str, prefix: str) -> Path:
        from warehouse.bucket import Access, Bucket
        from warehouse.mirror import BucketMirror

        root = self.home / MIRRORS / bucket / prefix
        key_id, key, token = (
            None if secret is None else secret.get_secret_value()
            for secret in (self.aws_access_key_id, self.aws_secret_access_key, self.aws_session_token)
        )
        region = self.aws_region or self.aws_default_region
        access = Access(bucket, self.aws_endpoint_url, region, key_id, key, token)
        before = attached(root)
        if not isinstance(before, BucketMirror) or before.bucket.access != access:
            attach(root, BucketMirror(root, Bucket(access), prefix))
        return root

    def credential(self, platform: str, name: str | None = None) -> SecretStr | None:
        """The platform's credential, None when absent.

        `name` is the setting that holds it: a connector's `CREDENTIAL`, or one of its `FURTHER_CREDENTIALS`.
        Without it, the platform's in `CREDENTIALS`, else `{PLATFORM}_ACCESS_TOKEN`.
        """
        name = name or CREDENTIALS.get(platform) or f"{platform.upper()}_ACCESS_TOKEN"
        if name in _FIELD_OF:
            value: SecretStr | None = getattr(self, _FIELD_OF[name])
            return value
        secret = self._others.get(name)
        return None if secret is None else _named(name, _checked_credential, secret)

    def api_url(self, platform: str) -> str | None:
        """The base URL in place of the vendor's, without a trailing slash; None to ask the vendor."""
        name = f"{platform.upper()}_API_URL"
        if name in _FIELD_OF:
            value: str | None = getattr(self, _FIELD_OF[name])
            return value
        secret = self._others.get(name)
        return None if secret is None else _named(name, _checked_url, secret.get_secret_value())

    def digests(self, salt: bytes) -> dict[str, str]:
        """A digest of each setting that decides whom a run asks and as whom, by setting name: two processes
        can see that theirs are the same without telling them."""
        ours = {
            name: getattr(self, field)
            for name, field in _FIELD_OF.items()
            if name in CREDENTIALS.values() or name.endswith(("_API_URL", "_API_VERSION"))
        }
        # Without one it is AWS, which is another store too.
        ours["AWS_ENDPOINT_URL"] = self.aws_endpoint_url or ""
        # Prefect's own are in the environment too; each process may reach its server by another way.
        others = {name: value for name, value in self._others.items() if not name.startswith("PREFECT_")}
        return {
            name: hmac.digest(
                salt,
                str(value.get_secret_value() if isinstance(value, SecretStr) else value).encode(),
                "sha256",
            ).hex()
            for name, value in (ours | others).items()
            if value is not None
        }


_FIELD_OF = {str(field.validation_alias): name for name, field in Settings.model_fields.items()}


def setting_names(connectors: Mapping[str, ModuleType]) -> frozenset[str]:
    """Every name that is read, with those of the platforms' credentials and addresses."""
    of_platforms = {
        name
        for platform, connector in connectors.items()
        for name in (
            f"{platform.upper()}_API_URL",
            connector.CREDENTIAL,
            *getattr(connector, "FURTHER_CREDENTIALS", {}).values(),
        )
    }
    return frozenset(_FIELD_OF) | of_platforms


def _line(error: ErrorDetails) -> str:
    reason = error.get("ctx", {}).get("error", "is not text; give it as text")
    return f"{error['loc'][0]} {reason}"


def _named(name: str, check: Callable[[_Given], _Given], given: _Given) -> _Given:
    try:
        return check(given)
    except ValueError as trouble:
        raise SettingsError(f"{name} {trouble}") from None


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ but there is no such home folder; write the path in full") from None


def _checked_credential(secret: SecretStr) -> SecretStr:
    if not _PRINTABLE_ASCII.fullmatch(secret.get_secret_value()):
        raise ValueError("holds a blank or a character that no credential has; paste it again, on one line")
    return secret


def _is_address(url: str, *schemes: str) -> bool:
    """Whether it is a URL of one of the schemes, with a host and, if any, a port that there can be."""
    if not _PRINTABLE_ASCII.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_scheduler(address: str) -> bool:
    parts = urlsplit(address)
    return (
        _is_address(address, "tcp", "tls")
        and address == f"{parts.scheme}://{parts.netloc}"
        and (parts.port is not None and "@" not in parts.netloc)
    )


def _checked_url(url: str) -> str:
    shape = "must be http(s)://host[:port][/prefix] without a query; give the base URL only"
    if not _PRINTABLE_ASCII.fullmatch(url) or "?" in url or "#" in url or "\\" in url:
        raise ValueError(shape)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(shape) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(shape)
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; give http(s)://host[:port][/prefix]")
    path = parts.path.rstrip("/")
    if _VERSION_SEGMENT.fullmatch(path.rsplit("/", 1)[-1]):
        raise ValueError("ends in an API version; leave that segment out, the pipeline adds it")
    return f"{parts.scheme}://{parts.netloc}{path}"
