//! What is known of models: how much they read, what they cost, what they can do, and when their knowledge ends.

use std::collections::BTreeMap;

use qtp_core::Decimal;
use serde::Deserialize;

use super::TokenUsage;
use crate::error::LlmError;

/// The cards that come with this crate.
const KNOWN: &str = include_str!("cards.toml");
/// Prices are for so many tokens.
const PER: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// What is known of one model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Tokens of prompt and answer together.
    pub context: u32,
    /// USD for a million tokens of prompt.
    #[serde(default)]
    pub prompt_price: Option<Decimal>,
    /// USD for a million tokens of answer.
    #[serde(default)]
    pub completion_price: Option<Decimal>,
    /// Last day that its training knows of, `YYYY-MM-DD`: a backtest before it may be remembered, not decided.
    #[serde(default)]
    pub knowledge_cutoff: Option<String>,
    /// It can call tools.
    #[serde(default = "yes")]
    pub tools: bool,
    /// It takes a strict JSON schema.
    #[serde(default = "yes")]
    pub schema: bool,
}

const fn yes() -> bool {
    true
}

impl Default for ModelCard {
    /// A model that nothing is known of: everything may be tried, and its price is unknown.
    fn default() -> Self {
        Self {
            context: 32_768,
            prompt_price: None,
            completion_price: None,
            knowledge_cutoff: None,
            tools: true,
            schema: true,
        }
    }
}

impl ModelCard {
    /// Cost of a call in USD, `None` while a price is unknown.
    pub fn cost(&self, usage: &TokenUsage) -> Option<Decimal> {
        let part = |price: Decimal, tokens: u64| price.checked_mul(Decimal::from(tokens));
        let prompt = part(self.prompt_price?, usage.prompt_tokens)?;
        let completion = part(self.completion_price?, usage.completion_tokens)?;
        Some(prompt.checked_add(completion)?.checked_div(PER)?.normalize())
    }
}

/// Cards by `provider:model`.
///
/// ```
/// use qtp_llm::ModelCards;
///
/// let mut cards = ModelCards::known()?;
/// cards.extend(
///     r#"["openai:my-model"]
///     context = 8192
///     prompt_price = "0.10"
///     completion_price = "0.40""#,
/// )?;
/// assert_eq!(cards.get("openai", "my-model").map(|card| card.context), Some(8192));
/// assert!(cards.get("openai", "nobody-knows-it").is_none());
/// # Ok::<(), qtp_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelCards(BTreeMap<String, ModelCard>);

impl ModelCards {
    /// The cards that come with this crate.
    ///
    /// # Errors
    /// None that a released version causes: its cards are read in the tests.
    pub fn known() -> Result<Self, LlmError> {
        let mut cards = Self::default();
        cards.extend(KNOWN)?;
        Ok(cards)
    }

    /// Adds the cards of a TOML text, one table each; a card of the same name is replaced.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with the line and the field that cannot be read.
    pub fn extend(&mut self, text: &str) -> Result<(), LlmError> {
        let problem = |text: String| LlmError::Settings { what: "model cards", problems: vec![text] };
        let cards: BTreeMap<String, ModelCard> =
            toml::from_str(text).map_err(|error| problem(error.to_string()))?;
        if let Some(name) = cards.keys().find(|name| !name.contains(':')) {
            return Err(problem(format!("{name:?} is not of the form provider:model")));
        }
        self.0.extend(cards);
        Ok(())
    }

    /// The card of a model. A router's `vendor/name` falls back to the vendor's own card.
    pub fn get(&self, provider: &str, model: &str) -> Option<&ModelCard> {
        let own = self.0.get(&format!("{provider}:{model}"));
        own.or_else(|| {
            let (vendor, name) = model.split_once('/')?;
            let vendor = if vendor == "google" { "gemini" } else { vendor };
            // `:free`, `:nitro` and the like choose a server, not a model.
            let name = name.split(':').next().unwrap_or(name);
            self.0.get(&format!("{vendor}:{name}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_cards_are_complete() {
        let cards = ModelCards::known().unwrap();
        assert!(cards.0.len() >= 8, "{}", cards.0.len());
        for (name, card) in &cards.0 {
            assert!(card.context >= 8192 && card.prompt_price.is_some(), "{name}");
            let day = card.knowledge_cutoff.as_deref().unwrap_or("2000-01-01");
            assert_eq!((day.len(), day.matches('-').count()), (10, 2), "{name}");
        }
    }

    #[test]
    fn routers_know_the_vendors_models() {
        let cards = ModelCards::known().unwrap();
        let own = cards.get("openai", "gpt-4.1").unwrap();
        assert_eq!(cards.get("openrouter", "openai/gpt-4.1:nitro"), Some(own));
        assert!(cards.get("openrouter", "google/gemini-2.5-flash").is_some());
    }

    #[test]
    fn cost_is_exact() {
        let card = ModelCard {
            prompt_price: Some("0.15".parse().unwrap()),
            completion_price: Some("0.6".parse().unwrap()),
            ..ModelCard::default()
        };
        let usage = TokenUsage { prompt_tokens: 1234, completion_tokens: 56, ..TokenUsage::default() };
        assert_eq!(card.cost(&usage), Some("0.0002187".parse().unwrap()));
        assert_eq!(ModelCard::default().cost(&usage), None);
    }

    #[test]
    fn wrong_cards_are_named() {
        let error = |text| ModelCards::default().extend(text).unwrap_err().to_string();
        assert!(error("[\"openai:x\"]\ncontext = 1\nprize = 2").contains("prize"));
        assert!(error("[gpt]\ncontext = 1").contains("provider:model"));
    }
}
