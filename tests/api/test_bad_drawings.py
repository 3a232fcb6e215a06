"""Files that are no drawings: a 4xx with a sentence each, and no row left behind."""

import io
import struct
import zlib

import pytest
from PIL import Image

from models_zoo.data.images import MAX_BYTES
from tests.api.conftest import assert_problem, rows


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb() -> bytes:
    """A few bytes that claim to be 100,000 by 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


PAPER = Image.new("L", (280, 280), 255)
STROKE = PAPER.copy()
STROKE.paste(0, (130, 60, 150, 220))
BLANK = file_of(PAPER)
BLACK = file_of(Image.new("L", (280, 280), 0))
ANIMATED = file_of(PAPER, save_all=True, append_images=[STROKE])


@pytest.mark.parametrize(
    ("image", "detail"),
    [
        pytest.param(b"seven", "not a PNG or JPEG", id="no image"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG or JPEG", id="SVG"),
        pytest.param(file_of(STROKE, "GIF"), "not a PNG or JPEG", id="GIF"),
        pytest.param(file_of(STROKE)[:200], "damaged or cut off", id="truncated"),
        pytest.param(file_of(STROKE)[:20], "damaged or cut off", id="header only"),
        pytest.param(ANIMATED, "animated", id="animated"),
        pytest.param(bomb(), "too many pixels", id="decompression bomb"),
        pytest.param(file_of(Image.new("L", (60_000, 1), 255)), "too many pixels", id="strip"),
        pytest.param(BLANK, "blank", id="blank"),
        pytest.param(BLACK, "black all over", id="black"),
        pytest.param(b"\0" * (MAX_BYTES + 1), "larger than 5 MB", id="just over 5 MB"),
    ],
)
def test_what_is_no_drawing_is_refused(api, alice, guest, open_round, ask, send, image, detail):
    for client in (api(alice), guest):
        prompt = ask(client)
        before = rows()
        assert_problem(send(client, prompt["id"], image), 400, "image", detail=detail)
        assert rows() == before


def test_an_empty_file_is_refused(guest, open_round, ask, send):
    prompt = ask(guest)
    before = rows()
    assert_problem(send(guest, prompt["id"], b""), 400, "invalid", detail="The file is empty")
    assert rows() == before


class CountedBody(io.BytesIO):
    """A body of 20 MB that counts how much of it was read."""

    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def test_20_mb_are_refused_without_being_read(api, alice, guest, open_round, ask):
    size = 20 * 2**20
    for client in (api(alice), guest):
        url = f"/api/v1/prompts/{ask(client)['id']}/examples/"
        before = rows()
        body = CountedBody(b"\0" * size)
        response = client.generic(
            "POST",
            url,
            b"",
            content_type="multipart/form-data; boundary=x",
            **{"CONTENT_LENGTH": str(size), "wsgi.input": body},
        )
        assert_problem(response, 413, "too_large", detail="Send a smaller one")
        assert body.bytes_read == 0
        assert rows() == before


def test_the_body_of_a_session_is_not_read_before_its_size_is_checked(client, alice, open_round):
    """The CSRF check would read the upload; it comes after the size."""
    client.force_login(alice.user)
    body = CountedBody(b"\0" * 20 * 2**20)
    response = client.generic(
        "POST",
        "/api/v1/prompts/1/examples/",
        b"",
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(20 * 2**20), "wsgi.input": body},
    )
    assert_problem(response, 413, "too_large")
    assert body.bytes_read == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "detail"),
    [
        pytest.param(b'{"image": "seven"}', "application/json", 415, "multipart/form-data", id="JSON"),
        pytest.param(b"image", "text/plain", 415, "multipart/form-data", id="text"),
        pytest.param(b"--x\r\n", "multipart/form-data; boundary=x", 400, "Send the drawing as the file", id="no parts"),
        pytest.param(b"image", "multipart/form-data", 400, "boundary", id="no boundary"),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nseven\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            400,
            "This is text, not a file",
            id="text field",
        ),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\nseven\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            400,
            "Send the drawing as the file",
            id="another name",
        ),
    ],
)
def test_a_body_without_a_drawing_is_refused_with_what_to_send(
    api, alice, client, open_round, ask, body, content_type, status, detail
):
    prompt = ask(api(alice))
    client.force_login(alice.user)
    before = rows()
    for each in (api(alice), client):
        response = each.generic("POST", f"/api/v1/prompts/{prompt['id']}/examples/", body, content_type=content_type)
        assert_problem(response, status, detail=detail)
    assert rows() == before


def test_an_upload_with_colour_and_transparency_is_fine(guest, open_round, ask, send):
    drawn = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    drawn.paste((20, 40, 160, 255), (140, 40, 160, 160))
    assert send(guest, ask(guest)["id"], file_of(drawn)).status_code == 201
