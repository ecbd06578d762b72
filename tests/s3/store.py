"""What tests know of an S3 store on loopback, without what it is made of: that takes long to import, and each
worker collects these tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

KEY_ID = "AKIDOFTHETESTS"
SECRET = "secret-of-s3/AAAA+bbbb"


@dataclass
class Store:
    """A running store. `asked` holds (method, path) of each request. With `heeds_conditions` False it is one
    of those that take every PUT. `refusal` is (status, code, message) with which it answers everything."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    heeds_conditions: bool = True
    refusal: tuple[int, str, str] | None = None
    # (status, headers, body): something that is no store answers everything.
    stranger: tuple[int, dict[str, str], bytes] | None = None
    # Called with the path of each PUT before it is taken.
    before_put: Callable[[str], None] = lambda path: None
    # What becomes of the content of objects on their way.
    on_the_way: Callable[[bytes], bytes] = lambda content: content

    @cached_property
    def client(self) -> Any:
        """Somebody else's client of the same store."""
        import boto3

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-west-2",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def keys(self, bucket: str) -> list[str]:
        """The names of all objects of a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def content(self, bucket: str, key: str) -> bytes:
        """The bytes of an object."""
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content
