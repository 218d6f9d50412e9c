//! The floor: a client that sends a provider the bytes that zen sent, over one connection that it keeps, and reads the
//! reply to its end without looking into it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use zen::rehearsal::Recorded;

use crate::Outcome;

/// What ends a chunked body.
const END: &[u8] = b"\r\n0\r\n\r\n";

pub struct RawClient {
    stream: TcpStream,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl RawClient {
    /// Connects, to send what `recorded` was.
    pub fn connect(address: SocketAddr, recorded: &Recorded) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: written(recorded), reply: Vec::new() })
    }

    pub fn ask(&mut self) -> Outcome<()> {
        self.stream.write_all(&self.request)?;
        self.reply.clear();
        let mut buffer = [0; 8 << 10];
        while !self.reply.ends_with(END) {
            match self.stream.read(&mut buffer)? {
                0 => return Err("the provider has closed the connection".into()),
                read => self.reply.extend_from_slice(&buffer[..read]),
            }
        }
        Ok(())
    }
}

fn written(recorded: &Recorded) -> Vec<u8> {
    let body = recorded.body.to_string();
    let mut head = format!("{} {} HTTP/1.1\r\n", recorded.method, recorded.path);
    for (name, value) in recorded.headers.iter().filter(|(name, _)| name != "content-length") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
