-- Calls of models as rows, for queries: they stand in the decision's body. The cost is canonical text.
CREATE VIEW model_calls AS
SELECT d.seq                                   AS seq,
       d.time                                  AS time,
       c.key                                   AS call,
       c.value ->> '$.seat'                    AS seat,
       c.value ->> '$.provider'                AS provider,
       c.value ->> '$.model'                   AS model,
       c.value ->> '$.reply'                   AS reply,
       c.value ->> '$.tools'                   AS tools,
       c.value ->> '$.repair'                  AS repair,
       c.value ->> '$.used.prompt_tokens'      AS prompt_tokens,
       c.value ->> '$.used.completion_tokens'  AS completion_tokens,
       c.value ->> '$.used.cost'               AS cost,
       c.value ->> '$.error.code'              AS error
FROM decisions AS d, json_each(d.body, '$.calls') AS c;
