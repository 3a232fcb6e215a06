"""Where each call is. Everything else under /api/ is a problem with a sentence, not a page."""

from django.urls import include, path, re_path

from . import accounts, docs, examples, exports, problems, prompts, reports, round_moves, rounds, tasks, validations

app_name = "api"

v1 = [
    path("auth/token/", accounts.TokenView.as_view(), name="token"),
    path("me/", accounts.MeView.as_view(), name="me"),
    path("tasks/", tasks.TasksView.as_view(), name="tasks"),
    path("tasks/<slug:slug>/", tasks.TaskView.as_view(), name="task"),
    path("tasks/<slug:slug>/rounds/", rounds.RoundsView.as_view(), name="rounds"),
    path("tasks/<slug:slug>/prompts/", prompts.PromptsView.as_view(), name="prompts"),
    path("tasks/<slug:slug>/validations/next/", validations.NextView.as_view(), name="validations-next"),
    path("tasks/<slug:slug>/report/", reports.TaskReportView.as_view(), name="task-report"),
    path("tasks/<slug:slug>/matrix/", reports.MatrixView.as_view(), name="matrix"),
    path("tasks/<slug:slug>/leaderboard/", reports.LeaderboardView.as_view(), name="leaderboard"),
    path("rounds/<int:pk>/", rounds.RoundView.as_view(), name="round"),
    path("rounds/<int:pk>/close/", round_moves.CloseView.as_view(), name="round-close"),
    path("rounds/<int:pk>/open/", round_moves.OpenView.as_view(), name="round-open"),
    path("rounds/<int:pk>/train/", round_moves.TrainView.as_view(), name="round-train"),
    path("rounds/<int:pk>/accept/", round_moves.AcceptView.as_view(), name="round-accept"),
    path("rounds/<int:pk>/keep/", round_moves.KeepView.as_view(), name="round-keep"),
    path("rounds/<int:pk>/report/", reports.RoundReportView.as_view(), name="round-report"),
    path("rounds/<int:pk>/exports/", exports.ExportsView.as_view(), name="exports"),
    path("prompts/<int:pk>/", prompts.PromptView.as_view(), name="prompt"),
    path("prompts/<int:pk>/give_up/", prompts.GiveUpView.as_view(), name="prompt-give-up"),
    path("prompts/<int:pk>/examples/", examples.ExamplesView.as_view(), name="examples"),
    path("examples/<int:pk>/image/", examples.ImageView.as_view(), name="example-image"),
    path("examples/<int:pk>/retract/", examples.RetractView.as_view(), name="example-retract"),
    path("examples/<int:pk>/validations/", validations.ValidationsView.as_view(), name="validations"),
    path("examples/<int:pk>/dispute/", validations.DisputeView.as_view(), name="example-dispute"),
    path("exports/<int:pk>/", exports.ExportView.as_view(), name="export"),
    path("exports/<int:pk>/download/", exports.DownloadView.as_view(), name="export-download"),
]

urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", docs.SchemaView.as_view(), name="schema"),
    path("docs/", docs.DocsView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^(?P<path>.*)$", problems.unknown_address),
]
