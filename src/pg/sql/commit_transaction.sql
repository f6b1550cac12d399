-- Deferred constraints are checked here.
COMMIT;
