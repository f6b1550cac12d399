-- Every layout there was, the first one first.
SELECT from_id, lanes FROM lane_layouts ORDER BY version;
