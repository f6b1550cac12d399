-- One row with as many bytes as a record, its own transaction: the least that being durable costs.
INSERT INTO bare (body) VALUES ($1);
