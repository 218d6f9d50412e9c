//! Where a key may go, and what may never be asked.

use zen::config::Endpoint;
use zen::rehearsal::{Rehearsal, Scene, Script};
use zen::secret::Secret;

use super::{KEY, ask, endpoint, fixtures, play, registry};

/// T9: whatever a provider answers, its key goes nowhere else.
#[tokio::test]
async fn t9_a_redirect_reaches_nobody() {
    for fixture in fixtures::all() {
        for status in [302, 307, 308] {
            let second = Rehearsal::start(Script::new()).expect("a listener");
            let (outcome, _) = play(&fixture, Scene::redirect(status, second.base_url())).await;
            let failure = outcome.expect_err("a redirect is no answer");
            assert_eq!(failure.status, Some(status), "{failure}");
            assert_eq!((second.connections(), second.requests().len()), (0, 0), "{}", fixture.provider);
        }
    }
}

/// T9: the same where no model is asked.
#[tokio::test]
async fn t9_a_redirected_check_reaches_nobody() {
    let second = Rehearsal::start(Script::new()).expect("a listener");
    let first = Rehearsal::start(Scene::redirect(307, second.base_url())).expect("a listener");
    let registry = registry(endpoint("openai", &first, "/v1")).expect("a registry");
    assert_eq!(registry.check().await.len(), 1);
    assert!(registry.list(Default::default()).await[0].models.is_err());
    assert_eq!((first.requests().len(), second.connections()), (2, 0));
}

/// T9: in the clear a key goes to this machine alone.
#[tokio::test]
async fn t9_a_key_does_not_cross_a_network_in_the_clear() {
    for provider in ["google", "openai", "azure", "xai", "dial", "custom", "openrouter"] {
        let plain = |key: Option<Secret>| Endpoint {
            provider: provider.to_owned(),
            base_url: Some("http://gpu.example/v1".to_owned()),
            key,
            ..Endpoint::default()
        };
        let refused = registry(plain(Some(Secret::new(KEY)))).expect_err("in the clear");
        assert!(refused.contains("in the clear") && !refused.contains(KEY), "{refused}");
    }
}

/// T12: no address at which machines are told their credentials is asked, however it is written.
#[tokio::test]
async fn t12_addresses_that_hand_out_credentials_are_not_asked() {
    for host in [
        "169.254.169.254",
        "169.254.1.1",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "metadata.google.internal",
        "METADATA.google.internal.",
    ] {
        for (provider, scheme) in [("custom", "http"), ("custom", "https"), ("google", "https"), ("azure", "https")] {
            let endpoint = Endpoint {
                provider: provider.to_owned(),
                base_url: Some(format!("{scheme}://{host}/v1")),
                key: (provider != "custom").then(|| Secret::new(KEY)),
                ..Endpoint::default()
            };
            let refused = registry(endpoint).expect_err(host);
            assert!(refused.contains("link-local"), "{host}: {refused}");
        }
    }
}

/// T12: a redirect to such an address is not followed either.
#[tokio::test]
async fn t12_a_redirect_to_credentials_is_not_followed() {
    let scene = Scene::redirect(302, "http://169.254.169.254/latest/meta-data/");
    let rehearsal = Rehearsal::start(scene).expect("a listener");
    let registry = registry(endpoint("openai", &rehearsal, "/v1")).expect("a registry");
    let failure = ask(&registry, "gpt-5").await.expect_err("a redirect is no answer");
    assert!(failure.message.contains("redirect to 169.254.169.254, which is not followed"), "{failure}");
}
