"""The rules of the platform, pure: votes → verification, criteria → close?, gate → open the next round?

Nothing here touches the database or the clock. What differs between tasks is in `Rules`. Every round stores a frozen
copy of them, so that each of its numbers can be read with the rules that it was made under.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from stats.scores import Score

UNREADABLE = "unreadable"
ABUSE = "abuse"
#: `Settlement.leading` where an example was rejected and no answer had most votes.
SPLIT_VOTE = "split"

PENDING = "pending"
VERIFIED = "verified"
REJECTED = "rejected"
DISPUTED = "disputed"

BALANCED = "balanced"
FREE = "free"
CLOSE_WHEN_ANY = "any"
CLOSE_WHEN_ALL = "all"

NON_FOOLING_NONE = "none"
NON_FOOLING_VERIFIED = "verified"
NON_FOOLING_ALL = "all"

#: Of the stored form of `Rules`. Whoever changes the fields raises it and writes a migration that rewrites the rules of
#: existing rounds, every value spelled out.
RULES_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a round runs under. `Task` has the same fields, as settings of its next round."""

    label_assignment: str = BALANCED
    tries_per_prompt: int = 20
    onboarding_prompts: int = 0
    sample_rate: float = 0.10
    min_votes: int = 2
    max_votes: int = 5
    votes_to_verify: int = 2
    lead_to_reject: int = 2
    lease_seconds: int = 180
    target_verified: int | None = 200
    duration_hours: float | None = None
    close_when: str = CLOSE_WHEN_ANY
    non_fooling: str = NON_FOOLING_VERIFIED
    gate_tolerance: float = 0.005

    def to_json(self) -> dict[str, Any]:
        """As a round stores them when it opens."""
        return {"version": RULES_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Rules":
        """What `to_json` gave. Raises ValueError for another version, and for missing or unknown fields.

        Nothing is filled in: a round's numbers were made under its own rules, whatever the defaults have become since.
        """
        version = stored.get("version")
        if version != RULES_VERSION:
            raise ValueError(
                f"These rules are stored as version {version}; only version {RULES_VERSION} can be read. "
                "Run manage.py migrate, which rewrites older ones."
            )
        values = {name: value for name, value in stored.items() if name != "version"}
        known = {field.name for field in fields(cls)}
        if missing := known - set(values):
            raise ValueError(f"These stored rules lack {', '.join(sorted(missing))}.")
        if unknown := set(values) - known:
            raise ValueError(f"These stored rules have unknown fields: {', '.join(sorted(unknown))}.")
        return cls(**values)


# --- Verification -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settlement:
    """The verification of an example after the votes so far.

    `leading` is the answer that explains a rejection: another label, `unreadable`, or `split` when none led.
    """

    verification: str
    leading: str = ""

    @property
    def settled(self) -> bool:
        return self.verification in (VERIFIED, REJECTED)


def settle(answers: Sequence[str], claimed: str, rules: Rules) -> Settlement:
    """What these blind answers say about an example that claims to be `claimed`; the order of answers is irrelevant.

    One `abuse` hides the example until an admin decides. The claimed label verifies once it has enough votes and leads;
    another answer rejects once it leads by enough; at the most votes, whatever did not verify is rejected.
    """
    if ABUSE in answers:
        return Settlement(DISPUTED, ABUSE)
    votes = Counter(answers)
    for_claim = votes.pop(claimed, 0)
    ranked = votes.most_common(2)
    best, most = ranked[0] if ranked else ("", 0)
    second = ranked[1][1] if len(ranked) > 1 else 0
    if len(answers) < rules.min_votes:
        return Settlement(PENDING)
    if for_claim >= rules.votes_to_verify and for_claim > most:
        return Settlement(VERIFIED)
    if most - max(second, for_claim) >= rules.lead_to_reject:
        return Settlement(REJECTED, best)
    if len(answers) >= rules.max_votes:
        return Settlement(REJECTED, best if most > max(second, for_claim) else SPLIT_VOTE)
    return Settlement(PENDING)


def votes_to_settle(answers: Sequence[str], claimed: str, rules: Rules) -> int:
    """The fewest further votes that could settle the example; 0 when it is settled or disputed.

    The validation queue serves the smallest first, so that examples in progress are settled before new ones are shown.
    """
    # Whatever settles with fewest votes does so with equal ones: more for the claim, or more for one answer against it.
    candidates = {claimed, UNREADABLE, *answers}
    more = 0
    while all(settle([*answers, *[answer] * more], claimed, rules).verification == PENDING for answer in candidates):
        more += 1  # ends at the latest at the most votes, where nothing is pending
    return more


# --- Closing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Criterion:
    """One reason to close, and how far it is: `have` of `need`, in `unit`."""

    name: str
    have: float
    need: float
    unit: str

    @property
    def met(self) -> bool:
        return self.have >= self.need

    @property
    def share(self) -> float:
        """Progress in 0…1."""
        return 1.0 if self.need <= 0 else max(0.0, min(1.0, self.have / self.need))


def criteria(*, verified_fooled: int, opened_at: datetime, now: datetime, rules: Rules) -> list[Criterion]:
    """The round's closing criteria and how far each is. Empty when only an admin closes the round."""
    found = []
    if rules.target_verified:
        found.append(
            Criterion("verified fooling examples", verified_fooled, rules.target_verified, "examples"),
        )
    if rules.duration_hours:
        hours = (now - opened_at).total_seconds() / 3600
        found.append(Criterion("time since opening", min(hours, rules.duration_hours), rules.duration_hours, "hours"))
    return found


def should_close(found: Sequence[Criterion], rules: Rules) -> bool:
    """Whether the criteria call for closing: any of them, or all, as the task says."""
    if not found:
        return False
    enough = all if rules.close_when == CLOSE_WHEN_ALL else any
    return enough(criterion.met for criterion in found)


# --- The gate -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GateResult:
    """Whether a new model passed the gate, and the reasons, each a sentence with its numbers."""

    passed: bool
    reasons: list[str]


def gate(
    *, base_dev: Score, parent_base_dev: Score, adversarial_dev: Score, parent_adversarial_dev: Score, rules: Rules
) -> GateResult:
    """Whether the new model may open the next round by itself.

    It may when it keeps accuracy on the base dev set within the tolerance of its parent and beats its parent on the
    adversarial dev examples of all rounds. Two models that were not measured on the same number of examples can't be
    compared: then an admin decides. Test sets are not an argument: they are reported, never used to choose.
    """
    points = f"{100 * rules.gate_tolerance:g} points"
    lost = parent_base_dev.accuracy - base_dev.accuracy
    keeps = _comparable(base_dev, parent_base_dev) and lost <= rules.gate_tolerance + 1e-12
    beats = (
        _comparable(adversarial_dev, parent_adversarial_dev)
        and adversarial_dev.accuracy > parent_adversarial_dev.accuracy
    )
    return GateResult(
        passed=keeps and beats,
        reasons=[
            _reason(
                "Base dev set",
                base_dev,
                parent_base_dev,
                f"kept within {points}" if keeps else f"lost more than the {points} allowed",
            ),
            _reason(
                "Adversarial dev examples of all rounds",
                adversarial_dev,
                parent_adversarial_dev,
                "better" if beats else "not better",
            ),
        ],
    )


def _comparable(model: Score, parent: Score) -> bool:
    return model.n == parent.n > 0


def _reason(where: str, model: Score, parent: Score, finding: str) -> str:
    if not model.n:
        return f"{where}: there are none to compare on, so an admin has to decide."
    if not _comparable(model, parent):
        finding = "not the same examples, so an admin has to decide"
    return f"{where}: {model}, parent {parent}: {finding}."
