//! What an open breaker stops, and what it never stops.

use std::future::{pending, ready};
use std::time::Duration;

use qtp_core::{ClientOrderId, ExchangeError, Reason, RunId};
use qtp_exchange::decorator::{BreakerLayer, BreakerLimits, Call, CallKind, Layer};
use tokio::time::advance;

const READ: Call = Call { operation: "candles", kind: CallKind::Read };
const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> BreakerLayer {
    BreakerLayer::new(BreakerLimits { failures: 3, first: SECOND, longest: 4 * SECOND })
}

fn submit(exit: bool) -> Call {
    let client_order_id = ClientOrderId::new(RunId(1), 2, 3);
    Call { operation: "submit", kind: CallKind::Submit { client_order_id, exit } }
}

fn failure() -> Result<(), ExchangeError> {
    Err(ExchangeError::Timeout { operation: "candles", limit: SECOND })
}

/// True if the call was made.
async fn made(breaker: &BreakerLayer, call: Call, outcome: Result<(), ExchangeError>) -> bool {
    let mut made = false;
    let _ = breaker
        .call(call, async {
            made = true;
            outcome
        })
        .await;
    made
}

async fn opened() -> BreakerLayer {
    let breaker = breaker();
    for _ in 0..3 {
        assert!(made(&breaker, READ, failure()).await);
    }
    assert!(!breaker.is_closed());
    breaker
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_and_a_success_between_does_not() {
    let breaker = breaker();
    for outcome in [failure(), failure(), Ok(()), failure(), failure()] {
        assert!(made(&breaker, READ, outcome).await);
    }
    assert!(breaker.is_closed());
    made(&breaker, READ, failure()).await;
    assert!(!breaker.is_closed());
    let error = breaker.call(READ, ready(Ok(()))).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_venue_are_answers() {
    let breaker = breaker();
    for _ in 0..9 {
        let reason = Reason::new("-1121", "Invalid symbol.");
        made(&breaker, READ, Err(ExchangeError::Rejected { operation: "candles", reason })).await;
        made(&breaker, READ, Err(ExchangeError::RateLimited { operation: "candles", retry_after: None }))
            .await;
    }
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_lets_every_exit_pass_and_no_new_risk() {
    let breaker = opened().await;
    let cancel = Call { operation: "cancel", kind: CallKind::Cancel };
    assert!(made(&breaker, cancel, Ok(())).await);
    assert!(made(&breaker, submit(true), Ok(())).await);
    assert!(!made(&breaker, submit(false), Ok(())).await);
    assert!(!made(&breaker, READ, Ok(())).await);
}

#[tokio::test(start_paused = true)]
async fn failed_submits_do_not_open_it() {
    let breaker = breaker();
    for _ in 0..9 {
        made(&breaker, submit(false), failure()).await;
        made(&breaker, submit(true), failure()).await;
    }
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn one_probe_is_made_and_its_success_closes() {
    let breaker = opened().await;
    advance(SECOND).await;
    let probe = breaker.call(READ, async {
        // While it is under way no second one is made, and a submit is none.
        assert!(!made(&breaker, READ, Ok(())).await);
        assert!(!made(&breaker, submit(false), Ok(())).await);
        Ok(())
    });
    probe.await.unwrap();
    assert!(breaker.is_closed() && made(&breaker, submit(false), Ok(())).await);
}

#[tokio::test(start_paused = true)]
async fn failed_and_abandoned_probes_keep_it_open_twice_as_long() {
    let breaker = opened().await;

    for wait in [1, 2, 4, 4] {
        advance(wait * SECOND - Duration::from_millis(1)).await;
        assert!(!made(&breaker, READ, Ok(())).await, "before {wait} s");
        advance(Duration::from_millis(1)).await;
        if wait == 2 {
            let mut probe = Box::pin(breaker.call::<()>(READ, pending()));
            assert!(futures_poll(&mut probe).await);
        } else {
            assert!(made(&breaker, READ, failure()).await, "after {wait} s");
        }
    }
}

/// Polls once; true if it is not done.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}
