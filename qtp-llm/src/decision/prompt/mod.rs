//! What the model is told.

mod page;
mod regime;
mod system;

use qtp_core::DecisionRequest;

use page::{Detail, page};
pub(super) use system::system;

use crate::settings::ChatSettings;

/// Bytes of a prompt for one token: text has 3 to 4, rows of digits 2 to 3.
const BYTES_PER_TOKEN: usize = 3;

/// The two parts of the first question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt<'a> {
    pub(super) system: &'a str,
    pub(super) user: String,
}

impl<'a> Prompt<'a> {
    /// Describes the picture within the limit of tokens: fewer candles first, then none of assets that are idle.
    ///
    /// # Errors
    /// The number of tokens that even the shortest form needs.
    pub(super) fn of(
        system: &'a str,
        request: &DecisionRequest,
        settings: &ChatSettings,
    ) -> Result<Self, String> {
        let most = usize::try_from(settings.max_prompt_tokens).unwrap_or(usize::MAX);
        let tokens = |user: &str| (system.len() + user.len()).div_ceil(BYTES_PER_TOKEN);
        let mut detail = Detail { candles: settings.candles, flat: true };
        loop {
            let user = page(request, &settings.indicators, detail);
            let needed = tokens(&user);
            if needed <= most {
                return Ok(Self { system, user });
            }
            match detail {
                Detail { candles: 2.., .. } => detail.candles /= 2,
                Detail { flat: true, .. } => detail.flat = false,
                _ => {
                    return Err(format!(
                        "the prompt needs about {needed} tokens, at most {most} are allowed"
                    ));
                }
            }
        }
    }

    /// Both parts as one text, for the record.
    pub(super) fn text(&self) -> String {
        format!("[system]\n{}\n\n[user]\n{}", self.system, self.user)
    }
}

/// What the model is told when its answer cannot be used.
pub(super) fn complaint(problem: &str) -> String {
    format!(
        "Your answer cannot be used: {problem}\nAnswer again, with exactly one complete JSON object of the required \
         shape and nothing around it."
    )
}
