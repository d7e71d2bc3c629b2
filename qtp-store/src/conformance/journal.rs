//! Rules of the journal.

use qtp_core::port::{Checkpoint, Journal, JournalRecord};
use qtp_core::{CommandRecord, DataRef, Event, EventRecord, Intent, Reason, StoreError, TimerId, Timestamp};

/// Checks a [`Journal`] that is empty.
pub async fn journal(journal: &dyn Journal) {
    starts_empty(journal).await;
    keeps_the_sequence(journal).await;
    skips_only_announced_rows(journal).await;
    pages(journal).await;
    keeps_the_two_newest_checkpoints(journal).await;
}

async fn starts_empty(journal: &dyn Journal) {
    assert_eq!(journal.last_seq().await.expect("last_seq of an empty journal"), None);
    assert_eq!(journal.read(0, 10).await.expect("read of an empty journal"), []);
    assert_eq!(journal.checkpoints().await.expect("checkpoints of an empty journal"), []);
    assert!(journal.put_checkpoint(0, "none").await.is_err(), "a checkpoint of no record must be refused");
    journal.append(&[]).await.expect("appending nothing is no error");
    let error = journal.append(&[fact(1)]).await;
    assert!(matches!(error, Err(StoreError::OutOfOrder { .. })), "the first record must be 0, got {error:?}");
}

async fn keeps_the_sequence(journal: &dyn Journal) {
    journal.append(&[fact(0), intent(1)]).await.expect("append");
    for wrong in [fact(1), fact(0), fact(3), intent(u64::MAX)] {
        let error = journal.append(std::slice::from_ref(&wrong)).await;
        assert!(
            matches!(error, Err(StoreError::OutOfOrder { last: 1, .. })),
            "{wrong:?} after 1 gave {error:?}"
        );
    }
    let error = journal.append(&[fact(2), fact(4)]).await;
    assert!(matches!(error, Err(StoreError::OutOfOrder { got: 4, last: 2 })), "got {error:?}");
    assert_eq!(journal.last_seq().await.expect("last_seq"), Some(1), "an append is all or nothing");
    journal.append(&[fact(2)]).await.expect("append after a refused one");
    assert_eq!(journal.read(0, 10).await.expect("read"), [fact(0), intent(1), fact(2)]);
}

async fn skips_only_announced_rows(journal: &dyn Journal) {
    journal.append(&[data_ref(3, 5)]).await.expect("append a data reference");
    journal.append(&[fact(6)]).await.expect("two of five announced rows may be skipped");
    journal.append(&[fact(10)]).await.expect("the other three as well");
    let error = journal.append(&[fact(12)]).await;
    assert!(
        matches!(error, Err(StoreError::OutOfOrder { got: 12, last: 10 })),
        "no row is left, got {error:?}"
    );
    assert_eq!(journal.read(3, 10).await.expect("read"), [data_ref(3, 5), fact(6), fact(10)]);
    assert_eq!(journal.read(7, 1).await.expect("read from a skipped number"), [fact(10)]);
}

async fn pages(journal: &dyn Journal) {
    let more: Vec<_> = (11..5000).map(|seq| if seq % 3 == 0 { intent(seq) } else { fact(seq) }).collect();
    journal.append(&more).await.expect("append many");
    let mut from = 11;
    let mut read = Vec::new();
    loop {
        let page = journal.read(from, 700).await.expect("read a page");
        assert!(page.len() <= 700, "a page is longer than its limit");
        let Some(last) = page.last() else { break };
        from = last.seq() + 1;
        read.extend(page);
    }
    assert!(read == more, "paging must give every record once, in sequence");
    assert_eq!(journal.read(4999, usize::MAX).await.expect("read the last"), [fact(4999)]);
    assert_eq!(journal.read(2, 2).await.expect("read back"), [fact(2), data_ref(3, 5)]);
    assert_eq!(journal.read(0, 0).await.expect("read nothing"), []);
    assert_eq!(journal.last_seq().await.expect("last_seq"), Some(4999));
}

async fn keeps_the_two_newest_checkpoints(journal: &dyn Journal) {
    let checkpoint = |seq, state: &str| Checkpoint { seq, state: state.to_owned() };
    journal.put_checkpoint(3, "three").await.expect("put checkpoint");
    journal.put_checkpoint(6, "{\"six\":\"\u{1F680}\\n\"}").await.expect("put checkpoint");
    journal.put_checkpoint(4999, "newest").await.expect("put the checkpoint of the last record");
    journal.put_checkpoint(4999, "newest again").await.expect("put the same checkpoint");
    let kept = [checkpoint(4999, "newest again"), checkpoint(6, "{\"six\":\"\u{1F680}\\n\"}")];
    assert_eq!(journal.checkpoints().await.expect("checkpoints"), kept, "the two newest, newest first");
    for seq in [7, 5000, u64::MAX] {
        let refused = journal.put_checkpoint(seq, "of no record").await;
        assert!(refused.is_err(), "there is no record {seq} that a checkpoint could belong to");
    }
    assert_eq!(journal.checkpoints().await.expect("checkpoints"), kept, "what was refused changes nothing");
    // The journal goes on behind a checkpoint.
    journal.append(&[fact(5000)]).await.expect("append behind a checkpoint");
    assert_eq!(journal.read(4999, 10).await.expect("read"), [fact(4999), fact(5000)]);
    assert_eq!(journal.checkpoints().await.expect("checkpoints"), kept);
}

fn fact(seq: u64) -> JournalRecord {
    let event = Event::Stopped(Reason::new("conformance", format!("record {seq} \"\\\n\u{e9}")));
    let nanos = i64::try_from(seq).unwrap_or(0);
    let (event_time, receive_time) = (Timestamp::from_nanos(-nanos), Timestamp::from_nanos(nanos));
    JournalRecord::Event(EventRecord { seq, event_time, receive_time, event })
}

fn intent(seq: u64) -> JournalRecord {
    let intent = Intent::SetTimer(TimerId { owner: 1, id: seq, at: Timestamp::MAX });
    JournalRecord::Command(CommandRecord { seq, time: Timestamp::EPOCH, caused_by: 0, intent })
}

fn data_ref(seq: u64, rows: u64) -> JournalRecord {
    let instrument = super::candles::instrument();
    let event = Event::DataRef(DataRef { instrument, path: "candles.csv".into(), sha256: "00".into(), rows });
    JournalRecord::Event(EventRecord {
        seq,
        event_time: Timestamp::EPOCH,
        receive_time: Timestamp::EPOCH,
        event,
    })
}
