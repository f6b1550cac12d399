-- Takes a new value for a pin; false when another changed it meanwhile. Kept in `audit`.
-- $1 name, $2 pinned until now, $3 value from now on, $4 who, $5 reason
SELECT accept_pin($1, $2, $3, $4, $5);
