//! Orders, fills and positions.

use async_trait::async_trait;
use qtp_core::money::canonical;
use qtp_core::port::TradeStore;
use qtp_core::{AccountId, Amount, Decimal, Fill, Order, Position, StoreError, Timestamp, ValueError};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{SqliteStore, backend, from_json, to_i64, to_json};
use crate::error::codec;

const PUT_ORDERS: &str = "put orders";
const PUT_FILLS: &str = "put fills";
const PUT_POSITIONS: &str = "put positions";
const READ_FILLS: &str = "read fills";

#[async_trait]
impl TradeStore for SqliteStore {
    async fn put_orders(&self, orders: &[Order]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO orders (client_order_id, body) VALUES (?, ?)";
        let mut transaction = self.write(PUT_ORDERS).await?;
        for order in orders {
            let id = order.request().client_order_id.to_string();
            let query = sqlx::query(SQL).bind(id).bind(to_json("order", order)?);
            query.execute(&mut *transaction).await.map_err(backend(PUT_ORDERS))?;
        }
        transaction.commit().await.map_err(backend(PUT_ORDERS))
    }

    async fn orders(&self) -> Result<Vec<Order>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM orders ORDER BY client_order_id");
        let rows: Vec<String> = query.fetch_all(&self.reader).await.map_err(backend("read orders"))?;
        rows.iter().map(|body| from_json("order", body)).collect()
    }

    async fn put_fills(&self, fills: &[(u64, Fill)]) -> Result<(), StoreError> {
        let mut transaction = self.write(PUT_FILLS).await?;
        for (seq, fill) in fills {
            put_fill(&mut transaction, *seq, fill).await?;
        }
        transaction.commit().await.map_err(backend(PUT_FILLS))
    }

    async fn fills(&self) -> Result<Vec<(u64, Fill)>, StoreError> {
        const SQL: &str = "SELECT seq, trade_id, client_order_id, venue_order_id, account, instrument, time, side, \
                           price, quantity, fee, fee_currency, builder_fee, builder_fee_currency, liquidity, external \
                           FROM fills ORDER BY seq, account, instrument, trade_id, order_key";
        let rows = sqlx::query(SQL).fetch_all(&self.reader).await.map_err(backend(READ_FILLS))?;
        rows.iter().map(fill).collect()
    }

    async fn put_positions(&self, account: &AccountId, positions: &[Position]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO positions (account, instrument, quantity, cost, multiplier) \
                           VALUES (?, ?, ?, ?, ?)";
        let mut transaction = self.write(PUT_POSITIONS).await?;
        let drop_old = sqlx::query("DELETE FROM positions WHERE account = ?").bind(account.as_str());
        drop_old.execute(&mut *transaction).await.map_err(backend(PUT_POSITIONS))?;
        for position in positions {
            // The multiplier has no getter; the written form has all parts.
            let parts = serde_json::to_value(position).map_err(|error| codec("encode", "position", error))?;
            let part = |key: &str| parts.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let query = sqlx::query(SQL).bind(account.as_str()).bind(position.instrument().as_str());
            let query = query.bind(part("quantity")).bind(part("cost")).bind(part("multiplier"));
            query.execute(&mut *transaction).await.map_err(backend(PUT_POSITIONS))?;
        }
        transaction.commit().await.map_err(backend(PUT_POSITIONS))
    }

    async fn positions(&self, account: &AccountId) -> Result<Vec<Position>, StoreError> {
        const SQL: &str = "SELECT instrument, quantity, cost, multiplier FROM positions WHERE account = ? ORDER BY instrument";
        let query = sqlx::query_as(SQL).bind(account.as_str());
        let rows: Vec<(String, String, String, String)> =
            query.fetch_all(&self.reader).await.map_err(backend("read positions"))?;
        let position = |(instrument, quantity, cost, multiplier): (String, String, String, String)| {
            let parts = json!({
                "instrument": instrument, "quantity": quantity, "cost": cost, "multiplier": multiplier,
            });
            serde_json::from_value(parts).map_err(|error| codec("decode", "position", error))
        };
        rows.into_iter().map(position).collect()
    }
}

async fn put_fill(connection: &mut SqliteConnection, seq: u64, fill: &Fill) -> Result<(), StoreError> {
    // The first record of a fill is the one that was booked; a repeat changes nothing.
    const SQL: &str = "INSERT INTO fills (account, instrument, trade_id, order_key, seq, client_order_id, \
                       venue_order_id, time, side, price, quantity, fee, fee_currency, builder_fee, \
                       builder_fee_currency, liquidity, external) \
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let ours = fill.client_order_id.map(|id| id.to_string());
    sqlx::query(SQL)
        .bind(fill.account.as_str())
        .bind(fill.instrument.as_str())
        .bind(fill.trade_id.as_str())
        .bind(crate::keys::order_key(fill))
        .bind(to_i64("sequence number", seq)?)
        .bind(ours)
        .bind(fill.venue_order_id.as_ref().map(|id| id.as_str()))
        .bind(fill.time.as_nanos())
        .bind(fill.side.as_str())
        .bind(canonical(fill.price.get()))
        .bind(canonical(fill.quantity.get()))
        .bind(canonical(fill.fee.value))
        .bind(fill.fee.currency.as_str())
        .bind(fill.builder_fee.map(|fee| canonical(fee.value)))
        .bind(fill.builder_fee.map(|fee| fee.currency.to_string()))
        .bind(name("liquidity", fill.liquidity)?)
        .bind(fill.external.map(|cause| name("external cause", cause)).transpose()?)
        .execute(connection)
        .await
        .map(drop)
        .map_err(backend(PUT_FILLS))
}

fn fill(row: &SqliteRow) -> Result<(u64, Fill), StoreError> {
    let text = |index: usize| row.try_get::<&str, _>(index).map_err(backend(READ_FILLS));
    let maybe = |index: usize| row.try_get::<Option<&str>, _>(index).map_err(backend(READ_FILLS));
    let number = |index: usize| row.try_get::<i64, _>(index).map_err(backend(READ_FILLS));
    let bad = |error: ValueError| codec("decode", "fill", error);
    let builder_fee = match (maybe(12)?, maybe(13)?) {
        (Some(value), Some(currency)) => Some(amount(value, currency)?),
        _ => None,
    };
    let fill = Fill {
        trade_id: text(1)?.parse().map_err(bad)?,
        client_order_id: maybe(2)?.map(str::parse).transpose().map_err(bad)?,
        venue_order_id: maybe(3)?.map(str::parse).transpose().map_err(bad)?,
        account: text(4)?.parse().map_err(bad)?,
        instrument: text(5)?.parse().map_err(bad)?,
        time: Timestamp::from_nanos(number(6)?),
        side: from_name("side", text(7)?)?,
        price: text(8)?.parse().map_err(bad)?,
        quantity: text(9)?.parse().map_err(bad)?,
        fee: amount(text(10)?, text(11)?)?,
        builder_fee,
        liquidity: from_name("liquidity", text(14)?)?,
        external: maybe(15)?.map(|cause| from_name("external cause", cause)).transpose()?,
    };
    Ok((u64::try_from(number(0)?).map_err(|error| codec("decode", "fill", error))?, fill))
}

fn amount(value: &str, currency: &str) -> Result<Amount, StoreError> {
    let value = Decimal::from_str_exact(value).map_err(|error| codec("decode", "fee", error))?;
    Ok(Amount::new(value, currency.parse().map_err(|error: ValueError| codec("decode", "fee", error))?))
}

/// The name of a unit variant, as it stands in JSON.
fn name<T: Serialize>(what: &'static str, value: T) -> Result<String, StoreError> {
    match serde_json::to_value(value).map_err(|error| codec("encode", what, error))? {
        Value::String(name) => Ok(name),
        other => Err(codec("encode", what, format!("{other} is not a name"))),
    }
}

fn from_name<T: DeserializeOwned>(what: &'static str, name: &str) -> Result<T, StoreError> {
    T::deserialize(name.into_deserializer())
        .map_err(|error: serde::de::value::Error| codec("decode", what, error))
}
