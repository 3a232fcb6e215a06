from django.urls import path

from . import audit, draw, exports, home, profile, results, staff, validate

urlpatterns = [
    path("", home.home, name="home"),
    path("tasks/<slug:slug>/", results.task, name="task"),
    path("tasks/<slug:slug>/draw/", draw.draw, name="draw"),
    path("tasks/<slug:slug>/validate/", validate.validate, name="validate"),
    path("tasks/<slug:slug>/leaderboard/", results.leaderboard, name="leaderboard"),
    path("rounds/<int:pk>/", results.round_page, name="round"),
    path("rounds/<int:pk>/export/", exports.request_export, name="request_export"),
    path("drawings/<int:pk>.png", results.drawing, name="drawing"),
    path("staff/", staff.rounds, name="staff"),
    path("staff/audit/", audit.audit_log, name="staff_audit"),
    path("staff/rounds/<int:pk>/", staff.round_page, name="staff_round"),
    path("staff/rounds/<int:pk>/live/", staff.live, name="staff_live"),
    path("staff/rounds/<int:pk>/<slug:verb>/", staff.move, name="staff_move"),
    path("staff/examples/<int:pk>/decide/", staff.decide, name="staff_decide"),
    path("profile/", profile.profile, name="profile"),
    path("profile/token/", profile.renew_token, name="renew_token"),
]
