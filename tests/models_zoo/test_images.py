"""A drawing becomes canonical once, and everything that is no drawing is refused with a sentence."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models_zoo.data.images import MAX_BYTES, ImageError, canonical_png, to_array


def seven(size=(280, 280), *, ink=0, paper=255, mode="L"):
    image = Image.new(mode, size, paper)
    pen = ImageDraw.Draw(image)
    width, height = size
    pen.line([(width * 0.3, height * 0.2), (width * 0.7, height * 0.2), (width * 0.4, height * 0.8)], ink, 18)
    return image


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, format=kind, **options)
    return out.getvalue()


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_canvas_export_keeps_its_pixels():
    drawing = seven()
    canonical = canonical_png(encoded(drawing))
    assert (pixels(canonical) == np.asarray(drawing)).all()


def test_a_canonical_drawing_comes_back_byte_for_byte():
    canonical = canonical_png(encoded(seven((300, 200)), "JPEG"))
    assert canonical_png(canonical) == canonical


def test_the_same_pixels_give_the_same_bytes_whatever_metadata_the_file_has():
    plain = encoded(seven(), compress_level=1)
    chatty = encoded(seven().convert("RGB"), dpi=(300, 300), exif=b"Exif\0\0")
    assert canonical_png(plain) == canonical_png(chatty)


def test_the_result_is_an_8_bit_grey_square_without_metadata():
    image = Image.open(io.BytesIO(canonical_png(encoded(seven((90, 40)), dpi=(300, 300)), canvas=64)))
    assert (image.format, image.mode, image.size, image.info) == ("PNG", "L", (64, 64), {})


def test_transparent_paper_is_white():
    drawing = seven(mode="RGBA", paper=(0, 0, 0, 0), ink=(0, 0, 0, 255))
    assert canonical_png(encoded(drawing)) == canonical_png(encoded(seven()))


def test_a_palette_picture_with_transparency_is_read_too():
    drawing = seven(mode="RGBA", paper=(0, 0, 0, 0), ink=(0, 0, 0, 255)).quantize(4)
    assert canonical_png(encoded(drawing)) == canonical_png(encoded(seven()))


def test_sixteen_bit_pictures_are_scaled_not_clipped():
    deep = Image.fromarray(np.asarray(seven(ink=100)).astype(np.uint16) * 257)
    assert canonical_png(encoded(deep)) == canonical_png(encoded(seven(ink=100)))


def test_light_ink_on_dark_paper_is_turned_round():
    assert canonical_png(encoded(seven(ink=255, paper=0))) == canonical_png(encoded(seven()))


def test_a_photograph_of_pencil_on_grey_paper_gets_black_ink_and_white_paper():
    drawing = pixels(canonical_png(encoded(seven(ink=120, paper=200), "JPEG")))
    assert drawing[0, 0] == 255
    assert drawing.min() < 10


def test_a_photograph_is_turned_the_way_its_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90 degrees clockwise to show"
    turned = encoded(seven().rotate(90), exif=exif)
    assert canonical_png(turned) == canonical_png(encoded(seven()))


def test_a_wide_picture_is_padded_with_paper_not_squeezed():
    drawing = pixels(canonical_png(encoded(seven((280, 140)))))
    assert (drawing[:70] == 255).all()
    assert (drawing[210:] == 255).all()
    assert (drawing[70:210] == np.asarray(seven((280, 140)))).all()


def test_the_network_sees_bright_ink_on_black_averaged_over_areas():
    image = Image.new("L", (280, 280), 255)
    image.paste(0, (100, 50, 110, 55))  # the upper half of one of the 28 x 28 areas
    array = to_array(canonical_png(encoded(image)))
    assert array.dtype == np.uint8
    assert array[5, 10] == 128
    assert array.astype(int).sum() == 128


def test_the_place_of_a_digit_is_preserved():
    left, right = Image.new("L", (280, 280), 255), Image.new("L", (280, 280), 255)
    left.paste(0, (20, 100, 40, 200))
    right.paste(0, (220, 100, 240, 200))
    shifted = np.roll(to_array(canonical_png(encoded(left))), 20, axis=1)
    assert (shifted == to_array(canonical_png(encoded(right)))).all()


def test_a_28_pixel_digit_survives_the_canvas_unchanged():
    digit = np.zeros((28, 28), dtype=np.uint8)
    digit[6:22, 12:15] = [[90, 255, 140]] * 16
    canonical = canonical_png(encoded(Image.fromarray(255 - digit)))
    assert (to_array(canonical) == digit).all()


def animated(**options):
    return encoded(seven(), save_all=True, append_images=[seven(ink=50)], **options)


BAD = {
    "empty": (b"", "empty"),
    "no picture": (b"%PDF-1.7 not a picture", "not a PNG or JPEG"),
    "another kind of picture": (encoded(seven(), "GIF"), "not a PNG or JPEG"),
    "too many bytes": (b"\x89PNG\r\n\x1a\n" + b"\0" * MAX_BYTES, "larger than 5 MB"),
    "a decompression bomb": (png_that_claims(100_000, 100_000), "too many pixels"),
    "a smaller bomb": (png_that_claims(10_000, 10_000), "too many pixels"),
    "a bomb that Pillow lets pass": (png_that_claims(4097, 4097), "too many pixels"),
    "a strip": (encoded(Image.new("L", (60_000, 20), 255)), "too many pixels"),
    "a strip of the other kind": (encoded(Image.new("L", (20, 4097), 255)), "too many pixels"),
    "a truncated PNG": (encoded(seven())[:300], "damaged"),
    "a truncated JPEG": (encoded(seven(), "JPEG")[:800], "damaged"),
    "a PNG that claims more than it has": (png_that_claims(300, 300), "damaged"),
    "only a PNG signature": (b"\x89PNG\r\n\x1a\n", "not a PNG or JPEG"),
    "an animated PNG": (animated(), "animated"),
    "a blank canvas": (encoded(Image.new("L", (280, 280), 255)), "blank"),
    "an untouched transparent canvas": (encoded(Image.new("RGBA", (280, 280), (0, 0, 0, 0))), "blank"),
    "a faint speck": (encoded(seven(ink=250)), "blank"),
    "black all over": (encoded(Image.new("L", (280, 280), 0)), "black all over"),
    "a black JPEG": (encoded(Image.new("RGB", (280, 280), (8, 8, 8)), "JPEG"), "black all over"),
}


@pytest.mark.filterwarnings("ignore:Image size:PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", BAD)
def test_refuses(name):
    data, reason = BAD[name]
    with pytest.raises(ImageError, match=reason) as refusal:
        canonical_png(data)
    assert str(refusal.value).endswith(".")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_cut_off_or_changed_anywhere_is_refused_or_read_but_never_crashes(kind):
    whole = encoded(seven(), kind)
    rng = np.random.default_rng(0)
    for _ in range(150):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            broken[place] = rng.integers(0, 256)
        for data in (bytes(broken), whole[: rng.integers(1, len(whole))]):
            try:
                assert len(canonical_png(data)) > 0
            except ImageError:
                continue


def test_checking_an_upload_does_not_load_torch():
    code = "import sys, models_zoo.data.images, models_zoo.data.mnist; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
