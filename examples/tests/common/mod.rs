//! Running the binaries, and reading what they leave behind.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part of this")]

pub mod candles;
pub mod store;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use qtp_core::port::{Clock as _, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

/// Longest that any child may take.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub const BOT: &str = env!("CARGO_BIN_EXE_bot");
pub const BOTCTL: &str = env!("CARGO_BIN_EXE_botctl");
pub const BACKTEST: &str = env!("CARGO_BIN_EXE_backtest");
pub const REPLAY: &str = env!("CARGO_BIN_EXE_replay");
pub const INDICATORS: &str = env!("CARGO_BIN_EXE_indicators");
pub const DECISIONS: &str = env!("CARGO_BIN_EXE_decisions");
pub const LEADERBOARD: &str = env!("CARGO_BIN_EXE_leaderboard");
pub const DATA: &str = env!("CARGO_BIN_EXE_data");

/// A binary with arguments, in an environment that sets nothing.
pub fn command(binary: &str, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// How a child ended and what it said.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// This run, if it succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code(), Some(0), "{self:?}");
        self
    }

    /// The only line on standard error of a run that failed with 1.
    #[track_caller]
    pub fn refusal(&self) -> &str {
        assert_eq!(self.code(), Some(1), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("error: ") && !self.stderr.contains("panicked"), "{self:?}");
        self.stderr.trim_end()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A child whose output goes to files, so that it never waits for a reader. Dropping it kills it.
pub struct Running {
    child: Child,
    stdout: File,
    stderr: File,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command.stdin(Stdio::null());
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        Self { child: command.spawn().unwrap(), stdout, stderr }
    }

    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end, at most until the delay is over. True if it came.
    pub fn ends_within(&mut self, delay: Duration) -> bool {
        let start = SystemClock.now();
        while !self.ended() {
            let left = delay.saturating_sub(SystemClock.now().since(start));
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(left.min(Duration::from_millis(3)));
        }
        true
    }

    pub fn kill(mut self) -> Ran {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.finish()
    }

    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        // Without moving the place at which the child writes on, which is shared.
        let mut bytes = vec![0; usize::try_from(self.stdout.metadata().unwrap().len()).unwrap()];
        self.stdout.read_exact_at(&mut bytes, 0).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    pub fn finish(mut self) -> Ran {
        assert!(self.ends_within(PATIENCE), "a child did not end in time");
        let status = self.child.wait().unwrap();
        let (stdout, stderr) = (text(&mut self.stdout), text(&mut self.stderr));
        Ran { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub fn run(binary: &str, args: &[&str]) -> Ran {
    Running::start(command(binary, args)).finish()
}

/// Asks until the answer is there, with a bound.
#[track_caller]
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = SystemClock.now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(SystemClock.now().since(start) < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder of runs.
pub struct Runs {
    folder: TempDir,
    environment: Vec<(&'static str, &'static str)>,
}

impl Runs {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// Bots on this folder run in an environment.
    pub fn with(environment: &[(&'static str, &'static str)]) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: environment.to_vec() }
    }

    /// The same runs as they stand now, in another folder.
    pub fn copy(&self) -> Self {
        let copy = Self::with(&self.environment);
        let done = Command::new("cp").arg("-a").arg(self.path().join(".")).arg(copy.path()).status();
        assert!(done.unwrap().success());
        copy
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The bot on this folder, as fast as it can.
    pub fn bot(&self, args: &[&str]) -> Command {
        self.paced_bot("max", args)
    }

    pub fn paced_bot(&self, speed: &str, args: &[&str]) -> Command {
        let mut command = command(BOT, &["--speed", speed, "--runs"]);
        command.arg(self.path()).args(args).envs(self.environment.iter().copied());
        command
    }

    pub fn run_bot(&self, args: &[&str]) -> Ran {
        Running::start(self.bot(args)).finish()
    }

    pub fn botctl(&self, args: &[&str]) -> Ran {
        let mut command = command(BOTCTL, &["--runs"]);
        command.arg(self.path()).args(args);
        Running::start(command).finish()
    }

    /// True once a bot answers here that is through with its past.
    pub fn answers(&self) -> bool {
        let known = self.path().join("latest").exists();
        let status = known.then(|| self.botctl(&["status"])).filter(|ran| ran.code() == Some(0));
        status.is_some_and(|ran| ran.json()["starting"].is_null())
    }

    /// The run that was started last.
    pub fn run(&self) -> RunFiles {
        let name = fs::read_to_string(self.path().join("latest")).unwrap();
        RunFiles(self.path().join(name))
    }

    /// How many runs there are.
    pub fn count(&self) -> usize {
        let entries = fs::read_dir(self.path()).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    }
}

/// The files of one run.
pub struct RunFiles(pub PathBuf);

impl RunFiles {
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    pub fn summary(&self) -> Value {
        serde_json::from_str(&self.read("summary.json")).unwrap()
    }

    /// Whole records of the journal file as JSON; what a crash tore is left out.
    pub fn records(&self) -> Vec<Value> {
        self.read_lossy().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Every file and its bytes.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let folders = [self.0.clone(), self.file("journal")];
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let files = files.map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// The first segment of the journal: the whole of it, unless the run was long or its segments small.
    pub fn journal(&self) -> PathBuf {
        self.file("journal/000001.jsonl")
    }

    /// The segments of the journal, and its checkpoints by their record.
    pub fn segments(&self) -> Vec<PathBuf> {
        self.in_journal(".jsonl")
    }

    pub fn checkpoints(&self) -> Vec<u64> {
        let number = |path: &PathBuf| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            name.strip_prefix("checkpoint-").unwrap().parse().unwrap()
        };
        self.in_journal("checkpoint-").iter().map(number).collect()
    }

    fn in_journal(&self, part: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.file("journal")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.contains(part) && !name.ends_with(".tmp")
        });
        paths.sort();
        paths
    }

    fn read_lossy(&self) -> String {
        let mut bytes = Vec::new();
        let mut before = PathBuf::new();
        for path in self.segments() {
            let packed = path.extension().is_some_and(|extension| extension == "gz");
            let plain = if packed { path.with_extension("") } else { path.clone() };
            // A crash may leave a segment plain and packed.
            if plain == before {
                continue;
            }
            if packed {
                let mut reader = flate2::read::MultiGzDecoder::new(File::open(&path).unwrap());
                reader.read_to_end(&mut bytes).unwrap();
            } else {
                bytes.extend(fs::read(&path).unwrap());
            }
            before = plain;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

pub fn verify(journal: &Path) -> Ran {
    run(REPLAY, &["--verify", "--journal", journal.to_str().unwrap()])
}

/// All values under a key, however deep.
pub fn values_of<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key {
                    found.push(value);
                }
                values_of(value, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| values_of(item, key, found)),
        _ => {}
    }
}

/// A small generator of equal numbers everywhere (`SplitMix64`).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// An instant below `end`.
    pub fn instant(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.next() % u64::try_from(end.as_micros()).unwrap().max(1))
    }
}
