"""Simulated people who use a site as real people do, to test it and to fill it with data.

Their handwriting is real: pen trajectories of 10,992 digits that 44 people wrote on a tablet (UCI pen digits, not
MNIST). The simulation knows what every drawing really shows, its ground truth, and the site does not. So it can measure
how many wrong labels the site's validation lets through, how well each validator reads, and how quickly the site
answers.

    manage.py crowd      simulated people work at a running site for some rounds; ends with a report
    manage.py demo       starts a new site and lets them play some rounds on it

The files, from the pen to the report:

    handwriting          downloads and reads the trajectories
    styles, rendering    a style puts a trajectory onto the canvas; variations change the style; strokes become pixels
    writers              a writer has some trajectories of each digit, and a style
    drawings             a simulated drawing: pixels and ground truth
    annotators           draw what a prompt says, and learn from the verdicts which variations fool the model
    validators           answer what a drawing shows, and misread some
    population           make_crowd: a whole crowd from one seed, and writers who are held out for measuring

    transport, call_log  HTTP requests with retries, and how long each took
    client               the calls of the site's API
    accounts             names and tokens that bots use; local_accounts makes them in this site's database
    ground_truth         what each drawing that was sent really shows, also stored in a file
    bots                 each acts at the site for one simulated annotator or validator, in one of the bot_threads
    campaign_admin       moves rounds on where the site waits for an admin
    stalls               when to stop waiting
    campaign             all of this together, for some rounds
    export_reader        reads from a round's export what the site made of the drawings
    report, report_text  the results, as numbers and as text
    options, terminal    what the two commands share

The simulation itself, everything down to `population`, needs neither a site nor Django:

    crowd = make_crowd(load_handwriting(), annotators=40, validators=10, seed=0)
    annotator = crowd.annotators[0]
    annotator.start_round(1)
    annotator.start_prompt("7")
    drawing = annotator.draw()                       # SimulatedDrawing: pixels, claimed, truth, …
    annotator.record_verdict(drawing, fooled=False)  # the next drawing will be varied
    annotator.gives_up                               # True after `Habits.patience` tries
    crowd.validators[0].answer(drawing)              # "0" … "9" or "unreadable"

The same seed gives the same crowd, and the same drawings for the same prompts and verdicts. What an annotator has
learnt is its `memory`: whoever stores `memory.to_json()` after a round can continue from there later. A campaign does
not store it: its annotators begin without memory.
"""

from crowd.annotators import Habits, SimulatedAnnotator
from crowd.drawings import SimulatedDrawing
from crowd.handwriting import Handwriting, HandwritingError, load_handwriting
from crowd.population import Crowd, as_arrays, held_out_drawings, make_crowd
from crowd.styles import VARIATIONS, Style
from crowd.validators import ReadingErrors, SimulatedValidator
from crowd.writers import CrowdError, Writer, make_writers

__all__ = [
    "VARIATIONS",
    "Crowd",
    "CrowdError",
    "Habits",
    "Handwriting",
    "HandwritingError",
    "ReadingErrors",
    "SimulatedAnnotator",
    "SimulatedDrawing",
    "SimulatedValidator",
    "Style",
    "Writer",
    "as_arrays",
    "held_out_drawings",
    "load_handwriting",
    "make_crowd",
    "make_writers",
]
