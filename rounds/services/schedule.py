"""What the site does at fixed times."""

from django_q.models import Schedule

#: The name of the schedule's row in the queue's table.
POLLING = "poll"


def schedule_polling() -> None:
    """Lets a worker poll the rounds every minute; scheduled already, it stays as it is."""
    Schedule.objects.get_or_create(
        name=POLLING, defaults={"func": "rounds.jobs.poll", "schedule_type": Schedule.MINUTES, "minutes": 1}
    )
