-- Stored like `staged`: bytes as they are, in the row.
CREATE TABLE bare (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body bytea NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE bare ALTER COLUMN body SET STORAGE EXTERNAL;
