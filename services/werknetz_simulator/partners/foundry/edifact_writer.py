"""The supplier's documents as EDIFACT D.96A: DELFOR as an ERP exports it, DESADV as it is sent.

Written from the directory by itself: the platform's reader is what it is compared with.
"""

from typing import Final

from werknetz_simulator.partners.foundry.timeline import ARTICLES, CallOff, Shipment, day_of
from werknetz_simulator.plants.plan import instant_of
from werknetz_simulator.plants.plant import EMDEN_1, ZWICK_2

FOUNDRY: Final = "4012345000009"
CUSTOMER: Final = "4023456000000"
SITES: Final = {EMDEN_1.name: "4023456000017", ZWICK_2.name: "4023456000024"}
CHARSET: Final = "iso8859-1"  # UNOC
_COMMITMENT: Final = {True: "1", False: "4"}  # SCC 4017: firm, planning/forecast
_RELEASED: Final = "?+:'"


def delfor(document: CallOff) -> bytes:
    """From the customer to the supplier, as it lies in the mailbox of both."""
    segments = [
        f"BGM+241+{document.number}+9",
        f"DTM+137:{_moment(document.at_us)}:304",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+SU+{FOUNDRY}::9",
        "UNS+D",
        f"NAD+ST+{SITES[document.site]}::9",
    ]
    for number, (article, entries) in enumerate(document.lines):
        segments += [
            f"LIN+{number + 1}++{article.material}:IN",
            f"PIA+1+{article.supplier_material}:SA",
            f"IMD+F++:::{_text(article.description)}",
        ]
        for index, due in enumerate(entries):
            on = f"{due.on:%Y%m%d}"
            if number == document.wrong_line and index == 0:
                on = f"{due.on:%Y}0148"  # the 48th of January
            segments += [
                f"QTY+113:{due.quantity:g}:{article.unit}",
                f"SCC+{_COMMITMENT[due.is_firm]}",
                f"DTM+2:{on}:102",
            ]
    segments += ["UNS+S", f"CNT+2:{len(document.lines)}"]
    return _interchange("DELFOR", CUSTOMER, FOUNDRY, document.number, document.at_us, segments)


def desadv(document: Shipment, *, again: bool = False) -> bytes:
    """`again`: the same message in an envelope of its own, marked as a duplicate (BGM 1225)."""
    segments = [
        f"BGM+351+{document.number}+{7 if again else 9}",
        f"DTM+137:{_moment(document.at_us)}:304",
        f"DTM+11:{_moment(document.at_us)}:304",
        f"DTM+17:{document.arrives:%Y%m%d}:102",
        f"RFF+AAU:{document.number}",
        f"NAD+SU+{FOUNDRY}::9",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+ST+{SITES[document.site]}::9",
    ]
    for number, (article, containers) in enumerate(document.lines, 1):
        segments += [
            f"CPS+{number}++4",
            f"PAC+{containers}++KLT",
            f"LIN+{number}++{article.material}:IN",
            f"PIA+1+{article.supplier_material}:SA",
            f"IMD+F++:::{_text(article.description)}",
            f"QTY+12:{containers * article.packed:g}:{article.unit}",
        ]
    segments.append(f"CNT+2:{len(document.lines)}")
    reference = f"{document.number}-2" if again else document.number
    return _interchange("DESADV", FOUNDRY, CUSTOMER, reference, document.at_us, segments)


def misspelt(at_us: int) -> tuple[str, bytes]:
    """Return a despatch advice's number and text: line 1 has 12O pieces, with the letter O."""
    number = f"X-{at_us // 1_000}"[:14]
    shipment = Shipment(
        number, at_us, EMDEN_1.name, day_of(at_us), ((ARTICLES[0], 1), (ARTICLES[1], 2))
    )
    return number, desadv(shipment).replace(b"QTY+12:120:", b"QTY+12:12O:", 1)


def _interchange(
    kind: str, sender: str, receiver: str, reference: str, at_us: int, segments: list[str]
) -> bytes:
    message = [f"UNH+1+{kind}:D:96A:UN", *segments]
    message.append(f"UNT+{len(message) + 1}+1")
    at = instant_of(at_us)
    head = f"UNB+UNOC:3+{sender}:14+{receiver}:14+{at:%y%m%d}:{at:%H%M}+{reference}"
    whole = ["UNA:+.? ", head, *message, f"UNZ+1+{reference}"]
    return "".join(f"{segment}'\n" for segment in whole).encode(CHARSET)


def _moment(at_us: int) -> str:
    """With its zone: a local time without one is said twice a year in autumn."""
    return f"{instant_of(at_us):%Y%m%d%H%M%S}UTC"


def _text(text: str) -> str:
    return "".join(f"?{sign}" if sign in _RELEASED else sign for sign in text)
