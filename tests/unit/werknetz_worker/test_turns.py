"""Live and past entries share the time of a worker."""

from dataclasses import dataclass

from werknetz_worker.turns import LOOK_EVERY_S, Turns


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


def run(turns: Turns[str], clock: Clock, seconds: dict[str, float], again: set[str]) -> list[str]:
    """Do ten entries; return which."""
    done = []
    while len(done) < 10 and (turn := turns.next()) is not None:
        entry, is_past = turn
        done.append(entry if not is_past else f"{entry} past")
        clock.now_s += seconds[entry]
        turns.end(entry if entry in again else None)
    return done


def test_live_is_first_and_each_side_gets_half_of_the_time() -> None:
    clock = Clock()
    turns = Turns(["a", "b", "c", "d"], ["x", "y"], clock=clock)
    seconds = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "x": 3.0, "y": 3.0}
    assert run(turns, clock, seconds, {"x"}) == [
        "a", "x past", "b", "c", "d", "y past", "x past", "x past", "x past", "x past",
    ]  # fmt: skip


def test_equal_times_let_live_go_first() -> None:
    clock = Clock()
    turns = Turns(["a", "b"], ["x"], clock=clock)
    assert run(turns, clock, {"a": 1.0, "b": 1.0, "x": 1.0}, set()) == ["a", "x past", "b"]


def test_a_machine_with_both_does_its_past_later_and_after_the_others() -> None:
    clock = Clock()
    turns = Turns(["a"], ["x"], clock=clock)
    assert run(turns, clock, {"a": 1.0, "x": 1.0}, {"a"})[:4] == [
        "a", "x past", "a past", "a past",
    ]  # fmt: skip


def test_it_looks_for_live_entries_only_while_a_past_is_long() -> None:
    clock = Clock()
    turns = Turns(["a"], ["x"], clock=clock)
    clock.now_s = LOOK_EVERY_S - 0.01
    assert not turns.is_time_to_look()
    clock.now_s = LOOK_EVERY_S
    assert turns.is_time_to_look()
    assert not turns.is_time_to_look()
    turns.add_live(["a", "b"])
    assert run(turns, clock, {"a": 0.0, "b": 0.0, "x": 1.0}, set()) == ["a", "b", "x past"]
    clock.now_s = 3 * LOOK_EVERY_S
    assert not turns.is_time_to_look()
    assert turns.next() is None
