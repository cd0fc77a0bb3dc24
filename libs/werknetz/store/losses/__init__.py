"""Statements behind loss times: elements, stops and starved time by machine."""
