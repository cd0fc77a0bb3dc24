"""Loss times: where the time of equipment went, down to good parts."""
