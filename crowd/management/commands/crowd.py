"""Simulated people work at a running site: as a load test, a demonstration, and a test of its quality control."""

import argparse
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crowd import Crowd, Habits, HandwritingError, ReadingErrors, load_handwriting, make_crowd
from crowd.accounts import Accounts
from crowd.campaign import Campaign
from crowd.client import ApiError
from crowd.ground_truth import GroundTruth
from crowd.local_accounts import temporary_accounts, write_accounts
from crowd.options import add_number_option, one_or_more, share, two_or_more, zero_or_more
from crowd.report import CampaignReport
from crowd.report_text import format_report
from crowd.stalls import CampaignError
from crowd.terminal import ProgressTable, stop_signals_as_ctrl_c
from crowd.transport import Site, SiteUnreachable
from crowd.validators import CARELESS

HABITS, READING_ERRORS = Habits(), ReadingErrors()

Options = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Let simulated people draw and validate at a running site, through its API, for some rounds; then report how "
        "many wrong labels its validation let through, and how quickly it answered. Their drawings count like those of "
        "real people: don't run it on a site that collects real data."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_site(parser)
        add_annotators(parser)
        add_validators(parser)
        add_rounds(parser)
        add_run(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write_accounts"]:
            with errors_as_sentences(options["write_accounts"]):
                write_accounts(options["write_accounts"], options["annotators"], options["validators"])
            return
        if options["report"]:
            with errors_as_sentences(options["report"]):
                options["report"].open("a").close()  # an error now, rather than after twenty rounds
        with stop_signals_as_ctrl_c(), ExitStack() as stack:
            try:
                crowd, site = make_crowd_for(options), Site(options["url"])
                campaign = make_campaign(crowd, stack.enter_context(accounts_for(options)), site, options)
            except (HandwritingError, OSError, ValueError) as error:
                raise CommandError(str(error)) from error
            self.play_and_report(campaign, options)

    def play_and_report(self, campaign: Campaign, options: Options) -> None:
        """The report is written even if the campaign ends with an error or Ctrl-C."""
        try:
            with ProgressTable(campaign.target) as table:
                campaign.play(rounds=options["rounds"], on_poll=table.update)
                campaign.leave_unvalidated(options["leave"], on_poll=table.update)
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(130) from None
        except (ApiError, CampaignError, SiteUnreachable, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            if campaign.has_begun:
                self.write_report(campaign.report(), options["report"])

    def write_report(self, report: CampaignReport, path: Path | None) -> None:
        self.stdout.write(f"\n{format_report(report)}\n")
        if path:
            with errors_as_sentences(path):
                path.write_text(json.dumps(report.to_json(), indent=2) + "\n")


def add_site(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("site").add_argument
    add("--url", default=settings.SITE_URL, help="The site's address (default: %(default)s).")
    add("--task", default="digits", help="The task's slug (default: %(default)s).")
    add("--accounts", type=Path, metavar="FILE", help="Use these accounts, instead of making some in this database.")
    add("--write-accounts", type=Path, metavar="FILE", help="Only make accounts and write them to FILE.")


def add_annotators(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("annotators")
    add = partial(add_number_option, group)
    add("--annotators", one_or_more, 40, "How many people draw, each with handwriting of their own")
    add("--tries", one_or_more, HABITS.patience, "How often they try each prompt before giving up")
    add("--wrong-digit", share, HABITS.wrong_digit, "Share of drawings that show another digit than the prompt says")
    add("--scrawl", share, HABITS.scrawl, "Share of drawings that show no digit at all")
    group.add_argument("--never-learn", action="store_true", help="Don't prefer what fooled the model before.")
    group.add_argument(
        "--hands",
        choices=["similar", "random"],
        default="similar",
        help="Whether one annotator's digits have similar shapes, as a person's do, or any (default: %(default)s).",
    )


def add_validators(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("validators")
    add = partial(add_number_option, group)
    add("--validators", zero_or_more, 10, "How many people validate")
    add(
        "--errors",
        share,
        READING_ERRORS.errors,
        "How often they misread a digit with one thing varied; a plain one half as often",
    )
    add("--unreadable", share, READING_ERRORS.unreadable, "How often they call the hardest drawings unreadable")
    group.add_argument(
        "--careless",
        type=zero_or_more,
        metavar="N",
        help=f"How many of them err far more often (default: {CARELESS} if there are more than that, otherwise none).",
    )


def add_rounds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("rounds")
    add = partial(add_number_option, group)
    add("--rounds", zero_or_more, 20, "How many to play")
    add("--leave", zero_or_more, 0, "Then leave so many fooling examples of the next round for others to validate")
    group.add_argument(
        "--target",
        type=one_or_more,
        metavar="N",
        help="Close a round at so many verified fooling examples, unless the site closes it first.",
    )
    group.add_argument(
        "--train-immediately",
        action="store_true",
        help="Train as soon as everything is validated, without waiting for the site's next poll.",
    )
    group.add_argument(
        "--held-back",
        choices=["accept", "keep"],
        default="accept",
        help="If the gate holds a new model back: accept it all the same, or keep the old one (default: %(default)s).",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("run")
    add_number_option(
        group, "--threads", two_or_more, 4, "How many people act at the same time, half of them annotators"
    )
    add_number_option(group, "--seed", zero_or_more, 0, "Decides all handwriting and errors")
    group.add_argument("--report", type=Path, metavar="FILE", help="Write the report as JSON, too.")


def make_crowd_for(options: Options) -> Crowd:
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
        reading_errors=ReadingErrors(errors=options["errors"], unreadable=options["unreadable"]),
        careless=options["careless"],
    )


def accounts_for(options: Options) -> AbstractContextManager[Accounts]:
    """Those in the file; without one, temporary accounts in this database, if it is that of the site at the URL."""
    if options["accounts"]:
        return nullcontext(Accounts.read(options["accounts"]))
    if options["url"].rstrip("/") != settings.SITE_URL:
        raise CommandError(
            f"This database belongs to {settings.SITE_URL}, so accounts in it are of no use at {options['url']}: "
            "make accounts on that site's host with --write-accounts, and name their file with --accounts."
        )
    return temporary_accounts(options["annotators"], options["validators"])


def make_campaign(crowd: Crowd, accounts: Accounts, site: Site, options: Options) -> Campaign:
    return Campaign(
        crowd,
        accounts,
        site,
        task=options["task"],
        ground_truth=GroundTruth(settings.DATA_DIR / "crowd" / f"{options['task']}.jsonl"),
        target=options["target"],
        threads=options["threads"],
        train_immediately=options["train_immediately"],
        accept=options["held_back"] == "accept",
    )


@contextmanager
def errors_as_sentences(path: Path) -> Iterator[None]:
    """Raises CommandError where a file can't be written or accounts can't be made."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{path} can't be written ({error.strerror}): name another file.") from error
    except ValueError as error:
        raise CommandError(str(error)) from error
