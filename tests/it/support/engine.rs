//! An engine within the test's own process: for what needs the clock of the test, or a thousand connections.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::to_raw_value;
use zen::clock::Clock;
use zen::config::{Config, Endpoint};
use zen::engine::{Engine, Setup};
use zen::rehearsal::Rehearsal;
use zen::secret::{Redactor, Secret};
use zen::server::Server;
use zen::server::local::{Local, ToolText};
use zen::thread::Principal;

use super::canary;

/// A server whose custom endpoint is the scripted provider; `change` may change its configuration.
pub fn server(rehearsal: &Rehearsal, working_directory: &Path, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::default();
    config.providers.endpoints.push(Endpoint {
        provider: "custom".to_owned(),
        base_url: Some(rehearsal.base_url()),
        key: Some(Secret::new(canary::next().0)),
        models: vec!["scripted".to_owned()],
        ..Endpoint::default()
    });
    change(&mut config);
    let setup = Setup {
        config,
        clock: Clock::system(),
        redactor: Redactor::default(),
        working_directory: working_directory.to_owned(),
        home: None,
    };
    let engine = Engine::new(setup).unwrap();
    tokio::spawn(Arc::clone(&engine).housekeeping());
    Server::new(engine)
}

pub fn principal() -> Principal {
    Principal::user(4_711)
}

/// A client of its own connection.
pub fn client(server: &Server, name: &str) -> Local {
    Local::open(server, "test", name, principal())
}

pub async fn call(client: &mut Local, tool: &str, arguments: &Value) -> ToolText {
    let reply = client.call(tool, &to_raw_value(arguments).unwrap()).await.unwrap();
    canary::sweep_value("a reply", &reply.text);
    reply
}
