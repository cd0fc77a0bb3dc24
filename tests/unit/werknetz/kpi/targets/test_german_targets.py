"""The status of a target in German: signs, points and dates are German, too."""

from datetime import date, timedelta

import pytest

from werknetz.kpi.targets.forecast import IndexPoint
from werknetz.kpi.targets.path import PathKind, TargetPath
from werknetz.kpi.targets.status import status_of
from werknetz.kpi.targets.wording import headline_of, sentences_of
from werknetz.texts.language import Language

PATH = TargetPath(PathKind.LINEAR, date(2025, 1, 1), date(2027, 1, 1), 0.3)
HALF = date(2026, 1, 1)
BEHIND = (
    "Um 5,0 Punkte hinter dem Pfad: +10,0 %, heute sind +15,0 % von +30,0 % am 01.01.2027 fällig."
)
MET = "Erreicht, erstmals am 01.01.2026: jetzt bei +31,0 % von +30,0 %, fällig am 01.01.2027."
AFTER = date(2027, 1, 2)
FLAT = [
    IndexPoint(PATH.start_on + timedelta(days=7 * n), PATH.start_on + timedelta(days=7 * n + 7),
               0.1, 1.0)
    for n in range(60)
]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "change", "at_due", "series", "headline", "sentences"),
    [
        pytest.param(
            HALF, 0.1, None, FLAT,
            "+10,0 % von +30,0 %, Abstand 20,0 Punkte, "
            "Prognose +10,0 % am 01.01.2027 (+10,0 % bis +10,0 %)",
            [
                BEHIND,
                "Um es bis zum 01.01.2027 zu erreichen, sind +1,4 % im Monat nötig.",
                "Bei diesem Tempo wird es nie erreicht.",
            ], id="behind",
        ),
        pytest.param(
            HALF, 0.29999, None, [],
            "+30,0 % von +30,0 %, Abstand weniger als 0,1 Punkte, keine Prognose: "
            "zu wenig Historie, 0 Zeiträume mit Daten, 3 sind nötig",
            [
                "Auf dem Pfad: +30,0 %, heute sind +15,0 % von +30,0 % fällig.",
                "Um es bis zum 01.01.2027 zu erreichen, sind weniger als +0,1 % im Monat nötig.",
            ], id="on the path",
        ),
        pytest.param(
            AFTER, None, 0.2, [],
            "kein aktueller Wert, Ziel +30,0 %, am 01.01.2027 um 10,0 Punkte verfehlt",
            ["Am 01.01.2027 um 10,0 Punkte verfehlt; es gibt keinen aktuellen Wert."], id="missed",
        ),
        pytest.param(
            HALF, 0.31, None, [IndexPoint(HALF, HALF, 0.3, 1.0)],
            "+31,0 % von +30,0 %, erreicht, keine Prognose: zu wenig Historie, 1 Zeiträume mit "
            "Daten, 3 sind nötig",
            [MET], id="met",
        ),
        pytest.param(
            HALF, None, None, [],
            "kein aktueller Wert, Ziel +30,0 %",
            ["Es gibt keinen aktuellen Wert zum Vergleich mit dem Ziel von +30,0 % am 01.01.2027."],
            id="no value",
        ),
    ],
)  # fmt: skip
def test_a_status_in_german(
    on: date, change: float | None, at_due: float | None, series: list[IndexPoint], headline: str,
    sentences: list[str],
) -> None:  # fmt: skip
    status = status_of(PATH, on, change, series, change_at_due=at_due)
    assert headline_of(PATH, status).in_language(Language.DE) == headline
    texts = [text.in_language(Language.DE) for text in sentences_of(PATH, status)]
    assert texts == sentences
