from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError, StorageError
from roadworthy.sim.sensors import sheet
from roadworthy.sim.town import Town


def test_each_weather_has_a_line_of_its_own_and_labels_stay_the_same(rivertown: Town) -> None:
    picture = sheet.contact_sheet(rivertown)
    line = sheet.HEIGHT + 4
    lines = picture[-line * len(sheet.WEATHERS) :].reshape(len(sheet.WEATHERS), line, -1, 3)
    first = lines.shape[2] - 4 * (sheet.WIDTH + 4)
    photos = lines[:, : sheet.HEIGHT, first : first + sheet.WIDTH]
    assert len({photo.tobytes() for photo in photos}) == len(sheet.WEATHERS)
    names = list(sheet.WEATHERS)
    light = dict(zip(names, photos.mean(axis=(1, 2, 3)), strict=True))
    assert light["clear night"] < 0.8 * light["clear noon"]
    labels = lines[:, : sheet.HEIGHT, first + 2 * (sheet.WIDTH + 4) :][:, :, : sheet.WIDTH]
    assert len({label.tobytes() for label in labels}) == 1


@pytest.mark.parametrize("name", ["a.png", "b.jpg"])
def test_a_sheet_is_written_whole_into_a_folder_that_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "contact_sheet", lambda: np.full((40, 60, 3), 90, np.uint8))
    path = tmp_path / "new" / name
    sheet.write_sheet(path)
    assert cv2.imread(str(path)).shape == (40, 60, 3)
    with pytest.raises(SettingsError, match="png"):
        sheet.write_sheet(tmp_path / "sheet.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        sheet.write_sheet(tmp_path / "file" / name)
