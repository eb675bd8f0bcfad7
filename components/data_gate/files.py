"""What the data gate leaves in its output's folder. Imports nothing, so that whoever reads it need not either."""

ANOMALIES_FILE = "anomalies.json"
REPORT_FILE = "report.md"  # the same for people
