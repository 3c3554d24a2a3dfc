//! Against clients that are slow on purpose: how long a request may take to arrive.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Shared;

/// How long clients may take, and how much they may have at once.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a request's head, from its first byte or the connection's beginning.
    pub head: Duration,
    /// For a request's body, besides the time that its bytes take at [`Patience::rate`].
    pub body: Duration,
    /// Bytes a second that a body must come with.
    pub rate: u32,
    /// For the next request on a connection.
    pub idle: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Gradings that one person may follow live at once.
    pub live_per_person: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            rate: 2048,
            idle: Duration::from_secs(15),
            connections: 2048,
            live_per_person: 8,
        }
    }
}

/// Gives every request's body its pace.
pub(super) async fn bodies(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(patience) = request.app_data::<Shared>().map(|state| state.patience) {
        let body = Paced::new(request.take_payload(), patience);
        request.set_payload(Payload::Stream { payload: Box::pin(body) });
    }
    next.call(request).await
}

/// A body that ends in an error once it is slower than it may be.
struct Paced {
    body: Payload,
    patience: Patience,
    begun: Instant,
    received: u64,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(body: Payload, patience: Patience) -> Self {
        Self { body, patience, begun: Instant::now(), received: 0, deadline: None }
    }

    /// When the next bytes must be here, by what has come so far.
    fn due(&self) -> Instant {
        let earned = self.received as f64 / f64::from(self.patience.rate.max(1));
        self.begun + self.patience.body + Duration::from_secs_f64(earned)
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_next(context) {
            Poll::Ready(piece) => {
                if let Some(Ok(bytes)) = &piece {
                    this.received += bytes.len() as u64;
                    // A drop every second must not keep a timer from ever being looked at.
                    if Instant::now() > this.due() {
                        return Poll::Ready(Some(Err(too_slow())));
                    }
                }
                Poll::Ready(piece)
            }
            Poll::Pending => {
                let due = this.due();
                let timer = this.deadline.get_or_insert_with(|| Box::pin(sleep_until(due)));
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
                match timer.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(too_slow()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::Error::new(io::ErrorKind::TimedOut, "it came too slowly"))
}
