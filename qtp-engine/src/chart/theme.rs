//! Colours.

use std::str::FromStr;

use super::data::Colour;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark lines on white.
    #[default]
    Light,
    /// Light lines on near black.
    Dark,
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            other => Err(format!("`{other}` is neither light nor dark")),
        }
    }
}

/// The colours of a theme.
#[derive(Debug)]
pub(super) struct Palette {
    pub(super) back: &'static str,
    pub(super) text: &'static str,
    pub(super) muted: &'static str,
    pub(super) grid: &'static str,
    pub(super) border: &'static str,
    /// Dashes of levels.
    pub(super) level: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) gold: &'static str,
    /// Weak forms of `up` and `down` for bars that shrink.
    pub(super) up_pale: &'static str,
    pub(super) down_pale: &'static str,
    pub(super) profile: &'static str,
    series: [&'static str; 8],
}

const LIGHT: Palette = Palette {
    back: "#ffffff",
    text: "#131722",
    muted: "#6a6d78",
    grid: "#eff1f5",
    border: "#dfe2ea",
    level: "#a9adba",
    up: "#089981",
    down: "#f23645",
    gold: "#e0a100",
    up_pale: "#a5d9d0",
    down_pale: "#fbb6bc",
    profile: "#5b7fd9",
    series: ["#2962ff", "#ff6d00", "#7e57c2", "#00a3b4", "#d81b60", "#5d8a1f", "#8d6e63", "#546e7a"],
};

const DARK: Palette = Palette {
    back: "#131722",
    text: "#e3e6ee",
    muted: "#8f94a3",
    grid: "#1e2330",
    border: "#323848",
    level: "#555b6e",
    up: "#1fae94",
    down: "#f7525f",
    gold: "#ffc93c",
    up_pale: "#1c5a55",
    down_pale: "#73323f",
    profile: "#6f8fe6",
    series: ["#4c8dff", "#ff9a3d", "#a98bea", "#2cc5d6", "#f06292", "#9ccc65", "#bc9a8c", "#90a4ae"],
};

impl Theme {
    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

impl Palette {
    pub(super) fn colour(&self, colour: Colour) -> &'static str {
        match colour {
            Colour::Series(index) => self.series.get(index % self.series.len()).copied().unwrap_or(self.text),
            Colour::Up | Colour::Sign => self.up,
            Colour::Down => self.down,
            Colour::Gold => self.gold,
            Colour::Muted => self.muted,
        }
    }

    /// As [`Self::colour`], for a certain value.
    pub(super) fn colour_at(&self, colour: Colour, value: f64) -> &'static str {
        if colour == Colour::Sign && value < 0.0 { self.down } else { self.colour(colour) }
    }
}
