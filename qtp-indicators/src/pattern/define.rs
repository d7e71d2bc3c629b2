//! The form in which a pattern is written down: name, TA-Lib name, lookback, averages, summary, rule.

use crate::{
    SpecError,
    registry::{Args, Entry, Kernel, OutputInfo, ParamInfo, ParamKind},
};

/// Implements [`Averages`](super::Averages) for a list of `Setting @ ago`.
macro_rules! averages {
    ($name:ident, [$($setting:ident @ $ago:literal),*]) => {
        impl crate::pattern::Averages for $name {
            const LIST: &'static [(u8, usize)] =
                &[$((<$setting as crate::pattern::Setting>::ID, $ago)),*];

            #[inline(always)]
            #[allow(unused, reason = "a pattern without averages has nothing to sum")]
            fn start<B: crate::pattern::Bars>(bars: &B) -> crate::pattern::Totals {
                use crate::pattern::Setting as _;
                let mut totals = [0.0; crate::pattern::MAX_AVERAGES];
                let mut slots = totals.iter_mut();
                $(
                    if let Some(total) = slots.next() {
                        // Oldest first, from one before the candle that the average belongs to.
                        for back in (0..$setting::PERIOD).rev() {
                            *total += $setting::measure(&bars.ago($ago + back));
                        }
                    }
                )*
                totals
            }

            #[inline(always)]
            #[allow(unused, reason = "a pattern without averages has nothing to move")]
            fn changes<B: crate::pattern::Bars>(bars: &B, mut put: impl FnMut(usize, f64)) {
                use crate::pattern::Setting as _;
                let mut slot = 0;
                $(
                    let new = $setting::measure(&bars.ago($ago));
                    put(slot, new - $setting::measure(&bars.ago($ago + $setting::PERIOD)));
                    slot += 1;
                )*
            }
        }
    };
}

/// Declares patterns without parameters, and `ENTRIES` of their file. Behind `if` may stand what makes one possible.
macro_rules! patterns {
    ($(
        $name:ident, $talib:literal, $lookback:literal, $averages:tt, $summary:literal,
        |$view:ident| $rule:expr $(, if |$bars:ident| $possible:expr)?;
    )*) => {
        $(
            #[doc = concat!($summary, ". TA-Lib `CDL", $talib, "` (in lower case).")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            pub struct $name;

            crate::pattern::define::averages!($name, $averages);

            impl crate::pattern::Pattern for $name {
                const LOOKBACK: usize = $lookback;
                type Memory = ();

                $(
                    #[inline(always)]
                    fn possible<B: crate::pattern::Bars>($bars: &B) -> bool {
                        $possible
                    }
                )?

                #[inline(always)]
                fn recognise<S: crate::pattern::Sight>(
                    &self,
                    $view: &crate::pattern::View<'_, Self, S>,
                    (): &mut (),
                ) -> f64 {
                    $rule
                }
            }
        )*

        pub(crate) const ENTRIES: &[crate::registry::Entry] = &[$(
            crate::pattern::define::entry(concat!("talib.cdl", $talib), $summary, &[], |_| {
                Ok(crate::pattern::kernel($name))
            }),
        )*];
    };
}

/// Declares patterns with a penetration, and `ENTRIES` of their file.
macro_rules! penetrations {
    ($(
        $name:ident, $talib:literal, $lookback:literal, $default:literal, $averages:tt, $summary:literal,
        |$view:ident, $penetration:ident| $rule:expr;
    )*) => {
        $(
            #[doc = concat!($summary, ". TA-Lib `CDL", $talib, "` (in lower case).")]
            #[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
            pub struct $name {
                penetration: f64,
            }

            impl $name {
                #[doc = concat!(
                    "Asks the last candle to reach `penetration` of the first body into it, 0 to 3e37 (TA-Lib's default is ",
                    $default, ").\n\n# Errors\n\n[`SpecError::OutOfRange`](crate::SpecError::OutOfRange) for another number."
                )]
                pub fn new(penetration: f64) -> Result<Self, crate::SpecError> {
                    Ok(Self { penetration: crate::pattern::define::check_penetration(penetration)? })
                }
            }

            crate::pattern::define::averages!($name, $averages);

            impl crate::pattern::Pattern for $name {
                const LOOKBACK: usize = $lookback;
                type Memory = ();

                #[inline(always)]
                fn recognise<S: crate::pattern::Sight>(
                    &self,
                    $view: &crate::pattern::View<'_, Self, S>,
                    (): &mut (),
                ) -> f64 {
                    let $penetration = self.penetration;
                    $rule
                }
            }
        )*

        pub(crate) const ENTRIES: &[crate::registry::Entry] = &[$(
            crate::pattern::define::entry(
                concat!("talib.cdl", $talib),
                $summary,
                &[crate::pattern::define::penetration($default)],
                |args| Ok(crate::pattern::kernel($name::new(args.real(0))?)),
            ),
        )*];
    };
}

pub(super) use {averages, patterns, penetrations};

/// TA-Lib's largest real parameter.
const MAX_PENETRATION: f64 = 3e37;

const OUTPUTS: &[OutputInfo] = &[OutputInfo::new("integer", "-200, -100, -80, 0, 80, 100 or 200")];

type Make = fn(&Args) -> Result<Box<dyn Kernel>, SpecError>;

/// The catalogue's line for a pattern.
pub(super) const fn entry(
    name: &'static str,
    summary: &'static str,
    params: &'static [ParamInfo],
    make: Make,
) -> Entry {
    // Zero until the averages are known, as in TA-Lib: there is an output from the first candle on.
    Entry { name, summary, params, outputs: OUTPUTS, sourced: false, warmup: "1", make }
}

pub(super) const fn penetration(default: f64) -> ParamInfo {
    ParamInfo { name: "penetration", kind: ParamKind::Real { min: 0.0, max: MAX_PENETRATION, default } }
}

pub(super) fn check_penetration(value: f64) -> Result<f64, SpecError> {
    if (0.0..=MAX_PENETRATION).contains(&value) {
        return Ok(value);
    }
    Err(SpecError::OutOfRange { at: None, name: "penetration", value, min: 0.0, max: MAX_PENETRATION })
}
