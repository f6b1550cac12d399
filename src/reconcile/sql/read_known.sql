-- What was found in the log before and cannot be undone.
SELECT kind, subject FROM known_findings;
