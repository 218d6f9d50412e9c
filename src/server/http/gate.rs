//! Who gets in: the hosts that a request may be addressed to, the pages that it may come from, and the token. Nothing of
//! a request is read before it has passed here.

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use super::reply::Rejection;
use super::token::Expected;
use crate::thread::Principal;

/// The names of this machine to itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

pub struct Gate {
    /// None: everybody who reaches the port gets in.
    pub token: Option<Expected>,
    /// Beside the names of this machine, in lower case, without ports.
    pub hosts: Vec<String>,
    /// Beside pages of this machine: `https://example.org`.
    pub origins: Vec<String>,
}

const WRONG_HOST: Rejection = Rejection::new(
    StatusCode::FORBIDDEN,
    "this Host is not served here: use a loopback name, or add it to serve.allowed_hosts",
);
const WRONG_ORIGIN: Rejection = Rejection::new(
    StatusCode::FORBIDDEN,
    "pages of this Origin may not call zen: add it to serve.allowed_origins if it is yours",
);
const NO_TOKEN: Rejection =
    Rejection::new(StatusCode::UNAUTHORIZED, "a bearer token is needed: `zen token show` prints it");
const WRONG_TOKEN: Rejection =
    Rejection::new(StatusCode::UNAUTHORIZED, "this is not the bearer token: `zen token show` prints it");

impl Gate {
    /// Whether the request is addressed to this server, and by a program or a page that may.
    pub fn check_address(&self, head: &Parts) -> Result<(), Rejection> {
        let host = single(head, &HOST).map_err(|_| WRONG_HOST)?.ok_or(WRONG_HOST)?;
        let addressed = head.uri.authority().map_or(host, Authority::as_str);
        if !self.is_served(host) || !self.is_served(addressed) {
            return Err(WRONG_HOST);
        }
        match single(head, &ORIGIN) {
            Ok(None) => Ok(()),
            Ok(Some(origin)) if self.is_welcome(origin) => Ok(()),
            _ => Err(WRONG_ORIGIN),
        }
    }

    /// On whose behalf the request comes.
    pub fn authenticate(&self, head: &Parts) -> Result<Principal, Rejection> {
        let Some(expected) = &self.token else { return Ok(Principal::anyone()) };
        let presented = single(head, &AUTHORIZATION).map_err(|_| WRONG_TOKEN)?.ok_or(NO_TOKEN)?;
        let (scheme, token) = presented.split_once(' ').ok_or(WRONG_TOKEN)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(WRONG_TOKEN);
        }
        expected.recognise(token.trim().as_bytes()).ok_or(WRONG_TOKEN)
    }

    fn is_served(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        LOOPBACK.contains(&name.as_str()) || self.hosts.contains(&name)
    }

    fn is_welcome(&self, origin: &str) -> bool {
        let of_this_machine = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|host| LOOPBACK.contains(&without_port(host)));
        of_this_machine || self.origins.iter().any(|welcome| welcome == origin)
    }
}

/// A header that may stand once. An error where it stands twice or is no visible ASCII.
pub fn single<'a>(head: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Unclear> {
    let mut values = head.headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear);
    }
    first.to_str().map(|text| Some(text.trim())).map_err(|_| Unclear)
}

/// A header whose value cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclear;

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;
    use crate::secret::Secret;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn gate() -> Gate {
        Gate {
            token: Some(Expected::of(&Secret::new(TOKEN))),
            hosts: vec!["zen.example.org".to_owned()],
            origins: vec!["https://app.example.org".to_owned()],
        }
    }

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn hosts_are_loopback_names_and_those_that_were_added() {
        for host in ["localhost", "localhost:7777", "127.0.0.1:1", "[::1]:7777", "LOCALHOST", "zen.example.org:443"] {
            assert_eq!(gate().check_address(&head("/mcp", &[("host", host)])), Ok(()), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "::1", "localhost:x"] {
            assert_eq!(gate().check_address(&head("/mcp", &[("host", host)])), Err(WRONG_HOST), "{host}");
        }
        assert_eq!(gate().check_address(&head("/mcp", &[])), Err(WRONG_HOST));
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(gate().check_address(&head("/mcp", &twice)), Err(WRONG_HOST));
        let absolute = head("http://evil.example/mcp", &[("host", "localhost")]);
        assert_eq!(gate().check_address(&absolute), Err(WRONG_HOST));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let from = |origin: &str| gate().check_address(&head("/mcp", &[("host", "localhost"), ("origin", origin)]));
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:1", "https://app.example.org"] {
            assert_eq!(from(origin), Ok(()), "{origin}");
        }
        for origin in ["http://evil.example", "null", "", "http://localhost.evil.example", "file://", "localhost"] {
            assert_eq!(from(origin), Err(WRONG_ORIGIN), "{origin}");
        }
    }

    #[test]
    fn the_token_is_asked_for_and_compared() {
        let with = |value: &str| gate().authenticate(&head("/mcp", &[("authorization", value)]));
        assert!(with(&format!("Bearer {TOKEN}")).is_ok() && with(&format!("bearer  {TOKEN}")).is_ok());
        assert_eq!(gate().authenticate(&head("/mcp", &[])), Err(NO_TOKEN));
        for value in ["Bearer", "Bearer ", "Basic 0123456789abcdef0123456789abcdef", TOKEN, "Bearer wrong"] {
            assert_eq!(with(value), Err(WRONG_TOKEN), "{value}");
        }
        let open = Gate { token: None, ..gate() };
        assert_eq!(open.authenticate(&head("/mcp", &[])), Ok(Principal::anyone()));
    }
}
