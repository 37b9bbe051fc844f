"""Requests to a WebDAV server, and the questions about its files."""

from __future__ import annotations

from typing import Literal

import requests
from requests.auth import HTTPDigestAuth

from include.errors import InvalidRequest
from retail_ops.hooks.vendor_session import VendorSession
from retail_ops.hooks.webdav_listing import QUESTION, RemoteFile, entries
from retail_ops.hooks.webdav_names import quoted


class WebDavSession(VendorSession):
    """Requests to one WebDAV folder."""

    vendor = "WebDAV"

    def hint(self, response: requests.Response) -> str | None:
        """Say whether the login is wrong or the server wants another kind of authentication."""
        if response.status_code == 401:
            offered = response.headers.get("WWW-Authenticate", "").lower()
            wanted = "digest" if isinstance(self._http.auth, HTTPDigestAuth) else "basic"
            if wanted not in offered:
                return f"the server does not offer {wanted} authentication, which the connection asks for"
            return "the login or the password is wrong"
        if response.status_code == 403:
            return "the login may not do this here"
        if response.status_code == 507:
            return "the server has no space left"
        return None

    def look(self, name: str, depth: Literal["0", "1"]) -> list[RemoteFile]:
        """A file or folder and, at depth 1, what lies directly in it.

        Raises `NotFound`, and `InvalidRequest` when the answer is not one of a WebDAV server.
        """
        headers = {"Depth": depth, "Content-Type": "application/xml"}
        answer = self.request("PROPFIND", quoted(name), data=QUESTION, headers=headers, accept={405, 501})
        try:
            if answer.status_code != 207:
                raise ValueError(f"status {answer.status_code}")
            return entries(answer.content, name)
        except ValueError as error:
            raise InvalidRequest(
                f"WebDAV: PROPFIND /{name} was answered by something that is no WebDAV folder ({error}); the "
                f"connection's address is {self.base_url}"
            ) from None
