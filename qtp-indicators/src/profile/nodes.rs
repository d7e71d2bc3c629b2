//! Nodes by shape: peaks and valleys of the smoothed histogram that stand out.

use super::{Profile, ProfileRow};

impl Profile {
    /// High volume nodes by shape: local maxima of the histogram smoothed over `2 * smooth + 1` rows whose prominence is
    /// at least `prominence` of the largest smoothed row; rows as they are, lowest price first.
    ///
    /// A peak's prominence is its height above the higher of the two lowest points that lie between it and a higher peak
    /// (or the profile's end) on either side.
    #[must_use]
    pub fn peaks(&self, smooth: usize, prominence: f64) -> Vec<ProfileRow> {
        self.standing_out(&smoothed(&self.volumes(), smooth), prominence)
    }

    /// Low volume nodes by shape: the same for the histogram turned upside down, ends excluded.
    #[must_use]
    pub fn valleys(&self, smooth: usize, prominence: f64) -> Vec<ProfileRow> {
        let mirrored: Vec<f64> = smoothed(&self.volumes(), smooth).iter().map(|v| -v).collect();
        let last = mirrored.len().saturating_sub(1);
        let mut found = self.standing_out(&mirrored, prominence);
        let ends = [self.rows().first(), self.rows().get(last)].map(|row| row.map(|row| row.price));
        found.retain(|row| !ends.contains(&Some(row.price)));
        found
    }

    fn standing_out(&self, heights: &[f64], prominence: f64) -> Vec<ProfileRow> {
        let tallest = heights.iter().fold(0.0, |most: f64, height| most.max(height.abs()));
        let peak = |i: usize| {
            let before = i.checked_sub(1).map(|i| heights[i]);
            // Of a plateau the first row counts.
            before.is_none_or(|b| b < heights[i]) && heights.get(i + 1).is_none_or(|a| *a <= heights[i])
        };
        (0..heights.len())
            .filter(|i| peak(*i) && rise(heights, *i) >= prominence * tallest)
            .filter_map(|i| self.rows().get(i).copied())
            .collect()
    }
}

/// Prominence of the peak at `i`.
fn rise(heights: &[f64], i: usize) -> f64 {
    let height = heights[i];
    let saddle = |side: &mut dyn Iterator<Item = &f64>| {
        let mut lowest = height;
        for other in side {
            if *other > height {
                return (lowest, true);
            }
            lowest = lowest.min(*other);
        }
        (lowest, false)
    };
    let (left, higher_left) = saddle(&mut heights[..i].iter().rev());
    let (right, higher_right) = saddle(&mut heights[i + 1..].iter());
    match (higher_left, higher_right) {
        (true, false) => height - left,
        (false, true) => height - right,
        _ => height - left.max(right),
    }
}

/// Mean over `half` rows on either side, as far as there are any.
fn smoothed(values: &[f64], half: usize) -> Vec<f64> {
    let half = half.min(values.len());
    (0..values.len())
        .map(|i| {
            let near = &values[i.saturating_sub(half)..(i + half + 1).min(values.len())];
            near.iter().sum::<f64>() / near.len() as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_valleys_stand_out_by_their_prominence() {
        let rows = [1.0, 5.0, 2.0, 3.0, 1.0, 9.0, 1.0];
        let row = |(i, volume)| ProfileRow { price: i as f64, volume, buy: 0.0, sell: 0.0 };
        let profile = Profile::new(rows.into_iter().enumerate().map(row).collect(), false);
        let prices = |found: Vec<ProfileRow>| found.iter().map(|row| row.price).collect::<Vec<_>>();
        assert_eq!(prices(profile.peaks(0, 0.0)), [1.0, 3.0, 5.0]);
        assert_eq!(prices(profile.peaks(0, 0.4)), [1.0, 5.0]);
        assert_eq!(prices(profile.valleys(0, 0.3)), [4.0]);
    }
}
