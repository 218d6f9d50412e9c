//! Frames without a terminal: of ten thousand threads, and of a long answer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zen::control::types::{
    Face, Hello, Limits, PROTOCOL, Snapshot, TextSlice, ThreadDetail, ThreadSummary, TurnDetail, Update,
};
use zen::id::ThreadId;
use zen::tui::measured::Measured;
use zen::unit::{MicroUsd, Tokens, UnixMillis};

use crate::figures::samples::{Samples, timed};
use crate::figures::table::Figure;

const NOW: UnixMillis = UnixMillis(1_795_262_671_000);
const THREADS: u64 = 10_000;
const FRAMES: usize = 1_000;
const LONG: usize = 1 << 20;

pub fn figures() -> std::io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (width, height, goal, worst) in [(200, 60, 1.0, Some(3.0)), (100, 30, 0.3, None)] {
        let mut face = full(width, height);
        let mut times = Samples::default();
        for _ in 0..FRAMES {
            face.press(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE));
            times.time(|| face.draw());
        }
        let name = format!("frame, Overview {width}x{height}, {THREADS} threads");
        figures.push(Figure::at_most(format!("{name}, p50"), times.median(), goal, "ms"));
        if let Some(worst) = worst {
            figures.push(Figure::at_most(format!("{name}, p99"), times.percentile(99), worst, "ms"));
        }
    }
    let (first, same) = full(200, 60).bytes()?;
    figures.push(Figure::plain("bytes of a first frame at 200x60", first as f64, "B"));
    figures.push(Figure::at_most("bytes of a frame in which nothing changed", same as f64, 30.0, "B"));
    figures.extend(long_answer());
    Ok(figures)
}

fn long_answer() -> Vec<Figure> {
    let mut figures = Vec::new();
    let block = "Some *words* of prose, with `code`.\n\n```rust\nlet answer = compute(42)?; // why\n```\n\n";
    for (bytes, goal) in [(LONG, 100.0), (256 << 10, 100.0)] {
        let mut face = full(200, 60);
        face.press(KeyEvent::new(KeyCode::Char('2'), KeyModifiers::NONE));
        let detail = detail(block.repeat(bytes / block.len()));
        let (_, opened) = timed(|| {
            face.read(detail);
            face.draw();
        });
        let name = format!("an answer of {} kB opens", bytes >> 10);
        figures.push(Figure::at_most(name, opened.as_secs_f64() * 1e3, goal, "ms"));
    }
    figures
}

fn full(width: u16, height: u16) -> Measured {
    let mut face = Measured::new(width, height, NOW);
    face.send(Update::Snapshot(Box::new(Snapshot {
        hello: Hello {
            protocol: PROTOCOL,
            version: "0".to_owned(),
            pid: 4242,
            face: Face::Stdio,
            started: NOW,
            working_directory: "/project".to_owned(),
            clients: Vec::new(),
            demo: false,
        },
        limits: Limits { ttl_ms: 10_800_000, max_turns: 20 },
        threads: (0..THREADS).map(summary).collect(),
        calls: Vec::new(),
        messages: Vec::new(),
        providers: Vec::new(),
        paused: Vec::new(),
        restorable: Vec::new(),
    })));
    face.press(KeyEvent::new(KeyCode::Char('1'), KeyModifiers::NONE));
    face
}

fn summary(number: u64) -> ThreadSummary {
    ThreadSummary {
        id: thread(number),
        title: format!("Question {number}: should the cache be write-through?"),
        tool: "codereview".to_owned(),
        model: Some("gpt-5.1".into()),
        turns: 3,
        answered: 3,
        input: Tokens(9_000 + number),
        output: Tokens(700),
        partly_unknown: false,
        cost_partly_unknown: false,
        cost: Some(MicroUsd(12_300)),
        bytes: 40_000,
        created: NOW,
        updated: UnixMillis(NOW.0 - number * 1_000),
        expires: UnixMillis(NOW.0 + 3_600_000),
        pinned: false,
        tags: Vec::new(),
        workspace: String::new(),
        parent: None,
        concern: None,
    }
}

fn thread(number: u64) -> ThreadId {
    format!("{number:08x}-1c02-4a4a-8b8b-{number:012x}").parse().unwrap_or_else(|_| ThreadId::random())
}

fn detail(answer: String) -> ThreadDetail {
    let turn = TurnDetail {
        number: 1,
        prompt: TextSlice::of("Why?", 0, usize::MAX),
        answer: Some(TextSlice::of(&answer, 0, usize::MAX)),
        files: Vec::new(),
        refused: Vec::new(),
        withheld: Vec::new(),
        verdict: None,
        consultations: Vec::new(),
        started: NOW,
        ended: NOW,
        tool: "chat".to_owned(),
    };
    ThreadDetail { summary: summary(0), turns: vec![turn] }
}
