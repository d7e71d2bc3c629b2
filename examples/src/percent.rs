//! Percentages on the command line.

use std::str::FromStr;

use qtp_core::{Decimal, Ratio, ValueError};
use serde::{Deserialize, Serialize};

/// A share, written in percent (`2`, `2%`) or, below 0.2 and without a sign, as a fraction (`0.02`).
///
/// ```
/// use qtp_examples::percent::Percent;
/// let two: Percent = "2".parse()?;
/// assert_eq!(two, "2%".parse()?);
/// assert_eq!(two, "0.02".parse()?);
/// assert_eq!("0.1%".parse::<Percent>()?.ratio().to_string(), "0.001");
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent(Ratio);

impl Percent {
    /// The share: 0.02 for two percent.
    pub const fn ratio(self) -> Ratio {
        self.0
    }
}

impl FromStr for Percent {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error =
            || ValueError::parse("percentage", text, "a percentage above 0 and below 100, such as 2 or 2%");
        let (number, sign) = text.strip_suffix('%').map_or((text, false), |number| (number, true));
        let number = Decimal::from_str_exact(number.trim()).map_err(|_| error())?;
        let fraction = !sign && number < Decimal::new(2, 1);
        let share = if fraction { number } else { number / Decimal::ONE_HUNDRED };
        if share <= Decimal::ZERO || share >= Decimal::ONE {
            return Err(error());
        }
        Ratio::new(share).map(Self)
    }
}
