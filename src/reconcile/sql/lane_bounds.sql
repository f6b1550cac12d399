-- How far each lane is published and planned, and the lowest id that the outbox still holds.
-- Primary keys of `published` and `windows`, newest partition first.
SELECT l.lane,
       coalesce((SELECT to_id FROM published p WHERE p.lane = l.lane
                  ORDER BY to_id DESC LIMIT 1), 0),
       greatest(coalesce((SELECT to_id FROM windows w WHERE w.lane = l.lane
                           ORDER BY to_id DESC LIMIT 1), 0),
                coalesce((SELECT to_id FROM published p WHERE p.lane = l.lane
                           ORDER BY to_id DESC LIMIT 1), 0)),
       coalesce((SELECT min(low) FROM id_partitions('outbox')), 0),
       (SELECT last_value FROM outbox_id)
  FROM lanes l
 ORDER BY l.lane;
