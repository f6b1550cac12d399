-- The one row that says how keys are spread; and how many lanes there ever were.
SELECT version, lanes, partitions, (SELECT count(*) FROM lanes) FROM lane_layout;
