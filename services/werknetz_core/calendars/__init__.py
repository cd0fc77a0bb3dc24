"""Shift calendars of equipment: versions with valid-from, holidays and iCalendar."""
