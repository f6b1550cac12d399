-- Where the events of each lane are, in one snapshot. Counts on from the last tally: primary keys
-- of `outbox` and `published`. A row that was appended again counts as the row that took its place,
-- so it is taken off where it was counted: among the quarantined, or among the published if it was
-- republished.
WITH ends AS (
    -- Of a lane whose last window was dropped the tallies know.
    SELECT l.lane, coalesce(p.to_id, (SELECT max(up_to_id) FROM tallies t
                                       WHERE t.lane = l.lane AND t.kind = 'published'), 0)
                   AS published_to
      FROM lanes l
      LEFT JOIN LATERAL (SELECT to_id FROM published WHERE published.lane = l.lane
                          ORDER BY to_id DESC LIMIT 1) p ON true
), counted AS (
    SELECT e.lane,
           counted_up_to(e.lane, 'appended', 9223372036854775807) AS appended,
           counted_up_to(e.lane, 'appended', e.published_to) AS behind,
           counted_up_to(e.lane, 'published', e.published_to) AS published
      FROM ends e
), held AS (
    SELECT e.lane,
           count(*) FILTER (WHERE q.outbox_id > e.published_to) AS ahead,
           count(*) FILTER (WHERE r.kind IS NULL) AS quarantined,
           count(*) FILTER (WHERE r.kind = 'discarded') AS discarded
      FROM ends e
      JOIN quarantine q ON q.lane = e.lane
      LEFT JOIN resolutions r ON r.outbox_id = q.outbox_id
     GROUP BY e.lane
), again AS (
    SELECT lane, count(new_outbox_id) AS superseded,
           count(*) FILTER (WHERE kind = 'republished') AS republished
      FROM resolutions
     GROUP BY lane
)
SELECT c.lane,
       c.appended - coalesce(a.superseded, 0),
       c.published - coalesce(a.republished, 0),
       c.appended - c.behind - coalesce(h.ahead, 0),
       coalesce(h.quarantined, 0),
       coalesce(h.discarded, 0)
  FROM counted c
  LEFT JOIN held h ON h.lane = c.lane
  LEFT JOIN again a ON a.lane = c.lane
 ORDER BY c.lane;
