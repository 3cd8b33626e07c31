import pytest

from engine.texts import Text, days_in_words, same


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "证件 ZJZ-2026-00005 2026-11-05 到期",
            Text("证件 ZJZ-2026-00005 2026年11月5日 到期", "证件 ZJZ-2026-00005 5 Nov 2026 到期"),
        ),
        ("2026-03-02 14:30", Text("2026年3月2日 14:30", "2 Mar 2026 14:30")),
        ("TS-2026-11-05", same("TS-2026-11-05")),
        ("2026-13-05", same("2026-13-05")),
    ],
)
def test_days_are_told_as_people_write_them(written: str, told: Text) -> None:
    assert days_in_words(same(written)) == told
