"""Bradley-Terry strengths: what they are measured against."""

import pytest

from rpterm.preference.stats.ranking import Vote, strengths


@pytest.mark.parametrize("many", [10, 1000])
def test_strengths_are_measured_against_the_average(many: int) -> None:
    votes = [Vote("a", "b", 0)] * 7 * many + [Vote("b", "a", 0)] * 3 * many
    votes += [Vote("c", "d", 0)] * 9 * many + [Vote("d", "c", 0)] * many  # never met a or b
    found = strengths(["a", "b", "c", "d"], votes)
    assert found["a"] == pytest.approx(-found["b"]) == pytest.approx(0.4236, abs=0.01)
    assert found["c"] == pytest.approx(-found["d"]) == pytest.approx(1.0986, abs=0.02)


def test_nobody_has_no_strength() -> None:
    assert strengths([], []) == {}
