from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "rounds"
    verbose_name = "Rounds"

    def ready(self) -> None:
        from django_q.signals import post_spawn

        from rounds import checks, jobs  # noqa: F401  (registers them)

        post_spawn.connect(jobs.preload_torch)
