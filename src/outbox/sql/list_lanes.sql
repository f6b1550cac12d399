-- Lanes that there ever were, in use or not, and who publishes each.
SELECT l.lane, l.lane < n.lanes, l.epoch,
       CASE WHEN l.expires_at > clock_timestamp() THEN l.owner ELSE '' END
  FROM lanes l CROSS JOIN lane_layout n
 ORDER BY l.lane;
