//! Plays scenes on connections: accepts, reads requests, and sends each reply as its scene says, misbehaviour included.
//! A client that goes away before its reply is complete is noticed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::request::{Pending, Read, Recorded, Wire};
use super::scene::{Kind, Scene, Stall};
use super::stage::Stage;
use super::wire::{self, Events};

/// A scene may decide on another by the request this many times.
const MAX_DECISIONS: usize = 8;

/// Accepts connections until `stop`.
pub(super) async fn accept(listener: TcpListener, stage: Arc<Stage>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        stage.connected();
        let (stage, stop) = (stage.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = serve(stream, &stage) => {}
            }
        });
    }
}

/// Why a connection ends.
enum End {
    /// The client has gone before its reply was complete.
    ClientGone,
    /// The scene closes the connection.
    Closed,
    /// The scene resets the connection.
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::ClientGone
    }
}

async fn serve(stream: TcpStream, stage: &Stage) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, write) = tokio::io::split(stream);
    let mut line = Line { read, write, pending: Pending::default() };
    loop {
        match line.pending.request(&mut line.read).await? {
            Read::Closed => return Ok(()),
            Read::Malformed(why) => {
                let body = format!(r#"{{"error":{{"message":"{why}"}}}}"#);
                return line.write.write_all(plain(400, &[], &body).as_bytes()).await;
            }
            Read::Request(request) => {
                let (request, scene) = stage.arrived(*request);
                match line.play(stage, &request, scene).await {
                    Ok(()) => {}
                    Err(End::Closed) => return line.write.shutdown().await,
                    Err(End::Reset) => return line.read.unsplit(line.write).set_zero_linger(),
                    Err(End::ClientGone) => {
                        stage.disconnected(&request);
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// One connection.
struct Line {
    read: ReadHalf<TcpStream>,
    write: WriteHalf<TcpStream>,
    pending: Pending,
}

impl Line {
    async fn play(&mut self, stage: &Stage, request: &Recorded, scene: Scene) -> Result<(), End> {
        let scene = decided(scene, request);
        if scene.stalls_at(Stall::BeforeFirstByte) {
            self.unless_gone(stage.held()).await?;
        }
        if let Some(problem) = unplayable(request) {
            return self.send(&plain(problem, &[], &wire::error_body(request.wire, problem))).await;
        }
        let text = match &scene.kind {
            Kind::Status(status, body) if body.is_empty() => {
                let body = wire::error_body(request.wire, *status);
                return self.send(&plain(*status, &scene.headers, &body)).await;
            }
            Kind::Status(status, body) => return self.send(&plain(*status, &scene.headers, body)).await,
            _ if request.wire == Wire::Models => {
                return self.send(&plain(200, &scene.headers, &wire::models(request))).await;
            }
            Kind::Raw(bytes) => {
                self.write.write_all(bytes).await?;
                return Err(if scene.reset_after.is_some() { End::Reset } else { End::Closed });
            }
            Kind::Reply(text) => text.clone(),
            Kind::Echo | Kind::By(_) => wire::echo(request),
        };
        if !request.stream || scene.ignores_stream {
            return self.send(&plain(200, &scene.headers, &wire::whole(&scene, request, &text))).await;
        }
        self.stream(stage, &scene, wire::streamed(&scene, request, &text)).await
    }

    async fn stream(&mut self, stage: &Stage, scene: &Scene, events: Events) -> Result<(), End> {
        let extra = headers(&scene.headers);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
        self.send(&format!("{head}{extra}\r\n")).await?;
        for event in &events.opening {
            self.chunk(scene, event).await?;
        }
        let times = if scene.endless { usize::MAX } else { 1 };
        for (sent, event) in (0..times).flat_map(|_| events.pieces.iter().enumerate()) {
            self.between(stage, scene, sent).await?;
            self.chunk(scene, event).await?;
        }
        self.between(stage, scene, events.pieces.len()).await?;
        for event in &events.closing {
            self.chunk(scene, event).await?;
        }
        self.send("0\r\n\r\n").await
    }

    /// What the scene does once `sent` pieces are out.
    async fn between(&mut self, stage: &Stage, scene: &Scene, sent: usize) -> Result<(), End> {
        if scene.stalls_at(Stall::AfterPieces(sent)) {
            self.unless_gone(stage.held()).await?;
        }
        if scene.reset_after == Some(sent) {
            return Err(End::Reset);
        }
        match scene.pace {
            Some(pace) if sent == 0 => self.unless_gone(tokio::time::sleep(pace.first)).await,
            Some(pace) => self.unless_gone(tokio::time::sleep(uneven(pace.each, sent))).await,
            None => Ok(()),
        }
    }

    async fn chunk(&mut self, scene: &Scene, event: &str) -> Result<(), End> {
        let bytes = event.as_bytes();
        let size = if scene.byte_by_byte { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(size) {
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(piece);
            chunk.extend_from_slice(b"\r\n");
            self.write.write_all(&chunk).await?;
        }
        Ok(())
    }

    async fn send(&mut self, text: &str) -> Result<(), End> {
        Ok(self.write.write_all(text.as_bytes()).await?)
    }

    async fn unless_gone(&mut self, wait: impl Future<Output = ()>) -> Result<(), End> {
        tokio::select! {
            () = wait => Ok(()),
            () = self.pending.gone(&mut self.read) => Err(End::ClientGone),
        }
    }
}

fn decided(mut scene: Scene, request: &Recorded) -> Scene {
    for _ in 0..MAX_DECISIONS {
        let Kind::By(decide) = &scene.kind else { break };
        scene = decide.clone()(request);
    }
    scene
}

/// The status that refuses a request which no scene can answer.
fn unplayable(request: &Recorded) -> Option<u16> {
    match request.wire {
        Wire::Unknown => Some(404),
        Wire::Models => None,
        _ if request.messages.is_empty() => Some(400),
        _ => None,
    }
}

/// A whole reply with a JSON body.
fn plain(status: u16, extra: &[(String, String)], body: &str) -> String {
    let (extra, length) = (headers(extra), body.len());
    let close = if status == 400 { "connection: close\r\n" } else { "" };
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    format!("{head}{close}{extra}\r\n{body}")
}

fn headers(extra: &[(String, String)]) -> String {
    extra.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// Between half of `each` and half as much again, the same for the same piece in every run.
fn uneven(each: Duration, piece: usize) -> Duration {
    let percent = 50 + (piece.wrapping_mul(2_654_435_761) >> 7) % 100;
    each * u32::try_from(percent).unwrap_or(100) / 100
}
