-- Findings in the log that are known from now on. Answers how many are new.
-- $1 kinds, $2 subjects, $3 actor, $4 reason
SELECT mark_known($1, $2, $3, $4);
