"""Training from end to end on a toy road: short, but the real thing."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import onnx
import pytest
import torch

from roadworthy.planning.env import PlannerVecEnv
from roadworthy.planning.expert import ExpertDriver
from roadworthy.planning.export import export_planner, parity
from roadworthy.planning.learner import FilteredRolloutBuffer, make_learner
from roadworthy.planning.observation import OBSERVATION_SIZE, OBSERVATION_VERSION
from roadworthy.planning.policy import PlannerPolicy, PolicyDriver, load_model
from roadworthy.planning.rollout import evaluate, summary
from roadworthy.planning.run_files import RunFolder
from roadworthy.planning.train import Courses, Trainer, TrainSettings, preset, require_same_run
from roadworthy.planning.training_run import learner_of
from roadworthy.planning.warm_start import WarmStartSettings, imitate
from roadworthy.sim.errors import ModelError, SettingsError, StorageError

from .conftest import ToyWorlds, make_scene

WARM = WarmStartSettings(rounds=3, steps=16, batch=128, critic_rounds=1)
SHORT = TrainSettings(  # no clock has a say: with steps alone a run repeats itself
    minutes=None,
    steps=320,
    worlds=8,
    n_steps=8,
    batch_size=32,
    warm=WARM,
    threads=1,
    warm_share=0.9,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_courses(worlds: int = 8) -> Courses:
    toy, check = ToyWorlds(worlds), ToyWorlds(4, obstacles=False)
    return Courses(PlannerVecEnv([toy], [toy]), [("toy", check, check)], ["toy"])


@pytest.fixture(scope="module")
def model():
    return make_learner(make_courses().env, seed=1, n_steps=4, batch_size=16)


def test_the_exported_graph_gives_the_same_actions_and_says_what_it_is(model, tmp_path):
    path = tmp_path / "planner.onnx"
    assert export_planner(model, path, run={"seed": 1}) <= 1e-4
    assert parity(model, path, seed=7) <= 1e-4
    notes = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert notes["observation_size"] == str(OBSERVATION_SIZE)
    assert notes["observation_version"] == str(OBSERVATION_VERSION)
    assert json.loads(notes["training_run"]) == {"seed": 1}
    assert len(json.loads(notes["accelerations"])) == 7
    assert [p.name for p in tmp_path.iterdir()] == ["planner.onnx"]


def test_a_policy_plans_alike_alone_and_in_a_batch(model):
    toy = ToyWorlds(3)
    accel, curvature = PolicyDriver(model, 3).act(toy.scene())
    plan = PlannerPolicy(model).plan(toy.scene().of_world(1))
    assert (plan.acceleration, plan.curvature) == pytest.approx((accel[1], curvature[1]))


def test_the_filter_hands_out_the_largest_advantages():
    env = make_courses().env
    buffer = FilteredRolloutBuffer(16, env.observation_space, env.action_space, "cpu", n_envs=8)
    buffer.keep, buffer.explore, buffer.full = 0.5, 0.0, True
    rng = np.random.default_rng(0)
    buffer.advantages = rng.normal(size=(16, 8)).astype(np.float32)
    kept = np.concatenate([b.advantages.numpy() for b in buffer.get(32)])
    assert len(kept) == 64
    assert np.abs(kept).min() >= np.median(np.abs(buffer.advantages)) - 1e-6


def test_imitation_comes_to_agree_with_the_expert():
    env = make_courses(16).env
    learner = make_learner(env, seed=0, n_steps=4, batch_size=16)
    settings = dataclasses.replace(WARM, rounds=8, steps=24, epochs=12)
    assert imitate(learner, env, settings, seed=0).agreement > 0.6


def test_the_expert_finishes_the_toy_routes_cleanly():
    toy = ToyWorlds(4, obstacles=False)
    result = summary(evaluate(toy, ExpertDriver(), scenes=toy, max_time=60.0))
    assert result["finished"] == result["clean"] == result["completion"] == 1.0


def test_the_expert_stands_behind_a_parked_car_without_touching_it():
    toy = ToyWorlds(4)
    results = evaluate(toy, ExpertDriver(), scenes=toy, max_time=25.0)
    assert results[0].outcome == "unfinished"
    assert results[0].collisions_vehicle == 0
    assert 0.3 < results[0].completion < 0.5  # stands at about 53 of 120 m


def test_a_run_trains_saves_and_goes_on(tmp_path):
    folder = RunFolder(tmp_path / "run")
    heard: list[str] = []
    result = Trainer(make_courses(), SHORT, folder, lambda kind, _: heard.append(kind)).run()
    assert not result["interrupted"]
    assert heard[0] == "imitate"
    assert "validation" in heard
    assert load_model(folder.model).observation_space.shape == (OBSERVATION_SIZE,)
    rows = json.loads((folder.path / "metrics.json").read_text())["rows"]
    assert rows[-1]["toy_routes"] == 4.0
    again = RunFolder(folder.path)
    before = json.loads((folder.path / "state.json").read_text())
    assert before["steps"] == result["steps"] == 320
    longer = dataclasses.replace(SHORT, steps=448, threads=2)
    trainer = Trainer(make_courses(), longer, again, lambda *_: None)
    assert trainer.elapsed >= before["elapsed"] > 0.0  # the first run's time counts
    assert trainer.share == pytest.approx(320 / 448)
    trainer.run()
    assert json.loads((folder.path / "state.json").read_text())["steps"] == 448


def test_a_run_begins_with_what_another_learned(model, tmp_path):
    model.save(tmp_path / "old.zip")
    heard = []
    settings = dataclasses.replace(SHORT, start=str(tmp_path / "old.zip"), steps=1)
    trainer = Trainer(
        make_courses(), settings, RunFolder(tmp_path / "run"), lambda k, _: heard.append(k)
    )
    trainer._take_over(tmp_path / "old.zip", float("inf"))
    assert "imitate" not in heard
    old, new = model.policy.state_dict(), trainer.model.policy.state_dict()
    for name in ("action_net.weight", "mlp_extractor.policy_net.0.weight"):
        torch.testing.assert_close(new[name], old[name])
    with pytest.raises(SettingsError, match="not both"):
        dataclasses.replace(settings, from_scratch=True).validate()
    assert learner_of(tmp_path / "old.zip") == tmp_path / "old.zip"
    assert learner_of(tmp_path / "run").name == "best.zip"


def test_a_run_is_not_gone_on_with_by_other_settings_or_towns(tmp_path):
    folder = RunFolder(tmp_path)
    Trainer(make_courses(), SHORT, folder, lambda *_: None)._save()
    before = folder.model.read_bytes()
    for change, told in (
        ({"seed": 5}, "seed was 0 and is 5 now"),
        ({"from_scratch": True}, "from_scratch was False and is True now"),
    ):
        with pytest.raises(SettingsError, match=told + r".*another --out"):
            require_same_run(RunFolder(tmp_path), dataclasses.replace(SHORT, **change), ["toy"])
    with pytest.raises(SettingsError, match=r"towns was toy and is elsewhere now.*another --out"):
        require_same_run(RunFolder(tmp_path), SHORT, ["elsewhere"])
    with pytest.raises(SettingsError, match="seed was"):
        Trainer(make_courses(), dataclasses.replace(SHORT, seed=5), folder, lambda *_: None)
    require_same_run(RunFolder(tmp_path), dataclasses.replace(SHORT, steps=9, minutes=1.0), ["toy"])
    assert folder.model.read_bytes() == before


def test_the_same_seed_and_steps_give_the_same_policy(tmp_path):
    short = dataclasses.replace(SHORT, steps=128)
    for name in ("a", "b"):
        Trainer(make_courses(), short, RunFolder(tmp_path / name), lambda *_: None).run()
    a, b = (load_model(tmp_path / name / "model.zip").policy.state_dict() for name in ("a", "b"))
    for key in a:
        assert torch.equal(a[key], b[key]), key


def test_a_full_disk_is_a_sentence_and_keeps_the_last_checkpoint(model, tmp_path, full_disk):
    folder = RunFolder(tmp_path)
    folder.save_model(model, folder.model)
    before = folder.model.read_bytes()
    with full_disk():
        with pytest.raises(StorageError, match=r"model\.zip.*run the same command again"):
            folder.save_model(model, folder.model)
        with pytest.raises(StorageError, match=r"planner\.onnx: cannot write"):
            export_planner(model, tmp_path / "planner.onnx")
    assert folder.model.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.zip"]


def test_an_interrupted_run_keeps_what_it_learned(tmp_path):
    folder = RunFolder(tmp_path)

    def interrupt(kind: str, _row: dict[str, float]) -> None:
        if kind == "ppo":
            raise KeyboardInterrupt

    result = Trainer(make_courses(), SHORT, folder, interrupt).run()
    assert result["interrupted"]
    assert folder.model.is_file()
    assert not [p for p in folder.path.iterdir() if p.name.startswith(".")]


def test_settings_and_files_that_make_no_sense_are_told_in_sentences(tmp_path):
    with pytest.raises(SettingsError, match="unknown preset 'fast'"):
        preset("fast")
    with pytest.raises(SettingsError, match="minutes"):
        preset("quick", minutes=-1.0)
    with pytest.raises(SettingsError, match="end"):
        dataclasses.replace(SHORT, steps=None).validate()
    with pytest.raises(SettingsError, match="steps is 0"):
        dataclasses.replace(SHORT, steps=0).validate()
    with pytest.raises(ModelError, match="no such file"):
        load_model(tmp_path / "none.zip")
    (tmp_path / "bad.zip").write_bytes(b"not a zip")
    with pytest.raises(ModelError, match="not a planner"):
        load_model(tmp_path / "bad.zip")
    folder = RunFolder(tmp_path / "run")
    folder.model.write_bytes(b"")
    (folder.path / "state.json").write_text("{]")
    with pytest.raises(ModelError, match="damaged"):
        folder.read_state()


def test_the_same_policy_plans_the_same_twice(model):
    scene = make_scene(6.0)
    first, second = PlannerPolicy(model).plan(scene), PlannerPolicy(model).plan(scene)
    assert np.array_equal(first.path, second.path)
