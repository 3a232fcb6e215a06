"""The accounts that a campaign's bots use at a site, and the file that carries them to another computer."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Accounts:
    """API tokens of a site's users."""

    annotators: Sequence[tuple[str, str]]
    """(name, token), at least as many as the crowd has annotators."""
    validators: Sequence[tuple[str, str]]
    admin: str
    """The token of a user with the role admin."""

    @classmethod
    def read(cls, path: Path) -> "Accounts":
        """From a file that `write` wrote; raises ValueError for any other file."""
        try:
            stored = json.loads(path.read_text())
            return cls(
                annotators=[(name, token) for name, token in stored["annotators"]],
                validators=[(name, token) for name, token in stored["validators"]],
                admin=stored["admin"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} can't be read as accounts ({type(error).__name__}: {error}): make it with --write-accounts, "
                "on the site's host."
            ) from error

    def write(self, path: Path) -> None:
        """Into a file that only its owner may read."""
        with path.open("w") as file:
            path.chmod(0o600)  # before the tokens are in it
            file.write(json.dumps(asdict(self), indent=2) + "\n")

    def check(self, *, annotators: int, validators: int) -> None:
        """Raises ValueError if there are fewer accounts than people."""
        for role, accounts, people in (
            ("annotators", self.annotators, annotators),
            ("validators", self.validators, validators),
        ):
            if len(accounts) < people:
                raise ValueError(
                    f"There are accounts for {len(accounts)} of {people} {role}: "
                    f"give --{role} {len(accounts)}, or write more with --write-accounts."
                )
