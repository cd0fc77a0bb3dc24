"""What a lane exchanges with the core: messages that the disk thread has polled, and replies.

To change threads costs more than to poll. So the sender is polled together with other work of the
disk thread, and acknowledgements wait there for the next poll.
"""

import time
from collections import deque
from collections.abc import Sequence

from werknetz.link.sender import Sender
from werknetz.link.wire import Ack, ToCore, ToEdge
from werknetz.runtime.log import Logger


class Exchange:
    """`poll` and `take_replies` run in the spool's thread, the rest in that of the event loop."""

    def __init__(self, sender: Sender, log: Logger) -> None:
        self.sender = sender
        self.has_more = True  # whether a poll would return messages, as far as is known
        self._log = log
        self._outbox: deque[ToCore] = deque()
        self._replies: deque[ToEdge] = deque()

    @property
    def has_messages(self) -> bool:
        """Whether messages wait to be sent."""
        return bool(self._outbox)

    def take_messages(self) -> list[ToCore]:
        return [self._outbox.popleft() for _ in range(len(self._outbox))]

    def clear(self) -> None:
        """Forget what was polled: it is sent again after a handshake."""
        self._outbox.clear()
        self.has_more = True

    def add_replies(self, replies: Sequence[ToEdge]) -> bool:
        """Return whether they cannot wait for the next poll, as acknowledgements mostly can."""
        self._replies.extend(replies)
        is_waiting = self.sender.state != "running" or self.sender.is_blocked
        return is_waiting or any(not isinstance(reply, Ack) for reply in replies)

    def take_replies(self) -> None:
        """Let the sender react. Raises SpoolFull, SpoolFailed."""
        state = self.sender.state
        while self._replies:
            self.sender.on_message(self._replies.popleft(), time.monotonic())
        if self.sender.state != state:
            self._log.info("link state", state=self.sender.state, epoch=self.sender.epoch,
                           alarm=self.sender.alarm)  # fmt: skip

    def poll(self) -> None:
        """React to replies, then poll. Raises SpoolFull, SpoolFailed."""
        self.take_replies()
        messages = self.sender.poll(time.monotonic())
        self._outbox.extend(messages)
        self.has_more = bool(messages) and self.sender.has_more
