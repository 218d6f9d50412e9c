//! `version`: which zen this is, and what it is set up with. Asks nobody and looks nothing up.

use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::Spec;
use crate::tools::{Call, Run, Tool, arguments};

pub struct Version;

static SPEC: Spec = Spec {
    name: "version",
    title: "Version",
    description: "zen's version, default model and configured providers.",
    read_only: true,
    fields: &[],
    closed: true,
};

#[derive(serde::Deserialize)]
struct Request {}

impl Tool for Version {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let Request {} = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let version = env!("CARGO_PKG_VERSION");
            let default = &call.settings.default_model;
            let providers: Vec<_> =
                call.models.providers().into_iter().filter(|provider| provider.configured).map(|p| p.title).collect();
            let listed = if providers.is_empty() { "none".to_owned() } else { providers.join(", ") };
            let program =
                std::env::current_exe().map_or_else(|_| "unknown".to_owned(), |path| path.display().to_string());
            let content = format!(
                "# zen {version}\n\nDefault model: {default}\nProviders: {listed}\nProgram: {program}\nUpdates \
                 are not looked for: compare with the releases of {}.",
                env!("CARGO_PKG_NAME"),
            );
            let mode = if default == "auto" { "auto" } else { "static" };
            let output = Output::new(Status::Success, content)
                .with("tool_name", SPEC.name)
                .with("server_version", version)
                .with("rust_version", env!("CARGO_PKG_RUST_VERSION"))
                .with("platform", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))
                .with("model_selection_mode", mode)
                .with("default_model", default.as_str());
            Ok(Reply { body: Body::Output(output), turn: None })
        })
    }
}
