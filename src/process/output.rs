//! What a child writes, read as it comes and never held beyond a bound.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes read at once.
const PIECE: usize = 16 << 10;

/// Is told what comes on standard output.
pub type Heard = Option<Box<dyn FnMut(&[u8]) + Send>>;

/// What came of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub stdout: Vec<u8>,
    /// The last of it, where it was more than the limit.
    pub stderr: Vec<u8>,
    pub ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// The system does not say.
    Unknown,
}

impl Output {
    pub fn is_success(&self) -> bool {
        self.ended == Ended::Code(0)
    }
}

/// Standard output has reached its limit.
#[derive(Debug)]
pub(super) struct Flood;

/// Reads to the end, or to the limit: what stands in `kept` then is complete up to there.
pub(super) async fn first<R: AsyncRead + Unpin>(
    pipe: Option<R>,
    limit: usize,
    kept: &mut Vec<u8>,
    mut hear: Heard,
) -> Result<(), Flood> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut piece = vec![0; PIECE];
    loop {
        // A pipe that cannot be read has ended.
        let Ok(read @ 1..) = pipe.read(&mut piece).await else { return Ok(()) };
        let room = read.min(limit - kept.len());
        kept.extend_from_slice(&piece[..room]);
        if let Some(hear) = &mut hear {
            hear(&piece[..room]);
        }
        if room < read {
            return Err(Flood);
        }
    }
}

/// Reads to the end and keeps the last `limit` bytes: what went wrong stands there.
pub(super) async fn last<R: AsyncRead + Unpin>(pipe: Option<R>, limit: usize, kept: &mut Vec<u8>) -> Result<(), Flood> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = pipe.read(&mut piece).await {
        kept.extend_from_slice(&piece[..read]);
        let surplus = kept.len().saturating_sub(limit);
        kept.drain(..surplus);
    }
    Ok(())
}
