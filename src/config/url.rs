//! Base URLs of providers: which are taken, and which hosts are this machine. Read with the parser of the HTTP client,
//! so that what is checked here is what is asked there.

use reqwest::Url;

/// The URL without a slash at its end, or what is wrong with it. The URL itself is not repeated: it may hold a password.
pub fn checked_base_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL: write one such as http://localhost:11434/v1")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is neither http nor https: write one such as http://localhost:11434/v1");
    }
    if !url.has_host() {
        return Err("has no host: write one such as http://localhost:11434/v1");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or a password: name a variable with the key in `key_env` instead");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("holds a query or a fragment: paths are added to it, so it must end with its path");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a key sent to this checked URL could be read on its way.
pub fn is_plain_to_another_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let here = match url.host_str() {
        Some(host) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
            host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    url.scheme() == "http" && !here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_with_a_host_and_nothing_else_is_a_base_url() {
        assert_eq!(checked_base_url("http://localhost:11434/v1/"), Ok("http://localhost:11434/v1".to_owned()));
        assert_eq!(checked_base_url("https://example.com"), Ok("https://example.com".to_owned()));
        for wrong in [
            "localhost:11434",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://",
            "https://ada:pass@example.com",
            "https://ada@example.com",
            "https://example.com/v1?key=1",
            "https://example.com/#a",
            "",
        ] {
            assert!(checked_base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plain_http_is_safe_on_this_machine_only() {
        for here in ["http://localhost:1", "http://127.9.9.9/v1", "http://[::1]:1", "https://example.com"] {
            assert!(!is_plain_to_another_machine(here), "{here}");
        }
        for there in ["http://example.com", "http://192.168.1.2:11434", "http://localhost.example.com"] {
            assert!(is_plain_to_another_machine(there), "{there}");
        }
    }
}
