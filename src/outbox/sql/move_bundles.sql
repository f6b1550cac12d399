-- Says that the objects of one raw store are in another one. Reads the whole table.
-- $1 bucket and $2 key prefix until now, $3 and $4 from now on
UPDATE bundles
   SET bucket = $3, key = $4 || substr(key, length($2) + 1)
 WHERE bucket = $1 AND starts_with(key, $2);
