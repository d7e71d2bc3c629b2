//! Funding of perpetuals.

use qtp_core::{Amount, Event, FundingPayment, FundingRate};

use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Pays funding on the position held now: -signed size x reference x rate. The driver brings the rate before
    /// anything else of the same instant.
    pub(super) fn pay_funding(&mut self, rate: &FundingRate, out: &mut Out) {
        let Some(market) = self.find(&rate.instrument).and_then(|index| self.markets.get(index)) else {
            return;
        };
        if market.position.is_zero() {
            return;
        }
        let Some(reference) = rate.reference.or_else(|| market.reference()) else { return };
        let value = market.instrument.notional(reference, market.position).get();
        let Some(owed) = value.checked_mul(rate.rate.get()) else { return };
        let payment = FundingPayment {
            account: self.portfolio.account().clone(),
            instrument: rate.instrument.clone(),
            time: rate.time,
            amount: Amount::new(-owed, market.instrument.settle),
        };
        self.portfolio.apply_funding(&payment);
        out.push((rate.time, Event::Funding(payment)));
    }
}
