"""Microsoft 365 Defender for any SOAR: hunt, ingest, triage."""
