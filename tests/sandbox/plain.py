"""Asks the sandbox with plain requests, paging by hand: no SDK and nothing of the connectors."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from connectors.sandbox.server import Sandbox

POST_FIELDS = {
    "tweet.fields": (
        "created_at,public_metrics,author_id,attachments,edit_history_tweet_ids,referenced_tweets"
    ),
    "expansions": "attachments.media_keys",
    "media.fields": "public_metrics,duration_ms,type",
}
REACTIONS = ("LIKE", "LOVE", "WOW", "HAHA", "SAD", "ANGRY")
GRAPH_POST = (
    "id,from,created_time,updated_time,message,permalink_url,status_type,is_published,"
    "attachments{media_type,type,url,title,target},shares,reactions.summary(total_count).limit(0),"
    + ",".join(
        f"reactions.type({kind}).limit(0).summary(total_count).as(r_{kind.lower()})" for kind in REACTIONS
    )
    + ",comments.summary(true).filter(stream).limit(0)"
)
GRAPH_VIDEO = "id,from,post_id,created_time,title,description,length,permalink_url,views,post_views,status"


def at(day: int, month: int, hour: int = 0, minute: int = 0, year: int = 2019) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


END_2019 = at(13, 12)


def truth(name: str) -> dict[str, Any]:
    """A world file: the figures that the answers have to add up to."""
    return tomllib.loads(files("connectors.sandbox").joinpath("worlds", f"{name}.toml").read_text("utf-8"))


class Plain:
    """One client of one sandbox. Calls take the moment for which they ask; None: the server's own clock."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.user_token = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]

    def _headers(self, moment: datetime | None) -> dict[str, str]:
        return {} if moment is None else {"Date": format_datetime(moment, usegmt=True)}

    def x(self, path: str, moment: datetime | None = None, **params: str) -> requests.Response:
        params = {name.replace("__", "."): value for name, value in params.items()}
        headers = {
            "Authorization": f"Bearer {self.sandbox.settings['X_BEARER_TOKEN']}",
            **self._headers(moment),
        }
        return self.session.get(f"{self.sandbox.x_url}/2{path}", params=params, headers=headers, timeout=10)

    def x_id(self, handle: str) -> str:
        return str(self.x("/users/by", usernames=handle).json()["data"][0]["id"])

    def timeline(self, handle: str, moment: datetime | None, **params: str) -> Iterator[dict[str, Any]]:
        """The pages of an account's timeline."""
        params = {**POST_FIELDS, "max_results": "100", "exclude": "retweets", **params}
        path = f"/users/{self.x_id(handle)}/tweets"
        while True:
            page = self.x(path, moment, **params).json()
            yield page
            if "next_token" not in page["meta"]:
                return
            params["pagination_token"] = page["meta"]["next_token"]

    def page_token(self, page_id: str) -> str:
        return f"sandbox-page-token-{page_id}"

    def graph(
        self,
        path: str,
        moment: datetime | None = None,
        *,
        token: str | None = None,
        version: str = "v26.0",
        **params: str,
    ) -> requests.Response:
        return self.session.get(
            f"{self.sandbox.facebook_url}/{version}/{path}",
            params={"access_token": token or self.user_token, **params},
            headers=self._headers(moment),
            timeout=10,
        )

    def instagram(self, path: str, **params: str) -> Any:
        token = self.sandbox.settings["INSTAGRAM_ACCESS_TOKEN"]
        address = f"{self.sandbox.url}/instagram/v26.0/{path}"
        return self.session.get(address, params={"access_token": token, **params}, timeout=10).json()

    def youtube(self, resource: str, **params: str) -> Any:
        key = self.sandbox.settings["YOUTUBE_API_KEY"]
        address = f"{self.sandbox.url}/youtube/youtube/v3/{resource}"
        return self.session.get(address, params={"key": key, **params}, timeout=10).json()

    def tiktok(self, path: str, **params: str) -> Any:
        headers = {"Authorization": f"Bearer {self.sandbox.settings['TIKTOK_ACCESS_TOKEN']}"}
        address = f"{self.sandbox.url}/tiktok/v2/{path}/"
        return self.session.get(address, params=params, headers=headers, timeout=10).json()

    def batch(
        self, batch: str, moment: datetime | None = None, *, token: str | None = None, **form: str
    ) -> requests.Response:
        return self.session.post(
            f"{self.sandbox.facebook_url}/v26.0/",
            data={
                "access_token": token or self.user_token,
                "batch": batch,
                "include_headers": "false",
                **form,
            },
            headers=self._headers(moment),
            timeout=10,
        )

    def listed(self, path: str, moment: datetime | None, **params: str) -> Iterator[dict[str, Any]]:
        """The rows of a list, over all its pages, following `paging.next` as far as it goes."""
        page = self.graph(path, moment, **params).json()
        while True:
            yield from page["data"]
            following = page.get("paging", {}).get("next")
            if following is None:
                return
            address = urlsplit(following)
            assert (address.scheme, address.netloc) == ("https", "graph.facebook.com")
            query = dict(parse_qsl(address.query))
            version, _, rest = address.path.lstrip("/").partition("/")
            page = self.graph(rest, moment, token=query.pop("access_token"), version=version, **query).json()

    def videos(self, page: str, moment: datetime | None) -> list[dict[str, Any]]:
        """All videos of a page, reels among them."""
        uploaded = self.listed(f"{page}/videos", moment, type="uploaded", fields=GRAPH_VIDEO, limit="20")
        reels = self.listed(f"{page}/video_reels", moment, fields=GRAPH_VIDEO, limit="100")
        return [*uploaded, *reels]
