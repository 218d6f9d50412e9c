//! Where a provider is reached and with which headers, checked once: a key goes to the origin it was set for, and in
//! the clear only to this machine. Opens no connection.

use std::net::IpAddr;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config;
use crate::provider::catalogue::{Provider, Routes};
use crate::provider::wire::Wire;

/// The address at which a cloud machine hands out its own credentials over IPv6.
const METADATA_V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));

/// One provider's address and headers. The key is among the headers, marked so that it does not print.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    base: Url,
    pub headers: HeaderMap,
    routes: Routes,
    /// The dated version of its interface; empty where it has none.
    version: String,
}

/// A provider that is not set up as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct BadEndpoint {
    /// The environment variable, or the provider, whose value is to be changed.
    pub variable: String,
    pub problem: String,
}

impl Endpoint {
    pub fn new(provider: &Provider, configured: &config::Endpoint) -> Result<Self, BadEndpoint> {
        let bad_url = |problem: String| BadEndpoint { variable: provider.base_url_variable().to_owned(), problem };
        let Some(base) = configured.base_url.as_deref().or(provider.base_url.as_deref()) else {
            return Err(bad_url("the endpoint's base URL is not set, such as http://localhost:11434/v1".to_owned()));
        };
        let base = base_url(base, provider).map_err(bad_url)?;
        let headers = headers(provider, configured)?;
        if configured.key.is_none() && (configured.base_url.is_none() || provider.needs_key) {
            let problem = format!("{} is not asked without a key: set it", provider.title);
            return Err(BadEndpoint { variable: provider.key_variable().to_owned(), problem });
        }
        let host = base.host_str().unwrap_or_default();
        if base.scheme() == "http" && configured.key.is_some() && !is_this_machine(host) {
            return Err(bad_url(format!(
                "the key of {} would go to {host} in the clear: use https, or an endpoint on this machine, or unset the key",
                provider.key_variable()
            )));
        }
        let version = configured.api_version.clone().or_else(|| provider.api_version.clone());
        let routes = match &version {
            Some(_) => provider.dated_routes.clone().or(&provider.routes),
            None => provider.routes.clone(),
        };
        Ok(Self { base, headers, routes, version: version.unwrap_or_default() })
    }

    /// Where `deployment` is asked in this format: the path beneath the base URL, and the query.
    pub fn route(&self, wire: Wire, deployment: &str) -> (Vec<String>, Option<String>) {
        let own = match wire {
            Wire::ChatCompletions => &self.routes.chat_completions,
            Wire::Responses => &self.routes.responses,
            Wire::Gemini => &self.routes.gemini,
        };
        self.filled(own.as_deref().unwrap_or(wire.route()), deployment)
    }

    /// Where its models are listed.
    pub fn models_route(&self) -> (Vec<String>, Option<String>) {
        self.filled(self.routes.models.as_deref().unwrap_or("models"), "")
    }

    /// What it answers only to a key that works.
    pub fn check_route(&self) -> (Vec<String>, Option<String>) {
        self.routes.check.as_deref().map_or_else(|| self.models_route(), |route| self.filled(route, ""))
    }

    fn filled(&self, route: &str, deployment: &str) -> (Vec<String>, Option<String>) {
        let (path, query) = route.split_once('?').map_or((route, None), |(path, query)| (path, Some(query)));
        let segments = path.split('/').map(|segment| segment.replace("{deployment}", deployment));
        (segments.collect(), query.map(|query| query.replace("{version}", &self.version)))
    }

    /// Beneath the base URL, whatever stands in `path`: the origin cannot change.
    pub fn url(&self, path: &[&str], query: Option<&str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.set_query(query);
        url
    }

    /// Whether it is reached without TLS.
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }
}

impl Routes {
    fn or(self, other: &Self) -> Self {
        let either = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        Self {
            chat_completions: either(self.chat_completions, &other.chat_completions),
            responses: either(self.responses, &other.responses),
            gemini: either(self.gemini, &other.gemini),
            models: either(self.models, &other.models),
            check: either(self.check, &other.check),
        }
    }
}

fn base_url(text: &str, provider: &Provider) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| format!("not a URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{}: is not a scheme zen speaks: use http or https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user name or password in a URL ends up in logs: set the key instead".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query and no fragment".to_owned());
    }
    if url.host_str().is_none_or(hands_out_credentials) {
        return Err("link-local addresses are not asked: a cloud machine hands out its credentials there".to_owned());
    }
    // Its routes begin with what people copy along.
    let path = url.path().trim_end_matches('/').to_owned();
    let trimmed = provider.trims.iter().find_map(|end| path.strip_suffix(end.as_str())?.strip_suffix('/'));
    if let Some(trimmed) = trimmed {
        url.set_path(trimmed);
    }
    if let Some(default) = provider.default_path.as_deref().filter(|_| url.path() == "/") {
        url.set_path(default);
    }
    Ok(url)
}

fn headers(provider: &Provider, configured: &config::Endpoint) -> Result<HeaderMap, BadEndpoint> {
    let bad =
        |variable: &str, problem: &str| BadEndpoint { variable: variable.to_owned(), problem: problem.to_owned() };
    let name = |name: &str| {
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(provider.id.as_str(), "its file names no HTTP header"))
    };
    let mut headers = HeaderMap::with_capacity(provider.headers.len() + 1);
    for (own, value) in &provider.headers {
        let value = HeaderValue::from_str(value);
        headers.insert(name(own)?, value.map_err(|_| bad(provider.id.as_str(), "its file has a bad header value"))?);
    }
    let own = [
        ("http-referer", &configured.referer, &provider.referer_variable),
        ("x-title", &configured.title, &provider.title_variable),
    ];
    for (header, value, variable) in own {
        let Some((value, variable)) = value.as_deref().zip(variable.as_deref()) else { continue };
        let value = HeaderValue::from_str(value);
        let refused = |_| bad(variable, "it has a character that no header can carry: write it in plain letters");
        headers.insert(name(header)?, value.map_err(refused)?);
    }
    if let Some(key) = &configured.key {
        let scheme = provider.key_scheme.as_ref().map(|scheme| format!("{scheme} ")).unwrap_or_default();
        let value = HeaderValue::from_str(&format!("{scheme}{}", key.expose()));
        let mut value = value.map_err(|_| {
            bad(provider.key_variable(), "the key has a character that no key has, such as a line break: set it again")
        })?;
        value.set_sensitive(true);
        headers.insert(name(&provider.key_header)?, value);
    }
    Ok(headers)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|address| address.is_loopback())
}

fn hands_out_credentials(host: &str) -> bool {
    host.trim_end_matches('.') == "metadata.google.internal" || address(host).is_some_and(is_link_local)
}

/// The addresses of one's own link, where cloud machines are told their credentials.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local(),
        address @ IpAddr::V6(v6) => v6.is_unicast_link_local() || address == METADATA_V6,
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::catalogue;
    use crate::secret::Secret;

    fn endpoint(provider: &str, base_url: Option<&str>, key: Option<&str>) -> Result<Endpoint, BadEndpoint> {
        let known = catalogue::providers().unwrap().into_iter().find(|known| known.id.as_str() == provider).unwrap();
        let configured = config::Endpoint {
            provider: provider.to_owned(),
            base_url: base_url.map(str::to_owned),
            key: key.map(Secret::new),
            ..config::Endpoint::default()
        };
        Endpoint::new(&known, &configured)
    }

    #[test]
    fn a_key_goes_in_the_clear_only_to_this_machine() {
        for url in
            ["http://localhost:11434/v1", "http://127.0.0.2/v1", "http://[::1]:8000/v1", "https://gpu.example/v1"]
        {
            assert!(endpoint("custom", Some(url), Some("sk-0123456789")).is_ok(), "{url}");
        }
        let refused = endpoint("custom", Some("http://gpu.example/v1"), Some("sk-0123456789")).unwrap_err().to_string();
        assert!(refused.starts_with("CUSTOM_API_URL: the key of CUSTOM_API_KEY would go to gpu.example"), "{refused}");
        assert!(endpoint("custom", Some("http://gpu.example/v1"), None).is_ok());
    }

    #[test]
    fn link_local_and_strange_urls_are_refused() {
        for url in [
            "http://169.254.169.254/latest",
            "https://[fe80::1]/v1",
            "http://[::ffff:169.254.1.1]/",
            "http://0xa9fea9fe/",
            "http://metadata.google.internal/v1",
            "ftp://localhost/",
            "https://user:pass@gpu.example/v1",
            "https://gpu.example/v1?key=1",
            "gpu.example/v1",
            "",
        ] {
            assert_eq!(endpoint("custom", Some(url), None).unwrap_err().variable, "CUSTOM_API_URL", "{url}");
        }
    }

    #[test]
    fn a_missing_key_or_url_names_its_variable() {
        assert_eq!(endpoint("openai", None, None).unwrap_err().variable, "OPENAI_API_KEY");
        assert_eq!(endpoint("custom", None, None).unwrap_err().variable, "CUSTOM_API_URL");
        assert_eq!(endpoint("xai", None, Some("line\nbreak")).unwrap_err().variable, "XAI_API_KEY");
    }

    #[test]
    fn a_path_stays_beneath_the_base_url() {
        let endpoint = endpoint("google", Some("https://proxy.example/"), Some("sk-0123456789")).unwrap();
        let url = endpoint.url(&["models", "../../x?y/z:run"], Some("alt=sse"));
        assert_eq!(url.as_str(), "https://proxy.example/v1beta/models/..%2F..%2Fx%3Fy%2Fz:run?alt=sse");
    }

    #[test]
    fn azure_is_asked_with_and_without_a_version() {
        let azure = catalogue::providers().unwrap().into_iter().find(|known| known.id.as_str() == "azure").unwrap();
        let url = |base: &str, version: Option<&str>, wire| {
            let configured = config::Endpoint {
                provider: "azure".to_owned(),
                base_url: Some(base.to_owned()),
                key: Some(Secret::new("0123456789abcdef")),
                api_version: version.map(str::to_owned),
                ..config::Endpoint::default()
            };
            let endpoint = Endpoint::new(&azure, &configured).unwrap();
            let (path, query) = endpoint.route(wire, "prod/1");
            endpoint.url(&path.iter().map(String::as_str).collect::<Vec<_>>(), query.as_deref()).to_string()
        };
        for base in
            ["https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com/openai"]
        {
            let v1 = url(base, None, Wire::ChatCompletions);
            assert_eq!(v1, "https://r.openai.azure.com/openai/v1/chat/completions");
        }
        let dated = |wire| url("https://r.openai.azure.com/", Some("2024-10-21"), wire);
        let chat = "https://r.openai.azure.com/openai/deployments/prod%2F1/chat/completions?api-version=2024-10-21";
        assert_eq!(dated(Wire::ChatCompletions), chat);
        assert_eq!(dated(Wire::Responses), "https://r.openai.azure.com/openai/v1/responses");
    }

    #[test]
    fn a_key_does_not_print() {
        let endpoint = endpoint("xai", None, Some("sk-0123456789")).unwrap();
        assert_eq!(endpoint.headers["authorization"], "Bearer sk-0123456789");
        assert!(!format!("{endpoint:?}").contains("0123456789"));
    }
}
