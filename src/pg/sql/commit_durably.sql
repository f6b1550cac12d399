-- What this session was told is committed is on disk, also where the database, the role or the
-- server says that it need not be, or will say so later. What waits for standbys is kept.
SELECT set_config('synchronous_commit',
                  CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
                       ELSE current_setting('synchronous_commit') END, false);
