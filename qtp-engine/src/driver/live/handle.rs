//! The operator's end of a run.

use qtp_core::{OperatorAction, Reason};
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;

/// A look at the engine.
type Look = Box<dyn FnOnce(&Engine) + Send>;

/// What can be asked of a running driver.
pub(super) enum Request {
    Act(OperatorAction, oneshot::Sender<()>),
    Look(Look),
    Stop(Reason),
}

/// Acts on and looks into a running [`LiveDriver`](super::LiveDriver).
///
/// # Contract
/// - `act` returns once the action is durable in the journal and the engine has taken it in.
/// - After the run has ended every call returns `None` or false.
#[derive(Debug, Clone)]
pub struct LiveHandle {
    requests: mpsc::Sender<Request>,
}

impl LiveHandle {
    pub(super) fn channel() -> (Self, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(16);
        (Self { requests }, receiver)
    }

    /// Lets an operator act. False if the run has ended.
    pub async fn act(&self, action: OperatorAction) -> bool {
        let (done, answer) = oneshot::channel();
        self.requests.send(Request::Act(action, done)).await.is_ok() && answer.await.is_ok()
    }

    /// Reads from the engine between two records; `None` if the run has ended.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, answer) = oneshot::channel();
        let look: Look = Box::new(move |engine| {
            // Nobody may wait any more; then the answer is not needed.
            let _ = done.send(look(engine));
        });
        self.requests.send(Request::Look(look)).await.ok()?;
        answer.await.ok()
    }

    /// Asks the run to end in good order. False if it has ended.
    pub async fn stop(&self, reason: Reason) -> bool {
        self.requests.send(Request::Stop(reason)).await.is_ok()
    }
}
