//! Base URLs of providers: which are taken at all. Read with the parser of the HTTP client, so that what is checked here
//! is what is asked there. Whether a key may go to one is the provider room's to say.

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
            "https://me:pass@example.com",
            "https://me@example.com",
            "https://example.com/v1?key=1",
            "https://example.com/#a",
            "",
        ] {
            assert!(checked_base_url(wrong).is_err(), "{wrong}");
        }
    }
}
