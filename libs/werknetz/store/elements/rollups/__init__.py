"""Statements over roll-ups of elements; `domain.rollup` says what the grains are.

Hours of machines are written by a trigger on `elements`.
"""
