//! `zen metrics`: what every running zen process of this user counts, as Prometheus text or JSON.

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{self, Asked};
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::Hello;
use crate::engine::Family;
use crate::telemetry::metrics;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
}

/// One process's counters.
#[derive(Serialize)]
struct Counted {
    pid: u32,
    metrics: Vec<Family>,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let ask = async |client: &Client| client.metrics().await;
    let answered = match processes::ask(&args.asked, flags, environment, streams, ask) {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    let counted: Vec<_> = answered.into_iter().map(|(Hello { pid, .. }, metrics)| Counted { pid, metrics }).collect();
    let written = if args.asked.json { streams.json(&counted) } else { streams.line(prometheus(counted).trim_end()) };
    streams.settle(written.map(|()| Exit::Ok))
}

/// One page of all processes: a name stands once, and each number tells whose it is.
fn prometheus(counted: Vec<Counted>) -> String {
    let mut page: Vec<Family> = Vec::new();
    for Counted { pid, metrics } in counted {
        for mut family in metrics {
            let own = ("pid".to_owned(), pid.to_string());
            family.samples.iter_mut().for_each(|sample| sample.labels.insert(0, own.clone()));
            match page.iter_mut().find(|known| known.name == family.name) {
                Some(known) => known.samples.extend(family.samples),
                None => page.push(family),
            }
        }
    }
    metrics::text(&page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_two_processes_stand_under_one_name() {
        let of = |pid| Counted { pid, metrics: vec![Family::gauge("zen_threads", "Threads held.", 3)] };
        assert_eq!(
            prometheus(vec![of(1), of(2)]),
            "# HELP zen_threads Threads held.\n# TYPE zen_threads gauge\nzen_threads{pid=\"1\"} 3\nzen_threads{pid=\"2\"} 3\n"
        );
    }
}
