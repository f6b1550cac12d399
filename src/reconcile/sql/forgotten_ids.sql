-- Ids that a log or a raw store holds and that a restored database does not remember: of a lane,
-- above one id up to another. A handful of rows.
SELECT lane, planned_to, log_to
  FROM accepted_logs
 WHERE log_to > planned_to
 ORDER BY lane, planned_to;
