//! A node behind the object-safe face of the registry, with its own batch form.

use std::borrow::Cow;

use qtp_core::Ohlcv;
use serde::{Deserialize as _, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::kernel::{Kernel, Row};
use crate::{
    Candles, Source,
    node::{Admit, Face, Node},
};

/// What a node reads from a candle; the sources are those of its one or two series.
pub(crate) trait Reads: Admit {
    fn read(candle: &Ohlcv, sources: [Source; 2]) -> Self;
    /// Calls `f` with the node's columns of `candles`.
    fn columns(candles: Candles<'_>, sources: [Source; 2], f: &mut dyn FnMut(Self::Columns<'_>));
}

/// The column that a source names; computed where it is none of the five.
fn column<'a>(candles: Candles<'a>, source: Source) -> Cow<'a, [f64]> {
    match source {
        Source::Open => candles.open.into(),
        Source::High => candles.high.into(),
        Source::Low => candles.low.into(),
        Source::Close => candles.close.into(),
        Source::Volume => candles.volume.into(),
        Source::Hl2 | Source::Hlc3 | Source::Ohlc4 => {
            (0..candles.len()).map(|i| source.read(&Ohlcv::at(candles, i))).collect()
        }
    }
}

/// Reads a source; mostly it is the close, and then no jump by a table is needed.
#[inline]
fn read(candle: &Ohlcv, source: Source) -> f64 {
    #[inline(never)]
    fn other(candle: &Ohlcv, source: Source) -> f64 {
        source.read(candle)
    }
    if source == Source::Close { candle.close } else { other(candle, source) }
}

impl Reads for f64 {
    #[inline]
    fn read(candle: &Ohlcv, [source, _]: [Source; 2]) -> Self {
        read(candle, source)
    }

    fn columns(candles: Candles<'_>, [source, _]: [Source; 2], f: &mut dyn FnMut(&[Self])) {
        f(&column(candles, source));
    }
}

impl Reads for (f64, f64) {
    fn read(candle: &Ohlcv, [first, second]: [Source; 2]) -> Self {
        (first.read(candle), second.read(candle))
    }

    fn columns(candles: Candles<'_>, [a, b]: [Source; 2], f: &mut dyn FnMut(Self::Columns<'_>)) {
        f((&column(candles, a), &column(candles, b)));
    }
}

impl Reads for Ohlcv {
    fn read(candle: &Ohlcv, _: [Source; 2]) -> Self {
        *candle
    }

    fn columns(candles: Candles<'_>, _: [Source; 2], f: &mut dyn FnMut(Candles<'_>)) {
        f(candles);
    }
}

#[derive(Debug, Clone)]
struct NodeKernel<N, O> {
    face: Face<N, O>,
    sources: [Source; 2],
}

/// A node over whole candles.
pub(crate) fn node<N>(node: N) -> Box<dyn Kernel>
where
    N: Node<In: Reads, Out: Serialize + DeserializeOwned>,
{
    pair(node, Source::Close, Source::Close)
}

/// A node over one series.
pub(crate) fn over<N>(node: N, source: Source) -> Box<dyn Kernel>
where
    N: Node<In: Reads, Out: Serialize + DeserializeOwned>,
{
    pair(node, source, source)
}

/// A node over two series.
pub(crate) fn pair<N>(node: N, first: Source, second: Source) -> Box<dyn Kernel>
where
    N: Node<In: Reads, Out: Serialize + DeserializeOwned>,
{
    Box::new(NodeKernel { face: Face::new(node), sources: [first, second] })
}

/// Writes the row, or what stands in the columns until the first one.
fn write<N: Node>(row: Option<N::Out>, out: &mut [f64]) -> bool {
    match row {
        Some(row) => row.write(out),
        None => out.iter_mut().enumerate().for_each(|(k, slot)| *slot = N::cold(k)),
    }
    row.is_some()
}

impl<N> Kernel for NodeKernel<N, N::Out>
where
    N: Node<In: Reads, Out: Serialize + DeserializeOwned>,
{
    fn update(&mut self, candle: &Ohlcv, _: i64, out: &mut [f64]) -> bool {
        let input = N::In::read(candle, self.sources);
        write::<N>(self.face.update(input), out)
    }

    fn peek(&self, candle: &Ohlcv, _: i64, out: &mut [f64]) -> bool {
        let input = N::In::read(candle, self.sources);
        write::<N>(self.face.peek(input), out)
    }

    fn value(&self, out: &mut [f64]) -> bool {
        write::<N>(self.face.value(), out)
    }

    fn warmup(&self) -> usize {
        self.face.node.warmup()
    }

    fn reset(&mut self) {
        self.face.reset();
    }

    fn batch(&self, candles: Candles<'_>, _: &[i64], out: &mut [&mut [f64]]) {
        N::In::columns(candles, self.sources, &mut |columns| {
            // The caller made all columns of one length.
            let _ = self.face.batch(columns, out);
        });
    }

    fn save(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.face)
    }

    fn restore(&mut self, state: &Value) -> Result<(), serde_json::Error> {
        self.face = Face::deserialize(state)?;
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}
