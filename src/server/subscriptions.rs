//! Who hears when something that a server offers has changed. One task looks after the lists of what is offered and
//! one after resources, each only from the first subscription on: they compare what each would read now with what it would have read before, so that nobody hears of
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
use crate::id::ConnectionId;
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
    /// Clients of the older era.
    connections: HashMap<ConnectionId, Standing<Weak<Connection>>>,
    /// Each `subscriptions/listen` of the newer one.
    listening: Vec<Standing<mpsc::Sender<Item>>>,
    /// Whether somebody looks after the lists of what is offered, and after resources.
    watched: [bool; 2],
}

/// One client's subscriptions, and how it is told.
struct Standing<To> {
    principal: Principal,
    to: To,
    /// With the revision of which it was told last.
    items: Vec<(Item, u64)>,
}

impl Subscriptions {
    /// Tells a client of the older era when `item` changes, from now on.
    pub fn subscribe(&self, connection: &Arc<Connection>, item: Item) -> Result<(), RpcError> {
        let server = &connection.server;
        if !server.offers().tells_of(&item) {
            return Ok(());
        }
        let mut held = self.watched(server, [&item]);
        // Under the lock: what changes from here on is compared with this.
        let now = server.surface().revision(&item, &connection.principal);
        let standing = held.connections.entry(connection.id).or_insert_with(|| Standing {
            principal: connection.principal.clone(),
            to: Arc::downgrade(connection),
            items: Vec::new(),
        });
        let items = &mut standing.items;
        if items.iter().all(|(known, _)| *known != item) {
            if items.len() >= MAX_ITEMS {
                return Err(too_many());
            }
            items.push((item, now));
        }
        Ok(())
    }

    /// Tells it no more of `item`.
    pub fn unsubscribe(&self, connection: ConnectionId, item: &Item) {
        if let Some(standing) = self.held().connections.get_mut(&connection) {
            standing.items.retain(|(known, _)| known != item);
        }
    }

    /// The client has gone.
    pub fn forget(&self, connection: ConnectionId) {
        self.held().connections.remove(&connection);
    }

    fn listen(&self, server: &Server, principal: &Principal, items: Vec<Item>) -> mpsc::Receiver<Item> {
        let (to, changes) = mpsc::channel(LISTENING_QUEUE);
        let surface = server.surface();
        let mut held = self.watched(server, &items);
        let items = items.into_iter().map(|item| {
            let now = surface.revision(&item, principal);
            (item, now)
        });
        let standing = Standing { principal: principal.clone(), to, items: items.collect() };
        held.listening.push(standing);
        changes
    }

    /// Those who are there, with somebody who looks after them.
    fn watched<'a>(&self, server: &Server, items: impl IntoIterator<Item = &'a Item>) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        for item in items {
            let kind = usize::from(matches!(item, Item::Resources | Item::Resource(_)));
            if !std::mem::replace(&mut held.watched[kind], true) {
                tokio::spawn(keep_telling(server.clone(), server.surface().watch(item)));
            }
        }
        held
    }

    /// What changed, for the clients of the older era; those that listen have been told.
    fn changes(&self, surface: &dyn Surface) -> Vec<(Arc<Connection>, Item)> {
        let mut revisions = Revisions { surface, known: HashMap::new() };
        let mut changes = Vec::new();
        let Held { connections, listening, .. } = &mut *self.held();
        connections.retain(|_, standing| standing.to.strong_count() > 0);
        for standing in connections.values_mut() {
            let Some(connection) = standing.to.upgrade() else { continue };
            standing.told_by(&mut revisions, |item| {
                changes.push((Arc::clone(&connection), item.clone()));
                true
            });
        }
        listening.retain(|standing| !standing.to.is_closed());
        for standing in listening {
            // One that reads too slowly is told of it with the next change.
            let to = standing.to.clone();
            standing.told_by(&mut revisions, |item| to.try_send(item.clone()).is_ok());
        }
        changes
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The revisions of this moment; what many subscribe to is looked up once.
struct Revisions<'a> {
    surface: &'a dyn Surface,
    known: HashMap<(Principal, Item), u64>,
}

impl<To> Standing<To> {
    /// Has `tell` tell of what has another revision than the one that was told of last.
    fn told_by(&mut self, revisions: &mut Revisions<'_>, mut tell: impl FnMut(&Item) -> bool) {
        for (item, told) in &mut self.items {
            let key = (self.principal.clone(), item.clone());
            let now = *revisions.known.entry(key).or_insert_with(|| revisions.surface.revision(item, &self.principal));
            if now != *told && tell(item) {
                *told = now;
            }
        }
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
