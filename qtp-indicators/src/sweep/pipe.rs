//! Terms, recurrences over them and what is made of those, in one loop.

use pulp::{Simd, WithSimd};

use super::{Scan, scan::Lanes};

/// Inputs that go through together: so few that memory is read at an even pace while others are computed on.
pub(crate) const CHUNK: usize = 32;

/// Room for the terms of one chunk, or for the levels after them.
pub(crate) type Chunk = [f64; CHUNK];

/// Takes the inputs `from..end` through scans, chunk by chunk.
///
/// `fill` writes terms. Then each scan in turn takes those in the room that `takes` names and leaves its levels in its
/// own. `read` gets the levels. Both functions see the bounds of the chunk, and are to be inlined: they are compiled for
/// the vector unit that the scans run on.
pub(crate) fn pipe<const K: usize>(
    scans: [&mut Scan; K],
    takes: [usize; K],
    (from, end): (usize, usize),
    fill: impl FnMut(usize, usize, &mut [Chunk; K]),
    read: impl FnMut(usize, usize, &mut [Chunk; K]),
) {
    pulp::Arch::new().dispatch(Pipe { scans, takes, from, end, fill, read });
}

struct Pipe<'a, const K: usize, F, R> {
    scans: [&'a mut Scan; K],
    takes: [usize; K],
    from: usize,
    end: usize,
    fill: F,
    read: R,
}

impl<const K: usize, F, R> WithSimd for Pipe<'_, K, F, R>
where
    F: FnMut(usize, usize, &mut [Chunk; K]),
    R: FnMut(usize, usize, &mut [Chunk; K]),
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scans, takes, from, end, mut fill, mut read } = self;
        let mut lanes = scans.each_ref().map(
            #[inline(always)]
            |scan| Lanes::new(simd, scan),
        );
        let mut rooms = [[0.0; CHUNK]; K];
        let mut at = from;
        while end - at >= CHUNK {
            fill(at, at + CHUNK, &mut rooms);
            for k in 0..K {
                for i in 0..CHUNK / S::F64_LANES {
                    let x = S::as_simd_f64s(&rooms[takes[k]]).0[i];
                    S::as_mut_simd_f64s(&mut rooms[k]).0[i] = lanes[k].step(simd, x);
                }
            }
            read(at, at + CHUNK, &mut rooms);
            at += CHUNK;
        }
        for k in 0..K {
            scans[k].set(lanes[k].level());
        }
        if at == end {
            return;
        }
        fill(at, end, &mut rooms);
        for k in 0..K {
            for i in 0..end - at {
                rooms[k][i] = scans[k].next(rooms[takes[k]][i]);
            }
        }
        read(at, end, &mut rooms);
    }
}
