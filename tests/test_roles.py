import pytest
from django.contrib.auth.models import Group, User

from rounds import services
from rounds.errors import NotAllowed

pytestmark = pytest.mark.django_db


def test_the_four_roles_exist_from_the_start():
    assert set(Group.objects.values_list("name", flat=True)) >= {"annotator", "validator", "researcher", "admin"}


def test_who_signs_up_may_draw_and_validate(settings):
    user = User.objects.create_user("newcomer")
    services.join(user=user)
    assert services.roles_of(user) == {"annotator", "validator"}


def test_who_is_no_longer_an_admin_does_not_enter_the_admin_site(adam):
    services.take_roles(user=adam.user, roles=["admin"], by=None)
    assert "admin" not in services.roles_of(User.objects.get(pk=adam.user.pk))
    assert not User.objects.get(pk=adam.user.pk).is_staff


def test_a_superuser_enters_it_whatever_their_roles():
    root = User.objects.create_superuser("root")
    services.take_roles(user=root, roles=["admin"], by=None)
    assert root.is_staff


def test_a_missing_role_is_named(alice):
    with pytest.raises(NotAllowed, match="needs the role admin"):
        services.require_role(alice.user, "admin")


def test_a_superuser_has_every_role():
    assert services.roles_of(User.objects.create_superuser("root")) == {"annotator", "validator", "researcher", "admin"}


def test_a_deactivated_account_has_none(adam):
    adam.user.is_active = False
    assert services.roles_of(adam.user) == frozenset()


def test_an_admin_sees_the_tables_and_changes_tasks_and_cannot_write_past_the_services(client, adam, open_round):
    client.force_login(adam.user)
    for model in ("task", "round", "example", "trainingrun", "modelversion", "prompt", "evaluation"):
        assert client.get(f"/admin/rounds/{model}/").status_code == 200, model
    assert client.get(f"/admin/rounds/task/{open_round.task_id}/change/").status_code == 200
    assert client.get("/admin/rounds/round/add/").status_code == 403
    assert client.get(f"/admin/rounds/round/{open_round.pk}/delete/").status_code == 403


def test_moves_in_the_admin_site_go_through_the_services(client, adam, open_round):
    client.force_login(adam.user)
    close = {"action": "close_rounds", "_selected_action": [open_round.pk]}
    client.post("/admin/rounds/round/", close)
    open_round.refresh_from_db()
    assert open_round.status == "validating"
    assert open_round.events.latest("pk").by == adam.user
    answer = client.post("/admin/rounds/round/", close, follow=True)
    assert "Round 1 is validating" in answer.content.decode()


def test_annotators_do_not_enter_the_admin_site(client, alice):
    client.force_login(alice.user)
    assert client.get("/admin/").status_code == 302


def change(user: User) -> str:
    return f"/admin/auth/user/{user.pk}/change/"


def test_an_admin_gives_roles_in_the_admin_site(client, adam, alice):
    client.force_login(adam.user)
    groups = [group.pk for group in Group.objects.filter(name__in=["annotator", "admin"])]
    assert client.post(change(alice.user), {"groups": groups, "is_active": "on"}).status_code == 302
    alice.user.refresh_from_db()
    assert set(alice.user.groups.values_list("name", flat=True)) == {"annotator", "admin"}
    assert alice.user.is_staff  # or the admin site would not let her in


def test_an_admin_makes_nobody_a_superuser(client, adam, alice):
    client.force_login(adam.user)
    rights = {"is_superuser": "on", "is_staff": "on", "username": "boss", "password": "x", "is_active": "on"}
    assert client.post(change(alice.user), rights).status_code == 302
    alice.user.refresh_from_db()
    assert not alice.user.is_superuser
    assert alice.user.username == "alice"


def test_an_admin_changes_no_superuser_and_nobodys_password(client, adam, alice):
    root = User.objects.create_superuser("root")
    client.force_login(adam.user)
    assert client.post(change(root), {"is_active": ""}).status_code == 403
    assert client.get(f"/admin/auth/user/{alice.user.pk}/password/").status_code == 403
    assert client.get("/admin/auth/user/add/").status_code == 403
    assert client.get("/admin/auth/user/").status_code == 200
