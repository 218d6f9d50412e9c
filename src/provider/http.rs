//! The transport: one request out, the bytes of its reply in, under the bounds of `config::HttpLimits`. Follows no
//! redirect, uses no proxy, tries once, and knows no wire format.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, redirect, retry};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::HttpLimits;
use crate::provider::complaint::{self, Complaint};
use crate::provider::endpoint::{Endpoint, is_link_local};
use crate::provider::failure::{Class, Fault};
use crate::unit::UnixMillis;

/// Idle connections kept for each host, and for how long.
const MAX_IDLE_CONNECTIONS: usize = 32;
const MAX_IDLE: Duration = Duration::from_secs(60);
/// How long the end of a body is waited for once all that matters of it has arrived: a connection whose reply was read to
/// its end can serve the next request, and most servers send the end at once.
const MAX_WAIT_FOR_END: Duration = Duration::from_millis(200);
/// Bytes read of the body that comes with an error.
const MAX_ERROR_BODY: usize = 64 << 10;

/// The HTTP clients, each built when it is first used.
#[derive(Debug)]
pub(super) struct Transport {
    limits: HttpLimits,
    clock: Clock,
    tls: OnceLock<Client>,
    /// Without root certificates, which cost memory and time that a plain endpoint has no use for.
    plain: OnceLock<Client>,
}

/// A request as it goes out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub path: Vec<String>,
    pub query: Option<String>,
    pub body: Vec<u8>,
}

/// A reply of which the head has arrived.
#[derive(Debug)]
pub(super) struct Incoming {
    response: Response,
    arrived: UnixMillis,
    idle_timeout: Duration,
    left: usize,
    max_reply: usize,
}

impl Transport {
    pub fn new(limits: HttpLimits, clock: Clock) -> Self {
        Self { limits, clock, tls: OnceLock::new(), plain: OnceLock::new() }
    }

    pub fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Sends the request with this body, shared by its repetitions, and waits for the head of its reply. Dropping the future closes the connection.
    pub async fn send(&self, endpoint: &Endpoint, outgoing: &Outgoing, body: Bytes) -> Result<Incoming, Fault> {
        let path: Vec<&str> = outgoing.path.iter().map(String::as_str).collect();
        let sending = self
            .client(endpoint)?
            .post(endpoint.url(&path, outgoing.query.as_deref()))
            .headers(endpoint.headers.clone())
            .header("content-type", "application/json")
            .body(body)
            .send();
        let idle_timeout = self.limits.idle_timeout;
        let response = within(idle_timeout, sending).await?.map_err(|error| unreachable(error, Class::Transport))?;
        let max_reply = self.limits.max_reply;
        Ok(Incoming { response, arrived: self.clock.wall(), idle_timeout, left: max_reply, max_reply })
    }

    /// Asks for what stands at this place beneath the base URL.
    pub async fn get(&self, endpoint: &Endpoint, path: &[String], query: Option<&str>) -> Result<Incoming, Fault> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let sending = self.client(endpoint)?.get(endpoint.url(&path, query)).headers(endpoint.headers.clone()).send();
        let idle_timeout = self.limits.idle_timeout;
        let response = within(idle_timeout, sending).await?.map_err(|error| unreachable(error, Class::Transport))?;
        let max_reply = self.limits.max_reply;
        Ok(Incoming { response, arrived: self.clock.wall(), idle_timeout, left: max_reply, max_reply })
    }

    /// When a call that begins now has to be done.
    pub fn deadline(&self) -> Instant {
        self.clock.now() + self.limits.deadline
    }

    /// Does `work`, or gives it up at the deadline.
    pub async fn until<T>(&self, deadline: Instant, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let late = |_| {
            let seconds = self.limits.deadline.as_secs_f64();
            Fault::new(Class::Timeout, format!("it was not done within {seconds} s"))
        };
        tokio::time::timeout_at(deadline, work).await.map_err(late)?
    }

    /// Waits before a repetition. Where that would last beyond the deadline, the fault stands.
    pub async fn pause(&self, (wait, fault): (Duration, Fault), deadline: Instant) -> Result<(), Fault> {
        if deadline.saturating_duration_since(self.clock.now()) <= wait {
            return Err(fault);
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn client(&self, endpoint: &Endpoint) -> Result<&Client, Fault> {
        let (client, roots) = if endpoint.is_plain() { (&self.plain, false) } else { (&self.tls, true) };
        if let Some(client) = client.get() {
            return Ok(client);
        }
        let built = self.build(roots).map_err(|error| unreachable(error, Class::Transport))?;
        Ok(client.get_or_init(|| built))
    }

    fn build(&self, roots: bool) -> reqwest::Result<Client> {
        // An error says that the process has a provider of cryptography already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("zen/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(self.limits.connect_timeout)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .pool_idle_timeout(MAX_IDLE)
            .dns_resolver(Resolver);
        if roots { builder.build() } else { builder.tls_certs_only([]).build() }
    }
}

impl Incoming {
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next bytes of the body; None at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let chunk = within(self.idle_timeout, self.response.chunk()).await?;
        let chunk = chunk.map_err(|error| unreachable(error, Class::Broken))?;
        let length = chunk.as_ref().map_or(0, Bytes::len);
        self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| Fault::new(Class::Protocol, format!("its reply is longer than {} bytes", self.max_reply)))?;
        Ok(chunk)
    }

    /// Reads what is left without regard to it.
    pub async fn finish(mut self) {
        // Where the end does not come in time or comes badly, the connection is closed, and nothing else is lost.
        let _ = tokio::time::timeout(MAX_WAIT_FOR_END, async { while let Ok(Some(_)) = self.chunk().await {} }).await;
    }

    /// What a reply that is no success amounts to.
    pub async fn refused(mut self) -> Fault {
        let status = self.status();
        if (300..400).contains(&status) {
            return self.redirected(status);
        }
        let retry_after = self.retry_after();
        let mut body = Vec::new();
        // What can be had of an error's body is enough: its status is known.
        while let Ok(Some(chunk)) = self.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_ERROR_BODY - body.len())]);
            if body.len() == MAX_ERROR_BODY {
                break;
            }
        }
        Complaint::read(&String::from_utf8_lossy(&body)).fault(Some(status), retry_after)
    }

    fn redirected(&self, status: u16) -> Fault {
        let location = self.header("location").and_then(|location| self.response.url().join(location).ok());
        let host = location.as_ref().and_then(|url| url.host_str()).unwrap_or("another address");
        let message = format!(
            "it answered {status}, a redirect to {host}, which is not followed so that the key stays where it belongs; \
             set the provider's base URL to its final address"
        );
        Fault { status: Some(status), ..Fault::new(Class::Protocol, message) }
    }

    fn retry_after(&self) -> Option<Duration> {
        let milliseconds = self.header("retry-after-ms").and_then(complaint::seconds).map(|wait| wait / 1000);
        milliseconds.or_else(|| complaint::retry_after(self.header("retry-after")?, self.arrived))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }
}

/// Looks names up as the system does, but never to an address where credentials are handed out.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = askable(found).ok_or("the name leads to no address that may be asked")?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What a connection may be made to, whatever a name is said to stand for. None: nothing.
fn askable(found: impl Iterator<Item = SocketAddr>) -> Option<Vec<SocketAddr>> {
    let allowed: Vec<SocketAddr> = found.filter(|address| !is_link_local(address.ip())).collect();
    (!allowed.is_empty()).then_some(allowed)
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Fault> {
    let silent = |_| Fault::new(Class::Timeout, format!("nothing came for {} s", limit.as_secs_f64()));
    tokio::time::timeout(limit, work).await.map_err(silent)
}

/// The innermost reason of a transport error, without the URL.
fn unreachable(error: reqwest::Error, class: Class) -> Fault {
    if error.is_timeout() && error.is_connect() {
        return Fault::new(class, "no connection in time");
    }
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let class = if error.source().is_some() && error.is_connect() { Class::Transport } else { class };
    Fault::new(class, reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_to_stand_for_credentials_is_not_asked() {
        let found = |addresses: &[&str]| {
            askable(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)))
                .map(|allowed| allowed.len())
        };
        for rebound in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254"] {
            assert_eq!((found(&[rebound]), found(&[rebound, "192.0.2.1"])), (None, Some(1)), "{rebound}");
        }
        assert_eq!((found(&[]), found(&["127.0.0.1", "2001:db8::1"])), (None, Some(2)));
    }
}
