//! Reads HTTP/1.1 requests off a socket, by hand, so that the scripted provider may misbehave below HTTP; and what is
//! remembered of each. Not a general server: bodies have a content-length.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 64 << 20;

/// The wire format a request was made in, told by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    ChatCompletions,
    Responses,
    Gemini,
    /// A list of models, in the shape of whichever provider's path it is.
    Models,
    /// The path belongs to no format that is spoken here.
    Unknown,
}

/// One request as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the order of arrival, from 0.
    pub number: u64,
    pub wire: Wire,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// `Null` where there was none or it was no JSON.
    pub body: Value,
    pub model: String,
    /// Role (`system`, `user`, `assistant`) and text; an image stands as `[image <media type>]`.
    pub messages: Vec<(String, String)>,
    /// Whether a stream was asked for.
    pub stream: bool,
    pub(super) size: usize,
}

impl Recorded {
    /// The header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn system(&self) -> Option<&str> {
        self.last_of("system")
    }

    /// The last user message; empty where there is none.
    pub fn last_user(&self) -> &str {
        self.last_of("user").unwrap_or_default()
    }

    fn last_of(&self, role: &str) -> Option<&str> {
        self.messages.iter().rev().find(|(of, _)| of == role).map(|(_, text)| text.as_str())
    }

    fn read(head: &Head, body: &[u8]) -> Self {
        let wire = head.wire();
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let (model, messages, stream) = match wire {
            Wire::ChatCompletions => chat_completions(&json),
            Wire::Responses => responses(&json),
            Wire::Gemini => gemini(&head.path, &json),
            Wire::Models | Wire::Unknown => Default::default(),
        };
        Self {
            number: 0,
            wire,
            method: head.method.clone(),
            path: head.path.clone(),
            headers: head.headers.clone(),
            body: json,
            model,
            messages,
            stream,
            size: body.len(),
        }
    }
}

type Asked = (String, Vec<(String, String)>, bool);

fn chat_completions(body: &Value) -> Asked {
    let messages = items(&body["messages"]).map(|message| (text(&message["role"]), content(&message["content"])));
    (text(&body["model"]), messages.collect(), body["stream"] == true)
}

fn responses(body: &Value) -> Asked {
    let system = body["instructions"].as_str().map(|text| ("system".to_owned(), text.to_owned()));
    let input = match &body["input"] {
        Value::String(text) => vec![("user".to_owned(), text.clone())],
        input => items(input).map(|said| (text(&said["role"]), content(&said["content"]))).collect(),
    };
    (text(&body["model"]), system.into_iter().chain(input).collect(), body["stream"] == true)
}

fn gemini(path: &str, body: &Value) -> Asked {
    let called = path.split('?').next().unwrap_or_default().rsplit("/models/").next().unwrap_or_default();
    let (model, method) = called.rsplit_once(':').unwrap_or((called, ""));
    let system = body.get("systemInstruction").map(|system| ("system".to_owned(), content(&system["parts"])));
    let turns = items(&body["contents"]).map(|turn| {
        let role = if turn["role"] == "model" { "assistant".to_owned() } else { text(&turn["role"]) };
        (role, content(&turn["parts"]))
    });
    (model.to_owned(), system.into_iter().chain(turns).collect(), method == "streamGenerateContent")
}

/// The text of a message in either format: a string, or parts.
fn content(content: &Value) -> String {
    if let Value::String(text) = content {
        return text.clone();
    }
    let parts = items(content).map(|part| {
        let url = part["image_url"]["url"].as_str().or(part["image_url"].as_str());
        let data_url = url.and_then(|url| url.strip_prefix("data:"));
        let media = data_url.and_then(|url| url.split(';').next()).or(part["inline_data"]["mime_type"].as_str());
        media.map_or_else(|| text(&part["text"]), |media| format!("[image {media}]"))
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What one read of a connection brought.
pub(super) enum Read {
    Request(Box<Recorded>),
    /// Not HTTP as it is spoken here, not JSON, or too long; the reason.
    Malformed(&'static str),
    /// The client closed the connection between requests.
    Closed,
}

/// Bytes of one connection that are read but not yet part of a request.
#[derive(Default)]
pub(super) struct Pending(Vec<u8>);

impl Pending {
    /// Reads the next request in full.
    pub async fn request(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Read> {
        let end = loop {
            if let Some(at) = self.0.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.0.len() > MAX_HEAD {
                return Ok(Read::Malformed("the head is too long"));
            }
            if self.more(stream).await? == 0 {
                return Ok(if self.0.is_empty() { Read::Closed } else { Read::Malformed("the head is cut off") });
            }
        };
        let Some(head) = Head::parse(&self.0[..end]) else {
            return Ok(Read::Malformed("not an HTTP/1.1 request with a content-length"));
        };
        if head.length > MAX_BODY {
            return Ok(Read::Malformed("the body is too long"));
        }
        while self.0.len() < end + head.length {
            if self.more(stream).await? == 0 {
                return Ok(Read::Malformed("the body is cut off"));
            }
        }
        let recorded = Recorded::read(&head, &self.0[end..end + head.length]);
        self.0.drain(..end + head.length);
        Ok(Read::Request(Box::new(recorded)))
    }

    /// Reads until the client has gone; what else arrives meanwhile is kept for the next request.
    pub async fn gone(&mut self, stream: &mut (impl AsyncRead + Unpin)) {
        while self.0.len() <= MAX_HEAD {
            if !matches!(self.more(stream).await, Ok(1..)) {
                return;
            }
        }
        std::future::pending().await
    }

    async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        stream.read_buf(&mut self.0).await
    }
}

struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    length: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split("\r\n");
        let mut start = lines.next()?.split(' ');
        let (method, path, version) = (start.next()?, start.next()?, start.next()?);
        if !version.starts_with("HTTP/1.") {
            return None;
        }
        let headers: Vec<(String, String)> = lines
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<Option<_>>()?;
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
        let chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        (!chunked).then(|| Self { method: method.to_owned(), path: path.to_owned(), headers, length })
    }

    fn wire(&self) -> Wire {
        let path = self.path.split('?').next().unwrap_or_default();
        let gemini = path.ends_with(":streamGenerateContent") || path.ends_with(":generateContent");
        match self.method.as_str() {
            "GET" if path.ends_with("/models") || path.ends_with("/key") => Wire::Models,
            "POST" if path.ends_with("/chat/completions") => Wire::ChatCompletions,
            "POST" if path.ends_with("/responses") => Wire::Responses,
            "POST" if path.contains("/models/") && gemini => Wire::Gemini,
            _ => Wire::Unknown,
        }
    }
}
