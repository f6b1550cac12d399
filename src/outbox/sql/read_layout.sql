-- The one row that says how keys are spread.
SELECT version, lanes, partitions FROM lane_layout;
