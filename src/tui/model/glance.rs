//! What is said of all sources together: what their threads took, and what a person should know of. Kept, so that no
//! frame walks all threads; `update` renews it before a frame that shows it.

use std::time::Duration;

use super::alerts::{self, Alert};
use super::source::SourceView;
use crate::tui::figure;
use crate::unit::{MicroUsd, Tokens, UnixMillis};

#[derive(Clone, Debug, Default)]
pub struct Glance {
    spent: Spent,
    alerts: Vec<Alert>,
    /// When `alerts` were told; None where what the sources hold has changed since.
    told: Option<UnixMillis>,
    /// When they read differently with nothing having happened.
    until: Option<UnixMillis>,
}

/// The sums over all threads that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub input: Tokens,
    pub output: Tokens,
    cost: Option<MicroUsd>,
    /// Some of it is not known, so that the sums are the least it can be.
    partly: bool,
}

impl Glance {
    pub fn spent(&self) -> &Spent {
        &self.spent
    }

    /// The most pressing first.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// Whoever changes a source says so here. Many changes between two frames are summed up once.
    pub fn outdate(&mut self) {
        self.told = None;
    }

    /// Sums up anew where a source has changed; where only time went by, tells the alerts anew once they read differently.
    pub fn renew(&mut self, sources: &[SourceView], now: UnixMillis) {
        // A clock that was set back starts anew as well.
        let stands = self.told.is_some_and(|told| told <= now) && self.until.is_none_or(|until| now < until);
        if stands {
            return;
        }
        if self.told.is_none() {
            self.spent = Spent::on(sources);
        }
        self.alerts = alerts::alerts(sources, now);
        self.until = alerts::change_in(sources, now).map(|after| now.plus(after));
        self.told = Some(now);
    }

    /// After how long the alerts read differently.
    pub fn changes_in(&self, now: UnixMillis) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }
}

impl Spent {
    fn on(sources: &[SourceView]) -> Self {
        let mut spent = Self::default();
        for thread in sources.iter().flat_map(|source| source.threads.values()) {
            spent.input += thread.input;
            spent.output += thread.output;
            if let Some(MicroUsd(cost)) = thread.cost {
                spent.cost = Some(MicroUsd(spent.cost.map_or(cost, |MicroUsd(sum)| sum.saturating_add(cost))));
            }
            spent.partly |= thread.partly_unknown || thread.cost_partly_unknown;
        }
        spent
    }

    /// What stands before a sum that may be more.
    pub fn least(&self) -> &'static str {
        if self.partly { "≥" } else { "" }
    }

    pub fn cost(&self) -> String {
        self.cost.map_or_else(|| "unknown".to_owned(), |cost| format!("{}{}", self.least(), figure::cost(cost)))
    }
}
