"""Which clicks of an episode are times of a move or of a first click."""

import json

import numpy as np

from ml.data.click_episodes import read_episodes


def episode(session, task, random, *, base=0.6, bits=0.2, read=0.05):
    """Simulates three clicks in a column of eight buttons."""
    layout = [{"id": i, "tag": "BUTTON", "x": 10, "y": 20 * i, "w": 40, "h": 10} for i in range(8)]
    order = random.permutation(8)[:3].tolist()
    made, at = [], 1000 * (2 + read * (order[0] + 1))
    for previous, target in zip([None, *order], order, strict=False):
        box = [layout[target][f] for f in "xywh"]
        if previous is not None:
            away = abs(target - previous) * 20
            noise = 0.02 * random.laplace()
            index = np.log2(away / 10 + 1)
            at += 1000 * (base + bits * index + read * abs(target - previous) + noise)
        made.append({"ms": at, "x": 30, "y": 20 * target + 5, "id": target, "box": box})
    return {"task": task, "session": session, "success": True, "layout": layout, "clicks": made}


def written(path, episodes):
    path.write_text("".join(json.dumps(e) + "\n" for e in episodes))
    return path


def test_what_is_no_move_is_left_out(tmp_path):
    random = np.random.default_rng(1)
    failed = {**episode("s", "t", random), "success": False}
    nobody = {**episode("s", "t", random), "session": None}
    typed = episode("s", "t", random)
    for element in typed["layout"]:
        element["tag"] = "INPUT_text"

    table = read_episodes(written(tmp_path / "c.jsonl", [failed, nobody, typed]))

    assert list(table["kind"]) == ["first"]
