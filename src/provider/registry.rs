//! The providers of one process: which models they offer, which one a name means, and the asking itself.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config;
use crate::provider::catalogue::{self, Provider};
use crate::provider::choice::{self, Category, Choice, NoModel};
use crate::provider::exchange::Exchange;
use crate::provider::failure::{Class, Failure, Fault};
use crate::provider::http::Transport;
use crate::provider::model::Model;
use crate::provider::overlay::Overlays;
use crate::provider::reply::Reply;
use crate::provider::served::{BadProvider, Served, Status};
use crate::provider::{Answer, Finish, Listener, Part, Request};
use crate::secret::Redactor;

/// Characters of a provider's own words that are passed on.
pub const MAX_MESSAGE_CHARS: usize = 600;

/// Cheap to clone; all clones are one registry.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    known: Vec<Provider>,
    /// In the order of priority.
    served: Vec<Arc<Served>>,
    /// What a person should know of how this is set up.
    warnings: Vec<String>,
    default_model: String,
    transport: Transport,
    clock: Clock,
    redactor: Redactor,
}

/// Everything that is wrong with the providers as they are configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadProviders(pub Vec<BadProvider>);

impl fmt::Display for BadProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&problems.join("\n"))
    }
}

impl std::error::Error for BadProviders {}

impl Registry {
    /// Checks what is configured and reads the catalogue of the providers that are. Builds no HTTP client yet. The
    /// redactor learns every key.
    ///
    /// # Errors
    /// All at once: URLs and keys that cannot be used, with the variable of each.
    pub fn new(
        providers: &config::Providers,
        models: &config::Models,
        clock: Clock,
        redactor: Redactor,
    ) -> Result<Self, BadProviders> {
        let known =
            catalogue::providers_with(&providers.endpoints).map_err(|error| BadProviders(vec![error.into()]))?;
        let overlays = Overlays::read(models, &providers.endpoints)
            .map_err(|errors| BadProviders(errors.into_iter().map(BadProvider::from).collect()))?;
        let (mut served, mut problems) = (Vec::new(), Vec::new());
        for endpoint in &providers.endpoints {
            if let Some(key) = &endpoint.key {
                redactor.learn(key);
            }
            let place = known.iter().position(|provider| provider.id.as_str() == endpoint.provider);
            let Some(place) = place else {
                problems.push(BadProvider::Unknown(endpoint.provider.clone()));
                continue;
            };
            match Served::new(&known[place], endpoint, &overlays) {
                Ok(provider) => served.push((place, Arc::new(provider))),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(BadProviders(problems));
        }
        served.sort_by_key(|(place, _)| *place);
        let served: Vec<Arc<Served>> = served.into_iter().map(|(_, served)| served).collect();
        let warnings =
            overlays.warnings.into_iter().chain(served.iter().flat_map(|served| served.warnings())).collect();
        let inner = Inner {
            known,
            served,
            warnings,
            default_model: models.default.clone(),
            transport: Transport::new(providers.limits.clone(), clock),
            clock,
            redactor,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The model that `asked` means; with None or `auto` the configured default, or else the best for `category`.
    ///
    /// # Errors
    /// Nothing is configured, or nothing serves the name: says what to set, or which names are nearest.
    pub fn choose(&self, asked: Option<&str>, category: Category) -> Result<Choice, NoModel> {
        if self.inner.served.is_empty() {
            let variables = self.inner.known.iter().map(|provider| provider.variable.clone()).collect();
            return Err(NoModel::NothingConfigured { variables });
        }
        choice::choose(&self.inner.served, &self.inner.default_model, asked, category)
    }

    /// Asks the model once and reads its answer, which `listener` hears as it arrives. Cancelling, or dropping the
    /// future, closes the connection to the provider at once.
    ///
    /// # Errors
    /// Sorted by what can be done about it, with what had arrived; holds no key.
    pub async fn generate(
        &self,
        choice: &Choice,
        request: &Request,
        listener: &dyn Listener,
        cancel: &CancellationToken,
    ) -> Result<Answer, Failure> {
        let served = self.inner.served.iter().find(|served| served.provider.id == choice.provider);
        let Some(served) = served else {
            let fault = Fault::new(Class::BadRequest, "the provider is not configured in this process");
            return Err(self.failure(choice, fault, String::new()));
        };
        let mut reply = Reply::default();
        let asked = self.consult(served, &choice.model, request, listener, cancel, &mut reply).await;
        match asked {
            Ok(answer) => {
                served.answered(answer.latency);
                Ok(answer)
            }
            Err(fault) => {
                served.failed(fault.class);
                Err(self.failure(choice, fault, reply.text))
            }
        }
    }

    /// One consultation, step by step.
    async fn consult(
        &self,
        served: &Served,
        model: &Model,
        request: &Request,
        listener: &dyn Listener,
        cancel: &CancellationToken,
        reply: &mut Reply,
    ) -> Result<Answer, Fault> {
        let (wire, clock, transport) = (model.wire, self.inner.clock, &self.inner.transport);
        let started = clock.now();
        let mut first_text = None;

        accepts(model, request)?;
        let effort = model.effort(request.effort);
        let outgoing = wire.write(&served.endpoint, model, request, effort)?;
        let exchange = Exchange { wire, listener, clock, reply, first_text: &mut first_text };
        let deadline = tokio::time::sleep(transport.limits().deadline);
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Fault::new(Class::Cancelled, "the caller gave it up")),
            read = exchange.run(transport, &served.endpoint, outgoing) => read?,
            () = deadline => return Err(late(transport)),
        }
        let finish = reply.settle()?;

        Ok(Answer {
            text: self.without_keys(std::mem::take(&mut reply.text)),
            finish: self.said(finish),
            usage: reply.usage,
            served_by: reply.served_by.take().map(|name| self.words(&name)),
            effort_sent: effort,
            first_token: first_text.map(|first| first.saturating_duration_since(started)),
            latency: clock.elapsed(started),
        })
    }

    /// What a person should know of how the providers are set up, and what stops nothing.
    pub fn warnings(&self) -> &[String] {
        &self.inner.warnings
    }

    /// The providers that are configured, in the order of priority.
    pub(super) fn served(&self) -> &[Arc<Served>] {
        &self.inner.served
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// The models that can be asked by name, by the priority of their providers, then the highest score first.
    pub fn offered(&self) -> Vec<Choice> {
        let offers = self.inner.served.iter().flat_map(|served| {
            let mut models = served.models.clone();
            models.sort_by_key(|model| std::cmp::Reverse(model.score));
            models.into_iter().map(|model| {
                let asked_as = model.id.to_string();
                Choice { provider: served.provider.id.clone(), model, asked_as }
            })
        });
        offers.collect()
    }

    /// Every provider zen knows, in the order of priority, configured or not.
    pub fn providers(&self) -> Vec<Status> {
        let status = |provider: &Provider| {
            let served = self.inner.served.iter().find(|served| served.provider.id == provider.id);
            let tally = served.map(|served| served.tally()).unwrap_or_default();
            Status {
                provider: provider.id.clone(),
                title: provider.title.clone(),
                configured: served.is_some(),
                variable: provider.variable.clone(),
                models: served.map_or(0, |served| served.models.len()),
                answered: tally.answered,
                failed: tally.failed,
                last_latency: tally.last_latency,
                last_failure: tally.last_failure,
            }
        };
        self.inner.known.iter().map(status).collect()
    }

    fn failure(&self, choice: &Choice, fault: Fault, partial: String) -> Failure {
        Failure {
            class: fault.class,
            provider: choice.provider.clone(),
            model: choice.model.id.clone(),
            message: self.words(&fault.message),
            status: fault.status,
            retry_after: fault.retry_after,
            partial: self.without_keys(partial),
        }
    }

    fn said(&self, finish: Finish) -> Finish {
        match finish {
            Finish::Filtered(reason) => Finish::Filtered(self.words(&reason)),
            Finish::Other(reason) => Finish::Other(self.words(&reason)),
            Finish::Stop | Finish::Length | Finish::Unsaid => finish,
        }
    }

    /// A model's text without any key: it is remembered, and other providers are shown it.
    fn without_keys(&self, text: String) -> String {
        match self.inner.redactor.redact(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(redacted) => redacted,
        }
    }

    /// A provider's own words without any key, cut to a bounded length.
    pub(super) fn words(&self, text: &str) -> String {
        let text = self.inner.redactor.redact(text);
        match text.char_indices().nth(MAX_MESSAGE_CHARS) {
            None => text.into_owned(),
            Some((end, _)) => format!("{}…", &text[..end]),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("served", &self.inner.served).finish_non_exhaustive()
    }
}

/// Refuses what the model is known not to take, before anything is sent.
fn accepts(model: &Model, request: &Request) -> Result<(), Fault> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let bytes = parts.filter_map(|part| match part {
        Part::Image(image) => Some(image.base64.len() as u64 / 4 * 3),
        Part::Text(_) => None,
    });
    let Some(bytes) = bytes.reduce(u64::saturating_add) else { return Ok(()) };
    let refused = |message: String| Err(Fault::new(Class::BadRequest, message));
    if !model.images {
        return refused(format!("{} takes no images: leave them out, or name a model that does", model.id));
    }
    if bytes > model.max_image_bytes {
        let (megabytes, most) = (bytes.div_ceil(1 << 20), model.max_image_bytes >> 20);
        return refused(format!("the images are {megabytes} MiB together, and {} takes {most}", model.id));
    }
    Ok(())
}

fn late(transport: &Transport) -> Fault {
    let seconds = transport.limits().deadline.as_secs_f64();
    Fault::new(Class::Timeout, format!("it was not done within {seconds} s"))
}
