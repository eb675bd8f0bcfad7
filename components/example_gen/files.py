"""What ingestion leaves in its quarantine's folder. Imports nothing, so that whoever reads it need not either."""

ROWS_FILE = "rows.jsonl"
SUMMARY_FILE = "summary.json"  # the account of all rows
