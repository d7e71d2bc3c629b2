//! The guides and the root README as documentation tests: their code compiles and runs with the workspace's tests.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/write-a-strategy.md")]
pub struct WriteAStrategy;

#[cfg(doctest)]
#[doc = include_str!("../../docs/strategy-files.md")]
pub struct StrategyFiles;

#[cfg(doctest)]
#[doc = include_str!("../../docs/write-an-exchange.md")]
pub struct WriteAnExchange;

#[cfg(doctest)]
#[doc = include_str!("../../docs/determinism.md")]
pub struct Determinism;

#[cfg(doctest)]
#[doc = include_str!("../../docs/configuration.md")]
pub struct Configuration;

#[cfg(doctest)]
#[doc = include_str!("../../docs/write-an-indicator.md")]
pub struct WriteAnIndicator;

#[cfg(doctest)]
#[doc = include_str!("../../docs/reference/quantum-cipher.md")]
pub struct QuantumCipher;

#[cfg(doctest)]
#[doc = include_str!("../../docs/reference/quantum-volume-profile.md")]
pub struct QuantumVolumeProfile;

#[cfg(doctest)]
#[doc = include_str!("../../docs/charts.md")]
pub struct Charts;

#[cfg(doctest)]
#[doc = include_str!("../../docs/honest-llm-backtests.md")]
pub struct HonestLlmBacktests;

#[cfg(doctest)]
#[doc = include_str!("../../docs/choose-a-model.md")]
pub struct ChooseAModel;

#[cfg(doctest)]
#[doc = include_str!("../../docs/write-a-prompt.md")]
pub struct WriteAPrompt;

#[cfg(doctest)]
#[doc = include_str!("../../docs/write-a-tool.md")]
pub struct WriteATool;
