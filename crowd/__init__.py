"""People who draw and people who check, made of real handwriting that is not MNIST. No Django, no HTTP, no torch.

    crowd = make_crowd(load_handwriting(), annotators=40, validators=10, seed=0)
    annotator = crowd.annotators[0]
    annotator.start(round_number)
    annotator.take("7")                       a prompt, as the site gives it
    drawing = annotator.draw()                Drawing: .pixels uint8 [280, 280], .png(), .small() uint8 [28, 28]
    annotator.told(drawing, fooled=False)     what the site said: the next drawing varies, and the annotator learns
    annotator.gives_up                        after so many tries for one prompt
    crowd.validators[0].answer(drawing)       "0" … "9" or "unreadable"

Handwriting (`handwriting`)
    load_handwriting(folder) -> Handwriting(trajectories, labels); fetched once; HandwritingError says what to do
Hands (`hands`)
    make_hands(handwriting, count, seed=…, by_shape=True) -> list[Hand]; Drawing; Style; VARIATIONS
People (`annotators`, `validators`, `people`)
    Annotator, Habits; Validator, Eyes; make_crowd(...) -> Crowd(handwriting, annotators, validators, held_out)
    held_out_drawings(crowd, seed=…) -> list[Drawing], by hands that no annotator has
    as_arrays(drawings) -> uint8 [n, 28, 28] and int64 [n]

What a `Drawing` knows beside its pixels: `claimed` (the label asked for), `truth` (the label that was drawn, None for
a scrawl), `is_right` (they are the same), `variations`, `hardness` (0 to 1) and `mistaken_for` (float [10]). Validators
use the last two only to err where a person would. Keep the Drawing beside the id that the site gave it: labels that the
validations got wrong can then be counted against the truth.

Everything is decided by seeds. An annotator's and a validator's own generator is remade by `start(round_number)` from
(seed, who, round); what an annotator has learnt is `memory.to_json()`. Whoever keeps that, as `bench/experiment` does,
goes on after a stop between two rounds as if there had been none. A `Campaign` does not: its annotators begin anew.
"""

from crowd.annotators import Annotator, Habits
from crowd.hands import VARIATIONS, CrowdError, Drawing, Hand, Style, make_hands
from crowd.handwriting import Handwriting, HandwritingError, load_handwriting
from crowd.people import Crowd, as_arrays, held_out_drawings, make_crowd
from crowd.validators import Eyes, Validator

__all__ = [
    "VARIATIONS",
    "Annotator",
    "Crowd",
    "CrowdError",
    "Drawing",
    "Eyes",
    "Habits",
    "Hand",
    "Handwriting",
    "HandwritingError",
    "Style",
    "Validator",
    "as_arrays",
    "held_out_drawings",
    "load_handwriting",
    "make_crowd",
    "make_hands",
]
