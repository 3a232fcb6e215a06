"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rounds import selectors
from rounds.models import Task


def home(request: HttpRequest) -> HttpResponse:
    front = selectors.front_task()
    return render(
        request,
        "pages/home.html",
        {
            "tasks": [(task, selectors.latest_round(task)) for task in Task.objects.all()],
            "task": front,
            "gallery": selectors.gallery(front, limit=10) if front else [],
        },
    )
