"""Admin of subjects and their behaviour. Attributes are never shown as rows: audits read them, and
reports give aggregates.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp.lib.read_only_admin import ReadOnlyAdmin
from webapp.lib.times import utc_now
from webapp.subjects.attributes import DEFAULT_DAYS
from webapp.subjects.keys import server_key_revoke
from webapp.subjects.looks import look_record
from webapp.subjects.models import (
    AttributeEnd,
    AttributeRead,
    AttributeRetention,
    Import,
    ImportPart,
    Profile,
    RevokedToken,
    ServerKey,
    Subject,
)


class ProfileInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Profile
    extra = 0
    can_delete = False
    fields = ("surface", "explained", "visits_counted", "most_used", "order", "updated_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Visits")
    def visits_counted(self, row: Profile) -> int:
        return int(row.state.get("profile", {}).get("visits", 0))

    @admin.display(description="Used in most visits")
    def most_used(self, row: Profile) -> SafeString:
        blocks = row.state.get("profile", {}).get("blocks", {})
        used = sorted(((b, int(c["uses"])) for b, c in blocks.items()), key=lambda p: -p[1])
        return format_html_join(", ", "{} ({})", used[:5])

    @admin.display(description="Last order")
    def order(self, row: Profile) -> str:
        return ", ".join(row.state.get("profile", {}).get("order", ())) or "the default"

    @admin.display(description="Page")
    def explained(self, row: Profile) -> SafeString | str:
        """Links to the studio, if the project has installed it."""
        try:
            address = reverse("uiengine_studio:explain", args=[row.pk])
        except NoReverseMatch:
            return "–"
        return format_html('<a href="{}">Explain this page</a>', address)


@admin.register(Subject)
class SubjectAdmin(ReadOnlyAdmin):
    """Admin of subjects; every view of a person is recorded in the admin's log."""

    list_display = ("key", "source", "created_at")
    list_filter = ("source",)
    search_fields = ("key",)
    inlines = (ProfileInline,)
    fields = ("key", "source", "user", "clock_offset", "created_at")
    show_full_result_count = False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        subject = self.get_object(request, object_id)
        if subject is not None and response.status_code == 200:
            look_record(request, subject, "Looked at this person.")
        return response


@admin.register(ServerKey)
class ServerKeyAdmin(ReadOnlyAdmin):
    """Lists and revokes server keys; `manage.py server_key create` makes them and shows the
    secret once."""

    list_display = ("name", "prefix", "scopes", "created_at", "revoked_at")
    fields = ("name", "prefix", "scopes", "created_at", "revoked_at")
    actions = ("revoke",)

    @admin.action(description="Revoke: servers that use them are refused", permissions=("revoke",))
    def revoke(self, request: HttpRequest, rows: QuerySet[ServerKey]) -> None:
        for row in rows:
            if server_key_revoke(row, now=utc_now()):
                self.log_change(request, row, "Revoked.")
                self.message_user(request, f"{row.name} ({row.prefix}) was revoked.")
            else:
                self.message_user(request, f"{row.name} ({row.prefix}) was revoked before.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("uiengine_subjects.change_serverkey")


@admin.register(RevokedToken)
class RevokedTokenAdmin(ReadOnlyAdmin):
    """Lists tokens revoked by `manage.py user_token --revoke`; rows go once their tokens have
    expired."""

    list_display = ("token_id", "revoked_at", "expires_at")
    fields = list_display


@admin.register(AttributeRead)
class AttributeReadAdmin(ReadOnlyAdmin):
    """Who read people's attributes, when, why, and which slices."""

    list_display = ("at", "who", "why", "surface", "shown", "people")
    list_filter = ("surface", "who")
    search_fields = ("who", "why")
    date_hierarchy = "at"
    fields = ("at", "who", "why", "surface", "shown", "people")

    @admin.display(description="Slices")
    def shown(self, row: AttributeRead) -> str:
        told = (f"{name}: {', '.join(values) or '–'}" for name, values in row.slices.items())
        return "; ".join(told)


@admin.register(AttributeEnd)
class AttributeEndAdmin(ReadOnlyAdmin):
    """Values that went because they were kept long enough."""

    list_display = ("at", "name", "surface", "people", "days")
    list_filter = ("name",)
    fields = list_display


@admin.register(AttributeRetention)
class AttributeRetentionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """How long each attribute is kept; shortening takes effect at the next night."""

    list_display = ("name", "days")

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        form = super().get_form(request, *args, **options)
        form.base_fields["days"].help_text += f" Without a row here: {DEFAULT_DAYS} days."
        return form


class ImportPartInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ImportPart
    extra = 0
    can_delete = False
    fields = ("number", "rows", "attempts", "host", "started_at", "finished_at", "error")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """How far imports are, who stores which part, and what went wrong."""

    list_display = ("files", "kind", "state", "stored", "hosts", "by", "started_at", "error")
    list_filter = ("state", "kind")
    fields = (*list_display, "finished_at", "result")
    readonly_fields = fields
    inlines = (ImportPartInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        return super().get_queryset(request).prefetch_related("parts")

    @admin.display(description="Parts stored")
    def stored(self, row: Import) -> str:
        parts = list(row.parts.all())
        return f"{sum(part.finished_at is not None for part in parts)} of {len(parts)}"

    @admin.display(description="Parts begun on")
    def hosts(self, row: Import) -> str:
        """Those of an import that is over, and those that are not stored yet of a running one."""
        is_over = row.state != Import.State.RUNNING
        begun = (part for part in row.parts.all() if is_over or part.finished_at is None)
        counts = Counter(part.host for part in begun if part.host)
        return ", ".join(f"{host} ({number})" for host, number in sorted(counts.items())) or "–"
