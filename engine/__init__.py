"""Execution, storage and timers of BPMN processes."""
