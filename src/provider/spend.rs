//! What may be spent: a cap for all providers and one for each, kept by reserving before a request and settling after it.
//! Counts this process alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config;
use crate::id::ProviderId;
use crate::provider::cost::{Classes, decimal};
use crate::provider::failure::{Class, Fault};
use crate::provider::model::Model;
use crate::provider::{Choice, Estimate};
use crate::unit::{MicroUsd, Tokens};

/// The ledger of one process.
#[derive(Debug)]
pub(super) struct Spend {
    limits: config::Spend,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    all: Account,
    providers: BTreeMap<ProviderId, Account>,
}

/// What is taken of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// None: all providers together.
    pub provider: Option<ProviderId>,
    /// None: no limit is set.
    pub limit: Option<MicroUsd>,
    pub spent: MicroUsd,
    /// For requests in flight.
    pub held: MicroUsd,
    /// For requests whose cost never became known.
    pub unknown: MicroUsd,
}

/// Micro-dollars. What is held for a request whose cost never became known stays held, as it may have been charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Account {
    reserved: u64,
    spent: u64,
    unknown: u64,
}

/// Money held for one consultation. Dropped before a request is out it is given back; dropped after that, it counts as
/// spent, as what was asked may be charged though nobody waits for it.
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    spend: &'a Spend,
    provider: ProviderId,
    held: u64,
    sent: bool,
}

impl Spend {
    pub fn new(limits: &config::Spend) -> Self {
        Self { limits: limits.clone(), ledger: Mutex::default() }
    }

    /// Holds what the request is expected to cost at most, or says which limit that would pass.
    pub fn reserve(&self, choice: &Choice, estimate: Estimate) -> Result<Reservation<'_>, Fault> {
        let held = match self.expected(&choice.model, estimate) {
            Some(MicroUsd(expected)) => expected,
            None if !self.is_limited() || self.limits.allow_unknown => 0,
            None => return Err(unpriced(&choice.model)),
        };
        let provider = choice.provider.clone();
        let mut ledger = self.ledger();
        let own = ledger.providers.get(&provider).copied().unwrap_or_default();
        within(self.limits.total, ledger.all, held, "spend.total")?;
        within(self.limits.per_provider, own, held, "spend.per_provider")?;
        ledger.each(&provider, |account| account.reserved += held);
        Ok(Reservation { spend: self, provider, held, sent: false })
    }

    /// What is taken now, of all providers together first.
    pub fn taken(&self) -> Vec<Taken> {
        let ledger = self.ledger();
        let taken = |provider: Option<ProviderId>, limit, account: Account| Taken {
            provider,
            limit,
            spent: MicroUsd(account.spent),
            held: MicroUsd(account.reserved),
            unknown: MicroUsd(account.unknown),
        };
        let each = ledger.providers.iter();
        let each = each.map(|(provider, account)| taken(Some(provider.clone()), self.limits.per_provider, *account));
        [taken(None, self.limits.total, ledger.all)].into_iter().chain(each).collect()
    }

    fn is_limited(&self) -> bool {
        self.limits.total.or(self.limits.per_provider).is_some()
    }

    /// Without a limit nothing is held: nobody would be refused for it.
    fn expected(&self, model: &Model, estimate: Estimate) -> Option<MicroUsd> {
        if !self.is_limited() {
            return Some(MicroUsd(0));
        }
        let Estimate { input, reply } = estimate;
        let classes = Classes { input, cached_input: Tokens::ZERO, cache_write: Tokens::ZERO, output: reply };
        classes.at(model.prices.as_ref()?)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation<'_> {
    /// A request is out that may be charged; or it was refused, and is not.
    pub fn sent(&mut self, may_be_charged: bool) {
        self.sent = may_be_charged;
    }

    /// It cost this much; where that is unknown, what was held stays held.
    pub fn settle(mut self, cost: Option<MicroUsd>) {
        let held = std::mem::take(&mut self.held);
        self.sent = false;
        self.spend.ledger().each(&self.provider, |account| {
            account.reserved -= held;
            match cost {
                Some(MicroUsd(cost)) => account.spent = account.spent.saturating_add(cost),
                None => account.unknown = account.unknown.saturating_add(held),
            }
        });
    }

    /// It cost this much and may have cost more: what was held beyond it stays held.
    pub fn settle_at_least(mut self, MicroUsd(cost): MicroUsd) {
        let held = std::mem::take(&mut self.held);
        self.sent = false;
        self.spend.ledger().each(&self.provider, |account| {
            account.reserved -= held;
            account.spent = account.spent.saturating_add(cost);
            account.unknown = account.unknown.saturating_add(held.saturating_sub(cost));
        });
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let (held, unknown) = (self.held, if self.sent { self.held } else { 0 });
        self.spend.ledger().each(&self.provider, |account| {
            account.reserved -= held;
            account.unknown = account.unknown.saturating_add(unknown);
        });
    }
}

impl Ledger {
    fn each(&mut self, provider: &ProviderId, change: impl Fn(&mut Account)) {
        change(&mut self.all);
        change(self.providers.entry(provider.clone()).or_default());
    }
}

impl Account {
    fn taken(&self) -> u64 {
        self.reserved.saturating_add(self.spent).saturating_add(self.unknown)
    }
}

fn within(limit: Option<MicroUsd>, account: Account, more: u64, key: &str) -> Result<(), Fault> {
    let Some(MicroUsd(limit)) = limit else { return Ok(()) };
    let taken = account.taken();
    if taken < limit && taken.saturating_add(more) <= limit {
        return Ok(());
    }
    let [taken, more, limit] = [taken, more, limit].map(|micro| decimal(MicroUsd(micro)));
    let message = format!("{taken} of {limit} dollars ({key}) are taken, and it may cost up to {more} more");
    Err(Fault::new(Class::OverLimit, message))
}

fn unpriced(model: &Model) -> Fault {
    let says = "has no known price, and a spending limit is set";
    Fault::new(Class::OverLimit, format!("{} {says}; `[spend] allow_unknown = true` lets it be asked", model.id))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::provider::price::{PriceSource, Prices, Rates};

    fn choice(provider: &str, is_priced: bool) -> Choice {
        let source = PriceSource { page: String::new(), date: String::new() };
        let price = Some(MicroUsd(1_000_000));
        let rates = Rates { input: price, cached_input: price, cache_write: price, output: price };
        let prices = Prices { rates, long: None, source };
        let model = Model::undeclared("m", 9, Tokens(1_000), None);
        let model = Arc::new(Model { prices: is_priced.then_some(prices), ..model });
        Choice { provider: provider.into(), model, asked_as: String::new(), pinned: true }
    }

    fn spend(total: u64, per_provider: u64) -> Spend {
        let limit = |micro| Some(MicroUsd(micro));
        Spend::new(&config::Spend { total: limit(total), per_provider: limit(per_provider), allow_unknown: false })
    }

    fn tokens(input: u64) -> Estimate {
        Estimate { input: Tokens(input), reply: Tokens(0) }
    }

    #[test]
    fn a_limit_refuses_what_might_pass_it() {
        let spend = spend(100, 60);
        let (google, openai) = (choice("google", true), choice("openai", true));
        let first = spend.reserve(&google, tokens(50)).unwrap();
        let refused = spend.reserve(&google, tokens(20)).unwrap_err();
        assert_eq!(refused.class, Class::OverLimit);
        assert!(refused.message.contains("0.000050 of 0.000060 dollars (spend.per_provider)"), "{}", refused.message);
        let second = spend.reserve(&openai, tokens(50)).unwrap();
        assert!(spend.reserve(&choice("xai", true), tokens(1)).unwrap_err().message.contains("spend.total"));
        first.settle(Some(MicroUsd(5)));
        drop(second);
        assert_eq!(spend.ledger().all, Account { reserved: 0, spent: 5, unknown: 0 });
        let taken = spend.taken();
        assert_eq!((taken[0].limit, taken[0].spent, taken.len()), (Some(MicroUsd(100)), MicroUsd(5), 3));
        assert!(spend.reserve(&google, tokens(55)).is_ok());
    }

    #[test]
    fn what_has_no_price_is_refused_under_a_limit_and_else_free_to_go() {
        assert!(spend(100, 100).reserve(&choice("google", false), tokens(1)).is_err());
        let allowing = config::Spend { total: Some(MicroUsd(1)), per_provider: None, allow_unknown: true };
        assert!(Spend::new(&allowing).reserve(&choice("google", false), tokens(1)).is_ok());
        assert!(Spend::new(&config::Spend::default()).reserve(&choice("google", false), tokens(u64::MAX)).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// Answers, refusals, cancels before and after sending, streams that break: what is held comes back to nothing,
        /// what is spent is what was charged, and the limit is passed by no more than an answer beyond its estimate.
        #[test]
        fn ten_thousand_outcomes_leave_no_drift(
            outcomes in prop::collection::vec((0..3_usize, 1..500_u64, 0..5_u8, 0..8_usize), 10_000)
        ) {
            let spend = spend(200_000, 150_000);
            let choices = ["google", "openai", "xai"].map(|provider| choice(provider, true));
            let (mut open, mut spent, mut unknown) = (Vec::new(), 0, 0);
            for (provider, estimate, outcome, keep) in outcomes {
                if let Ok(reservation) = spend.reserve(&choices[provider], tokens(estimate)) {
                    open.push((reservation, estimate, outcome));
                }
                while open.len() > keep {
                    let (mut reservation, estimate, outcome) = open.swap_remove(keep / 2);
                    match outcome {
                        0 => { spent += estimate; reservation.settle(Some(MicroUsd(estimate))); }
                        1 => { spent += estimate / 2; reservation.settle(Some(MicroUsd(estimate / 2))); }
                        2 => { unknown += estimate; reservation.settle(None); }
                        3 => { reservation.sent(true); unknown += estimate; drop(reservation); }
                        _ => { reservation.sent(true); reservation.sent(false); drop(reservation); }
                    }
                }
                let reserved: u64 = open.iter().map(|(_, estimate, _)| estimate).sum();
                prop_assert_eq!(spend.ledger().all, Account { reserved, spent, unknown });
                prop_assert!(reserved + spent + unknown <= 200_000);
            }
            open.clear();
            let ledger = spend.ledger();
            prop_assert_eq!(ledger.all, Account { reserved: 0, spent, unknown });
            let sum: u64 = ledger.providers.values().map(Account::taken).sum();
            prop_assert_eq!(sum, ledger.all.taken());
            prop_assert!(ledger.providers.values().all(|account| account.taken() <= 150_000));
        }
    }
}
