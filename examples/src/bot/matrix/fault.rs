//! What goes wrong: the rows of the matrix.

use std::time::Duration;

use super::life::Step;
use super::rig::COIN;

/// How long what lasts goes on.
const LASTS: Duration = Duration::from_secs(4);
/// How long a market stands still, or a clock goes wrong.
const LONGER: Duration = Duration::from_secs(10);
/// How late an order executes whose reply is lost.
const LATE: Duration = Duration::from_secs(8);

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// In the table.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A request: what is done to it, and how long after that the venue is well again.
    Request(&'static str, Duration),
    /// All messages of a few seconds.
    Messages(&'static str),
    /// The price falls while no message of a few seconds arrives.
    Unheard(&'static str),
    /// A state of the venue that ends again: what begins and what ends it.
    State(&'static str, &'static str),
    /// The next order.
    NextOrder(&'static str),
    /// Something happens on the account, where a position is needed or not.
    Account(&'static str, bool),
    /// The bot goes away, the price falls through its stop, it comes back.
    Down,
    /// The process is killed: with what it wants durable and not sent, or sent.
    Kill(Death),
}

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Its intent is durable and was not sent.
    BeforeSend,
    /// It was sent, and no answer noted.
    AfterSend,
}

/// Through the limit order and through every stop.
const FALL: &str = "do = \"move\"\namount = \"-0.05\"";
const NONE: Duration = Duration::ZERO;

/// All rows.
pub const FAULTS: [Fault; 27] = [
    row("reply lost", Kind::Request("do = \"drop_reply\"", NONE)),
    row("request lost", Kind::Request("do = \"drop_request\"", NONE)),
    row("reply 3 s late", Kind::Request("do = \"delay\"\nms = 3000", Duration::from_secs(3))),
    row("executes 8 s later", Kind::Request("do = \"late\"\nms = 8000", LATE)),
    row("429", Kind::Request("do = \"status\"\nstatus = 429", NONE)),
    row("503", Kind::Request("do = \"status\"\nstatus = 503", NONE)),
    row("never answered", Kind::Request("do = \"half_open\"", NONE)),
    row("half an answer", Kind::Request("do = \"truncate\"", NONE)),
    row("sent twice", Kind::Request("do = \"duplicate\"", NONE)),
    row("half-open socket", Kind::Messages("do = \"half_open\"")),
    row("messages twice", Kind::Messages("do = \"duplicate\"")),
    row("messages reordered", Kind::Messages("do = \"reorder\"")),
    row("messages missing", Kind::Messages("do = \"gap\"")),
    row("messages late", Kind::Messages("do = \"delay\"\nms = 2500")),
    row("half a message", Kind::Messages("do = \"truncate\"")),
    row("disconnects", Kind::Messages("do = \"disconnect\"")),
    row("falls, none heard", Kind::Unheard("do = \"gap\"")),
    row("falls, half-open socket", Kind::Unheard("do = \"half_open\"")),
    row("clock 90 s ahead", Kind::State("do = \"clock\"\nms = 90000", "do = \"clock\"\nms = 0")),
    row("market halted", Kind::State("do = \"halt\"", "do = \"resume\"")),
    row("part fills, rest ends", Kind::NextOrder("do = \"fill_then_cancel\"\namount = \"0.5\"")),
    row("liquidation", Kind::Account("do = \"liquidate\"", true)),
    row("ADL of a half", Kind::Account("do = \"adl\"\namount = \"0.5\"", true)),
    row("order by hand", Kind::Account("do = \"manual_order\"\namount = \"0.01\"", false)),
    row("price falls, bot down", Kind::Down),
    row("kill -9 before sending", Kind::Kill(Death::BeforeSend)),
    row("kill -9 after sending", Kind::Kill(Death::AfterSend)),
];

const fn row(name: &'static str, kind: Kind) -> Fault {
    Fault { name, kind }
}

/// How a fault strikes at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strike {
    /// Rules that are in force for so long after they acted first; the venue is well again so much later.
    /// `also` happens at once.
    Rules { text: String, also: Option<String>, lasts: Duration, heals: Duration },
    /// At once, until it is ended.
    State { begin: String, end: String, lasts: Duration },
    /// At once, and no end is needed.
    Now(String),
    /// The bot goes down when the rules have acted, or at once if there are none; then this happens.
    Down { rules: Option<String>, then: String },
    /// A process is killed.
    Kill(Death),
}

impl Fault {
    /// How it strikes; `None` where there is nothing to strike. `user` is the account's address.
    pub(super) fn at(&self, step: Step, user: &str) -> Option<Strike> {
        let whom = format!("target = \"{user}\"\ntarget_coin = \"{COIN}\"");
        Some(match self.kind {
            Kind::Request(deed, heals) if step.is_quiet() => {
                // Nothing is sent: the streams end, so that the account is read, and the reads are struck.
                let text = rule("info:*", &format!("{deed}\nfor_seconds = {}", LASTS.as_secs()));
                Strike::Rules { text, also: Some(rule("closed", "do = \"cut\"")), lasts: LASTS, heals }
            }
            Kind::Request(deed, heals) => {
                Strike::Rules { text: request(step, deed), also: None, lasts: NONE, heals }
            }
            Kind::Messages(deed) => {
                let text = rule("ws:*", &format!("{deed}\nfor_seconds = {}", LASTS.as_secs()));
                Strike::Rules { text, also: None, lasts: LASTS, heals: NONE }
            }
            Kind::Unheard(deed) => {
                let text = rule("ws:*", &format!("{deed}\nfor_seconds = {}", LASTS.as_secs()));
                let also = Some(rule("closed", &format!("{FALL}\n{whom}")));
                Strike::Rules { text, also, lasts: LASTS, heals: NONE }
            }
            Kind::State(begin, end) => {
                let words = |deed: &str| rule("closed", &format!("{deed}\n{whom}"));
                Strike::State { begin: words(begin), end: words(end), lasts: LONGER }
            }
            Kind::NextOrder(_) if step.is_quiet() || step == Step::Cancel => return None,
            Kind::NextOrder(deed) => {
                Strike::Rules { text: request(step, deed), also: None, lasts: NONE, heals: NONE }
            }
            Kind::Account(_, true) if !step.has_position() => return None,
            Kind::Account(deed, _) if step.is_quiet() => {
                Strike::Now(rule("closed", &format!("{deed}\n{whom}")))
            }
            Kind::Account(deed, _) => Strike::Rules {
                text: request(step, &format!("{deed}\n{whom}")),
                also: None,
                lasts: NONE,
                heals: NONE,
            },
            Kind::Down => Strike::Down {
                rules: (!step.is_quiet()).then(|| request(step, "do = \"drop_reply\"")),
                then: rule("closed", &format!("{FALL}\n{whom}")),
            },
            Kind::Kill(death) => Strike::Kill(death),
        })
    }
}

/// A rule on the request that a step sends.
fn request(step: Step, deed: &str) -> String {
    let (kind, nth) = match step {
        Step::Cancel => ("exchange:cancelByCloid", 1),
        // The first one is the entry.
        Step::Protect => ("exchange:order", 2),
        _ => ("exchange:order", 1),
    };
    rule(kind, &format!("{deed}\nnth = {nth}"))
}

fn rule(on: &str, deed: &str) -> String {
    format!("[[fault]]\non = \"{on}\"\n{deed}\n")
}
