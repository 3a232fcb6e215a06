"""The admin site: everything can be looked at; what the services write can't be written past them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from rounds import services
from rounds.errors import Refused
from rounds.models import (
    Evaluation,
    Example,
    Export,
    ModelVersion,
    Person,
    Prompt,
    Round,
    RoundEvent,
    Task,
    TrainingRun,
    TrainingSet,
    Validation,
)
from rounds.roles import ADMIN

admin.site.site_header = "DADC administration"
admin.site.site_title = "DADC"
admin.site.index_title = "Tables"

RULES = (
    "label_assignment",
    "tries_per_prompt",
    "onboarding_prompts",
    "sample_rate",
    ("min_votes", "max_votes"),
    ("votes_to_verify", "lead_to_reject"),
    "lease_seconds",
    ("target_verified", "duration_hours", "close_when"),
    "non_fooling",
    "gate_tolerance",
)


class PeopleAdmin(UserAdmin):
    """Accounts. The admin role gives and takes roles here; only superusers change more, and make superusers."""

    list_display = ["username", "email", "roles", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["username", "email", "groups", "is_active"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [] if request.user.is_superuser else ["username", "email"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (request.user.is_superuser or obj is None or not obj.is_superuser)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # Only staff may enter the admin site, where an admin has work to do.
        services.give_roles(user=form.instance, roles=list(form.instance.groups.values_list("name", flat=True)))


admin.site.unregister(User)
admin.site.register(User, PeopleAdmin)


class ReadOnly:
    """Rows that only services write: shown, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "label_assignment", "target_verified", "duration_hours"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "labels", "instructions", ("canvas_size", "input_size"), "base_data"]}),
        (
            "Rules",
            {"fields": RULES, "description": "A round keeps the rules it opened under; changes apply to the next."},
        ),
        ("Training", {"fields": ["recipe"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Task | None = None) -> list[str]:
        # What examples and models were made with can't change under them.
        return ["labels", "canvas_size", "input_size", "base_data"] if obj and obj.rounds.exists() else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EventInline(ReadOnly, admin.TabularInline):
    model = RoundEvent
    fields = ["at", "by", "from_status", "to_status", "why"]
    extra = 0


class RunInline(ReadOnly, admin.TabularInline):
    model = TrainingRun
    fk_name = "round"
    fields = ["created_at", "status", "attempts", "model", "error"]
    show_change_link = True
    extra = 0


@admin.register(Round)
class RoundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "status", "adversary", "opened_at", "closed_at", "done_at", "staff_page"]
    list_filter = ["status", "task"]
    list_select_related = ["task", "adversary"]
    inlines = [EventInline, RunInline]
    actions = ["open_rounds", "close_rounds", "start_trainings"]

    @admin.display(description="staff page")
    def staff_page(self, round: Round) -> str:
        return format_html('<a href="{}">run this round</a>', reverse("staff_round", args=[round.pk]))

    @admin.action(description="Open", permissions=["view"])
    def open_rounds(self, request: HttpRequest, queryset: QuerySet[Round]) -> None:
        self._move(request, queryset, services.open_round)

    @admin.action(description="Close", permissions=["view"])
    def close_rounds(self, request: HttpRequest, queryset: QuerySet[Round]) -> None:
        self._move(request, queryset, services.close_round)

    @admin.action(description="Start training", permissions=["view"])
    def start_trainings(self, request: HttpRequest, queryset: QuerySet[Round]) -> None:
        self._move(request, queryset, services.start_training)

    def _move(self, request: HttpRequest, queryset: QuerySet[Round], move: Any) -> None:
        for round in queryset:
            try:
                services.require_role(request.user, ADMIN)
                move(round=round, by=request.user)
            except Refused as refusal:
                messages.error(request, refusal.detail)
            else:
                messages.success(request, f"{round}: done.")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "task", "architecture", "parent", "weights_hash", "created_at"]
    list_filter = ["task"]
    list_select_related = ["task", "parent__task"]


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "status", "attempts", "worker", "lease_until", "finished_at"]
    list_filter = ["status"]
    list_select_related = ["round__task"]


@admin.register(TrainingSet)
class TrainingSetAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "round", "annotator_disjoint", "created_at"]
    list_select_related = ["round__task"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["model", "suite", "condition", "round", "correct", "n"]
    list_filter = ["suite"]
    list_select_related = ["model__task", "round__task"]


@admin.register(Prompt)
class PromptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "round", "annotator", "label", "status", "try_count", "practice", "started_at"]
    list_filter = ["status", "practice"]
    list_select_related = ["round__task", "annotator__user"]
    show_full_result_count = False


class ValidationInline(ReadOnly, admin.TabularInline):
    model = Validation
    fields = ["validator", "answer", "reason", "created_at"]
    extra = 0


@admin.register(Example)
class ExampleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "id",
        "round",
        "annotator",
        "label",
        "prediction",
        "fooled",
        "verification",
        "practice",
        "created_at",
    ]
    list_filter = ["fooled", "verification", "practice", "round__task", "round__number"]
    list_select_related = ["round__task", "annotator__user"]
    inlines = [ValidationInline]
    show_full_result_count = False


@admin.register(Person)
class PersonAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "is_guest", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__username"]


@admin.register(Export)
class ExportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "by", "status", "examples", "created_at"]
    list_filter = ["status"]
    list_select_related = ["by", "round__task"]
