//! Figures of a market that venues say again and again: what is no news is no event.

use std::time::Duration;

use qtp_core::{Event, FundingRate, MarkPrice, OpenInterest, Timestamp};

/// A price that stands still is repeated this often, so that it is seen to be alive.
const MARK: Duration = Duration::from_secs(1);
/// Open interest that changes all the time is told this often.
const INTEREST: Duration = Duration::from_secs(5);
/// How often a figure is told of which only what follows from the price has changed.
const PRICED: Duration = Duration::from_secs(60);
/// So long before a payment its rate is told with every price: the payment is reckoned by the last one.
const PAYMENT: Duration = Duration::from_secs(15);

/// What was told of one instrument last, and when.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    mark: Option<(Timestamp, MarkPrice)>,
    funding: Option<(Timestamp, FundingRate)>,
    interest: Option<(Timestamp, OpenInterest)>,
}

impl Figures {
    /// True if an event is to be told at `now`; then it counts as told. Events of other kinds always are.
    pub(crate) fn is_news(&mut self, now: Timestamp, event: &Event) -> bool {
        let past = |told: Timestamp, pause: Duration| now.since(told) >= pause;
        match event {
            Event::Mark(mark) => news(&mut self.mark, now, mark, |at, told| {
                (told.mark, told.index) != (mark.mark, mark.index) || past(at, MARK)
            }),
            Event::FundingRate(rate) => news(&mut self.funding, now, rate, |at, told| {
                (told.rate, told.time) != (rate.rate, rate.time)
                    || told.reference != rate.reference
                        && (past(at, PRICED) || rate.time.since(now) <= PAYMENT)
            }),
            Event::OpenInterest(open) => news(&mut self.interest, now, open, |at, told| {
                told.quantity != open.quantity && past(at, INTEREST)
                    || told.value != open.value && past(at, PRICED)
            }),
            _ => true,
        }
    }
}

fn news<T: Clone>(
    told: &mut Option<(Timestamp, T)>,
    now: Timestamp,
    figure: &T,
    is_news: impl Fn(Timestamp, &T) -> bool,
) -> bool {
    let tell = told.as_ref().is_none_or(|(at, figure)| is_news(*at, figure));
    if tell {
        *told = Some((now, figure.clone()));
    }
    tell
}

#[cfg(test)]
mod tests {
    use qtp_core::{InstrumentId, Notional, Price};

    use super::*;

    fn id() -> InstrumentId {
        "BTC-USDC-PERP@hyperliquid".parse().unwrap()
    }

    fn price(price: i64) -> Price {
        Price::new(price.into()).unwrap()
    }

    /// Seconds at which each of these is told, of one a second.
    fn told(event: impl Fn(i64) -> Event, seconds: std::ops::Range<i64>) -> Vec<i64> {
        let mut figures = Figures::default();
        seconds.filter(|second| figures.is_news(Timestamp::from_secs(*second), &event(*second))).collect()
    }

    #[test]
    fn a_rate_is_told_when_it_changes_and_its_price_when_it_is_paid() {
        let rate = |second: i64| {
            let rate = if second < 100 { "0.0001" } else { "0.0002" };
            let (time, reference) = (Timestamp::from_secs(3_600), Some(price(60_000 + second)));
            Event::FundingRate(FundingRate { instrument: id(), time, rate: rate.parse().unwrap(), reference })
        };
        assert_eq!(told(rate, 0..200), [0, 60, 100, 160]);
        let last: Vec<i64> = (3_585..=3_600).collect();
        assert_eq!(told(rate, 3_570..3_601)[1..], last);
    }

    #[test]
    fn open_interest_is_told_when_it_changes_and_not_with_every_price() {
        let open = |quantity: &str, second: i64| {
            let (time, quantity) = (Timestamp::from_secs(second), quantity.parse().unwrap());
            let value = Some(Notional::from_decimal((1_000 + second).into()));
            Event::OpenInterest(OpenInterest { instrument: id(), time, quantity, value })
        };
        assert_eq!(told(|second| open(if second < 7 { "5" } else { "6" }, second), 0..70), [0, 7, 67]);
        assert_eq!(told(|second| open(&second.to_string(), second), 0..16), [0, 5, 10, 15]);
    }

    #[test]
    fn a_price_that_stands_still_shows_that_it_is_alive() {
        let mut figures = Figures::default();
        let mut tell = |millis: i64, mark: i64| {
            let (time, instrument) = (Timestamp::from_millis(millis), id());
            figures
                .is_news(time, &Event::Mark(MarkPrice { instrument, time, mark: price(mark), index: None }))
        };
        let heard: Vec<i64> = (0..25).map(|tenth| tenth * 100).filter(|millis| tell(*millis, 5)).collect();
        assert_eq!(heard, [0, 1_000, 2_000]);
        assert!(tell(2_500, 6), "a change is told at once");
    }
}
