"""Random processes do what an independent token game says, with a restart after every step."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import diagram
from engine.bpmn.execution import DecisionOutcome, Execution
from tests.engine.bpmn.random_processes import CHOICE, SIGNAL, Drawing, texts
from tests.engine.bpmn.token_game import Choices, TokenGame

ROUNDS = int(os.environ.get("BANJIE_RANDOM_ROUNDS", "1000"))
MOST_STEPS = 30


class World:
    """Surroundings in which a gateway's choice is that of the token game."""

    now = datetime(2026, 3, 1, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    services: Mapping[str, Any] = {}

    def __init__(self, choices: Choices) -> None:
        self.functions = {CHOICE: choices.holds}

    def decide(self, decision_key: str, variables: Mapping[str, Any]) -> DecisionOutcome:
        raise AssertionError("no decision is drawn")


class Run:
    """An execution that is stored and taken up again after every step."""

    def __init__(self, program: diagram.Program, choices: Choices, restart: bool = True) -> None:
        self.program = program
        self.world = World(choices)
        self.restart = restart
        self.execution = Execution.start(program, {}, self.world)
        self.again()

    def again(self) -> None:
        if self.restart:
            self.execution = Execution.restore(self.program, self.execution.dump(), self.world)

    def offered(self) -> tuple[list[str], list[str], list[str], bool]:
        now = self.execution
        return (
            sorted(task.element_id for task in now.open_tasks),
            sorted([timer.element_id for timer in now.timers] + [event.element_id for event in now.awaited]),
            sorted(incident.element_id for incident in now.incidents),
            now.is_ended,
        )

    def complete(self, name: str, value: Any) -> None:
        task = next(task for task in self.execution.open_tasks if task.element_id == name)
        self.execution.complete_task(task.id, {f"d_{name}": value})
        self.again()

    def happen(self, name: str) -> None:
        waiting = [timer.token_id for timer in self.execution.timers if timer.element_id == name]
        for token_id in waiting:
            if any(timer.token_id == token_id for timer in self.execution.timers):
                self.execution.fire_timer(token_id)
        if not waiting:
            event = next(event for event in self.execution.awaited if event.element_id == name)
            self.execution.catch(event.kind, event.name, {})
        self.again()

    def is_signal(self, name: str) -> bool:
        return any(event.element_id == name and event.name == SIGNAL for event in self.execution.awaited)


def draw(seed: int, wild: bool) -> tuple[Drawing, diagram.Program]:
    drawing = Drawing(seed)
    drawing = drawing.wild() if wild else drawing.blocks()
    top, *called = (diagram.load(text) for text in texts(drawing))
    return drawing, diagram.assemble(top, called)


def choices_for(drawing: Drawing, seed: int) -> Choices:
    choices = Choices(seed)
    for graph in (drawing.top, *drawing.called):
        choices.know(graph)
    return choices


def play(seed: int, wild: bool) -> int:
    """Play one process on both sides; return the number of steps."""
    drawing, program = draw(seed, wild)
    choices = [choices_for(drawing, seed) for _ in range(3)]
    game = TokenGame(drawing.top, choices[0])
    run, unbroken = Run(program, choices[1]), Run(program, choices[2], restart=False)
    dice = random.Random(seed * 7 + 1)
    for step in range(MOST_STEPS):
        expected = game.offered()
        where = f"seed {seed}, wild {wild}, step {step}"
        assert run.offered() == expected, where
        assert unbroken.offered() == expected, where
        assert run.execution.variables == game.variables, where
        assert unbroken.execution.variables == game.variables, where
        tasks, events, _, ended = expected
        events = [name for name in events if not run.is_signal(name)]
        if ended or not (tasks or events):
            return step
        for choice in choices:
            choice.step = step + 1
        if tasks and (not events or dice.random() < 0.75):
            name = dice.choice(tasks)
            for side in (game, run, unbroken):
                side.complete(name, step)
        else:
            name = dice.choice(events)
            for side in (game, run, unbroken):
                side.happen(name)
    return MOST_STEPS


@pytest.mark.parametrize("wild", [False, True], ids=["blocks", "wild"])
def test_random_processes_do_what_the_token_game_says(wild):
    steps = sum(play(seed, wild) for seed in range(ROUNDS))

    assert steps > ROUNDS
