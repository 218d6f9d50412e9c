//! The counters of a process: always on, bumped where things happen, and shown as Prometheus text. What may be a label is
//! bounded here, so that no client decides how many series there are.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::log::Losses;

/// Series of one name. What comes beyond is counted as `other`.
const MAX_SERIES: usize = 512;

/// Upper bounds in seconds, doubling from 10 ms to eleven minutes: a model may think that long.
const BUCKETS: [f64; 17] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36];

/// What a process counts. What is only looked up when asked for (how many threads there are) is not here.
#[derive(Default)]
pub struct Metrics {
    /// By direction, kind and outcome.
    pub messages: Counters<3>,
    /// Requests of clients by method.
    pub requests: Counters<1>,
    /// By transport.
    pub connections_opened: Counters<1>,
    pub connections_closed: Counters<1>,
    /// By tool and how they ended.
    pub calls: Counters<2>,
    /// By tool.
    pub call_seconds: Histograms,
    /// Time of answered calls that no provider took.
    pub overhead_seconds: Histograms,
    /// By provider and the class of their failure, or `ok`.
    pub consultations: Counters<2>,
    /// By provider.
    pub consultation_seconds: Histograms,
    pub first_chunk_seconds: Histograms,
    pub input_tokens: Counters<1>,
    pub output_tokens: Counters<1>,
    pub spend_micros: Counters<1>,
    /// What the monitor asked, by its concern.
    pub questions: Counters<1>,
    /// Events that watchers who fell behind did not get.
    pub events_missed: Counters<0>,
    log: OnceLock<Losses>,
}

/// Numbers under one name, by the values of `N` labels.
#[derive(Default)]
pub struct Counters<const N: usize> {
    cells: RwLock<Vec<([Box<str>; N], AtomicU64)>>,
}

/// How long things took, by the value of one label.
#[derive(Default)]
pub struct Histograms {
    cells: RwLock<Vec<(Box<str>, Histogram)>>,
}

#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// All that is shown under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Family {
    pub name: String,
    pub help: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// What stands behind the family's name: `_bucket`, `_sum`, `_count`, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Metrics {
    /// Lines that this log loses are told from now on. A process has one log.
    pub fn tell_losses_of(&self, log: Losses) {
        let _ = self.log.set(log);
    }

    /// All that is counted here.
    pub fn families(&self) -> Vec<Family> {
        let mut families = vec![
            self.messages.family(
                "zen_messages_total",
                "Messages by what the interceptors made of them.",
                ["direction", "kind", "outcome"],
            ),
            self.requests.family("mcp_server_requests_total", "Requests of clients.", ["mcp_method_name"]),
            self.connections_opened.family("mcp_server_connections_total", "Clients that came.", ["transport"]),
            self.active(),
            self.calls.family("zen_calls_total", "Tool calls by how they ended.", ["gen_ai_tool_name", "outcome"]),
            self.call_seconds.family(
                "mcp_server_operation_duration_seconds",
                "How long tool calls took.",
                "gen_ai_tool_name",
            ),
            self.overhead_seconds.family(
                "zen_overhead_seconds",
                "Time of answered calls that no provider took.",
                "gen_ai_tool_name",
            ),
            self.consultations.family(
                "zen_provider_calls_total",
                "Consultations of models, ok or by the class of their failure.",
                ["provider", "class"],
            ),
            self.consultation_seconds.family(
                "gen_ai_client_operation_duration_seconds",
                "How long models took to answer.",
                "provider",
            ),
            self.first_chunk_seconds.family(
                "gen_ai_client_operation_time_to_first_chunk_seconds",
                "How long models took to begin.",
                "provider",
            ),
            self.input_tokens.family(
                "gen_ai_client_inference_usage_input_tokens_total",
                "Tokens sent, as far as providers report them.",
                ["provider"],
            ),
            self.output_tokens.family(
                "gen_ai_client_inference_usage_output_tokens_total",
                "Tokens received, as far as providers report them.",
                ["provider"],
            ),
            self.spend_micros.family(
                "zen_spend_usd_micros_total",
                "Known cost in millionths of a US dollar.",
                ["provider"],
            ),
            self.questions.family("zen_questions_total", "What the monitor asked of steps.", ["concern"]),
            self.events_missed.family("zen_bus_events_missed_total", "Events that slow watchers did not get.", []),
        ];
        families.extend(self.log.get().map(losses));
        families
    }

    fn active(&self) -> Family {
        let mut opened = self.connections_opened.family(
            "mcp_server_connections_active",
            "Clients that are connected.",
            ["transport"],
        );
        let closed = self.connections_closed.family("", "", ["transport"]);
        opened.kind = "gauge".to_owned();
        for sample in &mut opened.samples {
            let gone = closed.samples.iter().find(|closed| closed.labels == sample.labels);
            sample.value = (sample.value - gone.map_or(0.0, |gone| gone.value)).max(0.0);
        }
        opened
    }
}

impl<const N: usize> Counters<N> {
    pub fn add(&self, values: [&str; N], by: u64) {
        let is_it = |cell: &&([Box<str>; N], AtomicU64)| cell.0.iter().zip(values).all(|(one, value)| **one == *value);
        {
            let cells = self.cells.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            if let Some((_, count)) = cells.iter().find(is_it) {
                count.fetch_add(by, Ordering::Relaxed);
                return;
            }
        }
        let mut cells = self.cells.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let full = cells.len() >= MAX_SERIES;
        let values = if full { ["other"; N] } else { values };
        let at = cells.iter().position(|(one, _)| one.iter().zip(values).all(|(one, value)| **one == *value));
        match at.and_then(|at| cells.get(at)) {
            Some((_, count)) => {
                count.fetch_add(by, Ordering::Relaxed);
            }
            None => cells.push((values.map(Into::into), AtomicU64::new(by))),
        }
    }

    pub fn family(&self, name: &str, help: &str, labels: [&str; N]) -> Family {
        let cells = self.cells.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut samples: Vec<_> = cells
            .iter()
            .map(|(values, count)| {
                let labels = labels.iter().zip(values).map(|(label, value)| ((*label).to_owned(), value.to_string()));
                Sample { suffix: String::new(), labels: labels.collect(), value: count.load(Ordering::Relaxed) as f64 }
            })
            .collect();
        if N == 0 && samples.is_empty() {
            samples.push(Sample { suffix: String::new(), labels: Vec::new(), value: 0.0 });
        }
        samples.sort_by(|one, other| one.labels.cmp(&other.labels));
        Family { name: name.to_owned(), help: help.to_owned(), kind: "counter".to_owned(), samples }
    }
}

impl Histograms {
    pub fn observe(&self, value: &str, took: Duration) {
        {
            let cells = self.cells.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            if let Some((_, histogram)) = cells.iter().find(|(one, _)| **one == *value) {
                return histogram.observe(took);
            }
        }
        let mut cells = self.cells.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let value = if cells.len() >= MAX_SERIES { "other" } else { value };
        match cells.iter().position(|(one, _)| **one == *value).and_then(|at| cells.get(at)) {
            Some((_, histogram)) => histogram.observe(took),
            None => {
                let histogram = Histogram::default();
                histogram.observe(took);
                cells.push((value.into(), histogram));
            }
        }
    }

    fn family(&self, name: &str, help: &str, label: &str) -> Family {
        let cells = self.cells.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let samples = cells.iter().flat_map(|(value, histogram)| histogram.samples(label, value)).collect();
        Family { name: name.to_owned(), help: help.to_owned(), kind: "histogram".to_owned(), samples }
    }
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound).and_then(|at| self.buckets.get(at)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Each bucket counts those below it too.
    fn samples(&self, label: &str, value: &str) -> Vec<Sample> {
        let labels = || vec![(label.to_owned(), value.to_owned())];
        let count = self.count.load(Ordering::Relaxed);
        let mut below = 0;
        let mut samples = Vec::with_capacity(BUCKETS.len() + 3);
        let mut bucket = |bound: String, value: u64| {
            let mut labels = labels();
            labels.push(("le".to_owned(), bound));
            samples.push(Sample { suffix: "_bucket".to_owned(), labels, value: value as f64 });
        };
        for (bound, held) in BUCKETS.iter().zip(&self.buckets) {
            below += held.load(Ordering::Relaxed);
            bucket(bound.to_string(), below);
        }
        bucket("+Inf".to_owned(), count);
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        samples.push(Sample { suffix: "_sum".to_owned(), labels: labels(), value: seconds });
        samples.push(Sample { suffix: "_count".to_owned(), labels: labels(), value: count as f64 });
        samples
    }
}

impl Family {
    /// A number that is looked up when it is asked for.
    pub fn gauge(name: &str, help: &str, value: u64) -> Self {
        let sample = Sample { suffix: String::new(), labels: Vec::new(), value: value as f64 };
        Self { name: name.to_owned(), help: help.to_owned(), kind: "gauge".to_owned(), samples: vec![sample] }
    }
}

fn losses(log: &Losses) -> Family {
    let lost = log.lost();
    let sample = |why: &str, value: u64| Sample {
        suffix: String::new(),
        labels: vec![("why".to_owned(), why.to_owned())],
        value: value as f64,
    };
    Family {
        name: "zen_log_lines_lost_total".to_owned(),
        help: "Lines that did not reach the log file.".to_owned(),
        kind: "counter".to_owned(),
        samples: vec![sample("queue", lost.dropped), sample("disk", lost.failed), sample("too_long", lost.too_long)],
    }
}

/// The families in the text format of Prometheus.
pub fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for Family { name, help, kind, samples } in families {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", help.replace('\n', " "));
        for Sample { suffix, labels, value } in samples {
            let labels: Vec<_> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{name}{suffix}{labels} {value}");
        }
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_histograms_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.calls.add(["chat", "answered"], 1);
        metrics.calls.add(["chat", "answered"], 2);
        metrics.call_seconds.observe("chat", Duration::from_millis(15));
        metrics.call_seconds.observe("chat", Duration::from_secs(3_600));
        let text = text(&metrics.families());
        for line in [
            "# TYPE zen_calls_total counter",
            r#"zen_calls_total{gen_ai_tool_name="chat",outcome="answered"} 3"#,
            r#"mcp_server_operation_duration_seconds_bucket{gen_ai_tool_name="chat",le="0.01"} 0"#,
            r#"mcp_server_operation_duration_seconds_bucket{gen_ai_tool_name="chat",le="655.36"} 1"#,
            r#"mcp_server_operation_duration_seconds_bucket{gen_ai_tool_name="chat",le="+Inf"} 2"#,
            r#"mcp_server_operation_duration_seconds_sum{gen_ai_tool_name="chat"} 3600.015"#,
            "zen_bus_events_missed_total 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }

    #[test]
    fn no_client_decides_how_many_series_there_are() {
        let counters = Counters::<1>::default();
        (0..MAX_SERIES + 50).for_each(|number| counters.add([&number.to_string()], 1));
        let family = counters.family("n", "h", ["l"]);
        assert_eq!(family.samples.len(), MAX_SERIES + 1);
        assert!(family.samples.iter().any(|one| one.labels[0].1 == "other" && one.value == 50.0));
    }

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let counters = Counters::<1>::default();
        counters.add(["a\"} 1\nforged 2\\"], 1);
        let text = text(&[counters.family("n", "h", ["l"])]);
        assert_eq!(text.lines().last(), Some(r#"n{l="a\"} 1\nforged 2\\"} 1"#));
    }
}
