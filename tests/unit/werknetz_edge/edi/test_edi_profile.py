"""Partners: choice of the profile, and errors in a file of partners."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from werknetz.connector.yaml_format import ConfigurationError
from werknetz_edge.edi.config import EdiConfig
from werknetz_edge.edi.edifact.codes import codes_for
from werknetz_edge.edi.profile import STANDARD, Partner, Partners, load_partners


def _partner(name: str, sender: str | None = None, receiver: str | None = None) -> Partner:
    return Partner(name=name, sender=sender, receiver=receiver)


def test_the_most_specific_partner_is_chosen() -> None:
    partners = Partners(
        partners=(
            _partner("any"), _partner("to us", receiver="R"), _partner("s", "S"),
            _partner("both", "S", "R"),
        )
    )  # fmt: skip
    addresses = [("S", "R"), ("S", "X"), ("X", "R"), ("X", "X")]
    assert [p.name for a in addresses if (p := partners.find(*a))] == ["both", "s", "to us", "any"]
    assert Partners().find("S", "R") is None


def test_a_partner_changes_single_codes() -> None:
    partner = Partner.model_validate(
        {
            "name": "p",
            "qualifiers": {
                "quantities": {"12": "ignored", "131": "despatched"},
                "references": {"DQ": "shipment"},
                "labels": ["SRV"],
            },
        }
    )
    codes, standard = codes_for("DESADV", partner), codes_for("DESADV", STANDARD)
    assert codes.quantities["131"] == "despatched"
    assert codes.quantities["12"] == "ignored"
    assert codes.references["DQ"][0] == "shipment"
    assert codes.references["AAU"] == standard.references["AAU"]
    assert codes.labels == standard.labels | {"SRV"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("- 1", "line 1: needs the key `partners`"),
        ("partners:\n  - name: a\n    sendr: x", "line 3: key 'sendr' is not known: did you mean"),
        ("partners:\n  - name: a\n    zone: Berlin", "line 3: time zone 'Berlin' is not known"),
        ("partners:\n  - name: a\n    charset: utf9", "line 3: character set 'utf9' is not known"),
        ("partners:\n  - name: a\n    messages: [DESADW]", "did you mean 'DESADV'?"),
        ("partners:\n  - name: a\n    directory: 96A", "line 3: directory"),
        ("partners:\n  - name: a\n    counts: {message: maybe}", "use one of 'quarantine'"),
        (
            "partners:\n  - name: a\n    qualifiers:\n      references: {ON: ordernumber}",
            "line 4: no event has a field 'ordernumber': did you mean 'order_number'?",
        ),
        (
            "partners:\n  - name: a\n    qualifiers:\n      quantities: {'12': sent}",
            "line 4: 12 'sent' is not known: use one of",
        ),
        ("partners:\n  - name: a\n  - name: b", "'a' and 'b' have the same sender and receiver"),
    ],
)
def test_errors_name_line_and_remedy(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_partners(path)
    assert error in str(caught.value)


def test_contradicting_options_are_rejected() -> None:
    inbox = {"folder": "in"}
    with pytest.raises(ValidationError, match="not both"):
        EdiConfig.model_validate(
            {"inbox": inbox, "partners": [{"name": "a"}], "partners_file": "p.yaml"}
        )
    with pytest.raises(ValidationError, match="is not known"):
        EdiConfig.model_validate({"inbox": inbox, "zone": "Mars"})
