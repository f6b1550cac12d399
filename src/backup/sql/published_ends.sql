-- How far each lane is published; of one whose last window was dropped the tallies know. Primary
-- keys of `published`, newest partition first, and `tallies`.
SELECT l.lane,
       coalesce((SELECT to_id FROM published p WHERE p.lane = l.lane
                  ORDER BY to_id DESC LIMIT 1),
                (SELECT max(up_to_id) FROM tallies t
                  WHERE t.lane = l.lane AND t.kind = 'published'), 0) AS to_id
  FROM lanes l;
