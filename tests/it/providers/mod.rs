//! The providers as they are really asked: requests header by header, replies in the shapes that are documented in
//! public, keys that stay where they belong, and the commands that speak of all this.

mod commands;
mod fixtures;
mod selection;
mod shapes;
mod threats;
mod turns;

use zen::clock::Clock;
use zen::config::{Endpoint, Models, Providers};
use zen::event::Bus;
use zen::provider::{Answer, Category, Estimate, Failure, Message, Registry, Request, Role};
use zen::rehearsal::{Recorded, Rehearsal, Scene};
use zen::secret::{Redactor, Secret};

pub const KEY: &str = "sk-canary-0123456789abcdef";

/// A registry in which this endpoint is the only one.
pub fn registry(endpoint: Endpoint) -> Result<Registry, String> {
    let providers = Providers { endpoints: vec![endpoint], ..Providers::default() };
    Registry::new(&providers, &Models::default(), Clock::system(), Redactor::default(), Bus::new())
        .map_err(|bad| bad.to_string())
}

/// An endpoint of this provider, beneath this path of the scripted provider.
pub fn endpoint(provider: &str, rehearsal: &Rehearsal, path: &str) -> Endpoint {
    Endpoint {
        provider: provider.to_owned(),
        base_url: Some(format!("http://{}{path}", rehearsal.address())),
        key: Some(Secret::new(KEY)),
        ..Endpoint::default()
    }
}

/// Asks the model one question.
pub async fn ask(registry: &Registry, model: &str) -> Result<Answer, Failure> {
    let choice = registry.choose(Some(model), Category::Balanced).expect("a model of that name");
    let request = Request {
        model: choice.model.id.clone(),
        system: Some("be brief".to_owned()),
        messages: vec![Message::text(Role::User, "Hello?")],
        temperature: None,
        effort: None,
        estimate: Estimate::default(),
        second_look: false,
    };
    registry.generate(&choice, &request, &(), &Default::default()).await
}

/// What comes of `scene`, and the request that it answered.
pub async fn play(fixture: &fixtures::Fixture, scene: Scene) -> (Result<Answer, Failure>, Recorded) {
    let rehearsal = Rehearsal::start(scene).expect("a listener");
    let registry = registry((fixture.set_up)(&rehearsal)).expect("a registry");
    let outcome = ask(&registry, fixture.model).await;
    if let Err(failure) = &outcome {
        assert!(!format!("{failure} {failure:?}").contains(KEY), "{failure:?}");
    }
    (outcome, rehearsal.next_request().await)
}
