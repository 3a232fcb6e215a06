"""The admin site: shows every table; what it changes goes through the services, like everything else."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from rounds import services
from rounds.errors import Refused
from rounds.models import (
    AuditEvent,
    Evaluation,
    Example,
    Export,
    ModelVersion,
    Person,
    Prompt,
    Round,
    Task,
    TrainingRun,
    TrainingSet,
    Validation,
)
from rounds.roles import ADMIN
from rounds.state_machine import MOVES
from rounds.web.staff_moves import OFFERED, make_move

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


def requesting_account(request: HttpRequest) -> User:
    """The account that makes a request to the admin site, which only accounts may enter."""
    assert isinstance(request.user, User)
    return request.user


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
        with transaction.atomic():
            before = self.get_object(request, id)
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, id)
            if before and after and before.password != after.password:
                services.record_new_password(user=after, by=requesting_account(request))
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        services.save_account(user=obj, by=requesting_account(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        roles = form.cleaned_data.pop("groups", None)  # left to the service, which records what changes
        super().save_related(request, form, formsets, change)
        if roles is not None:
            services.set_roles(user=form.instance, roles=[role.name for role in roles], by=requesting_account(request))


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

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:
        services.save_task(task=obj, by=requesting_account(request))


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "by", "action", "task", "round", "user", "why"]
    list_filter = ["action", "task"]
    list_select_related = ["by", "task", "round__task", "user"]
    ordering = ["-at", "-pk"]


class EventInline(ReadOnly, admin.TabularInline):
    model = AuditEvent
    fields = ["at", "by", "action", "from_status", "to_status", "why"]
    extra = 0


class RunInline(ReadOnly, admin.TabularInline):
    model = TrainingRun
    fk_name = "round"
    fields = ["created_at", "status", "attempts", "model", "error"]
    show_change_link = True
    extra = 0


def _move_action(verb: str) -> Any:
    """The admin site's action that makes this move for every selected round."""

    @admin.action(description=OFFERED[verb].label, permissions=["view"])
    def move_rounds(site: Any, request: HttpRequest, queryset: QuerySet[Round]) -> None:
        for round in queryset:
            try:
                services.require_role(request.user, ADMIN)
                make_move(round, verb, requesting_account(request), request.POST)
            except Refused as refusal:
                messages.error(request, refusal.detail)
            else:
                messages.success(request, f"{round}: done.")

    move_rounds.__name__ = f"{verb}_rounds"
    return move_rounds


@admin.register(Round)
class RoundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "status", "adversary", "opened_at", "closed_at", "done_at", "staff_page"]
    list_filter = ["status", "task"]
    list_select_related = ["task", "adversary"]
    inlines = [EventInline, RunInline]
    actions = [_move_action(move.verb) for move in MOVES.values() if move.by_admin]

    @admin.display(description="staff page")
    def staff_page(self, round: Round) -> str:
        return format_html('<a href="{}">manage this round</a>', reverse("staff_round", args=[round.pk]))


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
