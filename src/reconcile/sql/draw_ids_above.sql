-- No id up to $1 is drawn from here on. Takes the locks of all lanes; its own transaction.
SELECT draw_ids_above($1);
