"""What the columns of the views of an earlier version are, with their units."""

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "v1_equipment": (
        "Equipment of the reader's plants",
        {
            "id": "number of the equipment", "path": "its path", "name": "its name",
            "level": "enterprise, plant, area, line or machine",
            "time_zone": "its own IANA time zone; NULL: that of what is above it",
            "valid_from": "in service from, an instant", "valid_to": "in service until, an instant",
        },
    ),
    "v1_signals": (
        "Signals of the reader's plants",
        {
            "id": "number of the signal", "key": "its key", "equipment": "path of its equipment",
            "name": "its name", "role": "what it means, such as good_count or process_value",
            "unit": "unit of its values", "datatype": "float, integer, boolean or text",
        },
    ),
    "v1_samples": (
        "Samples of signals",
        {
            "signal_id": "number of the signal", "at": "time of the source, an instant",
            "value": "number, in the signal's unit", "text": "text, of signals that are no numbers",
            "status": "OPC UA status code as a signed number: below 0 is bad",
        },
    ),
    "v1_elements": (
        "Sums of a machine and quarter of an hour, from which all KPIs are computed",
        {
            "equipment": "path of the machine", "bucket_at": "start of the quarter of an hour",
            "provisional": "whether it had not ended when it was computed",
            "pot_s": "planned operation time, in seconds",
            "pbt_s": "planned busy time, in seconds", "apt_s": "production time, in seconds",
            "adet_s": "stopped while an order ran, in seconds",
            "unknown_s": "planned busy time of unknown state, in seconds",
            "malfunction_s": "malfunction and repair, in seconds",
            "minor_stop_s": "short stops, in seconds", "pq": "produced items, in pieces",
            "gq": "good items, in pieces", "sq": "scrap items, in pieces",
            "rq": "rework items, in pieces",
            "pri_pq_s": "planned run time of the produced items, in seconds",
            "pri_gq_s": "planned run time of the good items, in seconds",
            "energy_kwh": "energy used, in kWh",
        },
    ),
}  # fmt: skip
