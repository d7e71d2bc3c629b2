//! Series.

use super::super::data::{Colour, Pane, Plot, PlotKind};
use super::super::picture::{Path, Pen, Shape};
use super::{Sheet, View};

const LINE: f64 = 1.5;
const AREA: f64 = 0.26;
const BAND: f64 = 0.08;

impl Sheet<'_> {
    /// Bands, areas and histograms: what may lie below candles and lines.
    pub(super) fn surfaces(&mut self, pane: &Pane, view: &View) {
        for plot in pane.studies.iter().flat_map(|study| &study.plots) {
            match &plot.kind {
                PlotKind::Band { other } => self.band(plot, other, view),
                PlotKind::Area => self.area(plot, view),
                PlotKind::Histogram => self.histogram(plot, view),
                PlotKind::Line | PlotKind::Step | PlotKind::Dots => {}
            }
        }
    }

    /// Lines and dots.
    pub(super) fn lines(&mut self, pane: &Pane, view: &View) {
        for plot in pane.studies.iter().flat_map(|study| &study.plots) {
            let colour = self.palette.colour(plot.colour);
            match &plot.kind {
                PlotKind::Line => {
                    let path = self.line(&plot.values, view);
                    self.picture.stroke(path, Pen::new(colour, LINE));
                }
                PlotKind::Step => {
                    let path = self.step(&plot.values, view);
                    self.picture.stroke(path, Pen::new(colour, LINE));
                }
                PlotKind::Dots => {
                    let radius = (self.layout.pitch * 0.22).clamp(1.0, 2.2);
                    for (_, centre) in self.points(&plot.values, view) {
                        self.picture.shapes.push(Shape::Dot { centre, radius, colour, rim: colour });
                    }
                }
                PlotKind::Band { .. } | PlotKind::Area | PlotKind::Histogram => {}
            }
        }
    }

    /// Colour of a series at a value, for its tag and its place in the legend.
    pub(super) fn value_colour(&self, plot: &Plot, value: f64) -> &'static str {
        match plot.kind {
            PlotKind::Histogram => self.palette.colour_at(Colour::Sign, value),
            _ => self.palette.colour_at(plot.colour, value),
        }
    }

    /// Index and place of every value that is there.
    fn points(&self, values: &[f64], view: &View) -> Vec<(usize, (f64, f64))> {
        let place =
            |(index, value): (usize, &f64)| Some((index, (self.layout.x(index), view.scale.y(*value)?)));
        values.iter().enumerate().filter_map(place).collect()
    }

    fn line(&self, values: &[f64], view: &View) -> Path {
        let mut path = Path::default();
        let points = self.points(values, view);
        let mut before = None;
        for (place, (index, (x, y))) in points.iter().copied().enumerate() {
            let follows = before.is_some_and(|before: usize| before + 1 == index);
            let goes_on = points.get(place + 1).is_some_and(|(next, _)| *next == index + 1);
            if follows {
                path.line_to(x, y);
            } else if goes_on {
                path.move_to(x, y);
            } else {
                // A value alone would be a line without length.
                let half = (self.layout.pitch * 0.3).max(1.0);
                path.line((x - half, y), (x + half, y));
            }
            before = Some(index);
        }
        path
    }

    fn step(&self, values: &[f64], view: &View) -> Path {
        let mut path = Path::default();
        let half = self.layout.pitch / 2.0;
        let mut before = None;
        for (index, (x, y)) in self.points(values, view) {
            if before.is_some_and(|before: usize| before + 1 == index) {
                path.line_to(x - half, y);
            } else {
                path.move_to(x - half, y);
            }
            path.line_to(x + half, y);
            before = Some(index);
        }
        path
    }

    fn band(&mut self, plot: &Plot, other: &[f64], view: &View) {
        let mut path = Path::default();
        let mut edges = Vec::new();
        let pairs = plot.values.iter().zip(other).enumerate();
        for (index, (upper, lower)) in pairs {
            if let (Some(upper), Some(lower)) = (view.scale.y(*upper), view.scale.y(*lower)) {
                edges.push((self.layout.x(index), upper, lower));
            } else {
                close_band(&mut path, &mut edges);
            }
        }
        close_band(&mut path, &mut edges);
        self.picture.fill(path, self.palette.colour(plot.colour), BAND);
    }

    fn area(&mut self, plot: &Plot, view: &View) {
        let runs = runs(&plot.values);
        let sides: &[(f64, Colour)] = match plot.colour {
            Colour::Sign => &[(1.0, Colour::Up), (-1.0, Colour::Down)],
            colour => &[(0.0, colour)],
        };
        for (side, colour) in sides {
            let (mut surface, mut edge) = (Path::default(), Path::default());
            for run in &runs {
                self.area_side(run, *side, view, (&mut surface, &mut edge));
            }
            let colour = self.palette.colour(*colour);
            self.picture.fill(surface, colour, AREA);
            self.picture.stroke(edge, Pen::new(colour, 1.2));
        }
    }

    /// The part of a run above zero (`side` 1), below it (-1), or all of it (0).
    fn area_side(&self, run: &[(f64, f64)], side: f64, view: &View, (surface, edge): (&mut Path, &mut Path)) {
        let Some(zero) = view.scale.y(0.0) else { return };
        let kept = |value: f64| if side == 0.0 || value * side > 0.0 { value } else { 0.0 };
        let place = |(at, value): &(f64, f64)| {
            let x = self.layout.x(0) + at * self.layout.pitch;
            Some((x, view.scale.y(kept(*value))?))
        };
        let places: Vec<(f64, f64)> = run.iter().filter_map(place).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
        let mut outline = vec![(first.0, zero)];
        outline.extend(&places);
        outline.push((last.0, zero));
        surface.polygon(&outline);
        let mut drawn = false;
        for ((_, value), (x, y)) in run.iter().zip(places) {
            // The edge is not drawn along zero, where the other side has its own.
            let here = side == 0.0 || value * side >= 0.0;
            match (here, drawn) {
                (true, true) => edge.line_to(x, y),
                (true, false) => edge.move_to(x, y),
                (false, _) => {}
            }
            drawn = here;
        }
    }

    fn histogram(&mut self, plot: &Plot, view: &View) {
        let Some(zero) = view.scale.y(0.0).map(f64::round) else { return };
        let mut paths = [(); 4].map(|()| Path::default());
        let mut before = 0.0;
        for (index, value) in plot.values.iter().copied().enumerate() {
            if let Some(y) = view.scale.y(value).filter(|_| value != 0.0) {
                let (left, width) = self.slot(index);
                let y = y.round();
                let (top, height) = if value > 0.0 { (y, zero - y) } else { (zero, y - zero) };
                let grows = if value > 0.0 { value >= before } else { value <= before };
                let kind = usize::from(value < 0.0) * 2 + usize::from(!grows);
                if let Some(path) = paths.get_mut(kind) {
                    path.rect(left, top.min(zero), width, height.max(1.0));
                }
            }
            before = if value.is_finite() { value } else { 0.0 };
        }
        let palette = self.palette;
        let colours = [palette.up, palette.up_pale, palette.down, palette.down_pale];
        for (path, colour) in paths.into_iter().zip(colours) {
            self.picture.fill(path, colour, 1.0);
        }
    }
}

/// Adds the surface between edges, as (x, upper, lower), and begins the next.
fn close_band(path: &mut Path, edges: &mut Vec<(f64, f64, f64)>) {
    let mut outline: Vec<(f64, f64)> = edges.iter().map(|(x, upper, _)| (*x, *upper)).collect();
    outline.extend(edges.iter().rev().map(|(x, _, lower)| (*x, *lower)));
    if outline.len() > 2 {
        path.polygon(&outline);
    }
    edges.clear();
}

/// Runs of values without a gap, as (index, value), with a point added wherever they cross zero.
fn runs(values: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let mut runs = vec![Vec::new()];
    let mut before: Option<f64> = None;
    for (index, value) in values.iter().copied().enumerate() {
        if !value.is_finite() {
            runs.push(Vec::new());
            before = None;
            continue;
        }
        let Some(run) = runs.last_mut() else { continue };
        if let Some(before) = before.filter(|before| before * value < 0.0) {
            run.push((index as f64 - value / (value - before), 0.0));
        }
        run.push((index as f64, value));
        before = Some(value);
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_break_at_gaps_and_meet_zero_where_they_cross_it() {
        let found = runs(&[f64::NAN, 1.0, -3.0, f64::NAN, 2.0, f64::INFINITY]);
        assert_eq!(found, [vec![(1.0, 1.0), (1.25, 0.0), (2.0, -3.0)], vec![(4.0, 2.0)]]);
    }
}
