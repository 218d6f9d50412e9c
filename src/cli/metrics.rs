//! `zen metrics`: what every running zen process of this user counts, as Prometheus text or JSON.

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{self, Asked};
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::discovery::Found;
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
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let found = runtime.block_on(processes::find(args.asked.attach.as_deref(), dir.as_deref(), streams));
    let counted = found.map(|found| runtime.block_on(gather(found)));
    runtime.shutdown_background();
    let counted = match counted {
        Ok(counted) => counted,
        Err(exit) => return exit,
    };
    let written = if args.asked.json { streams.json(&counted) } else { streams.line(prometheus(counted).trim_end()) };
    streams.settle(written.map(|()| Exit::Ok))
}

async fn gather(processes: Vec<Found>) -> Vec<Counted> {
    let mut counted = Vec::new();
    for process in processes {
        // A process that ends while it is asked counts no more.
        let Ok(metrics) = process.client.metrics().await else { continue };
        counted.push(Counted { pid: process.hello.pid, metrics });
    }
    counted
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
