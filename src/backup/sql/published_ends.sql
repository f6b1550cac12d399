-- How far each lane is published. Primary key of `published`, newest partition first.
SELECT l.lane,
       coalesce((SELECT to_id FROM published p WHERE p.lane = l.lane
                  ORDER BY to_id DESC LIMIT 1), 0) AS to_id
  FROM lanes l;
