"""Statements about equipment and the lifetimes of it and of its signals."""
