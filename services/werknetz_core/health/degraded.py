"""What is away while the API answers, what works meanwhile, and the remedy."""

from werknetz_core.health.schemas import ReadinessView
from werknetz_core.limits.wide_process.state import WideState


def hints_of(view: ReadinessView) -> list[str]:
    """Return a sentence or two for each part that is away; none: the API is at its best."""
    hints = []
    if view.redis not in {"ok", "not configured"}:
        hints.append(
            "Redis does not answer: each API process limits keys by itself, and the state of "
            "connectors is unknown. Start it; `werknetz doctor` names the cause."
        )
    away = [provider.name for provider in view.identity_providers if provider.state != "ok"]
    if away:
        hints.append(
            f"Providers of identities do not answer: {', '.join(away)}. Keys and local accounts "
            "work; run `werknetz oidc check` on the server."
        )
    if view.wide_process == WideState.RESTARTING:
        hints.append(
            "The process that answers wide requests ended and starts again by itself: wide "
            "requests get 503, others are answered. If it stays so, the log has its exit status "
            "(`the wide process ended`): -9 is mostly a lack of memory."
        )
    return hints
