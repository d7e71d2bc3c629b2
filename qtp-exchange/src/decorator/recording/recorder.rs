//! The layer that records, and the thread that writes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use qtp_core::port::{Clock, EventStream};
use qtp_core::{Event, Timestamp};

use super::Recorded;
use super::error::RecordingError;
use super::file::Files;
use crate::decorator::Layer;

/// Room of a recorded stream.
const STREAM_ROOM: usize = 1_024;

/// Where and how to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderSettings {
    /// Folder, made if it is not there.
    pub folder: PathBuf,
    /// What the files' names begin with.
    pub name: String,
    /// A block is written when it has so many bytes before compression.
    pub block_bytes: usize,
    /// Or when its first event is so old.
    pub block_age: Duration,
    /// The next file begins when one has so many bytes.
    pub file_bytes: u64,
    /// The recording ends, and says so, before it has more bytes.
    pub total_bytes: u64,
    /// Events that wait for the disk. What comes while it is full is left out and counted.
    pub queue: usize,
}

impl RecorderSettings {
    /// Blocks of 256 KiB or a second, files of 256 MiB, 64 GiB in all, 65,536 events in wait.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            name: name.into(),
            block_bytes: 256 << 10,
            block_age: Duration::from_secs(1),
            file_bytes: 256 << 20,
            total_bytes: 64 << 30,
            queue: 65_536,
        }
    }
}

/// How a recording stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecorderFigures {
    /// Events written or waiting to be.
    pub events: u64,
    /// Events left out because the disk was too slow or the recording had ended.
    pub lost: u64,
    /// Compressed bytes written.
    pub bytes: u64,
    /// Why it ended, if it did.
    pub error: Option<String>,
}

/// Records every stream of the exchange that it is put around. Dropping it writes what is left and waits for the disk.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    queue: SyncSender<Message>,
    clock: Arc<dyn Clock>,
    events: AtomicU64,
    lost: AtomicU64,
    /// Of the lost ones, those that no written event tells of yet.
    unsaid: AtomicU64,
    written: Arc<Written>,
}

#[derive(Debug, Default)]
struct Written {
    bytes: AtomicU64,
    error: Mutex<Option<String>>,
}

#[derive(Debug)]
enum Message {
    Event(Box<Recorded>),
    Stop,
}

impl Recorder {
    /// Begins a recording in a new file.
    ///
    /// # Errors
    /// [`RecordingError`] if folder or file cannot be made.
    pub fn start(settings: RecorderSettings, clock: Arc<dyn Clock>) -> Result<Self, RecordingError> {
        let (queue, events) = sync_channel(settings.queue.max(1));
        let (age, folder) = (settings.block_age, settings.folder.clone());
        let files = Files::create(settings)?;
        let written = Arc::new(Written::default());
        let told = Arc::clone(&written);
        let writer = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || {
                if let Err(error) = write(files, &events, age, &told) {
                    *told.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
            })
            .map_err(RecordingError::io(&folder))?;
        let shared = Shared {
            queue,
            clock,
            events: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            unsaid: AtomicU64::new(0),
            written,
        };
        Ok(Self { shared: Arc::new(shared), writer: Some(writer) })
    }

    /// How it stands.
    pub fn figures(&self) -> RecorderFigures {
        let shared = &self.shared;
        RecorderFigures {
            events: shared.events.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
            bytes: shared.written.bytes.load(Ordering::Relaxed),
            error: shared.written.error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Records one event that comes by another way than a stream. Never waits.
    pub fn record(&self, event_time: Timestamp, event: &Event) {
        self.shared.record(event_time, event);
    }
}

impl Shared {
    fn record(&self, event_time: Timestamp, event: &Event) {
        let lost_before = self.unsaid.swap(0, Ordering::Relaxed);
        let (receive_time, event) = (self.clock.now(), event.clone());
        let recorded = Recorded { event_time, receive_time, lost_before, event };
        match self.queue.try_send(Message::Event(Box::new(recorded))) {
            Ok(()) => {
                self.events.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.unsaid.fetch_add(lost_before + 1, Ordering::Relaxed);
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Layer for Recorder {
    fn stream(&self, mut stream: EventStream) -> EventStream {
        let shared = Arc::clone(&self.shared);
        let (sender, recorded) = EventStream::channel(STREAM_ROOM);
        drop(tokio::spawn(async move {
            while let Some((time, event)) = stream.next().await {
                shared.record(time, &event);
                if sender.send(time, event).await.is_err() {
                    break;
                }
            }
        }));
        recorded
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Streams may outlive the recorder: the writer is told to stop instead of waiting for the last of them.
        let told = self.shared.queue.send(Message::Stop);
        if let Some(writer) = self.writer.take().filter(|_| told.is_ok()) {
            // A panic of the writer is in nobody's way; its figures stay.
            let _ = writer.join();
        }
    }
}

fn write(
    mut files: Files,
    events: &Receiver<Message>,
    age: Duration,
    written: &Written,
) -> Result<(), RecordingError> {
    loop {
        match events.recv_timeout(age) {
            Ok(Message::Event(event)) => files.add(&event)?,
            Err(RecvTimeoutError::Timeout) => files.flush()?,
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => {
                written.bytes.store(files.finish()?, Ordering::Relaxed);
                return Ok(());
            }
        }
        written.bytes.store(files.bytes, Ordering::Relaxed);
    }
}
