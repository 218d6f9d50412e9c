//! The providers of one process: which models they offer, which one a name means, and the asking itself.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config;
use crate::event::{Bus, Event};
use crate::id::ProviderPlace;
use crate::provider::breaker::Pass;
use crate::provider::cache::{Asked, Cache};
use crate::provider::catalogue::{self, Provider};
use crate::provider::choice::{self, Category, Choice, NoModel};
use crate::provider::cost;
use crate::provider::exchange::Exchange;
use crate::provider::failure::{Class, Failure, Fault};
use crate::provider::fallback;
use crate::provider::health::Measured;
use crate::provider::http::{Outgoing, Transport};
use crate::provider::overlay::Overlays;
use crate::provider::reply::Reply;
use crate::provider::retry::{self, Random, Retries};
use crate::provider::served::{BadProvider, BadProviders, Served, Status};
use crate::provider::spend::{Reservation, Spend, Taken};
use crate::provider::{Answer, Effort, Estimate, Finish, Listener, PassedOver, Request, Usage};
use crate::secret::Redactor;
use crate::unit::MicroUsd;

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
    care: config::Resilience,
    random: Random,
    spend: Spend,
    cache: Cache,
    clock: Clock,
    redactor: Redactor,
    bus: Bus,
}

/// One model that is asked for one call.
struct Ask<'a> {
    choice: Choice,
    request: &'a Request,
    listener: &'a dyn Listener,
    /// Of the whole call: waits, repetitions and other models included.
    deadline: Instant,
}

/// How far one model has come with it.
#[derive(Default)]
struct Progress {
    reply: Reply,
    attempts: u16,
    effort_sent: Option<Effort>,
}

/// A request as it is sent, as often as it takes.
struct Written<'a> {
    served: &'a Served,
    outgoing: Outgoing,
    body: Bytes,
}

/// A request that was answered, before the answer is counted.
struct Done<'a> {
    pass: Pass<'a>,
    finish: Finish,
    measured: Measured,
}

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
        bus: Bus,
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
            match Served::new(&known[place], endpoint, &overlays, &providers.resilience, clock) {
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
            care: providers.resilience.clone(),
            random: retry::random,
            spend: Spend::new(&providers.resilience.spend),
            cache: Cache::new(&providers.resilience.cache, clock),
            clock,
            redactor,
            bus,
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

    /// The cheapest model that is healthy and has room for `estimate`, else the default; none is asked in its place.
    ///
    /// # Errors
    /// As [`Registry::choose`].
    pub fn cheapest(&self, estimate: Estimate) -> Result<Choice, NoModel> {
        let choice = choice::cheapest(&self.inner.served, estimate);
        let choice = choice.map_or_else(|| self.choose(None, Category::FastResponse), Ok)?;
        Ok(Choice { pinned: true, ..choice })
    }

    /// Asks the model and reads its answer, which `listener` hears as it arrives. Where it cannot answer and the caller
    /// did not name it, others are asked in its place. Cancelling, or dropping the future, closes the connection to the
    /// provider at once and gives back all that was held.
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
        let Inner { clock, served, transport, .. } = &*self.inner;
        let mut ask = Ask { choice: choice.clone(), request, listener, deadline: transport.deadline() };
        let (mut passed_over, mut tried) = (Vec::new(), Vec::new());
        loop {
            let passed: PassedOver = match self.ask(&ask, cancel).await {
                Ok(answer) => return Ok(Answer { passed_over, ..answer }),
                Err(passed) => passed,
            };
            tried.push(ask.choice.provider.clone());
            let next = fallback::next(served, &ask.choice, &passed.failure, &tried, request);
            let Some(next) = next.filter(|_| clock.now() < ask.deadline) else {
                let earlier = passed_over.into_iter().map(|passed: PassedOver| passed.failure).collect();
                return Err(Failure { earlier, ..passed.failure });
            };
            passed_over.push(passed);
            listener.turned_to(&next);
            ask.choice = next;
        }
    }

    /// One model, until it answers, cannot, or is given up.
    async fn ask(&self, ask: &Ask<'_>, cancel: &CancellationToken) -> Result<Answer, PassedOver> {
        let (mut progress, started) = (Progress::default(), self.inner.clock.now());
        let asked = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Fault::new(Class::Cancelled, "the caller gave it up")),
            asked = self.consult(ask, &mut progress) => asked,
        };
        asked.map_err(|fault| {
            let Progress { reply, attempts, effort_sent } = progress;
            let cost = self.owed(&ask.choice, fault.class, &reply.usage);
            let failure = self.failure(&ask.choice, fault, reply.text);
            let failure = Failure { attempts, usage: reply.usage, cost, ..failure };
            PassedOver { failure, effort_sent, latency: self.inner.clock.elapsed(started) }
        })
    }

    /// One consultation of one model, step by step.
    async fn consult(&self, ask: &Ask<'_>, progress: &mut Progress) -> Result<Answer, Fault> {
        let Inner { spend, cache, .. } = &*self.inner;
        let Ask { choice, request, listener, .. } = ask;
        let (served, model) = (self.serving(choice)?, &choice.model);

        // Pick: what the model does not take is not sent.
        model.takes(request)?;
        // Wire format: written once, and sent as often as it takes.
        progress.effort_sent = served.lessons.effort(model, request.effort);
        let mut written = Written::new(served, ask, progress.effort_sent)?;

        // Cache: what was asked in the very same words before may be answered already.
        if let Some(cached) = cache.find(&Asked::new(choice, &written.body)).filter(|_| !request.second_look) {
            listener.text(&cached.text);
            return Ok(cached.answer(choice));
        }
        // Reserve spend: what it may cost at most is held until it is known.
        let mut held = spend.reserve(choice, request.estimate)?;

        // Retry, and in it bulkhead, breaker and exchange.
        served.retries.earn();
        let done = match self.repeat(ask, &mut written, progress, &mut held).await {
            Ok(done) => done,
            Err(fault) => return Err(self.failed(ask, &progress.reply.usage, held, fault)),
        };

        // Settle: the breaker closes, the figures move, the money is counted.
        let reply = &mut progress.reply;
        let cost = cost::cost(&reply.usage, model.prices.as_ref());
        held.settle(cost);
        served.answered(done.pass, done.measured, cost);
        self.changed(choice);
        let answer = Answer {
            text: self.without_keys(std::mem::take(&mut reply.text)),
            finish: self.said(done.finish),
            usage: reply.usage,
            cost,
            served_by: reply.served_by.take().map(|name| self.words(&name)),
            by: choice.clone(),
            cached: false,
            attempts: progress.attempts,
            passed_over: Vec::new(),
            effort_sent: progress.effort_sent,
            first_token: done.measured.first_text,
            latency: done.measured.total,
        };
        cache.keep(Asked::new(choice, &written.body), &answer);
        Ok(answer)
    }

    /// Requests until one is answered: made again where the fault allows it, and what has arrived does not forbid it. An
    /// effort that is refused is put otherwise, at once and once, and remembered where that is taken.
    async fn repeat<'a>(
        &self,
        ask: &'a Ask<'_>,
        written: &mut Written<'a>,
        progress: &mut Progress,
        held: &mut Reservation<'_>,
    ) -> Result<Done<'a>, Fault> {
        let Inner { transport, care, random, .. } = &*self.inner;
        let (served, model, asked) = (written.served, &ask.choice.model, ask.request.effort);
        let mut retries = Retries::new(&care.retry, &served.retries, *random);
        let mut lesson = None;
        loop {
            let fault = match self.request(ask, written, progress, held).await {
                Ok(done) => {
                    lesson.into_iter().for_each(|lesson| served.lessons.learn(lesson));
                    return Ok(done);
                }
                Err(fault) => fault,
            };
            if !progress.reply.text.is_empty() {
                return Err(fault);
            }
            if lesson.is_none() {
                lesson = served.lessons.draw(model, asked, progress.effort_sent, &fault);
                if let Some(lesson) = &lesson {
                    progress.effort_sent = lesson.effort;
                    *written = Written::new(served, ask, lesson.effort)?;
                    progress.reply = Reply::default();
                    continue;
                }
            }
            let Some(wait) = retries.after(&fault) else { return Err(fault) };
            transport.pause((wait, fault), ask.deadline).await?;
            progress.reply = Reply::default();
        }
    }

    /// One request, once there is a place for it and nothing speaks against it. Its failure is counted here, its answer
    /// where it is settled.
    async fn request<'a>(
        &self,
        ask: &'a Ask<'_>,
        Written { served, outgoing, body }: &Written<'a>,
        Progress { reply, attempts, .. }: &mut Progress,
        held: &mut Reservation<'_>,
    ) -> Result<Done<'a>, Fault> {
        let Inner { transport, clock, care, .. } = &*self.inner;
        let (served, deadline): (&'a Served, _) = (served, ask.deadline);
        // Bulkhead, then breaker: who had to wait is told how things are now. A rate limit is waited for without a place.
        let (_place, pass) = loop {
            let place = transport.until(deadline, served.bulkhead.enter()).await?;
            match served.breakers.admit(&ask.choice.model.id) {
                Ok(pass) => break (place, pass),
                Err(denied) => {
                    drop(place);
                    transport.pause(denied.wait(care.retry.max_wait)?, deadline).await?;
                }
            }
        };
        *attempts += 1;
        held.sent(true);
        let (started, mut first_text) = (clock.now(), None);
        let (wire, listener) = (ask.choice.model.wire, ask.listener);
        let exchange = Exchange { wire, listener, clock: *clock, reply, first_text: &mut first_text };
        let exchanged = exchange.run(transport, &served.endpoint, outgoing, body.clone());
        let settled = transport.until(deadline, exchanged).await.and_then(|()| reply.settle());
        self.note(ask, *attempts, clock.elapsed(started), settled.as_ref().err());
        match settled {
            Ok(finish) => {
                let first_text = first_text.map(|first| first.saturating_duration_since(started));
                let measured = Measured { first_text, total: clock.elapsed(started), output: reply.usage.output };
                Ok(Done { pass, finish, measured })
            }
            Err(fault) => {
                held.sent(fault.class.may_be_charged());
                served.failed(pass, &fault, self.words(&fault.message));
                self.changed(&ask.choice);
                Err(fault)
            }
        }
    }

    /// A line in the log for each request that was made.
    fn note(&self, ask: &Ask<'_>, attempt: u16, took: Duration, fault: Option<&Fault>) {
        let Choice { provider, model, .. } = &ask.choice;
        let (provider, model, ms) = (provider.as_str(), model.id.as_str(), took.as_millis());
        match fault {
            None => tracing::debug!(provider, model, attempt, ms, "a model answered"),
            Some(fault) => {
                let (class, status, why) = (fault.class.says(), fault.status, self.words(&fault.message));
                tracing::debug!(provider, model, attempt, ms, class, status, why, "a request failed");
            }
        }
    }

    /// A model that has failed may be paid for all the same, as far as is known.
    fn failed(&self, ask: &Ask<'_>, usage: &Usage, held: Reservation<'_>, fault: Fault) -> Fault {
        if let Some(cost) = self.owed(&ask.choice, fault.class, usage) {
            match fault.class.is_of_a_whole_reply() {
                true => held.settle(Some(cost)),
                false => held.settle_at_least(cost),
            }
            if let Ok(served) = self.serving(&ask.choice) {
                served.charged(cost);
            }
        }
        fault
    }

    /// What a failure cost by what was reported before it; None where that is not known, or nothing is owed.
    fn owed(&self, choice: &Choice, class: Class, usage: &Usage) -> Option<MicroUsd> {
        cost::cost(usage, choice.model.prices.as_ref()).filter(|_| class.may_be_charged())
    }

    /// Says that a provider's figures have changed.
    fn changed(&self, choice: &Choice) {
        let place = self.inner.known.iter().position(|known| known.id == choice.provider);
        if let Some(place) = place.and_then(|place| u16::try_from(place).ok()) {
            self.inner.bus.say(Event::ProviderChanged(ProviderPlace(place)));
        }
    }

    fn serving(&self, choice: &Choice) -> Result<&Served, Fault> {
        let served = self.inner.served.iter().find(|served| served.provider.id == choice.provider);
        let served = served.map(|served| &**served);
        served.ok_or_else(|| Fault::new(Class::BadRequest, "the provider is not configured in this process"))
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

    /// Every provider zen knows, in the order of priority, configured or not.
    pub fn providers(&self) -> Vec<Status> {
        let status = |(place, provider)| self.provider(place).unwrap_or_else(|| Status::unconfigured(provider));
        self.inner.known.iter().enumerate().map(status).collect()
    }

    /// The provider at this place of [`Self::providers`], where it is configured.
    pub fn provider(&self, place: usize) -> Option<Status> {
        let known = self.inner.known.get(place)?;
        self.inner.served.iter().find(|served| served.provider.id == known.id).map(|served| served.status())
    }

    /// What is taken of the limits on spending.
    pub fn taken(&self) -> Vec<Taken> {
        self.inner.spend.taken()
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
            attempts: 0,
            usage: Usage::default(),
            cost: None,
            earlier: Box::default(),
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

impl<'a> Written<'a> {
    fn new(served: &'a Served, ask: &Ask<'_>, effort: Option<Effort>) -> Result<Self, Fault> {
        let model = &ask.choice.model;
        let mut outgoing = model.wire.write(&served.endpoint, model, ask.request, effort)?;
        let body = Bytes::from(std::mem::take(&mut outgoing.body));
        Ok(Self { served, outgoing, body })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("served", &self.inner.served).finish_non_exhaustive()
    }
}
