//! Limits of time, and figures.

use std::future::{pending, ready};
use std::time::Duration;

use qtp_core::{ClientOrderId, ExchangeError, RunId};
use qtp_exchange::decorator::{Call, CallKind, Layer, Meter, TimeLimits};
use tokio::time::{Instant, sleep};

fn id() -> ClientOrderId {
    ClientOrderId::new(RunId(1), 2, 3)
}

fn call(operation: &'static str, kind: CallKind) -> Call {
    Call { operation, kind }
}

#[tokio::test(start_paused = true)]
async fn submit_timeout_is_outcome_unknown_and_others_are_timeouts() {
    let limits = TimeLimits::default();
    let began = Instant::now();
    let submit = call("submit", CallKind::Submit { client_order_id: id(), exit: false });
    let error = limits.call::<()>(submit, pending()).await.unwrap_err();
    assert!(
        matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id()),
        "{error:?}"
    );
    assert_eq!(began.elapsed(), limits.submit);

    for (kind, limit) in [(CallKind::Read, limits.read), (CallKind::Cancel, limits.cancel)] {
        let began = Instant::now();
        let error = limits.call::<()>(call("it", kind), pending()).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Timeout { operation: "it", .. }), "{error:?}");
        assert_eq!(began.elapsed(), limit);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_in_time_pass_as_they_are() {
    let limits = TimeLimits::default();
    let late = async {
        sleep(limits.read - Duration::from_millis(1)).await;
        Ok(7)
    };
    assert_eq!(limits.call(call("candles", CallKind::Read), late).await.unwrap(), 7);
    let refused = ready(Err::<(), _>(ExchangeError::Closed { operation: "candles" }));
    let error = limits.call(call("candles", CallKind::Read), refused).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Closed { .. }));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_outcome_and_time() {
    let meter = Meter::default();
    for millis in [1, 2, 100] {
        let work = async {
            sleep(Duration::from_millis(millis)).await;
            Ok(())
        };
        meter.call(call("candles", CallKind::Read), work).await.unwrap();
    }
    let limited = ExchangeError::RateLimited { operation: "submit", retry_after: None };
    let lost = ExchangeError::OutcomeUnknown { client_order_id: id(), source: "lost".into() };
    for error in [limited, lost] {
        let submit = call("submit", CallKind::Submit { client_order_id: id(), exit: true });
        meter.call(submit, ready(Err::<(), _>(error))).await.unwrap_err();
    }
    let dropped = meter.call::<()>(call("cancel", CallKind::Cancel), pending());
    tokio::time::timeout(Duration::from_secs(1), dropped).await.unwrap_err();

    let figures = meter.figures();
    let candles = &figures["candles"];
    assert_eq!((candles.calls, candles.failures, candles.longest.as_millis()), (3, 0, 100));
    assert_eq!(candles.total.as_millis(), 103);
    let median = candles.quantile(0.5).unwrap();
    assert!(median >= Duration::from_millis(2) && median <= Duration::from_millis(4), "{median:?}");
    assert_eq!(candles.quantile(1.0).unwrap().as_millis(), 100);
    let submit = &figures["submit"];
    assert_eq!((submit.calls, submit.failures, submit.unknown, submit.rate_limited), (2, 2, 1, 1));
    assert_eq!((figures["cancel"].calls, figures["cancel"].abandoned), (0, 1));
    assert_eq!(figures["cancel"].quantile(0.5), None);
}
