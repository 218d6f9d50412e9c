//! What a step takes and a thread holds.

use std::time::Duration;

use zen::clock::Clock;
use zen::insight::monitor::{MAX_BYTES, Monitor, Step};
use zen::insight::thresholds::Thresholds;

use super::corpus::{Half, Source};

const STEP_BYTES: usize = 2_048;
const AT_STEP: usize = 50;
const SAMPLES: usize = 200;

pub fn lines() -> Vec<String> {
    let mut lines: Vec<String> = ["en-", "de-", "zh-", "code-"].iter().map(|language| time(language)).collect();
    lines.push(format!("memory of one thread, at most: {} kB", MAX_BYTES / 1_000));
    lines
}

/// The time of step 50, each of 2 kB.
fn time(language: &str) -> String {
    let texts: Vec<String> = [Half::Thresholds, Half::Report]
        .into_iter()
        .flat_map(Source::of)
        .filter(|source| source.name.starts_with(language))
        .flat_map(|source| source.sentences())
        .map(str::to_owned)
        .collect();
    let mut sentences = texts.iter().cycle();
    let mut step = || {
        let mut text = String::new();
        while text.len() < STEP_BYTES {
            text.extend(sentences.next().map(String::as_str));
            text.push(' ');
        }
        text.truncate(text.floor_char_boundary(STEP_BYTES));
        text
    };
    let mut monitor = Monitor::new("What is measured?", Thresholds::default());
    for _ in 1..AT_STEP {
        monitor.take(Step { text: &step(), ..Step::default() });
    }
    let clock = Clock::system();
    let mut samples: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let (mut monitor, text) = (monitor.clone(), step());
            let before = clock.now();
            std::hint::black_box(monitor.take(Step { text: &text, ..Step::default() }));
            clock.elapsed(before)
        })
        .collect();
    samples.sort();
    let micros = |at: usize| samples.get(at).map_or(0, Duration::as_micros);
    let (median, high) = (micros(SAMPLES / 2), micros(SAMPLES * 99 / 100));
    format!("a step of 2 kB at step {AT_STEP}, {language}: median {median} us, p99 {high} us, goal 500 us")
}
