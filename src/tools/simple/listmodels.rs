//! `listmodels`: who is configured, what each serves and under which names; for those that are not, what to set.

use std::fmt::Write as _;

use crate::id::ModelId;
use crate::provider::{Breaker, Choice, Registry, Resting, Status as ProviderStatus};
use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::Spec;
use crate::tools::{Call, Run, Tool, arguments};
use crate::unit::Tokens;

pub struct ListModels;

static SPEC: Spec = Spec {
    name: "listmodels",
    title: "List models",
    description: "The models that can be asked, best first, with aliases, windows and scores.",
    read_only: true,
    fields: &[],
    closed: true,
};

#[derive(serde::Deserialize)]
struct Request {}

impl Tool for ListModels {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let Request {} = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let providers = call.models.providers();
            let configured = providers.iter().filter(|provider| provider.configured).count();
            let content = listing(&call.models, &providers, &call.settings.default_model);
            let output = Output::new(Status::Success, content)
                .with("tool_name", SPEC.name)
                .with("configured_providers", configured);
            Ok(Reply { body: Body::Output(output), turn: None })
        })
    }
}

/// The models as text, best first.
pub fn listing(registry: &Registry, providers: &[ProviderStatus], default: &str) -> String {
    let offered = registry.offered();
    let mut text = format!("# Models\n\nDefault: {default}. A name or an alias can be given as `model`.\n");
    for provider in providers.iter().filter(|provider| provider.configured) {
        let _ = write!(text, "\n## {}{}\n", provider.title, health(provider));
        for offer in offered.iter().filter(|offer| offer.provider == provider.provider) {
            text.push_str(&line(offer, resting(provider, &offer.model.id)));
        }
    }
    let configured = providers.iter().filter(|provider| provider.configured).count();
    let _ = write!(text, "\n{configured} providers are configured and offer {} models.\n", offered.len());
    let unset: Vec<_> = providers
        .iter()
        .filter(|provider| !provider.configured)
        .map(|provider| format!("{} (set {})", provider.title, provider.variable))
        .collect();
    if !unset.is_empty() {
        let _ = write!(text, "\nNot configured: {}\n", unset.join(", "));
    }
    text
}

/// How it has done of late, where it has been asked often enough to tell.
fn health(provider: &ProviderStatus) -> String {
    let figures = &provider.figures;
    let Some(failing) = figures.failing else { return String::new() };
    let mut text = format!(" ({}% of the last {} requests failed", failing.div_ceil(10), figures.requests);
    if let Some(total) = figures.total {
        let _ = write!(text, ", half answered within {:.1} s", total.p50.as_secs_f64());
    }
    text.push(')');
    text
}

/// Why a model is not asked for now.
fn resting(provider: &ProviderStatus, model: &ModelId) -> Option<String> {
    let of = |resting: &&Resting| resting.model.as_ref().is_none_or(|resting| resting == model);
    let Resting { breaker, rest, .. } = provider.resting.iter().find(of)?;
    let rest = rest.as_secs_f64().ceil();
    Some(match breaker {
        Breaker::Closed => return None,
        Breaker::Open => format!("left alone for {rest} s after failures"),
        Breaker::HalfOpen => "being tried again after failures".to_owned(),
        Breaker::CoolingDown => format!("rate limited for {rest} s"),
    })
}

fn line(offer: &Choice, resting: Option<String>) -> String {
    let model = &offer.model;
    let mut line = format!("- `{}`: score {}, {} context", model.id, model.score, in_thousands(model.context_window));
    for (has, says) in [(model.thinking, ", thinking"), (model.images, ", images"), (model.code_generation, ", code")] {
        line.push_str(if has { says } else { "" });
    }
    if !model.description.is_empty() {
        let _ = write!(line, "; {}", model.description.trim_end_matches('.'));
    }
    if !model.aliases.is_empty() {
        let _ = write!(line, "; also {}", model.aliases.join(", "));
    }
    if let Some(resting) = resting {
        let _ = write!(line, "; {resting}");
    }
    line.push('\n');
    line
}

/// `200K`, `1.0M`.
fn in_thousands(Tokens(count): Tokens) -> String {
    match count {
        1_000_000.. => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
        1_000.. => format!("{}K", count / 1_000),
        _ => count.to_string(),
    }
}
