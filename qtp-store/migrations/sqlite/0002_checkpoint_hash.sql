-- A checkpoint belongs to a record by number and hash. Older ones belong to nothing.
DROP TABLE checkpoint;
CREATE TABLE checkpoint (
    seq   INTEGER PRIMARY KEY,
    v     INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    state TEXT NOT NULL
) STRICT;
