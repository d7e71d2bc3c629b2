//! Standard output that nobody may be reading: a reader such as `head` goes when it has seen enough.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

/// Why a line could not be written, if one could not.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Standard output. Once its reader has gone it takes everything, so that what else a program does is done to its end.
#[derive(Debug, Clone, Copy)]
pub struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match io::stdout().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

/// A line on standard output. Unlike `println!` it does not panic: what failed is said when the program ends.
#[macro_export]
macro_rules! say {
    () => { $crate::say::line(format_args!("")) };
    ($($words:tt)*) => { $crate::say::line(format_args!($($words)*)) };
}

/// What [`say!`] does.
pub fn line(words: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(Out, "{words}")
        && let Ok(mut failed) = FAILED.lock()
    {
        *failed = Some(error);
    }
}

/// The last failure of a line, such as a full disk.
///
/// # Errors
/// It.
pub fn heard() -> io::Result<()> {
    let failed = FAILED.lock().ok().and_then(|mut failed| failed.take());
    failed.map_or(Ok(()), Err)
}
