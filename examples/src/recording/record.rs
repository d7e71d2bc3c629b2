//! The command line of `record`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use qtp_core::port::{MarketData, SystemClock};
use qtp_core::{Instrument, InstrumentKind, MarketTopic, Timeframe};

use super::tape::{Tape, Taped};
use crate::exit::Failure;
use crate::venues::{self, VenueArgs};

/// Records market data streams of a venue into compressed files, until it is interrupted.
#[derive(Debug, Clone, Parser)]
#[command(name = "record", version)]
pub struct RecordArgs {
    /// The venue
    #[command(flatten)]
    pub venue: VenueArgs,
    /// Assets, such as BTC,ETH, or ids such as PURR-USDC@hyperliquid
    #[arg(long, value_delimiter = ',', value_name = "A,B", required = true)]
    pub assets: Vec<String>,
    /// What to record: candles, trades, quotes, book, mark
    #[arg(long, value_delimiter = ',', value_name = "T,T", default_value = "candles,trades,mark")]
    pub topics: Vec<String>,
    /// Width of the candles
    #[arg(long, value_name = "T", default_value = "1m")]
    pub timeframe: Timeframe,
    /// Folder of the recording; a new file begins behind those that are there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Stop after this time, such as 10m
    #[arg(long, value_name = "D")]
    pub duration: Option<Timeframe>,
}

/// Records.
///
/// # Errors
/// A venue, asset, topic or folder that cannot be used.
pub fn run(args: &RecordArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let market = venues::market_data(&args.venue, &args.assets, &std::env::vars().collect())?;
        let known = market.instruments().await?;
        let mut topics = Vec::new();
        for asset in &args.assets {
            let instrument = chosen(&known, asset)?;
            for topic in &args.topics {
                topics.push(named(topic, instrument, args.timeframe)?);
            }
        }
        let tape = Tape::start(&args.out, Arc::new(SystemClock))?;
        let mut stream = Taped::new(market, tape.clone()).subscribe(&topics).await?;
        say!("recording {} topics into {}", topics.len(), args.out.display());
        let end = args.duration.map(Timeframe::as_duration);
        let over = async move {
            match end {
                Some(end) => tokio::time::sleep(end).await,
                None => std::future::pending::<()>().await,
            }
        };
        tokio::pin!(over);
        let mut look = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                event = stream.next() => if event.is_none() { break },
                _ = look.tick() => if let Some(error) = tape.figures().error { return Err(error.into()) },
                () = &mut over => break,
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        let figures = tape.figures();
        say!("{} events, {} left out", figures.events, figures.lost);
        Ok(())
    })
}

fn chosen<'a>(known: &'a [Instrument], asset: &str) -> Result<&'a Instrument, Failure> {
    let by_id = known.iter().find(|known| known.id.as_str() == asset || known.id.symbol() == asset);
    let perpetual = |instrument: &&Instrument| {
        instrument.base.as_str() == asset && instrument.kind == InstrumentKind::Perpetual
    };
    let found = by_id.or_else(|| known.iter().find(perpetual));
    found.ok_or_else(|| format!("--assets {asset:?}: the venue has no such perpetual or instrument").into())
}

fn named(topic: &str, instrument: &Instrument, timeframe: Timeframe) -> Result<MarketTopic, Failure> {
    let id = instrument.id.clone();
    Ok(match topic {
        "candles" => MarketTopic::Candles(id, timeframe),
        "trades" => MarketTopic::Trades(id),
        "quotes" => MarketTopic::Quotes(id),
        "book" => MarketTopic::Book(id),
        "mark" => MarketTopic::Mark(id),
        other => {
            return Err(format!("--topics {other:?}: not one of candles, trades, quotes, book, mark").into());
        }
    })
}
