"""The chain of the audit log as the API shows it."""

from pydantic import BaseModel


class AuditLinkView(BaseModel):
    seq: int  # 1, 2, 3 … in the order of commits, without a hole
    previous: str  # hash of the entry before, 64 hexadecimal digits; of the first: zeros
    hash: str  # SHA-256 of the 32 bytes of `previous` and `entry` in UTF-8
    entry_id: int
    entry: str | None  # JSON text that the hash covers; null: the entry is missing


class AuditHeadView(BaseModel):
    seq: int  # of the newest entry; 0: the log is empty
    hash: str
    first_seq: int | None  # of the oldest entry that is still there
    removed_to_seq: int | None  # up to which retention removed entries
    removed_to_hash: str | None
    unsealed_id: int | None  # an entry that was put past the chain
