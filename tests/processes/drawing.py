"""A diagram as it is drawn: where lines cross, run through shapes, or lie under words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
#: How bpmn-js writes the names of events, gateways and flows: lines of at most so many pixels, in letters of this size.
LINE_WIDTH, LETTER, LINE_HEIGHT = 90, 11, 13
NAMED_INSIDE = {"task", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "manualTask"} | {
    "businessRuleTask", "callActivity", "subProcess", "transaction", "participant", "lane",
}  # fmt: skip


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether the two have more than an edge in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def is_entered_by(self, line: Line) -> bool:
        """Whether a horizontal or vertical line runs inside, not only along an edge or up to it."""
        (x1, y1), (x2, y2) = sorted(line)
        top, bottom = min(y1, y2), max(y1, y2)
        return self.x < x2 and x1 < self.x + self.width and self.y < bottom and top < self.y + self.height


Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass
class Shape:
    id: str
    kind: str
    box: Box
    parent: str | None
    host: str | None  # of a boundary event
    label: Box | None = None


@dataclass
class Flow:
    id: str
    source: str
    target: str
    points: list[Point]
    label: Box | None = None

    @property
    def lines(self) -> list[Line]:
        return list(pairwise(self.points))


@dataclass
class Drawing:
    shapes: dict[str, Shape] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    @property
    def labels(self) -> Iterator[tuple[str, Box]]:
        for each in (*self.shapes.values(), *self.flows.values()):
            if each.label is not None:
                yield each.id, each.label

    @property
    def leaning(self) -> list[str]:
        """Flows that are neither horizontal nor vertical somewhere."""
        return [
            flow.id
            for flow in self.flows.values()
            if any(x1 != x2 and y1 != y2 for (x1, y1), (x2, y2) in flow.lines)
        ]

    @property
    def crossings(self) -> list[tuple[str, str]]:
        """Two flows that cross each other, once for each place."""
        return [
            (one.id, other.id)
            for one, other in combinations(self.flows.values(), 2)
            for line in one.lines
            for other_line in other.lines
            if _cross(line, other_line)
        ]

    @property
    def shared(self) -> list[tuple[str, str]]:
        """Two flows with neither source nor target in common that lie on one another."""
        return [
            (one.id, other.id)
            for one, other in combinations(self.flows.values(), 2)
            if one.source != other.source and one.target != other.target
            if any(_lie_on(line, other_line) for line in one.lines for other_line in other.lines)
        ]

    @property
    def run_through(self) -> list[tuple[str, str]]:
        """A flow and a shape that it runs through."""
        return [
            (flow.id, shape.id)
            for flow in self.flows.values()
            for shape in self._solid
            if shape.id not in (flow.source, flow.target)
            if any(shape.box.is_entered_by(line) for line in flow.lines)
        ]

    @property
    def on_borders(self) -> list[tuple[str, str]]:
        """A flow and a lane, pool or sub-process along whose border it runs."""
        return [
            (flow.id, shape.id)
            for flow in self.flows.values()
            for shape in self.shapes.values()
            if shape not in self._solid
            if any(_lie_on(line, border) for line in flow.lines for border in _border(shape.box))
        ]

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Two shapes of which neither holds the other."""
        return [
            (one.id, other.id)
            for one, other in combinations(self._solid, 2)
            if one.id != other.host and other.id != one.host and one.box.meets(other.box)
        ]

    @property
    def written_over(self) -> list[tuple[str, str]]:
        """A name, and the flow, shape, border or other name that it lies on."""
        found = []
        for id_, label in self.labels:
            found += [
                (id_, flow.id)
                for flow in self.flows.values()
                if any(label.is_entered_by(line) for line in flow.lines)
            ]
            found += [(id_, each.id) for each in self._solid if each.id != id_ and label.meets(each.box)]
            found += [
                (id_, shape.id)
                for shape in self.shapes.values()
                if shape not in self._solid and any(label.is_entered_by(line) for line in _border(shape.box))
            ]
        found += [(one, other) for (one, a), (other, b) in combinations(list(self.labels), 2) if a.meets(b)]
        return found

    @property
    def _solid(self) -> list[Shape]:
        """Shapes that hold no others."""
        holding = {each.parent for each in self.shapes.values()}
        return [
            each
            for each in self.shapes.values()
            if each.id not in holding and each.kind not in ("participant", "lane")
        ]


def read(path: Path) -> Drawing:
    """Read a diagram."""
    tree = etree.parse(path)
    drawing = Drawing()
    elements = {each.get("id"): each for each in tree.iter(f"{BPMN}*") if each.get("id")}
    for drawn in tree.iter(f"{DI}BPMNShape"):
        element = elements[drawn.get("bpmnElement")]
        parent = element.getparent()
        kind = etree.QName(element).localname
        box = _box(drawn)
        label = (
            None
            if kind in NAMED_INSIDE
            else _label(drawn, element, (box.x + box.width / 2, box.y + box.height))
        )
        drawing.shapes[element.get("id")] = Shape(
            element.get("id"),
            kind,
            box,
            parent.get("id") if parent is not None else None,
            element.get("attachedToRef"),
            label,
        )
    for drawn in tree.iter(f"{DI}BPMNEdge"):
        element = elements[drawn.get("bpmnElement")]
        if etree.QName(element).localname != "sequenceFlow":
            continue
        points = [(float(each.get("x")), float(each.get("y"))) for each in drawn.iter("{*}waypoint")]
        middle = points[len(points) // 2 - 1 : len(points) // 2 + 1]
        at = ((middle[0][0] + middle[1][0]) / 2, (middle[0][1] + middle[1][1]) / 2)
        drawing.flows[element.get("id")] = Flow(
            element.get("id"),
            element.get("sourceRef"),
            element.get("targetRef"),
            points,
            _label(drawn, element, at),
        )
    return drawing


def _box(drawn: etree._Element) -> Box:
    bounds = drawn.find("{*}Bounds")
    assert bounds is not None
    return Box(*(float(bounds.get(key, "0")) for key in ("x", "y", "width", "height")))


def _label(drawn: etree._Element, element: etree._Element, default: Point) -> Box | None:
    """Return the place that the name takes up, centred as bpmn-js centres it."""
    text = (element.get("name") or "").strip()
    if not text:
        return None
    said = drawn.find(f"{DI}BPMNLabel/{{*}}Bounds")
    if said is None:
        middle, top = default[0], default[1]
    else:
        middle = float(said.get("x", "0")) + float(said.get("width", "0")) / 2
        top = float(said.get("y", "0"))
    lines, width = _lines(text)
    return Box(middle - width / 2, top, width, lines * LINE_HEIGHT)


def _lines(text: str) -> tuple[int, float]:
    """Return how many lines a name takes, and the width of the longest."""
    lines, width, longest = 1, 0.0, 0.0
    for letter in text:
        own = LETTER if ord(letter) > 0x2000 else LETTER * 0.6
        if width + own > LINE_WIDTH:
            lines, width = lines + 1, 0.0
        width += own
        longest = max(longest, width)
    return lines, longest


def _border(box: Box) -> list[Line]:
    right, bottom = box.x + box.width, box.y + box.height
    corners = [(box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom), (box.x, box.y)]
    return list(pairwise(corners))


def _cross(one: Line, other: Line) -> bool:
    """Whether a horizontal and a vertical line cross, not only meet."""
    if (one[0][0] == one[1][0]) == (other[0][0] == other[1][0]):
        return False
    upright, flat = (one, other) if one[0][0] == one[1][0] else (other, one)
    x, (top, bottom) = upright[0][0], sorted((upright[0][1], upright[1][1]))
    y, (left, right) = flat[0][1], sorted((flat[0][0], flat[1][0]))
    return left < x < right and top < y < bottom


def _lie_on(one: Line, other: Line) -> bool:
    """Whether two parallel lines have a stretch in common."""
    for axis in (0, 1):
        along = 1 - axis
        if one[0][axis] == one[1][axis] == other[0][axis] == other[1][axis]:
            (a, b), (c, d) = (
                sorted((one[0][along], one[1][along])),
                sorted((other[0][along], other[1][along])),
            )
            return max(a, c) < min(b, d)
    return False
