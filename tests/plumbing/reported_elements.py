"""Elements of a machine of which everything is reported, from its plain sums."""

from dataclasses import replace

from werknetz.kpi.elements import Elements


def all_reported(plain: Elements, *, pri_gq_s: float | None = None) -> Elements:
    """Return the elements with what is known; PRI × GQ as of one product, unless it is given."""
    of_one = plain.pri_pq_s * plain.gq / plain.pq if plain.pq else 0.0
    good_s = of_one if pri_gq_s is None else pri_gq_s
    calendar_s, pbt_s = plain.calendar_s, plain.pbt_s
    return replace(
        plain,
        pri_gq_s=good_s,
        plan_known_s=calendar_s,
        pq_known_s=calendar_s,
        gq_known_s=calendar_s,
        sq_known_s=calendar_s,
        rq_known_s=calendar_s,
        quantity_known_s=pbt_s,
        quantity_known_pot_s=plain.pot_s,
        quantity_known_calendar_s=calendar_s,
        judged_s=pbt_s - plain.unknown_s,
        judged_apt_s=plain.apt_s,
        judged_aust_s=plain.aust_s,
        judged_pri_pq_s=plain.pri_pq_s,
        judged_pri_gq_s=good_s,
        pace_known_s=pbt_s,
        pace_apt_s=plain.apt_s,
        pace_pri_pq_s=plain.pri_pq_s,
        quality_known_s=pbt_s,
        quality_pq=plain.pq,
        quality_gq=plain.gq,
        quality_sq=plain.sq,
        quality_pri_known_s=pbt_s,
        quality_pri_pq_s=plain.pri_pq_s,
        quality_pri_gq_s=good_s,
        rework_known_s=pbt_s,
        rework_pq=plain.pq,
        rework_rq=plain.rq,
    )
