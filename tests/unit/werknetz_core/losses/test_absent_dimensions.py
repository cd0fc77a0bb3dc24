"""A row of a ranking without a reason, order or big loss says why."""

import pytest

from werknetz.kpi.losses.categories import CATEGORIES
from werknetz.texts.language import Language
from werknetz_core.losses.ranking.absent import why_no_big_loss, why_no_order, why_no_reason


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("malfunction", "no reason entered"),
        ("no_order", "no reason entered"),
        ("set_up", "no reason entered"),
        ("speed", "slow cycles"),
        ("scrap", "scrap, no reason entered"),
        ("start_up", "start-up scrap, no reason entered"),
        ("unknown", "not judged: the state is unknown"),
        ("speed_not_judged", "not judged: produced without a known ideal cycle or count"),
        ("off_shift", "planned: time without a shift"),
        ("planned_down", "planned: breaks, planned maintenance (PDOT)"),
    ],
)
def test_why_there_is_no_reason(category: str, text: str) -> None:
    assert why_no_reason(category).text == text


@pytest.mark.parametrize(
    ("category", "order", "big_loss"),
    [
        ("no_order", "no order", "none of the six: no order"),
        ("idle", "no order is known", None),
        ("unknown", "no order is known", "not judged: the state is unknown"),
        ("off_shift", "no order is known", "planned: time without a shift"),
    ],
)
def test_why_there_is_no_order_or_big_loss(category: str, order: str, big_loss: str | None) -> None:
    assert why_no_order(category).text == order
    assert (big_loss is None) == (CATEGORIES[category].big_loss is not None)
    if big_loss is not None:
        assert why_no_big_loss(category).text == big_loss


def test_every_category_has_a_text_in_both_languages() -> None:
    for category in CATEGORIES:
        for why in (why_no_reason, why_no_order, why_no_big_loss):
            text = why(category).text
            assert text
            assert text.in_language(Language.DE) != text


def test_time_that_is_not_lost_is_in_the_words_of_its_category() -> None:
    for name, category in CATEGORIES.items():
        if not category.is_loss:
            words = category.description[0].lower() + category.description[1:]
            assert why_no_reason(name).text.endswith(f": {words}")
