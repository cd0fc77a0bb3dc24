"""Profiles of partners in YAML; errors are reported with file, line and remedy.

A partner who follows the standard needs no profile.
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
from werknetz_edge.edi.edifact.charset import check_charset

EDIFACT: Final = ("DELFOR", "DELJIT", "DESADV", "INVRPT", "RECADV")
VDA: Final = ("VDA4905", "VDA4913")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
_ID: Final = r"^\S(.*\S)?$"

AcceptPolicy = Literal["quarantine", "accept"]
QuantityMeaning = Literal[
    "called_off", "backlog", "despatched", "received", "accepted", "rejected", "stock", "moved",
    "cumulative", "cumulative_received", "last_receipt", "per_package", "ignored",
]  # fmt: skip
ItemMeaning = Literal[
    "material", "supplier_material", "ean", "batch", "serial_number", "ignored"
]  # fmt: skip
DocumentFunction = Literal[
    "original", "duplicate", "replace", "change", "addition", "deletion", "cancellation"
]  # fmt: skip


class CountPolicy(BaseModel):
    """What to do where a control count is wrong. The difference is always reported."""

    model_config = _STRICT
    message: Literal["quarantine", "warn"] = Field(
        default="quarantine",
        description="segments (UNT) and lines (CNT+2): lines may be missing",
    )
    interchange: Literal["quarantine", "warn"] = Field(
        default="warn", description="messages (UNZ): the existing messages are complete"
    )
    vda: Literal["quarantine", "warn"] = Field(
        default="warn",
        description="trailers 519 and 719: often wrong, although each record is complete by "
        "itself; the lines are stored, and one entry in quarantine names the difference",
    )


class Qualifiers(BaseModel):
    """Codes that this partner uses differently from the standard, or in addition to it."""

    model_config = _STRICT
    quantities: dict[str, QuantityMeaning] = Field(default={}, description="QTY 6063 → meaning")
    references: dict[str, str] = Field(default={}, description="RFF 1153 → field of the event")
    parties: dict[str, str] = Field(default={}, description="NAD 3035 → field of the event")
    places: dict[str, str] = Field(default={}, description="LOC 3227 → field of the event")
    dates: dict[str, str] = Field(default={}, description="DTM 2005 → field of the event")
    items: dict[str, ItemMeaning] = Field(
        default={}, description="LIN and PIA 7143 → field of the event"
    )
    functions: dict[str, DocumentFunction] = Field(
        default={}, description="BGM 1225 → meaning, for codes that are not read by default"
    )
    labels: tuple[str, ...] = Field(
        default=(), description="GIN 7405 of a handling unit's label, in addition to ML, BJ and AW"
    )

    @field_validator("references", "parties", "places", "dates")
    @classmethod
    def _fields(cls, value: dict[str, str]) -> dict[str, str]:
        supported = {name for kind in KINDS for name in fields_of(kind)} | {"ignored"}
        for name in value.values():
            if name not in supported:
                raise ValueError(
                    f"no event has a field {name!r}{did_you_mean(name, sorted(supported))}"
                )
        return value


class Partner(BaseModel):
    """The profile of one partner. Codes and ids are text: put them in quotes."""

    model_config = _STRICT
    name: Annotated[str, Field(min_length=1)]
    sender: str | None = Field(
        default=None, pattern=_ID,
        description="UNB 0004; VDA 4905: the customer's number, 4913: the supplier's; none: any",
    )  # fmt: skip
    receiver: str | None = Field(default=None, pattern=_ID, description="UNB 0010; none: any")
    messages: tuple[str, ...] | None = Field(
        default=None, description="agreed message types; others go to quarantine. None: all"
    )
    form: Literal["standard", "vda-4984", "vda-4987", "vda-4990"] = Field(
        default="standard", description="a recommendation that the partner follows"
    )
    directory: str | None = Field(
        default=None, pattern=r"^D\d\d[AB]$",
        description="such as D96A, if UNH is wrong",
    )  # fmt: skip
    zone: str | None = Field(default=None, description="IANA; default: the connector's `zone`")
    charset: str | None = Field(default=None, description="if UNB is wrong: cp850 …")
    decimal_mark: Literal["una", "any", ".", ","] = Field(
        default="una", description="una: as in UNA; without a UNA, point or comma"
    )
    date_format: str | None = Field(
        default=None, description="DTM 2379 to use where the partner omits it, such as 102"
    )
    test_messages: AcceptPolicy = Field(
        default="quarantine", description="interchanges with the test indicator (UNB 0035)"
    )
    reused_references: AcceptPolicy = Field(
        default="quarantine",
        description="a control reference that is used again with other content",
    )
    repeated_documents: Literal["quarantine", "replace"] = Field(
        default="quarantine",
        description="a document that comes again as an original under the same number with other "
        "content: replace withdraws the lines that it no longer has",
    )
    counts: CountPolicy = CountPolicy()
    quantity_max: Annotated[float, Field(gt=0, le=1e18)] = 1e12
    negative: AcceptPolicy = Field(
        default="quarantine", description="negative quantities of call-offs, ASNs and receipts"
    )
    conditions: Literal["by_directory", "before_quantity", "after_quantity"] = Field(
        default="by_directory", description="position of SCC in DELFOR and DELJIT"
    )
    movement_sign: Literal["direction", "as_written"] = Field(
        default="direction", description="INVRPT: from INV 4501, or the sign of the quantity"
    )
    master_label: str | None = Field(
        default="ACI", description="RFF 1153 with which a package names its outer label"
    )
    vda_week_spans: bool = Field(
        default=False,
        description="VDA 4905 after 555555: 120104 is weeks 1 to 4 of 2012. Otherwise only months "
        "(120300) and weeks (120013) are read there, which are never ambiguous with days",
    )
    qualifiers: Qualifiers = Qualifiers()

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("charset")
    @classmethod
    def _charset(cls, name: str | None) -> str | None:
        return check_charset(name)

    @field_validator("messages")
    @classmethod
    def _messages(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        supported = [*EDIFACT, *VDA]
        for name in value or ():
            if name not in supported:
                raise ValueError(
                    f"message {name!r} is not supported{did_you_mean(name, supported)}"
                )
        return value

    def matches(self, sender: str, receiver: str) -> bool:
        return self.sender in {None, sender} and self.receiver in {None, receiver}


class Partners(BaseModel):
    """The file of partners, or the same keys in the edge file."""

    model_config = _STRICT
    partners: tuple[Partner, ...] = ()

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        names: dict[Any, str] = {}
        for partner in self.partners:
            key = (partner.sender, partner.receiver)
            if key in names:
                raise ValueError(
                    f"{names[key]!r} and {partner.name!r} have the same sender and receiver: "
                    "keep one of them"
                )
            names[key] = partner.name
        return self

    def find(self, sender: str, receiver: str) -> Partner | None:
        """Return the most specific profile: sender and receiver, sender, receiver, then any."""
        candidates = [p for p in self.partners if p.matches(sender, receiver)]
        rank = lambda p: (p.sender is not None, p.receiver is not None)  # noqa: E731
        return max(candidates, key=rank, default=None)


STANDARD: Final = Partner(name="(the standard)")


def load_partners(path: Path) -> Sequence[Partner]:
    """Read a file of partners; raise ConfigurationError."""
    document = load_yaml(path)
    if not isinstance(document.tree, dict):
        raise ConfigurationError([document.error_at((), "needs the key `partners`")])
    try:
        return Partners.model_validate(document.tree).partners
    except ValidationError as error:
        raise ConfigurationError(explain_errors(document, (), error, Partners)) from error
