"""Stops: what is derived from state pieces and entries of people; the reasons of stops."""
