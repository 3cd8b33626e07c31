"""The diagrams are drawn for people: nothing hides anything."""

from pathlib import Path

import pytest

from tests.processes import drawing

DIAGRAMS = sorted((Path(__file__).parents[2] / "processes").glob("*.bpmn"))
#: Crossings that no other order of lanes and rows avoids; every other diagram has none.
CROSSINGS = {"complaint": 7}


@pytest.fixture(params=DIAGRAMS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_flows_are_upright_or_level(path: Path) -> None:
    assert drawing.read(path).leaning == []


def test_no_flow_runs_through_a_shape_or_along_another_flow_or_a_border(path: Path) -> None:
    drawn = drawing.read(path)

    assert (drawn.run_through, drawn.shared, drawn.on_borders) == ([], [], [])


def test_no_shape_lies_on_another(path: Path) -> None:
    assert drawing.read(path).overlapping == []


def test_no_name_lies_on_a_line_a_shape_or_another_name(path: Path) -> None:
    assert drawing.read(path).written_over == []


def test_flows_cross_only_where_they_must(path: Path) -> None:
    assert len(drawing.read(path).crossings) <= CROSSINGS.get(path.stem, 0), drawing.read(path).crossings


SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:w="http://www.omg.org/spec/DD/20100524/DI">
  <process id="p">
    <startEvent id="s" name="开始" /><task id="t" /><task id="u" /><endEvent id="e" />
    <sequenceFlow id="s_t" sourceRef="s" targetRef="t" name="去" /><sequenceFlow id="u_e" sourceRef="u" targetRef="e" />
  </process>
  <di:BPMNDiagram><di:BPMNPlane bpmnElement="p">
    <di:BPMNShape bpmnElement="s"><dc:Bounds x="0" y="0" width="36" height="36" /></di:BPMNShape>
    <di:BPMNShape bpmnElement="t"><dc:Bounds x="300" y="0" width="100" height="80" /></di:BPMNShape>
    <di:BPMNShape bpmnElement="u"><dc:Bounds x="100" y="200" width="100" height="80" /></di:BPMNShape>
    <di:BPMNShape bpmnElement="e"><dc:Bounds x="500" y="200" width="36" height="36" /></di:BPMNShape>
    <di:BPMNEdge bpmnElement="s_t">S_T</di:BPMNEdge>
    <di:BPMNEdge bpmnElement="u_e">U_E</di:BPMNEdge>
  </di:BPMNPlane></di:BPMNDiagram>
</definitions>
"""


def drawn(tmp_path: Path, s_t: str, u_e: str = "200,220 500,220") -> drawing.Drawing:
    def points(text: str) -> str:
        pairs = (each.split(",") for each in text.split())
        return "".join(f'<w:waypoint x="{x}" y="{y}" />' for x, y in pairs)

    file = tmp_path / "small.bpmn"
    file.write_text(SMALL.replace("S_T", points(s_t)).replace("U_E", points(u_e)), encoding="utf-8")
    return drawing.read(file)


def test_what_a_bad_drawing_hides_is_found(tmp_path: Path) -> None:
    level = drawn(tmp_path, "36,10 300,10")
    assert (level.crossings, level.run_through, level.leaning) == ([], [], [])
    assert level.written_over == []

    assert drawn(tmp_path, "36,10 300,60").leaning == ["s_t"]
    assert drawn(tmp_path, "36,10 250,10 250,300 350,300 350,80").crossings == [
        ("s_t", "u_e"),
        ("s_t", "u_e"),
    ]
    assert drawn(tmp_path, "36,10 150,10 150,300 350,300 350,80").run_through == [("s_t", "u")]
    assert drawn(tmp_path, "36,10 250,10 250,220 350,220 350,80").shared == [("s_t", "u_e")]
    assert ("s", "s_t") in drawn(tmp_path, "18,36 18,100 350,100 350,80").written_over
