//! The gate: rules may shrink or deny what adds risk; exits pass.

use serde::Serialize;

use super::{RiskContext, RiskRule, Verdict};
use crate::event::Reason;
use crate::money::Quantity;
use crate::order::{LeverageRequest, ModifyRequest, OrderGroup, OrderRequest, OrderRole, OrderSizing};

/// Something that passed the gate. Only a [`RiskGate`] builds one, and it cannot be read from data.
///
/// ```compile_fail
/// let order: qtp_core::OrderGroup = todo!();
/// let approved = qtp_core::Approved(order);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// What was approved.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// Why the gate refused an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Which rule and by how much.
    pub reason: Reason,
    /// True if the rule asks to stop all new risk.
    pub halt: bool,
}

/// What the gate let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The order, perhaps smaller than asked.
    pub order: Approved<OrderGroup>,
    /// The rules that shrank it, or that left only its closing part.
    pub reduced: Vec<Reason>,
    /// Set if a rule asks to stop all new risk.
    pub halt: Option<Reason>,
}

/// The rules that every order passes.
#[derive(Debug)]
pub struct RiskGate {
    rules: Vec<Box<dyn RiskRule>>,
}

impl RiskGate {
    /// A gate with rules, asked in order.
    pub fn new(rules: Vec<Box<dyn RiskRule>>) -> Self {
        Self { rules }
    }

    /// A gate that denies nothing. For tests and research; refused on mainnet.
    pub const fn without_rules() -> Self {
        Self { rules: Vec::new() }
    }

    /// True if there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Names of the rules.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().map(|rule| rule.name())
    }

    /// Reviews one order. `context.adds` is filled in here.
    ///
    /// An order that only closes always passes. Of a flip the closing part always passes; what it opens
    /// is checked, and if that is refused only the close leaves. Where orders that already work would use up the
    /// position, a further close counts as opening; if that is refused it leaves as reduce-only.
    ///
    /// # Errors
    /// [`Denied`] if nothing of the order may leave.
    pub fn review(&self, mut order: OrderRequest, context: &RiskContext<'_>) -> Result<Review, Denied> {
        let closes = closing_part(&order, context.base(&order));
        let adds = order.quantity - closes;
        if order.reduce_only || adds.is_zero() {
            return Ok(Review {
                order: Approved(OrderGroup::Single(order)),
                reduced: Vec::new(),
                halt: None,
            });
        }
        let closable = closing_part(&order, context.position);
        let mut context = RiskContext { adds, ..*context };
        let mut reduced = Vec::new();
        let mut halt = None;
        match self.check_added(&order, &mut context, &mut reduced) {
            Ok(()) => {}
            Err(denied) if closable.is_zero() => return Err(denied),
            Err(denied) => {
                halt = denied.halt.then(|| denied.reason.clone());
                reduced.push(denied.reason);
                context.adds = Quantity::ZERO;
            }
        }
        if context.adds < adds {
            // A share of equity would be resolved by the venue, past what was approved.
            order.sizing = OrderSizing::Fixed;
            order.quantity = closes + context.adds;
            if order.quantity <= closable {
                order.quantity = closable;
                order.reduce_only = true;
                order.role = OrderRole::Exit;
                order.protective_stop = None;
            }
        }
        Ok(Review { order: Approved(OrderGroup::Single(order)), reduced, halt })
    }

    /// Approves an order that can only reduce, whatever is known or not known of the market; `None` for others.
    pub fn review_exit(&self, order: &OrderRequest) -> Option<Review> {
        let approved = || Approved(OrderGroup::Single(order.clone()));
        order.reduce_only.then(|| Review { order: approved(), reduced: Vec::new(), halt: None })
    }

    /// Asks the rules in turn; leaves in `context.adds` what may be added.
    fn check_added(
        &self,
        order: &OrderRequest,
        context: &mut RiskContext<'_>,
        reduced: &mut Vec<Reason>,
    ) -> Result<(), Denied> {
        if let Some(reason) = context.state.halted() {
            return Err(Denied { reason: reason.clone(), halt: false });
        }
        if context.equity.is_none() && !self.rules.is_empty() {
            let reason = Reason::new("equity_unknown", "a price or conversion rate is missing");
            return Err(Denied { reason, halt: false });
        }
        for rule in &self.rules {
            match rule.check(order, context) {
                Verdict::Approve => {}
                Verdict::Reduce { quantity, .. } if quantity >= context.adds => {}
                Verdict::Reduce { quantity, reason } => {
                    let allowed = context.instrument.size_rule.floor(quantity);
                    let too_small = context
                        .instrument
                        .check_size(allowed, context.price, order.kind.is_market(), false)
                        .is_err_and(|illegal| illegal != crate::instrument::Illegal::MaxQuantity);
                    if allowed.signum() <= 0 || too_small {
                        return Err(Denied { reason: reason.into(), halt: false });
                    }
                    context.adds = allowed;
                    reduced.push(reason.into());
                }
                Verdict::Deny(reason) => return Err(Denied { reason: reason.into(), halt: false }),
                Verdict::Halt(reason) => return Err(Denied { reason: reason.into(), halt: true }),
            }
        }
        Ok(())
    }

    /// Approves a change that does not enlarge the order.
    ///
    /// # Errors
    /// [`Denied`] if the new size is above the present one.
    pub fn review_modify(
        &self,
        request: ModifyRequest,
        present: Quantity,
    ) -> Result<Approved<ModifyRequest>, Denied> {
        if request.quantity > present {
            let reason =
                Reason::new("modify_enlarges", format!("limit={present} actual={}", request.quantity));
            return Err(Denied { reason, halt: false });
        }
        Ok(Approved(request))
    }

    /// Approves a leverage that is not above `limit`.
    ///
    /// # Errors
    /// [`Denied`] if it is.
    pub fn review_leverage(
        &self,
        request: LeverageRequest,
        limit: crate::money::Ratio,
    ) -> Result<Approved<LeverageRequest>, Denied> {
        if request.leverage > limit {
            let reason = Reason::new("max_leverage", format!("limit={limit} actual={}", request.leverage));
            return Err(Denied { reason, halt: false });
        }
        Ok(Approved(request))
    }
}

/// Magnitude of the part of an order that reduces the position.
fn closing_part(order: &OrderRequest, position: Quantity) -> Quantity {
    let against = order.signed_quantity().signum() * position.signum() < 0;
    if against { order.quantity.min(position.abs()) } else { Quantity::ZERO }
}
