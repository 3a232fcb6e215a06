"""The public pages of a task and its rounds: numbers, matrix, leaderboards, drawings that fooled."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from rounds import reports, selectors
from rounds.models import Drawing, Round, Task

from . import charts

DAY = 86_400


def task(request: HttpRequest, slug: str) -> HttpResponse:
    task = get_object_or_404(Task, slug=slug)
    report = reports.task_report(task)
    matrix = reports.matrix(task)
    return render(
        request,
        "pages/task.html",
        {
            "task": task,
            "round": selectors.latest_round(task),
            "report": report,
            "rounds": zip(report["rounds"], selectors.opened_rounds(task), strict=True),
            "chart": charts.rates_by_round(report["rounds"]),
            "matrix": matrix,
            "palest": charts.palest_accuracy(matrix),
            "gallery": selectors.gallery(task, limit=12),
        },
    )


def round_page(request: HttpRequest, pk: int) -> HttpResponse:
    round = get_object_or_404(Round.objects.select_related("task", "adversary").exclude(status="draft"), pk=pk)
    report = reports.round_report(round)
    return render(
        request,
        "pages/round.html",
        {
            "task": round.task,
            "round": round,
            "report": report,
            "criteria": selectors.criteria(round, report["counts"]),
            "record": selectors.adversary_record(round.adversary) if round.adversary else None,
            "gallery": selectors.gallery(round.task, round=round, limit=16),
            "moves": round.events.moves().select_related("by"),
            "exports": round.exports.select_related("by")[:5],
        },
    )


def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    task = get_object_or_404(Task, slug=slug)
    return render(request, "pages/leaderboard.html", {"task": task, "board": reports.leaderboard(task)})


def drawing(request: HttpRequest, pk: int) -> HttpResponse:
    """The image of an example in the public gallery."""
    example = selectors.public_examples().filter(pk=pk).first()
    if example is None:
        raise Http404("There is no such drawing, or it is not public.")
    png = Drawing.objects.get(pk=example.drawing_id).png
    return HttpResponse(bytes(png), content_type="image/png", headers={"Cache-Control": f"public, max-age={DAY}"})
