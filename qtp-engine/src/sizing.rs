//! Targets into quantities. The model proposes direction and stop; code computes the size.

use qtp_core::{AccountState, Instrument, Notice, Notional, Price, Quantity, Ratio, Reason, Signal, Target};

use crate::engine::Engine;

impl Engine {
    /// The signed quantity of a signal's target, legal for the instrument.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(crate) fn size(&mut self, index: usize, signal: &Signal) -> Result<Quantity, Reason> {
        let control = &self.controls[index];
        let instrument = self
            .state
            .instruments
            .get(&signal.instrument)
            .ok_or_else(|| Reason::new("unknown_instrument", signal.instrument.to_string()))?;
        if let Target::Quantity(quantity) = signal.target {
            return Ok(instrument.size_rule.floor(quantity));
        }
        let no_price = || Reason::new("no_price", "the instrument has no price yet");
        let price =
            self.state.market.get(&signal.instrument).and_then(|m| m.reference()).ok_or_else(no_price)?;
        let equity = self
            .state
            .equity(&control.account)
            .filter(|equity| equity.signum() > 0)
            .ok_or_else(|| Reason::new("no_equity", "equity is unknown or not above 0"))?;
        let account = self.state.account(&control.account).ok_or_else(no_price)?;
        match signal.target {
            Target::EquityShare { share, .. } => {
                share_quantity(instrument, account, equity, price, share).ok_or_else(no_price)
            }
            Target::Risk { side, risk, cap, base } => {
                let stop = signal.bracket.stop;
                let stop = stop.ok_or_else(|| Reason::new("no_stop", "a size by risk needs a stop"))?;
                let rate = self.state.market.rate(instrument.settle).unwrap_or(rust_decimal::Decimal::ONE);
                let wanted =
                    risk_quantity(instrument, equity, price, (stop, risk), rate).ok_or_else(no_price)?;
                let capped = cap.and_then(|cap| cap_quantity(instrument, price, cap, rate));
                let quantity = instrument.size_rule.floor(capped.map_or(wanted, |capped| capped.min(wanted)));
                let capped_by = capped.filter(|capped| *capped < wanted).zip(cap);
                let capped_by = capped_by.map(|(_, cap)| Reason::new("allocation", format!("limit={cap}")));
                let wanted = instrument.size_rule.floor(wanted);
                let minimum = instrument.check_size(quantity, price, true, false);
                let instrument = signal.instrument.clone();
                self.publish(Notice::Sized { instrument, wanted, quantity, capped_by });
                minimum.map_err(|illegal| Reason::new(illegal.code(), format!("quantity={quantity}")))?;
                Ok(base + side.signed(quantity))
            }
            Target::Quantity(quantity) => Ok(quantity),
        }
    }
}

fn share_quantity(
    instrument: &Instrument,
    account: &AccountState,
    equity: Notional,
    price: Price,
    share: Ratio,
) -> Option<Quantity> {
    let leverage = account.leverage_of(&instrument.id).get();
    let value = equity.get().checked_mul(leverage)?.checked_mul(share.get())?;
    let unit = price.get().checked_mul(instrument.multiplier)?;
    Quantity::new(value.checked_div(unit)?).ok()
}

/// `equity * risk / loss per unit at the stop`.
fn risk_quantity(
    instrument: &Instrument,
    equity: Notional,
    price: Price,
    (stop, risk): (Price, Ratio),
    rate: rust_decimal::Decimal,
) -> Option<Quantity> {
    let distance = (price.get() - stop.get()).abs();
    let unit_loss = distance.checked_mul(instrument.multiplier)?.checked_mul(rate)?;
    Quantity::new(equity.get().checked_mul(risk.get())?.checked_div(unit_loss)?).ok()
}

fn cap_quantity(
    instrument: &Instrument,
    price: Price,
    cap: Notional,
    rate: rust_decimal::Decimal,
) -> Option<Quantity> {
    let unit = price.get().checked_mul(instrument.multiplier)?.checked_mul(rate)?;
    Quantity::new(cap.get().checked_div(unit)?).ok()
}
