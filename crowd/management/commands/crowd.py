"""Simulated people at a running site: a load test, a demonstration, and a test of its quality control."""

import argparse
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from rest_framework.authtoken.models import Token

from crowd import Crowd, HandwritingError, load_handwriting, make_crowd
from crowd.admin import Stuck
from crowd.annotators import Habits
from crowd.campaign import Accounts, Campaign
from crowd.client import Problem, Site, Unreachable
from crowd.known import Known
from crowd.report import Report, as_text
from crowd.terminal import RoundTable
from crowd.validators import CARELESS, Eyes
from rounds import services
from rounds.roles import ADMIN, ANNOTATOR, VALIDATOR

HABITS, EYES = Habits(), Eyes()
OWN_ADMIN, ADMIN_IN_FILE = "crowd-admin", "crowd-admin-in-file"
"""Of a campaign in this database, an admin while it lasts; and of accounts that are written to a file."""


class Command(BaseCommand):
    help = (
        "Let simulated people with real handwriting draw and validate at a running site, through its API, for some "
        "rounds; then compare what the site made of it with the truth, which the simulation knows. Their drawings "
        "count: don't do it where real people collect."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        site = parser.add_argument_group("the site")
        site.add_argument("--url", default=settings.SITE_URL, help="Where it runs (%(default)s).")
        site.add_argument("--task", default="digits", help="The task's slug (%(default)s).")
        site.add_argument(
            "--accounts",
            type=Path,
            help="Act under the accounts in this file; without it, some are made in this database.",
        )
        site.add_argument(
            "--write-accounts", type=Path, metavar="FILE", help="Make the accounts, write them to FILE, and stop."
        )
        add_people(parser)
        add_course(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write_accounts"]:
            write_accounts(options["write_accounts"], options["annotators"], options["validators"])
            return
        if options["report"]:
            with writing(options["report"]) as path:
                path.open("a").close()  # better now than after twenty rounds
        with ended_like_ctrl_c(), ExitStack() as appointed:
            try:
                crowd, site = people(options), Site(options["url"])
                theirs = appointed.enter_context(accounts(options))
                campaign = make_campaign(crowd, theirs, site, options)
            except (HandwritingError, OSError, ValueError) as error:
                raise CommandError(str(error)) from error
            self.play_and_tell(campaign, options)

    def play_and_tell(self, campaign: Campaign, options: dict[str, Any]) -> None:
        try:
            self.play(campaign, options["rounds"], options["leave"])
        except (Problem, Stuck, Unreachable, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            if campaign.has_begun:
                self.tell(campaign.report(), options["report"])

    def play(self, campaign: Campaign, rounds: int, leave: int) -> None:
        """Ctrl-C ends it early; what there is is reported all the same."""
        try:
            with RoundTable(campaign.target) as table:
                campaign.play(rounds=rounds, watch=table.show)
                campaign.leave(leave, watch=table.show)
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(130) from None

    def tell(self, report: Report, path: Path | None) -> None:
        self.stdout.write(f"\n{as_text(report)}\n")
        if path:
            with writing(path):
                path.write_text(json.dumps(report.to_json(), indent=2) + "\n")


def add_people(parser: argparse.ArgumentParser) -> None:
    people = parser.add_argument_group("the people")
    people.add_argument(
        "--annotators",
        type=one_or_more,
        default=40,
        help="How many draw (%(default)s); a quarter as many hands again are held out.",
    )
    people.add_argument("--validators", type=zero_or_more, default=10, help="How many validate (%(default)s).")
    people.add_argument("--seed", type=zero_or_more, default=0, help="Decides hands, errors and chance (%(default)s).")
    people.add_argument(
        "--hands",
        choices=["similar", "random"],
        default="similar",
        help="Whether a hand's digits are alike in shape, as one person's are, or any (%(default)s).",
    )
    people.add_argument(
        "--tries", type=one_or_more, default=HABITS.patience, help="Tries before giving up (%(default)s)."
    )
    people.add_argument(
        "--wrong-digit",
        type=share,
        default=HABITS.wrong_digit,
        help="Share that shows another digit (%(default)s).",
    )
    people.add_argument("--scrawl", type=share, default=HABITS.scrawl, help="Share of scrawls (%(default)s).")
    people.add_argument("--never-learn", action="store_true", help="Annotators don't come back to what fooled.")
    people.add_argument(
        "--errors",
        type=share,
        default=EYES.errors,
        help="How often validators misread a digit with one thing varied, and a plain one half as often (%(default)s).",
    )
    people.add_argument(
        "--unreadable", type=share, default=EYES.unreadable, help="… say unreadable of the hardest (%(default)s)."
    )
    people.add_argument(
        "--careless", type=zero_or_more, help=f"Careless validators ({CARELESS} when there are more, else none)."
    )


def add_course(parser: argparse.ArgumentParser) -> None:
    course = parser.add_argument_group("the course of things")
    course.add_argument("--rounds", type=zero_or_more, default=20, help="How many to play (%(default)s).")
    course.add_argument(
        "--target",
        type=one_or_more,
        help="Close a round at so many verified fooling examples, if the site doesn't sooner.",
    )
    course.add_argument("--hurry", action="store_true", help="Train as soon as nothing waits.")
    course.add_argument(
        "--held-back",
        choices=["accept", "keep"],
        default="accept",
        help="What to do about a model that the gate holds back: accept it, or keep the old one (%(default)s).",
    )
    course.add_argument(
        "--leave",
        type=zero_or_more,
        default=0,
        help="In the round after the last, leave so many to other validators (%(default)s).",
    )
    course.add_argument(
        "--threads",
        type=two_or_more,
        default=4,
        help="People at the site at the same moment, half of whom draw and half validate (%(default)s).",
    )
    course.add_argument("--report", type=Path, metavar="FILE", help="Write the final report as JSON, too.")


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """A terminal that is closed, or a service manager that stops it, ends it as Ctrl-C does: with what there is to
    tell, and without an admin left behind."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def share(text: str) -> float:
    """0 to 1, as an option's type."""
    with suppress(ValueError):
        if 0 <= (number := float(text)) <= 1:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no share: give a number from 0 to 1, such as 0.05")


def two_or_more(text: str) -> int:
    """A whole number, 2 or more, as an option's type."""
    return _whole_number(text, at_least=2)


def one_or_more(text: str) -> int:
    """A whole number, 1 or more, as an option's type."""
    return _whole_number(text, at_least=1)


def zero_or_more(text: str) -> int:
    """A whole number, 0 or more, as an option's type."""
    return _whole_number(text, at_least=0)


def _whole_number(text: str, *, at_least: int) -> int:
    with suppress(ValueError):
        if (number := int(text)) >= at_least:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no such number: give a whole number, {at_least} or more")


def make_campaign(crowd: Crowd, theirs: Accounts, site: Site, options: dict[str, Any]) -> Campaign:
    """The campaign that the options ask for."""
    return Campaign(
        crowd,
        theirs,
        site,
        task=options["task"],
        known=Known(settings.DATA_DIR / "crowd" / f"{options['task']}.jsonl"),
        target=options["target"],
        threads=options["threads"],
        hurry=options["hurry"],
        accept=options["held_back"] == "accept",
    )


def people(options: dict[str, Any]) -> Crowd:
    return make_crowd(
        load_handwriting(),
        annotators=options["annotators"],
        validators=options["validators"],
        seed=options["seed"],
        by_shape=options["hands"] == "similar",
        habits=Habits(
            patience=options["tries"],
            wrong_digit=options["wrong_digit"],
            scrawl=options["scrawl"],
            adapts=not options["never_learn"],
        ),
        eyes=Eyes(errors=options["errors"], unreadable=options["unreadable"]),
        careless=options["careless"],
    )


@contextmanager
def accounts(options: dict[str, Any]) -> Iterator[Accounts]:
    """Those in the file that the options name, else in this database: if it is that of the site at the address.

    The admin in this database is one for as long as this lasts.
    """
    if options["accounts"]:
        yield Accounts.read(options["accounts"])
        return
    if options["url"].rstrip("/") != settings.SITE_URL:
        raise CommandError(
            f"This database is that of {settings.SITE_URL}, so accounts made in it are no use at {options['url']}: "
            "make them on that site's host with --write-accounts, and give them with --accounts."
        )
    try:
        yield make_accounts(options["annotators"], options["validators"], admin=OWN_ADMIN)
    finally:
        dismiss(OWN_ADMIN)


def write_accounts(path: Path, annotators: int, validators: int) -> None:
    with writing(path):
        path.open("a").close()  # before there is an admin whose token gets nowhere
        make_accounts(annotators, validators, admin=ADMIN_IN_FILE).write(path)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Raises CommandError where the file can't be written."""
    try:
        yield path
    except OSError as error:
        raise CommandError(f"{path} can't be written ({error.strerror}): name another file.") from error


def make_accounts(annotators: int, validators: int, *, admin: str) -> Accounts:
    """Accounts in this site's database: without a password, so that only their tokens let anybody in."""
    return Accounts(
        annotators=[_account(f"crowd-a{number:02}", ANNOTATOR) for number in range(1, annotators + 1)],
        validators=[_account(f"crowd-v{number:02}", VALIDATOR) for number in range(1, validators + 1)],
        admin=_account(admin, ADMIN)[1],
    )


def dismiss(name: str) -> None:
    """Nobody is an admin for a crowd's sake any longer than it plays; the next campaign appoints one again."""
    admin = User.objects.filter(username=name).first()
    if admin and not admin.has_usable_password():
        services.take_roles(user=admin, roles=[ADMIN], by=None)
        Token.objects.filter(user=admin).delete()


def _account(name: str, role: str) -> tuple[str, str]:
    user, made = User.objects.get_or_create(username=name)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    elif user.has_usable_password():
        raise CommandError(
            f"The account {name} has a password, so it is somebody's and gets no role from here: rename it first."
        )
    services.give_roles(user=user, roles=[role], by=None)
    return name, Token.objects.get_or_create(user=user)[0].key
