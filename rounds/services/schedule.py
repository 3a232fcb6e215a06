"""What the site does at fixed times."""

from django_q.models import Schedule

#: The name of the schedule's row in the queue's table.
POLLING = "poll"


def schedule_polling() -> None:
    """Schedules the job that polls the rounds, every minute; an existing schedule is left alone."""
    Schedule.objects.get_or_create(
        name=POLLING, defaults={"func": "rounds.jobs.poll", "schedule_type": Schedule.MINUTES, "minutes": 1}
    )
