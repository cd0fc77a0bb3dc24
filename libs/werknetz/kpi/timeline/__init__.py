"""One timeline per machine from people, samples, other systems and calendars, by precedence."""
