-- Decimals are canonical TEXT, instants INTEGER nanoseconds UTC. Candles are integer mantissas.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts and intents in one sequence. `hash` chains over the columns as they stand here.
CREATE TABLE journal (
    seq          INTEGER PRIMARY KEY,
    v            INTEGER NOT NULL,
    event_time   INTEGER NOT NULL,
    receive_time INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL,
    hash         BLOB NOT NULL
) STRICT;
CREATE INDEX journal_data_refs ON journal (seq) WHERE kind = 'data_ref';

CREATE TABLE checkpoint (
    seq   INTEGER PRIMARY KEY,
    state TEXT NOT NULL
) STRICT;

-- A candle's price is its mantissa / 10^price_scale, its volume is volume / 10^volume_scale.
CREATE TABLE series (
    id           INTEGER PRIMARY KEY,
    instrument   TEXT NOT NULL,
    timeframe    INTEGER NOT NULL,
    price_scale  INTEGER NOT NULL,
    volume_scale INTEGER NOT NULL,
    UNIQUE (instrument, timeframe)
) STRICT;
CREATE TABLE candles (
    series    INTEGER NOT NULL REFERENCES series (id),
    open_time INTEGER NOT NULL,
    open      INTEGER NOT NULL,
    high      INTEGER NOT NULL,
    low       INTEGER NOT NULL,
    close     INTEGER NOT NULL,
    volume    INTEGER NOT NULL,
    PRIMARY KEY (series, open_time)
) STRICT, WITHOUT ROWID;
-- Candles with a value that is no 64-bit mantissa at the series' scale. No open time stands in both tables.
CREATE TABLE candles_text (
    series    INTEGER NOT NULL REFERENCES series (id),
    open_time INTEGER NOT NULL,
    open      TEXT NOT NULL,
    high      TEXT NOT NULL,
    low       TEXT NOT NULL,
    close     TEXT NOT NULL,
    volume    TEXT NOT NULL,
    PRIMARY KEY (series, open_time)
) STRICT, WITHOUT ROWID;

-- The body is the order; the other columns are read out of it, for queries.
CREATE TABLE orders (
    client_order_id TEXT PRIMARY KEY,
    body       TEXT NOT NULL,
    account    TEXT GENERATED ALWAYS AS (body ->> '$.request.account'),
    instrument TEXT GENERATED ALWAYS AS (body ->> '$.request.instrument'),
    side       TEXT GENERATED ALWAYS AS (body ->> '$.request.side'),
    role       TEXT GENERATED ALWAYS AS (body ->> '$.request.role'),
    status     TEXT GENERATED ALWAYS AS (body ->> '$.status'),
    price      TEXT GENERATED ALWAYS AS (coalesce(
        body ->> '$.request.kind.limit.price',
        body ->> '$.request.kind.stop_limit.price',
        body ->> '$.request.kind.take_profit_limit.price',
        body ->> '$.request.kind.stop_market.trigger.price',
        body ->> '$.request.kind.take_profit_market.trigger.price')),
    quantity   TEXT GENERATED ALWAYS AS (body ->> '$.quantity'),
    filled     TEXT GENERATED ALWAYS AS (body ->> '$.filled'),
    submitted  INTEGER GENERATED ALWAYS AS (body ->> '$.times.submitted')
) STRICT, WITHOUT ROWID;

-- `order_key` is the venue's order id, else ours, else empty.
CREATE TABLE fills (
    account              TEXT NOT NULL,
    instrument           TEXT NOT NULL,
    trade_id             TEXT NOT NULL,
    order_key            TEXT NOT NULL,
    seq                  INTEGER NOT NULL,
    client_order_id      TEXT,
    venue_order_id       TEXT,
    time                 INTEGER NOT NULL,
    side                 TEXT NOT NULL,
    price                TEXT NOT NULL,
    quantity             TEXT NOT NULL,
    fee                  TEXT NOT NULL,
    fee_currency         TEXT NOT NULL,
    builder_fee          TEXT,
    builder_fee_currency TEXT,
    liquidity            TEXT NOT NULL,
    external             TEXT,
    PRIMARY KEY (account, instrument, trade_id, order_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX fills_by_seq ON fills (seq);

CREATE TABLE positions (
    account    TEXT NOT NULL,
    instrument TEXT NOT NULL,
    quantity   TEXT NOT NULL,
    cost       TEXT NOT NULL,
    multiplier TEXT NOT NULL,
    PRIMARY KEY (account, instrument)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    seq       INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    body      TEXT NOT NULL,
    account   TEXT GENERATED ALWAYS AS (body ->> '$.account'),
    engine    TEXT GENERATED ALWAYS AS (body ->> '$.result.decided.engine'),
    model     TEXT GENERATED ALWAYS AS (body ->> '$.result.decided.model'),
    reasoning TEXT GENERATED ALWAYS AS (body ->> '$.result.decided.reasoning'),
    prompt    TEXT GENERATED ALWAYS AS (body ->> '$.result.decided.prompt'),
    hold      TEXT GENERATED ALWAYS AS (body ->> '$.result.hold.code')
) STRICT;

-- Numbers of proposals are u64 and stand as 20 digits, so that they order.
CREATE TABLE proposals (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL,
    outcome    TEXT,
    account    TEXT GENERATED ALWAYS AS (body ->> '$.account'),
    strategy   TEXT GENERATED ALWAYS AS (body ->> '$.strategy'),
    instrument TEXT GENERATED ALWAYS AS (body ->> '$.signal.instrument'),
    price      TEXT GENERATED ALWAYS AS (body ->> '$.price'),
    made       INTEGER GENERATED ALWAYS AS (body ->> '$.made')
) STRICT, WITHOUT ROWID;

CREATE TABLE equity (
    account TEXT NOT NULL,
    time    INTEGER NOT NULL,
    equity  TEXT NOT NULL,
    PRIMARY KEY (account, time)
) STRICT, WITHOUT ROWID;
