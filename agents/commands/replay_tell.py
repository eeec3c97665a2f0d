"""What `roadworthy replay` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.agents.commands.outcome import err, out

if TYPE_CHECKING:
    from roadworthy.agents.recording import HandOver, Recording, Replay


def tell(recording: Recording) -> None:
    """Print what a recording holds."""
    from rich.table import Table

    head, result = recording.head, recording.result
    if recording.damage:
        err.print(
            f"{recording.path}: {recording.damage}; what stands before can be read: "
            f"{recording.duration:.1f} s",
            style="yellow",
        )
    elif result is None:
        err.print(f"{recording.path}: the drive was broken off", style="yellow")
    table = Table(title=f"{head.driver.name} on {head.town}, route {head.route}")
    table.add_column("")
    table.add_column("", justify="right")
    if result is not None:
        table.add_row("status", result.record.status)
        table.add_row("driving score", f"{result.record.scores.score_composed:.2f}")
        table.add_row("route completion [%]", f"{result.record.scores.score_route:.1f}")
    table.add_row("recorded [s]", f"{recording.duration:.1f}")
    table.add_row("actors", str(head.actors))
    table.add_row("seed", str(head.seed))
    table.add_row("recorded with", f"Roadworthy {head.version}, {head.environment}")
    out.print(table)
    if head.events:
        found = ", ".join(f"{event.kind} at {event.s:.0f} m" for event in head.events)
        out.print(f"events: {found}")
    for number, incident in enumerate(recording.incidents, 1):
        out.print(f"  infraction {number}, {incident.time:6.1f} s  {incident.message}")


def tell_moment(replay: Replay, index: int) -> None:
    """Print what there is to say of one moment."""
    import numpy as np

    from roadworthy.perception.scene import User, UserClass
    from roadworthy.sim.world.columns import Actor

    moment, truth = replay.recording[index], replay.truth(index)
    control = moment.control
    did = (
        "the end"
        if control is None
        else f"throttle {control.throttle:.2f}, brake {control.brake:.2f}, steer "
        f"{control.steer:+.2f}"
    )
    speed = float(moment.actors[0, Actor.SPEED])
    out.print(
        f"at {moment.time:.1f} s (tick {moment.frame}): {speed * 3.6:.1f} km/h, {did}; route "
        f"{moment.completion:.0f} %, driving score {moment.score:.1f}"
    )
    if truth.valid[0]:
        nearest = truth.users[0]
        kind = UserClass(int(nearest[User.CLASS])).name.lower()
        away = float(np.hypot(nearest[User.X], nearest[User.Y]))
        out.print(
            f"nearest: a {kind} {away:.1f} m away, {nearest[User.X]:+.1f} m ahead, "
            f"{nearest[User.Y]:+.1f} m to the right (centre to centre)"
        )


def tell_hand_over(result: HandOver) -> None:
    """Print what came of a hand-over beside what had been."""
    from rich.table import Table

    table = Table(title=f"{result.agent} took the wheel at {result.time:.1f} s")
    before, after = result.before, result.after
    table.add_column("")
    table.add_column(result.driver, justify="right")
    table.add_column(result.agent, justify="right")
    then = ("", "", "", "", "")
    if before is not None:
        scores, meta = before.record.scores, before.record.meta
        then = (
            before.record.status,
            f"{scores.score_composed:.2f}",
            f"{scores.score_route:.1f}",
            f"{scores.score_penalty:.3f}",
            f"{meta.duration_game:.1f}",
        )
    now = (
        after.status,
        f"{after.score.composed:.2f}",
        f"{after.score.route:.1f}",
        f"{after.score.penalty:.3f}",
        f"{after.duration_game:.1f}",
    )
    names = (
        "status",
        "driving score",
        "route completion [%]",
        "infraction penalty",
        "driven [s]",
    )
    for name, old, new in zip(names, then, now, strict=True):
        table.add_row(name, old, new)
    out.print(table)
    out.print(f"until then: {result.ticks} ticks, byte for byte as recorded")
    for time, message in after.log:
        out.print(f"  {time:6.1f} s  {message}")
