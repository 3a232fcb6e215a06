"""Where everything is."""

from django.contrib import admin
from django.urls import include, path

from rounds.web import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/", include("rounds.api.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("", include("rounds.web.urls")),
]
