"""A bucket of an S3-compatible store, asked through boto3: only what the lake needs of it.

Every object is written by one PUT with its MD5, which the store compares: it is there whole or not at all, up
to the 5 GB that a PUT may have (the largest file of a lake holds about 256 MB). boto3's own checksums are
left out where the store does not require them, because not every store takes them.

Retries and time-outs are bounded. What goes wrong is one plain line; no key, signature or signed address is
in it, and botocore's exceptions, which keep the request, are not chained.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar

from warehouse.mirrored import LakeOutOfReach

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
# Tries of a request, the first among them; botocore waits between them, in all about a quarter of a minute.
TRIES = 5
# Tries of an answer whose body breaks off.
BROKEN_BODIES = 3
# Requests at a time, and connections kept for them.
AT_ONCE = 8
# What one request may name to be deleted.
KEYS_PER_DELETE = 1000

_PIECE = 1024 * 1024

_Answer = TypeVar("_Answer")

_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where there is one)"
_POLICY = "s3:ListBucket on the bucket, s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix"

# What the store says, and the cure; docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
_REFUSALS = {
    "NoSuchBucket": "there is no such bucket; make it, or mend CAMPAIGN_LAKE",
    "InvalidBucketName": "no bucket can be called so; mend CAMPAIGN_LAKE",
    "AccessDenied": f"access is denied to {{doing}}; let the policy of the credentials allow {_POLICY}",
    "AllAccessDisabled": "access to the bucket is disabled; ask who owns it",
    "InvalidAccessKeyId": f"the store does not know the credentials; mend {_CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key is not that of the access key; mend {_CREDENTIALS}",
    "InvalidToken": f"the session token is not valid; mend {_CREDENTIALS}",
    "ExpiredToken": f"the credentials have expired; renew {_CREDENTIALS}",
    "RequestTimeTooSkewed": "the clock of this machine is wrong by more than the store allows; set it right",
    "PermanentRedirect": "the bucket lies in another region; set AWS_REGION to that",
    "AuthorizationHeaderMalformed": "the bucket lies in another region; set AWS_REGION to that",
    "BadDigest": "what arrived is not what was sent; look at the network and try again",
    "NotImplemented": "the store does not know how to {doing}; use one that does",
}
_SAME_AS = {
    "403": "AccessDenied",
    "Forbidden": "AccessDenied",
    "301": "PermanentRedirect",
    "IllegalLocationConstraintException": "PermanentRedirect",
    "TokenRefreshRequired": "ExpiredToken",
    "XAmzContentSHA256Mismatch": "BadDigest",
}


@dataclass(frozen=True)
class Access:
    """How a bucket is reached. What is None is found where boto3 finds it: profiles, roles, its
    environment."""

    bucket: str
    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Access(bucket={self.bucket!r}, endpoint_url={self.endpoint_url!r})"


@dataclass(frozen=True)
class Found:
    """An object: its key, the store's mark of its content, and its bytes."""

    key: str
    etag: str
    size: int


class Got(NamedTuple):
    """An object that was read, and when it was written by the store's clock."""

    etag: str
    written_at: datetime


class AsItWas(Exception):
    """What was asked for is what is here."""


@dataclass(frozen=True)
class Small:
    """A small object read whole, when it was written, and when it was read: both by the store's clock."""

    etag: str
    content: bytes
    written_at: datetime
    read_at: datetime


class Bucket:
    """One bucket. Connects when it is first asked; usable by several threads, and by a forked process
    anew."""

    def __init__(self, access: Access, *, tries: int = TRIES) -> None:
        self.name = access.bucket
        self.access = access
        self._tries = tries
        self._client: Any = None
        self._pid = 0
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return f"s3://{self.name}"

    def found(self, below: str) -> Iterator[Found]:
        """Every object whose key begins so, a thousand for each request."""
        asked: dict[str, str] = {}
        while True:
            page = self._ask("list", partial(_list, self.name, below, asked))
            for one in page.get("Contents", ()):
                yield Found(one["Key"], one["ETag"], one["Size"])
            if not page.get("IsTruncated"):
                return
            asked = {"ContinuationToken": page["NextContinuationToken"]}

    def put(self, key: str, file: BinaryIO) -> str:
        """Write an object, whole or not at all; gives its ETag."""
        file.seek(0)
        digest = hashlib.md5(usedforsecurity=False)
        while piece := file.read(_PIECE):
            digest.update(piece)

        def write(s3: Any) -> Any:
            file.seek(0)
            made = s3.put_object(Bucket=self.name, Key=key, Body=file, ContentMD5=_base64(digest.digest()))
            return made["ETag"]

        return str(self._ask("write", write))

    def put_if(self, key: str, content: bytes, *, replaces: str | None) -> str | None:
        """Write a small object if the one there has the ETag `replaces`, or with None if there is none; gives
        its ETag, or None where it was not so."""
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
        md5 = _base64(hashlib.md5(content, usedforsecurity=False).digest())
        written = self._ask(
            "write",
            lambda s3: s3.put_object(Bucket=self.name, Key=key, Body=content, ContentMD5=md5, **condition)[
                "ETag"
            ],
            # Two that write at once: the store may refuse both, and one comes again.
            none_for=("PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"),
        )
        return None if written is None else str(written)

    def small(self, key: str) -> Small | None:
        """A small object, None where there is none."""

        def read(s3: Any) -> Small:
            got = s3.get_object(Bucket=self.name, Key=key)
            said = got["ResponseMetadata"]["HTTPHeaders"].get("date")
            read_at = parsedate_to_datetime(said) if said else got["LastModified"]
            return Small(str(got["ETag"]), got["Body"].read(), got["LastModified"], read_at)

        small: Small | None = self._ask("read", read, none_for=("NoSuchKey", "404"))
        return small

    def get(self, key: str, file: BinaryIO, *, unless: str | None = None) -> Got | None:
        """Read an object into an empty file; None where there is none. Raises AsItWas for one that has the
        ETag `unless`."""
        condition = {} if unless is None else {"IfNoneMatch": unless}

        def read(s3: Any) -> Any:
            got = s3.get_object(Bucket=self.name, Key=key, **condition)
            told = Got(str(got["ETag"]), got["LastModified"])
            file.seek(0)
            file.truncate()
            digest = hashlib.md5(usedforsecurity=False)
            for piece in got["Body"].iter_chunks(_PIECE):
                digest.update(piece)
                file.write(piece)
            return told, got, digest.hexdigest()

        answer = self._ask("read", read, none_for=("NoSuchKey", "404"))
        if answer is None:
            return None
        told, got, digest = answer
        assert isinstance(told, Got)
        # The ETag of one PUT is its MD5, unless the store encrypts with keys of its own.
        is_encrypted = got.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in got
        plain = told.etag.strip('"')
        if len(plain) == len(digest) and plain != digest and not is_encrypted:
            raise LakeOutOfReach(
                f"{self}/{key} came otherwise than it lies there; look at the network, run again"
            )
        return told

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are gone already."""
        for start in range(0, len(keys), KEYS_PER_DELETE):
            some = keys[start : start + KEYS_PER_DELETE]
            answer = self._ask("delete", partial(_delete, self.name, some))
            for refused in answer.get("Errors", ()):
                raise self._refused(str(refused.get("Code")), "delete")

    def _ask(
        self, doing: str, ask: Callable[[Any], _Answer], *, none_for: Sequence[str] = ()
    ) -> _Answer | Any:
        """What the store answers. Raises LakeOutOfReach."""
        s3 = self._connected()
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            IncompleteReadError,
            ReadTimeoutError,
            ResponseStreamingError,
        )
        from botocore.parsers import ResponseParserError

        trouble: Exception
        for _ in range(BROKEN_BODIES):
            try:
                return ask(s3)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code in none_for:
                    return None
                trouble = AsItWas() if code == "304" else self._refusal(error, code, doing)
                break
            except (ResponseStreamingError, IncompleteReadError, ReadTimeoutError) as error:
                # While the body of an answer is read, where botocore does not try again.
                trouble = self._unreached(error)
            except BotoCoreError as error:
                trouble = self._unreached(error)
                break
            except (ResponseParserError, KeyError, RecursionError):
                # What every answer of a store has is missing; of redirects without an end botocore makes a
                # RecursionError.
                trouble = LakeOutOfReach(
                    f"{self}: what answers at {self._where} does not speak as an S3 store; mend "
                    "AWS_ENDPOINT_URL"
                )
                break
        # Outside of the handler: botocore's exception would go along as its context.
        raise trouble

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None or self._pid != os.getpid():
                self._client, self._pid = self._connect(), os.getpid()
            return self._client

    def _connect(self) -> Any:
        trouble: Exception
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise LakeOutOfReach(
                "CAMPAIGN_LAKE is on S3, and boto3 is not installed; run pip install 'campaign-pipeline[s3]'"
            ) from None
        # Where somebody logs everything, botocore would log signed headers.
        for noisy in ("boto3", "botocore"):
            if logging.getLogger(noisy).level == logging.NOTSET:
                logging.getLogger(noisy).setLevel(logging.WARNING)
        access = self.access
        options: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": READ_TIMEOUT_S,
            "retries": {"mode": "standard", "total_max_attempts": self._tries},
            "max_pool_connections": 2 * AT_ONCE,
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        if access.endpoint_url:
            # A store of one's own seldom has a name for each bucket.
            options["s3"] = {"addressing_style": "path"}
        try:
            s3 = _session(boto3).client(
                "s3",
                endpoint_url=access.endpoint_url,
                region_name=access.region,
                aws_access_key_id=access.access_key_id,
                aws_secret_access_key=access.secret_access_key,
                aws_session_token=access.session_token,
                config=Config(**options),
            )
        except BotoCoreError as error:
            trouble = self._unreached(error)
        except ValueError:
            trouble = LakeOutOfReach(
                f"{self}: S3 cannot be asked with these settings; look at AWS_ENDPOINT_URL and AWS_REGION"
            )
        else:
            s3.meta.events.register("before-sign.s3.DeleteObjects", _with_md5)
            return s3
        raise trouble

    def _refusal(self, error: ClientError, code: str, doing: str) -> LakeOutOfReach:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        # A page that is not a store's has no code.
        code = _SAME_AS.get(code, code) or str(status)
        if code not in _REFUSALS and (status >= 500 or code == "SlowDown"):
            return LakeOutOfReach(
                f"{self}: the store has trouble of its own ({status} {code}); try again later"
            )
        return self._refused(code, doing)

    def _refused(self, code: str, doing: str) -> LakeOutOfReach:
        code = _SAME_AS.get(code, code)
        cure = _REFUSALS.get(code)
        if cure is None:
            shown = "".join(letter for letter in code if letter.isalnum())[:40]
            cure = f"the store refused to {{doing}} ({shown}); see that AWS_ENDPOINT_URL leads to an S3 store"
        return LakeOutOfReach(f"{self}: {cure.format(doing=doing)}")

    def _unreached(self, error: BotoCoreError) -> LakeOutOfReach:
        from botocore import exceptions

        if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
            return LakeOutOfReach(f"{self}: there are no credentials; set {_CREDENTIALS}")
        if isinstance(error, exceptions.SSLError):
            return LakeOutOfReach(
                f"{self}: {self._where} has a certificate that this machine does not trust; set "
                "AWS_CA_BUNDLE, or mend AWS_ENDPOINT_URL"
            )
        if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
            return LakeOutOfReach(
                f"{self}: {self._where} cannot be reached; see that the network is up and AWS_ENDPOINT_URL "
                "is right"
            )
        return LakeOutOfReach(
            f"{self}: S3 cannot be asked ({type(error).__name__}); look at the AWS_ settings and profiles"
        )

    @property
    def _where(self) -> str:
        return self.access.endpoint_url or "AWS"


def _session(boto3: Any) -> Any:
    """A boto3 session of its own, for it remembers credentials, with what all of this process know of
    services: that is megabytes of JSON to read."""
    from botocore.session import Session

    session = Session()
    services = _services(session.get_config_variable("data_path"))
    session.register_component("data_loader", services)
    made = boto3.session.Session(botocore_session=session)
    # Each appends boto3's own folder.
    services.search_paths[:] = dict.fromkeys(services.search_paths)
    return made


@cache
def _services(path: str | None) -> Any:
    """What botocore knows of services, its own and those in folders of somebody's."""
    from botocore.loaders import create_loader

    return create_loader(path)


def _list(bucket: str, below: str, more: dict[str, str], s3: Any) -> Any:
    page = s3.list_objects_v2(Bucket=bucket, Prefix=below, **more)
    if "Name" not in page:
        # A page that is no listing would be read as one of nothing.
        raise KeyError("Name")
    return page


def _delete(bucket: str, keys: Sequence[str], s3: Any) -> Any:
    named = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
    return s3.delete_objects(Bucket=bucket, Delete=named)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _with_md5(request: Any, **_: Any) -> None:
    """Give a request to delete the digest that every store takes, for boto3's newer ones are not known to
    all."""
    body = request.body if isinstance(request.body, bytes) else bytes(request.body or b"")
    for name in [name for name in request.headers if name.lower().startswith("x-amz-checksum-")]:
        del request.headers[name]
    del request.headers["x-amz-sdk-checksum-algorithm"]
    request.headers["Content-MD5"] = _base64(hashlib.md5(body, usedforsecurity=False).digest())
