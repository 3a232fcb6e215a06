"""For load balancers and Prometheus: liveness, readiness and metrics."""

import logging
import os
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_q.brokers import Broker, get_broker
from django_q.models import Schedule
from django_q.status import Stat
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from rounds import predictor, services
from rounds.errors import Unavailable
from rounds.models import Example, ModelVersion, Round, Task, TrainingRun

log = logging.getLogger(__name__)

#: Workers read the schedule every half minute; polling is due every minute.
LATEST_POLL = timedelta(seconds=90)
#: A worker that has just started has not read the schedule yet.
GRACE_SECONDS = 60


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is checked, so that an outage elsewhere does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, queue and adversaries work; 503 with a sentence for each part that does not."""
    parts = {"database": check_database()}
    if parts["database"] is None:
        parts |= {"queue": check_queue(), "adversary": check_adversaries()}
    ready = not any(parts.values())
    shown = {name: {"ready": error is None, "detail": error or ""} for name, error in parts.items()}
    return JsonResponse({"ready": ready, "parts": shown}, status=200 if ready else 503)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The web processes' own metrics, added up over all of them, and the site's numbers, read now."""
    return HttpResponse(
        generate_latest(_process_registry()) + generate_latest(_site_registry()),
        content_type=CONTENT_TYPE_LATEST,
    )


def check_database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("the database does not answer")
        return "The database doesn't answer. Check DATABASE_URL and the database server."
    return None


def check_queue() -> str | None:
    """Whether workers serve the queue: only a living cluster moves the next run of the polling schedule on.

    The schedule lies in the database, so this holds for every broker and for workers on other machines.
    """
    try:
        broker = get_broker()
        broker.ping()
    except Exception:
        log.exception("the queue's broker does not answer")
        return "The queue's broker doesn't answer. Check REDIS_URL and the Redis server."
    due = Schedule.objects.filter(name=services.POLLING).values_list("next_run", flat=True).first()
    if due is None:
        return "Polling the rounds is not scheduled. Run manage.py setup."
    late = timezone.now() - due
    if late > LATEST_POLL and not _just_started(broker):
        return f"No worker has served the queue for {late.total_seconds():.0f} seconds. Start manage.py qcluster."
    return None


def check_adversaries() -> str | None:
    try:
        for version in ModelVersion.objects.filter(rounds_served__status=Round.Status.OPEN).distinct():
            predictor.load(version)
    except Unavailable:
        return f"{version} can't be loaded. The log says why; its files lie in {version.folder} of the storage."
    return None


def _just_started(broker: Broker) -> bool:
    try:
        return any(stat.uptime() < GRACE_SECONDS for stat in Stat.get_all(broker))
    except Exception:
        # Another version of the site may have written them; then a worker that has just started gets no grace.
        log.warning("the workers' heartbeats can't be read", exc_info=True)
        return False


def _process_registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry


def _site_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(SiteCollector())
    return registry


class SiteCollector(Collector):
    """Numbers of the whole site, read from the database: the same in every web process."""

    def collect(self) -> Iterable[Metric]:
        families: list[Callable[[], list[Metric]]] = [_round_metrics, _validation_metrics, _training_metrics]
        try:
            found = [metric for family in families for metric in family()]
        except DatabaseError:
            log.exception("the site's numbers can't be read")
            found = []
        up = GaugeMetricFamily("dadc_database_up", "Whether the site's numbers could be read.", value=bool(found))
        return [up, *found]


def _round_metrics() -> list[Metric]:
    count = GaugeMetricFamily("dadc_open_rounds", "Rounds that take drawings.")
    attempts = GaugeMetricFamily("dadc_round_attempts", "Counted examples of an open round.", labels=["task", "round"])
    fooled = GaugeMetricFamily("dadc_round_fooled", "Of them, those that fooled.", labels=["task", "round"])
    rounds = Round.objects.filter(status=Round.Status.OPEN).values_list("pk", "task__slug", "number")
    examples = Example.objects.counted().filter(round__status=Round.Status.OPEN).order_by().values_list("round")
    counts = {
        pk: (n, n_fooled) for pk, n, n_fooled in examples.annotate(n=Count("pk"), f=Count("pk", filter=Q(fooled=True)))
    }
    count.add_metric([], len(rounds))
    for pk, task, number in rounds:
        n, n_fooled = counts.get(pk, (0, 0))
        attempts.add_metric([task, str(number)], n)
        fooled.add_metric([task, str(number)], n_fooled)
    return [count, attempts, fooled]


def _validation_metrics() -> list[Metric]:
    queue = GaugeMetricFamily("dadc_validation_queue", "Examples that wait for validators.", labels=["task"])
    waiting = Example.objects.awaiting_validation().filter(
        round__status__in=[Round.Status.OPEN, Round.Status.VALIDATING]
    )
    lengths = dict(waiting.order_by().values_list("round__task").annotate(n=Count("pk")))
    for pk, slug in Task.objects.values_list("pk", "slug"):
        queue.add_metric([slug], lengths.get(pk, 0))
    return [queue]


def _training_metrics() -> list[Metric]:
    runs = GaugeMetricFamily("dadc_training_runs", "Training runs.", labels=["status"])
    numbers = dict(TrainingRun.objects.order_by().values_list("status").annotate(n=Count("pk")))
    for status in TrainingRun.Status.values:
        runs.add_metric([status], numbers.get(status, 0))
    return [runs]
