"""The statement that stores what the batches of many spools came to, but their samples."""

from typing import Final

from werknetz.store.dirty import mark_buckets

# Raw inputs ($1-$13), buckets ($14, $15), watermarks ($16-$20), connectors ($21), and their books
# ($22-$29). All rows of spools, connectors and books belong to locked connectors; only marks may
# wait for another writer, and all writers mark in one order. The hashes of all raw inputs are one
# array, of which each has a part. Returns the number of buckets marked.
STORE_TOGETHER: Final = f"""
WITH raw AS (
INSERT INTO raw_inputs (connector_id, spool_id, seq, arrival_at, from_at, to_at, count, mapping,
    codec, payload, hashes)
SELECT new.connector_id, new.spool_id, new.seq, new.arrival_at, new.from_at, new.to_at, new.count,
    new.mapping, new.codec, new.payload, ($13::bytea[])[new.hash_first:new.hash_last]
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[],
    $6::timestamptz[], $7::int[], $8::text[], $9::text[], $10::bytea[], $11::int[], $12::int[])
    AS new (connector_id, spool_id, seq, arrival_at, from_at, to_at, count, mapping, codec,
        payload, hash_first, hash_last)
),
marked AS ({
    mark_buckets('''
SELECT new.equipment_id, timestamptz 'epoch' + new.bucket * interval '15 minutes'
FROM unnest($14::int[], $15::bigint[]) AS new (equipment_id, bucket)''')
}
RETURNING 1
),
advanced AS (
UPDATE spools SET last_seq = new.seq, last_hash = new.hash,
    sample_count = spools.sample_count + new.samples,
    quarantine_count = spools.quarantine_count + new.quarantined, updated_at = clock_timestamp()
FROM unnest($16::int[], $17::bigint[], $18::bytea[], $19::bigint[], $20::bigint[])
    AS new (id, seq, hash, samples, quarantined)
WHERE spools.id = new.id
),
applied AS (
UPDATE connectors SET last_applied_at = clock_timestamp() WHERE id = ANY($21::text[])
),
booked AS (
INSERT INTO connector_books AS old
    (connector_id, taken, stored, duplicates, revisions, withdrawn, ignored, quarantined)
SELECT * FROM unnest($22::text[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],
    $27::bigint[], $28::bigint[], $29::bigint[])
ON CONFLICT (connector_id) DO UPDATE SET taken = old.taken + excluded.taken,
    stored = old.stored + excluded.stored, duplicates = old.duplicates + excluded.duplicates,
    revisions = old.revisions + excluded.revisions, withdrawn = old.withdrawn + excluded.withdrawn,
    ignored = old.ignored + excluded.ignored, quarantined = old.quarantined + excluded.quarantined
)
SELECT count(*) FROM marked"""  # noqa: S608 - made of constants
