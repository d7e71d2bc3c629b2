//! How the binaries end: 0 on success, 1 with one clear line on failure. Bad arguments are 2, by `clap`.

use std::error::Error;
use std::process::ExitCode;

use crate::say;

/// Any failure of a binary.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Prints a failure with its causes on one line of standard error.
pub fn report(result: Result<(), Failure>) -> ExitCode {
    match result.and_then(|()| Ok(say::heard().map_err(|error| format!("standard output: {error}"))?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, parted by colons.
pub fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // A transparent wrapper repeats its cause.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
