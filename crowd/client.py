"""The calls of a site's API, version 1, for one user.

A request that failed may have been carried out all the same, so `Site` can send it twice. That is safe here: a drawing
carries a key of its own, and every other call can be repeated.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from crowd.transport import Response, Site
from rounds.errors import ErrorKind

#: The answer was not counted: other validators settled the example, or its lease ran out, or the round has closed.
ANSWER_TOO_LATE = frozenset({ErrorKind.SETTLED.code, ErrorKind.NOT_LEASED.code, ErrorKind.ROUND_FINAL.code})
#: The round or the prompt has changed since the prompt was issued: request another prompt.
PROMPT_OUTDATED = frozenset({
    ErrorKind.NO_OPEN_ROUND.code, ErrorKind.ROUND_CLOSED.code, ErrorKind.PROMPT_FINISHED.code,
    ErrorKind.PROMPT_CHANGED.code, ErrorKind.PROMPT_BUSY.code,
})  # fmt: skip

# Codes of responses that do not come from the API.
NOT_THE_API, REDIRECTED, UNKNOWN_ERROR = "not_the_api", "redirected", "unknown"

Json = Any


class ApiError(Exception):
    """The site refused a call. `code` is for programs, `detail` is a sentence for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


@dataclass
class ApiClient:
    """Calls the API under one account, by its token; without a token as a guest. Not to be shared between threads.

    Every method raises ApiError where the site refuses, and SiteUnreachable where it does not answer.
    """

    site: Site
    token: str = field(default="", repr=False)

    # --- For annotators

    def request_prompt(self, task: str) -> Json:
        """What to draw next: the prompt that is still open, or a new one."""
        return self._post("request prompt", f"/tasks/{task}/prompts/")

    def send_drawing(self, prompt_id: int, png: bytes) -> Json:
        """The stored example with its verdict. Each drawing has its own key, so no retry stores it twice."""
        boundary = uuid.uuid4().hex
        headers = {
            "Idempotency-Key": str(uuid.uuid4()),
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        path, body = f"/prompts/{prompt_id}/examples/", _multipart_image(boundary, png)
        return _json(self._request("send drawing", "POST", path, headers, body))

    def give_up(self, prompt_id: int) -> None:
        """Finishes a prompt without success; one that is finished already stays as it is."""
        path = f"/prompts/{prompt_id}/give_up/"
        self._ignoring(ErrorKind.PROMPT_ALREADY_FINISHED, lambda: self._post("give up", path))

    # --- For validators

    def next_validation(self, task: str) -> Json | None:
        """`{"example", "image_url", "choices"}`; None when nothing waits for this validator."""
        return self._get("next validation", f"/tasks/{task}/validations/next/")

    def image(self, example_id: int) -> bytes:
        """The PNG of an example that is leased to this validator, or visible to this user for another reason."""
        return self._request("image", "GET", f"/examples/{example_id}/image/").body

    def answer(self, example_id: int, answer: str) -> bool:
        """Whether the answer was counted; False where it came too late."""
        path, data = f"/examples/{example_id}/validations/", {"answer": answer}
        try:
            # After a retry the first attempt may have been stored: the site then reports the example as validated.
            self._ignoring(ErrorKind.ALREADY_VALIDATED, lambda: self._post("answer", path, data))
        except ApiError as error:
            if error.code in ANSWER_TOO_LATE:
                return False
            raise
        return True

    # --- For everybody

    def rounds(self, task: str) -> list[Json]:
        """All rounds of a task, newest first."""
        found: list[Json] = []
        page, more = 1, True
        while more:
            listed = self._get("rounds", f"/tasks/{task}/rounds/?{urlencode({'page': page})}")
            found += listed["results"]
            page, more = page + 1, listed["next"] is not None
        return found

    def round(self, round_id: int) -> Json:
        return self._get("round", f"/rounds/{round_id}/")

    # --- For admins: each returns the round

    def open(self, round_id: int) -> Json:
        return self._post("open", f"/rounds/{round_id}/open/")

    def close(self, round_id: int) -> Json:
        return self._post("close", f"/rounds/{round_id}/close/")

    def train(self, round_id: int) -> Json:
        return self._post("train", f"/rounds/{round_id}/train/")

    def accept(self, round_id: int) -> Json:
        """Makes the new model the next adversary."""
        return self._post("accept", f"/rounds/{round_id}/accept/")

    def keep(self, round_id: int) -> Json:
        """Goes on with the old adversary."""
        return self._post("keep", f"/rounds/{round_id}/keep/")

    # --- For researchers

    def request_export(self, round_id: int) -> Json:
        return self._post("request export", f"/rounds/{round_id}/exports/")

    def export(self, export_id: int) -> Json:
        return self._get("export", f"/exports/{export_id}/")

    def download(self, export_id: int) -> bytes:
        """The data set as a zip file."""
        return self._request("download", "GET", f"/exports/{export_id}/download/").body

    # --- Requests

    def _get(self, call: str, path: str) -> Json:
        return _json(self._request(call, "GET", path))

    def _post(self, call: str, path: str, data: Json = None) -> Json:
        body = json.dumps(data or {}).encode()
        return _json(self._request(call, "POST", path, {"Content-Type": "application/json"}, body))

    def _request(
        self, call: str, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Response:
        authorization = {"Authorization": f"Token {self.token}"} if self.token else {}
        headers = {**(headers or {}), **authorization}
        response = self.site.request(call, method, f"/api/v1{path}", headers=headers, body=body)
        if not response.is_success:
            raise _api_error(response)
        return response

    @staticmethod
    def _ignoring(kind: ErrorKind, call: Callable[[], Json]) -> None:
        """Makes a call; an error of this kind means that it was made before."""
        try:
            call()
        except ApiError as error:
            if error.code != kind.code:
                raise


def _json(response: Response) -> Json:
    """The body as JSON; None for an empty one."""
    try:
        return json.loads(response.body) if response.body else None
    except ValueError as error:
        detail = "The address answers, but not with this API: use the site's right address (https://…)."
        raise ApiError(response.status, NOT_THE_API, detail) from error


def _api_error(response: Response) -> ApiError:
    """The error in a response; its code is `unknown` if the API did not send it, but a proxy, for example."""
    if response.status < 400:
        target = response.headers.get("Location", "another address")
        detail = f"The site redirects to {target}: use its right address (https://…)."
        return ApiError(response.status, REDIRECTED, detail)
    try:
        problem = json.loads(response.body)
        return ApiError(response.status, problem["code"], problem["detail"])
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status, UNKNOWN_ERROR, response.body[:200].decode(errors="replace"))


def _multipart_image(boundary: str, png: bytes) -> bytes:
    """A multipart form with one file, `image`."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="drawing.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + png + f"\r\n--{boundary}--\r\n".encode()
