"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rounds import selectors
from rounds.models import Task


def home(request: HttpRequest) -> HttpResponse:
    task = selectors.default_task()
    return render(
        request,
        "pages/home.html",
        {
            "tasks": [(each, selectors.latest_round(each)) for each in Task.objects.all()],
            "task": task,
            "gallery": selectors.gallery(task, limit=10) if task else [],
        },
    )
