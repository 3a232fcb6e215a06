"""PNG and JPEG bytes to the arrays that networks read.

One way for everything: what a person draws is made canonical once (`canonical_png`), stored, and turned into the
network's input by `to_array`, for scoring and for training alike. Pillow and NumPy only, so that a web process can
check an upload without loading torch.
"""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 5 * 1024 * 1024
MAX_SIDE = 4096
PAPER = 255
# Differences in grey below this are noise of a camera or of JPEG, not ink (grey levels, 0-255).
FAINTEST_INK = 32


class ImageError(ValueError):
    """An upload that cannot be used. The message is one sentence for a person: what is wrong and what to do."""


def canonical_png(data: bytes, *, canvas: int = 280) -> bytes:
    """Turn an upload or a canvas export into the one form in which drawings are stored.

    Args:
        data: the bytes of a PNG or JPEG file, at most `MAX_BYTES` long and `MAX_SIDE` pixels wide and high.
        canvas: side of the square result, in pixels.

    Returns:
        A `canvas` x `canvas` 8-bit grayscale PNG without metadata, dark ink (0) on white paper (255). The same
        pixels give the same bytes, and a canonical PNG comes back unchanged.

    Raises:
        ImageError: the bytes are empty, too many, no PNG or JPEG, damaged, animated, too large in pixels, blank, or
            black all over.
    """
    grey = _dark_on_white(_decode(data))
    drawing = np.asarray(_on_canvas(grey, canvas))
    if PAPER - int(drawing.min()) < FAINTEST_INK:
        raise ImageError("The drawing is blank: draw something before you send it.")
    out = io.BytesIO()
    Image.fromarray(drawing).save(out, format="PNG", compress_level=6)
    return out.getvalue()


def to_array(png: bytes, *, size: int = 28) -> np.ndarray:
    """Read a canonical PNG as a network's input, like an MNIST digit: bright ink on black.

    The whole canvas is averaged down to `size` x `size`. Nothing is cropped or centred: where and how large somebody
    draws is part of the drawing.

    Args:
        png: the result of `canonical_png`.
        size: side of the result, in pixels.

    Returns:
        uint8 array of shape [size, size], 0 (paper) to 255 (ink).
    """
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        small = image.convert("L").resize((size, size), Image.Resampling.BOX)
    return PAPER - np.asarray(small)


def _decode(data: bytes) -> np.ndarray:
    """Bytes to grey levels, uint8 [height, width], transparent parts on white; every refusal of a file is here."""
    if not data:
        raise ImageError("The file is empty: choose a PNG or JPEG picture.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file is larger than {MAX_BYTES // 2**20} MB: send a smaller picture.")
    too_large = ImageError("The picture has too many pixels: make it at most 4096 pixels wide and high.")
    damaged = ImageError("The picture is damaged or cut off: export it again and send the new file.")
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
    except UnidentifiedImageError:
        raise ImageError("The file is not a PNG or JPEG picture: save it as one of these.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large from None
    except (OSError, SyntaxError, ValueError):
        raise damaged from None
    with image:
        # Each side: a thin strip has few pixels, but the square it is put on has not.
        if max(image.size) > MAX_SIDE:
            raise too_large
        if image.format == "PNG" and getattr(image, "is_animated", False):
            raise ImageError("The picture is animated: send a single still picture.")
        try:
            image.load()
            return _grey_levels(ImageOps.exif_transpose(image))
        # Pillow raises any of these for damage inside a file.
        except (OSError, SyntaxError, ValueError, IndexError, EOFError):
            raise damaged from None


def _grey_levels(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip rather than scale
        return (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return np.asarray(image.convert("L"))


def _dark_on_white(grey: np.ndarray) -> np.ndarray:
    """Dark ink on white paper, whatever the upload's colours: its border is taken for the paper."""
    darkest, brightest = int(grey.min()), int(grey.max())
    if brightest - darkest < FAINTEST_INK and brightest < 128:
        raise ImageError("The drawing is black all over: clear it and draw with single strokes.")
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) < 128:
        grey, border = PAPER - grey, PAPER - border
    paper, ink = float(np.median(border)), float(grey.min())
    # A photograph has grey paper and pale ink: stretch it. A canvas export is left exactly as it is.
    if paper - ink >= FAINTEST_INK and (paper < 250 or ink > 50):
        grey = np.rint(((grey - ink) / (paper - ink)).clip(0, 1) * PAPER).astype(np.uint8)
    return grey


def _on_canvas(grey: np.ndarray, canvas: int) -> Image.Image:
    height, width = grey.shape
    side = max(height, width)
    square = Image.new("L", (side, side), PAPER)
    square.paste(Image.fromarray(grey), ((side - width) // 2, (side - height) // 2))
    # BOX averages areas when it shrinks and repeats pixels when it enlarges, so a 28 x 28 digit survives unchanged.
    return square if side == canvas else square.resize((canvas, canvas), Image.Resampling.BOX)
