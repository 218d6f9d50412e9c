//! Bodies in both directions: requests read whole up to a bound, replies whole or as a stream of events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;

/// The body of a reply.
pub enum ReplyBody {
    Whole(Option<Bytes>),
    /// Goes on until the sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
    /// Goes on until the stream ends; dropped when the client has gone.
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl ReplyBody {
    pub fn empty() -> Self {
        Self::Whole(None)
    }

    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(receiver) => {
                receiver.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Events(events) => {
                events.as_mut().poll_next(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) | Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the body is longer than {max} bytes")]
    TooLarge { max: usize },
    #[error("the body broke off")]
    Broken,
}

/// The whole body, of at most `max` bytes. One that says itself that it is longer is not read at all.
pub async fn read(body: Incoming, max: usize) -> Result<Bytes, Unreadable> {
    if body.size_hint().lower() > max as u64 {
        return Err(Unreadable::TooLarge { max });
    }
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unreadable::TooLarge { max }),
        Err(_) => Err(Unreadable::Broken),
    }
}
