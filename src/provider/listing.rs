//! What providers say of themselves when they are asked cheaply: which models they have, and whether a key works. No
//! model is asked, and nothing is counted.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use toml::Table;

use crate::config::KeyFrom;
use crate::id::ProviderId;
use crate::provider::Registry;
use crate::provider::failure::{Class, Fault};
use crate::provider::price::{dollars, per_million};
use crate::provider::served::Served;
use crate::unit::UnixMillis;

/// How long one provider may take over an answer that it has ready.
const DEADLINE: Duration = Duration::from_secs(30);
/// Models of one list that are read.
const MAX_LISTED: usize = 5_000;
/// The images of one request, where a list says no more than that there may be some.
const ASSUMED_IMAGE_MB: i64 = 20;

/// Whether a provider can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub provider: ProviderId,
    /// For people.
    pub title: String,
    pub verdict: Verdict,
    /// Where its key was found.
    pub key_from: Option<KeyFrom>,
    /// What it said, where it is not well.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It does not take the key.
    Refused,
    Unreachable,
    /// It answers, but not in a way that says whether it works.
    Unclear,
}

/// What one provider said of its models: entries as they stand in a file of models.
#[derive(Clone, Debug)]
pub struct Listed {
    pub provider: ProviderId,
    /// For people.
    pub title: String,
    /// Or why there is no list, in words.
    pub models: Result<Vec<Table>, String>,
}

impl Registry {
    /// Asks every configured provider at once whether it takes its key.
    pub async fn check(&self) -> Vec<Checked> {
        join_all(self.served().iter().map(|served| self.check_one(served))).await
    }

    /// Asks one provider whether it takes its key; None where it is not configured.
    pub async fn probe(&self, provider: &ProviderId) -> Option<Checked> {
        let served = self.served().iter().find(|served| served.provider.id == *provider)?;
        Some(self.check_one(served).await)
    }

    async fn check_one(&self, served: &Served) -> Checked {
        let (path, query) = served.endpoint.check_route();
        let (verdict, message) = match self.fetched(served, &path, query.as_deref()).await {
            Ok(_) => (Verdict::Ok, String::new()),
            Err(fault) => (Verdict::of(fault.class), self.told(&fault)),
        };
        let (provider, title) = (served.provider.id.clone(), served.provider.title.clone());
        Checked { provider, title, verdict, key_from: served.key_from.clone(), message }
    }

    /// Asks every configured provider at once for the list of its models. Left out is a provider whose list would tell
    /// nothing: where deployments are asked, theirs are the names that count. `at`: when this is.
    pub async fn list(&self, at: UnixMillis) -> Vec<Listed> {
        let lists = self.served().iter().filter(|served| !served.provider.lists_others()).map(|served| async move {
            let (path, query) = served.endpoint.models_route();
            let models = match self.fetched(served, &path, query.as_deref()).await {
                Ok(body) => entries(served, &body, &page(served, &path), at),
                Err(fault) => Err(self.told(&fault)),
            };
            Listed { provider: served.provider.id.clone(), title: served.provider.title.clone(), models }
        });
        join_all(lists).await
    }

    async fn fetched(&self, served: &Served, path: &[String], query: Option<&str>) -> Result<Value, Fault> {
        let read = async {
            let mut incoming = self.transport().get(&served.endpoint, path, query).await?;
            if !(200..300).contains(&incoming.status()) {
                return Err(incoming.refused().await);
            }
            let mut body = Vec::new();
            while let Some(chunk) = incoming.chunk().await? {
                body.extend_from_slice(&chunk);
            }
            serde_json::from_slice(&body).map_err(|error| Fault::new(Class::Protocol, format!("no JSON: {error}")))
        };
        let late = |_| Fault::new(Class::Timeout, format!("no answer within {} s", DEADLINE.as_secs()));
        tokio::time::timeout(DEADLINE, read).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
    }

    fn told(&self, fault: &Fault) -> String {
        format!("{}: {}", fault.class.says(), self.words(&fault.message))
    }
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unclear => "unclear",
        }
    }

    fn of(class: Class) -> Self {
        match class {
            Class::Auth => Self::Refused,
            Class::Transport | Class::Timeout => Self::Unreachable,
            _ => Self::Unclear,
        }
    }
}

fn page(served: &Served, path: &[String]) -> String {
    served.endpoint.url(&path.iter().map(String::as_str).collect::<Vec<_>>(), None).to_string()
}

fn entries(served: &Served, body: &Value, page: &str, at: UnixMillis) -> Result<Vec<Table>, String> {
    let (year, month, day) = at.date();
    let source = (page, format!("{year:04}-{month:02}-{day:02}"));
    let list = body["data"].as_array().or(body["models"].as_array());
    let list = list.ok_or_else(|| "what it answers is no list of models".to_owned())?;
    Ok(list.iter().take(MAX_LISTED).filter_map(|item| entry(served, item, (source.0, &source.1))).collect())
}

/// One model. Of one that the catalogue knows, only what a provider knows better; of another one, all that is needed.
fn entry(served: &Served, item: &Value, source: (&str, &str)) -> Option<Table> {
    let id = item["id"].as_str().or(item["name"].as_str())?;
    let id = id.strip_prefix("models/").unwrap_or(id).trim();
    let answers = |methods: &Vec<Value>| methods.iter().any(|method| method == "generateContent");
    if id.is_empty() || !item["supportedGenerationMethods"].as_array().is_none_or(answers) {
        return None;
    }
    let known = [&served.models, &served.unlisted, &served.forbidden].into_iter().flatten();
    let known = known.into_iter().any(|model| model.id.as_str().eq_ignore_ascii_case(id));
    let mut table = Table::new();
    let mut put = |field: &str, value: toml::Value| table.insert(field.to_owned(), value);
    put("provider", served.provider.id.as_str().into());
    put("id", id.into());
    let count = |values: [&Value; 3]| {
        let tokens = values.into_iter().find_map(Value::as_i64);
        tokens.filter(|tokens| *tokens > 0).map(toml::Value::from)
    };
    let window = count([&item["context_length"], &item["inputTokenLimit"], &item["context_window"]]);
    if let Some(prices) = prices(&item["pricing"], source) {
        put("prices", prices.into());
    }
    if let Some(most) = count([&item["top_provider"]["max_completion_tokens"], &item["outputTokenLimit"], &Value::Null])
    {
        put("max_output", most);
    }
    if known {
        if let Some(window) = window {
            put("context_window", window);
        }
        return Some(table);
    }
    let assumed = served.provider.assumed(id);
    let assumed_window = i64::try_from(assumed.context_window.0).unwrap_or(i64::MAX);
    put("context_window", window.unwrap_or_else(|| assumed_window.into()));
    put("score", i64::from(assumed.score).into());
    put("offered", served.provider.lists_what_it_serves.into());
    if let Some(title) = item["displayName"].as_str().or(item["name"].as_str()) {
        put("title", title.strip_prefix("models/").unwrap_or(title).into());
    }
    let modalities = item["architecture"]["input_modalities"].as_array().into_iter().flatten();
    if modalities.into_iter().any(|modality| modality == "image") {
        put("images", true.into());
        put("max_image_mb", ASSUMED_IMAGE_MB.into());
    }
    Some(table)
}

/// What OpenRouter and its like say of prices, in dollars for one token.
fn prices(pricing: &Value, (page, date): (&str, &str)) -> Option<Table> {
    let classes = [
        ("prompt", "input"),
        ("input_cache_read", "cached_input"),
        ("input_cache_write", "cache_write"),
        ("completion", "output"),
    ];
    let mut prices: Table = classes
        .into_iter()
        .filter_map(|(theirs, ours)| {
            // A price that is none, such as -1 for "it depends", stays unknown.
            Some((ours.to_owned(), dollars(per_million(pricing[theirs].as_str()?)?).into()))
        })
        .collect();
    if prices.is_empty() {
        return None;
    }
    prices.insert("page".to_owned(), page.into());
    prices.insert("date".to_owned(), date.into());
    Some(prices)
}
