-- After a refused step; the server takes nothing else then.
ROLLBACK;
