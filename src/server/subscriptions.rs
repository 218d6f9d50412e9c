//! Who hears when something that a server offers has changed. One task looks after all of them, and only from the first
//! subscription on: it compares what each would read now with what it would have read before, so that nobody hears of
//! what is not theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Server;
use super::connection::Connection;
use super::dispatch::Facts;
use super::link::Sending;
use super::surface::{Item, Surface, Watch};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::error::RpcError;
use crate::mcp::schema::{META_SUBSCRIPTION, SubscriptionFilter};
use crate::thread::Principal;

/// Changes that follow each other closely are told of once.
const GATHERED_FOR: Duration = Duration::from_millis(100);
/// What one client may subscribe to.
const MAX_ITEMS: usize = 256;
/// Changes that may wait for the stream of a client that listens.
const LISTENING_QUEUE: usize = 32;

#[derive(Default)]
pub struct Subscriptions {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    standing: Vec<Standing>,
    is_watched: bool,
}

/// One client's subscriptions.
struct Standing {
    principal: Principal,
    to: To,
    /// With the revision of which it was told last.
    items: Vec<(Item, u64)>,
}

enum To {
    /// A client of the older era.
    Connection(Weak<Connection>),
    /// A `subscriptions/listen` of the newer one.
    Listening(mpsc::Sender<Item>),
}

impl Subscriptions {
    /// Tells a client of the older era when `item` changes, from now on.
    pub fn subscribe(&self, connection: &Arc<Connection>, item: Item) -> Result<(), RpcError> {
        let server = &connection.server;
        if !server.offers().tells_of(&item) {
            return Ok(());
        }
        let mut held = self.watched(server);
        // Under the lock: what changes from here on is compared with this.
        let now = server.surface().revision(&item, &connection.principal);
        let at = held.standing.iter().position(|standing| standing.is_of(connection)).unwrap_or_else(|| {
            let to = To::Connection(Arc::downgrade(connection));
            held.standing.push(Standing { principal: connection.principal.clone(), to, items: Vec::new() });
            held.standing.len() - 1
        });
        let items = &mut held.standing[at].items;
        if items.iter().all(|(known, _)| *known != item) {
            if items.len() >= MAX_ITEMS {
                return Err(too_many());
            }
            items.push((item, now));
        }
        Ok(())
    }

    /// Tells it no more.
    pub fn unsubscribe(&self, connection: &Arc<Connection>, item: &Item) {
        let mut held = self.held();
        for standing in held.standing.iter_mut().filter(|standing| standing.is_of(connection)) {
            standing.items.retain(|(known, _)| known != item);
        }
        held.standing.retain(|standing| !standing.items.is_empty());
    }

    fn listen(&self, server: &Server, principal: &Principal, items: Vec<Item>) -> mpsc::Receiver<Item> {
        let (to, changes) = mpsc::channel(LISTENING_QUEUE);
        let surface = server.surface();
        let mut held = self.watched(server);
        let items = items.into_iter().map(|item| {
            let now = surface.revision(&item, principal);
            (item, now)
        });
        let standing = Standing { principal: principal.clone(), to: To::Listening(to), items: items.collect() };
        held.standing.push(standing);
        changes
    }

    /// Those who are there, with somebody who looks after them.
    fn watched(&self, server: &Server) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        if !std::mem::replace(&mut held.is_watched, true) {
            tokio::spawn(keep_telling(server.clone(), server.surface().watch()));
        }
        held
    }

    /// What changed, for the clients of the older era; those that listen have been told.
    fn changes(&self, surface: &dyn Surface) -> Vec<(Arc<Connection>, Item)> {
        let mut known = HashMap::new();
        let mut changes = Vec::new();
        let mut held = self.held();
        held.standing.retain_mut(|standing| {
            let connection = match &standing.to {
                To::Connection(connection) => match connection.upgrade() {
                    Some(connection) => Some(connection),
                    None => return false,
                },
                To::Listening(to) if to.is_closed() => return false,
                To::Listening(_) => None,
            };
            for (item, told) in &mut standing.items {
                let key = (standing.principal.clone(), item.clone());
                let now = *known.entry(key).or_insert_with(|| surface.revision(item, &standing.principal));
                if now == *told {
                    continue;
                }
                match (&standing.to, &connection) {
                    (To::Connection(_), Some(connection)) => changes.push((Arc::clone(connection), item.clone())),
                    // One that reads too slowly is told of it with the next change.
                    (To::Listening(to), _) if to.try_send(item.clone()).is_err() => continue,
                    _ => {}
                }
                *told = now;
            }
            true
        });
        changes
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Standing {
    fn is_of(&self, connection: &Arc<Connection>) -> bool {
        matches!(&self.to, To::Connection(of) if of.as_ptr() == Arc::as_ptr(connection))
    }
}

async fn keep_telling(server: Server, mut watch: Box<dyn Watch>) {
    let shutdown = server.engine.shutdown.clone();
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            () = watch.changed() => {}
        }
        tokio::time::sleep(GATHERED_FOR).await;
        for (connection, item) in server.subscriptions().changes(&**server.surface()) {
            let (method, params) = notification(&item);
            connection.tell(method, &params.into()).await;
        }
    }
}

/// Serves a `subscriptions/listen` until the client goes or the server ends.
pub async fn listen<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    filter: SubscriptionFilter,
    cancel: CancellationToken,
    sending: &S,
) -> Result<ResultBody, RpcError> {
    let server = &connection.server;
    let (granted, items) = granted(server, filter)?;
    let mut changes = server.subscriptions().listen(server, &connection.principal, items);
    let say = async |method: &'static str, mut params: Map<String, Value>| {
        params.insert("_meta".to_owned(), json!({ META_SUBSCRIPTION: facts.id }));
        connection.notify(sending, facts, method, codec::notification(method, &params)).await;
    };
    let acknowledged = Map::from_iter([("notifications".to_owned(), json!(granted))]);
    say("notifications/subscriptions/acknowledged", acknowledged).await;
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = server.engine.shutdown.begun() => break,
            Some(item) = changes.recv() => {
                let (method, params) = notification(&item);
                say(method, params).await;
            }
        }
    }
    Ok(ResultBody::empty().ending(&facts.id))
}

/// The part of the filter that can be had, and what it stands for.
fn granted(server: &Server, filter: SubscriptionFilter) -> Result<(SubscriptionFilter, Vec<Item>), RpcError> {
    if filter.resource_subscriptions.len() > MAX_ITEMS {
        return Err(too_many());
    }
    let offers = server.offers();
    let granted = SubscriptionFilter {
        tools_list_changed: filter.tools_list_changed && offers.tells_of(&Item::Tools),
        prompts_list_changed: filter.prompts_list_changed && offers.tells_of(&Item::Prompts),
        resources_list_changed: filter.resources_list_changed && offers.tells_of(&Item::Resources),
        resource_subscriptions: filter.resource_subscriptions,
    };
    let lists = [
        (granted.tools_list_changed, Item::Tools),
        (granted.prompts_list_changed, Item::Prompts),
        (granted.resources_list_changed, Item::Resources),
    ];
    let lists = lists.into_iter().filter(|(wanted, _)| *wanted).map(|(_, item)| item);
    let resources = granted.resource_subscriptions.iter().map(|uri| Item::Resource(uri.as_str().into()));
    let items = lists.chain(resources).collect();
    Ok((granted, items))
}

fn notification(item: &Item) -> (&'static str, Map<String, Value>) {
    match item {
        Item::Tools => ("notifications/tools/list_changed", Map::new()),
        Item::Prompts => ("notifications/prompts/list_changed", Map::new()),
        Item::Resources => ("notifications/resources/list_changed", Map::new()),
        Item::Resource(uri) => ("notifications/resources/updated", Map::from_iter([("uri".to_owned(), json!(uri))])),
    }
}

fn too_many() -> RpcError {
    RpcError::invalid_params(format!("a client may subscribe to {MAX_ITEMS} resources"))
}
