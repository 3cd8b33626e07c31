"""What a modeller can draw and the library gets wrong: made right here, or to be refused."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from engine.bpmn.safe_xml import Element, children, local_name

#: Constructs that the library runs silently wrong (or refuses), and that run right in our elements.
MADE_RIGHT: Mapping[str, str] = {
    "several flows out of a task or event": "each gets a token (elements.FlowNode.flows_taken)",
    "condition on a flow that leaves a task": "counts, with a default flow beside it",
    "several flows into a task": "each token that arrives makes the task anew",
    "parallel join in a loop": "tokens wait before it, one per flow is consumed (gateways)",
    "parallel gateway as a loop merge": "waits for a token on each incoming flow, as BPMN says",
    "inclusive join in a loop": "waits while a token elsewhere can still arrive (gateways)",
    "link events": "a flow from each throwing link to the catching one of the same name",
    "signal end event": "sends the signal",
    "eventDefinitionRef": "the referenced definition is put in its place",
    "event sub-process": "message, signal, timer, error, escalation; interrupting or not; armed per scope",
    "cycle timer that interrupts": "interrupts at its first firing",
    "missed firings of a cycle": "are not made up for",
    "repeating timer that does not interrupt": "what it started outlives its host",
    "two timers on one event gateway": "each is armed, the first wins",
    "boundary flow back to its own host": "the host is made anew",
    "error end that nothing catches": "an incident",
    "error of a service": "BusinessError goes to the error event of that code, all else is an incident",
    "boundary event on a multi-instance activity": "belongs to the whole activity",
    "transaction with cancel end": "the cancel event attached to it; nothing is compensated",
    "terminate end": "ends its process or sub-process",
}

#: Constructs that are not carried out; ``checks`` refuses them, and so does reading.
REFUSED: Mapping[str, str] = {
    "adHocSubProcess": "draw the order of the tasks, or an inclusive gateway",
    "complexGateway": "use an inclusive or parallel gateway",
    "compensateEventDefinition": "draw the tasks that undo the work",
    "conditionalEventDefinition": "use a message, or a gateway behind the task that changes the value",
    "globalScriptTask": "use a script task",
    "callChoreography": "use a call activity",
}

#: Event definitions that an element may have.
EVENTS: Mapping[str, frozenset[str]] = {
    "startEvent": frozenset({"message", "signal", "timer", "error", "escalation"}),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate", "cancel"}),
    "intermediateCatchEvent": frozenset({"message", "signal", "timer", "link"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link"}),
    "boundaryEvent": frozenset({"message", "signal", "timer", "error", "escalation", "cancel"}),
}


def put_definitions_in_place(root: Element) -> None:
    """Replace every ``eventDefinitionRef`` by the definition that it names."""
    shared = {child.get("id"): child for child in root if local_name(child).endswith("EventDefinition")}
    for reference in list(root.iter("{*}eventDefinitionRef")):
        definition = shared.get((reference.text or "").strip().rpartition(":")[2])
        holder = reference.getparent()
        if definition is not None and holder is not None:
            holder.replace(reference, copy.deepcopy(definition))


def event_definitions(node: Element) -> list[Element]:
    """Return the event definitions of an event."""
    return [child for child in children(node) if local_name(child).endswith("EventDefinition")]
