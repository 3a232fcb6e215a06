"""The file of accounts, and who has one in this site's database."""

import json

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from crowd.accounts import Accounts
from crowd.local_accounts import make_accounts, new_password, temporary_accounts, write_accounts


def test_accounts_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "accounts.json"
    accounts = Accounts(annotators=[("a", "x")], validators=[("v", "y")], admin="z")
    accounts.write(path)
    assert Accounts.read(path) == accounts
    assert json.loads(path.read_text()) == {"annotators": [["a", "x"]], "validators": [["v", "y"]], "admin": "z"}


def test_only_the_owner_may_read_the_file_even_if_everybody_could_before(tmp_path):
    path = tmp_path / "accounts.json"
    path.touch(mode=0o644)
    Accounts(annotators=[], validators=[], admin="z").write(path)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[]", '{"annotators": [], "validator": []}', '{"annotators": [["a"]]}'])
def test_another_file_is_refused_with_a_remedy(tmp_path, content):
    path = tmp_path / "accounts.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"can't be read as accounts .*: make it with --write-accounts"):
        Accounts.read(path)


def test_fewer_accounts_than_people_are_refused():
    accounts = Accounts(annotators=[("a", "x")] * 4, validators=[("v", "y")] * 4, admin="z")
    accounts.check(annotators=4, validators=3)
    with pytest.raises(ValueError, match=r"accounts for 4 of 5 validators: give --validators 4, or write more"):
        accounts.check(annotators=4, validators=5)


@pytest.mark.django_db
def test_accounts_in_the_database_have_a_role_and_a_token_but_no_password():
    accounts = make_accounts(2, 3, admin="crowd-admin")
    assert [name for name, _ in accounts.annotators] == ["crowd-a01", "crowd-a02"]
    assert [name for name, _ in accounts.validators] == ["crowd-v01", "crowd-v02", "crowd-v03"]
    assert Token.objects.get(key=accounts.validators[2][1]).user.groups.get().name == "validator"
    assert Token.objects.get(key=accounts.admin).user.groups.get().name == "admin"
    assert not any(user.has_usable_password() for user in User.objects.all())


@pytest.mark.django_db
def test_accounts_that_exist_are_used_again():
    assert make_accounts(2, 3, admin="crowd-admin") == make_accounts(2, 3, admin="crowd-admin")
    assert User.objects.count() == 6


@pytest.mark.django_db
def test_the_admin_of_temporary_accounts_has_no_role_and_no_token_afterwards():
    with temporary_accounts(1, 1) as accounts:
        assert Token.objects.get(key=accounts.admin).user.groups.get().name == "admin"
    admin = User.objects.get(username="crowd-admin")
    assert not admin.groups.exists()
    assert not Token.objects.filter(user=admin).exists()


@pytest.mark.django_db
def test_temporary_accounts_leave_the_admin_in_a_file_alone(tmp_path):
    write_accounts(tmp_path / "accounts.json", 1, 1)
    with temporary_accounts(1, 1):
        pass
    assert Token.objects.get(key=Accounts.read(tmp_path / "accounts.json").admin).user.groups.get().name == "admin"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["crowd-admin", "crowd-v01"])
def test_an_account_with_a_password_gets_no_role_and_keeps_its_token(name):
    """Otherwise whoever signs up under such a name would be an admin as soon as somebody starts a campaign."""
    person = User.objects.create_user(name, password="a long one of their own")
    Token.objects.create(user=person)
    message = rf"account {name} has a password, so it belongs to a person"
    with pytest.raises(ValueError, match=message), temporary_accounts(1, 1):
        pass
    assert not person.groups.exists()
    assert Token.objects.filter(user=person).exists()


@pytest.mark.django_db
def test_a_new_password_replaces_the_old_one(client):
    User.objects.create_superuser("admin", "admin@localhost", "the first one, long lost")
    assert client.login(username="admin", password=new_password("admin"))
    assert not client.login(username="admin", password="the first one, long lost")
