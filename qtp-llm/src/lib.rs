//! qtp-llm
