"""What is agreed with a partner: YAML, checked when it is loaded, with file, line and remedy.

A partner who keeps to the standard needs none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from werknetz.connector.time_format import check_zone
from werknetz.connector.yaml_format import (
    ConfigurationError,
    did_you_mean,
    explain_errors,
    load_yaml,
)
from werknetz.events.facts import KINDS, fields_of
from werknetz_edge.edi.edifact.charset import known_charset

EDIFACT: Final = ("DELFOR", "DELJIT", "DESADV", "INVRPT", "RECADV")
VDA: Final = ("VDA4905", "VDA4913")
_FORM: Final = ConfigDict(extra="forbid", frozen=True)
_ID: Final = r"^\S(.*\S)?$"

Quarantine = Literal["quarantine", "accept"]
Meaning = Literal[
    "called_off", "backlog", "despatched", "received", "accepted", "rejected", "stock", "moved",
    "cumulative", "cumulative_received", "last_receipt", "per_package", "ignored",
]  # fmt: skip


class CountPolicy(BaseModel):
    """What to do where a control count is not what was counted. It is always said."""

    model_config = _FORM
    message: Literal["quarantine", "warn"] = Field(
        default="quarantine",
        description="segments (UNT) and lines (CNT+2): lines may be missing, so the whole message",
    )
    interchange: Literal["quarantine", "warn"] = Field(
        default="warn", description="messages (UNZ): those that are there are whole, and count"
    )
    vda: Literal["quarantine", "warn"] = Field(
        default="warn",
        description="trailers 519 and 719: in wide use they are wrong, and each record is whole "
        "by itself; the lines count, and one entry in quarantine names the difference",
    )


class Qualifiers(BaseModel):
    """Codes that this partner uses otherwise than the standard, or that it alone uses."""

    model_config = _FORM
    quantities: dict[str, Meaning] = Field(default={}, description="QTY 6063 → what it is")
    references: dict[str, str] = Field(default={}, description="RFF 1153 → field of the event")
    parties: dict[str, str] = Field(default={}, description="NAD 3035 → field of the event")
    places: dict[str, str] = Field(default={}, description="LOC 3227 → field of the event")
    dates: dict[str, str] = Field(default={}, description="DTM 2005 → field of the event")
    items: dict[str, Literal["material", "supplier_material", "ean", "batch", "ignored"]] = Field(
        default={}, description="LIN and PIA 7143 → field of the event"
    )
    labels: tuple[str, ...] = Field(
        default=(), description="GIN 7405 of a handling unit's label, beside ML, BJ and AW"
    )

    @field_validator("references", "parties", "places", "dates")
    @classmethod
    def _fields(cls, given: dict[str, str]) -> dict[str, str]:
        known = {name for kind in KINDS for name in fields_of(kind)} | {"ignored"}
        for name in given.values():
            if name not in known:
                raise ValueError(
                    f"no event has a field {name!r}{did_you_mean(name, sorted(known))}"
                )
        return given


class Partner(BaseModel):
    """Whom it is for, and what is agreed. Codes and ids are text: put them in quotes."""

    model_config = _FORM
    name: Annotated[str, Field(min_length=1)]
    sender: str | None = Field(
        default=None, pattern=_ID,
        description="UNB 0004; VDA 4905: the customer's number, 4913: the supplier's; none: any",
    )  # fmt: skip
    receiver: str | None = Field(default=None, pattern=_ID, description="UNB 0010; none: any")
    messages: tuple[str, ...] | None = Field(
        default=None, description="those that are agreed; others go to quarantine. None: all"
    )
    form: Literal["standard", "vda-4984", "vda-4987", "vda-4990"] = Field(
        default="standard", description="a recommendation that the partner follows"
    )
    directory: str | None = Field(
        default=None, pattern=r"^D\d\d[AB]$",
        description="such as D96A, where UNH is wrong about it",
    )  # fmt: skip
    zone: str | None = Field(default=None, description="IANA; default: the connector's `zone`")
    charset: str | None = Field(default=None, description="where UNB is wrong about it: cp850 …")
    decimal_mark: Literal["una", "any", ".", ","] = Field(
        default="una", description="una: what UNA says; without a UNA, point and comma alike"
    )
    date_format: str | None = Field(
        default=None, description="DTM 2379 to take where the partner writes none, such as 102"
    )
    test_messages: Quarantine = Field(
        default="quarantine", description="interchanges with the test indicator (UNB 0035)"
    )
    reused_references: Quarantine = Field(
        default="quarantine",
        description="a control reference that comes again with another content",
    )
    counts: CountPolicy = CountPolicy()
    quantity_max: Annotated[float, Field(gt=0, le=1e15)] = 1e12
    negative: Quarantine = Field(
        default="quarantine", description="negative quantities of call-offs, ASNs and receipts"
    )
    conditions: Literal["by_directory", "before_quantity", "after_quantity"] = Field(
        default="by_directory", description="where SCC stands in DELFOR and DELJIT"
    )
    movement_sign: Literal["direction", "as_written"] = Field(
        default="direction", description="INVRPT: from INV 4501, or as the quantity has it"
    )
    master_label: str | None = Field(
        default="ACI", description="RFF 1153 by which a package names the label it is packed in"
    )
    vda_week_spans: bool = Field(
        default=False,
        description="VDA 4905 behind 555555: 120104 is weeks 1 to 4 of 2012. Else only months "
        "(120300) and weeks (120013) are read there, which cannot be mistaken for days",
    )
    qualifiers: Qualifiers = Qualifiers()

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("charset")
    @classmethod
    def _charset(cls, name: str | None) -> str | None:
        return known_charset(name)

    @field_validator("messages")
    @classmethod
    def _messages(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        known = [*EDIFACT, *VDA]
        for name in given or ():
            if name not in known:
                raise ValueError(f"message {name!r} is not read here{did_you_mean(name, known)}")
        return given

    def suits(self, sender: str, receiver: str) -> bool:
        return self.sender in {None, sender} and self.receiver in {None, receiver}


class Partners(BaseModel):
    """The file, or the same keys inside the edge's own file."""

    model_config = _FORM
    partners: tuple[Partner, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        seen: dict[Any, str] = {}
        for partner in self.partners:
            key = (partner.sender, partner.receiver)
            if key in seen:
                raise ValueError(
                    f"{seen[key]!r} and {partner.name!r} have the same sender and receiver: "
                    "keep one of them"
                )
            seen[key] = partner.name
        return self

    def of(self, sender: str, receiver: str) -> Partner | None:
        """The most exact one: sender and receiver, then sender, then receiver, then any."""
        suiting = [p for p in self.partners if p.suits(sender, receiver)]
        rank = lambda p: (p.sender is not None, p.receiver is not None)  # noqa: E731
        return max(suiting, key=rank, default=None)


STANDARD: Final = Partner(name="(the standard)")


def load_partners(path: Path) -> Sequence[Partner]:
    """Read a file of partners; raise ConfigurationError."""
    form = load_yaml(path)
    if not isinstance(form.tree, dict):
        raise ConfigurationError([form.error_at((), "needs the key `partners`")])
    try:
        return Partners.model_validate(form.tree).partners
    except ValidationError as error:
        raise ConfigurationError(explain_errors(form, (), error, Partners)) from error
